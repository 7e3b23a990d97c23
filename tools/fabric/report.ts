/** What the fabric prints for people: sessions and routes of each node, pings, how to go on. */
import { join } from 'node:path';
import type { Proof } from './check.ts';
import type { Fabric } from './fabric.ts';
import { ipRouteText } from './observe.ts';
import { type ExpectedSession, expectedSessions, type FabricNode, NODES, TOR } from './topology.ts';

export async function describeNode(fabric: Fabric, node: FabricNode): Promise<string> {
  const seen = await fabric.sessions(node);
  const names = new Map(expectedSessions(node).map((one: ExpectedSession) => [one.address, one]));
  const sessions = seen.map((one) => {
    const peer = names.get(one.address)?.peer ?? '';
    return `  ${peer.padEnd(8)} ${one.address.padEnd(18)} AS ${String(one.as).padEnd(6)} ${one.state}`;
  });
  const routes = (await ipRouteText(fabric.network.node(node))).trimEnd().split('\n');
  return `\n${node.name}  rack ${node.rack.number}, ${node.ipv4}, ${node.ipv6}
${sessions.join('\n')}
  $ ip route show proto bird; ip -6 route show proto bird
${routes.map((line) => `  ${line.trimEnd()}`).join('\n')}`;
}

export function describeProof(proof: Proof): string {
  const sent = proof.pings.reduce((sum, one) => sum + one.sent, 0);
  const received = proof.pings.reduce((sum, one) => sum + one.received, 0);
  const across = proof.tunnelled.filter((one) => rackOf(one.from) !== rackOf(one.to)).length;
  const within = proof.tunnelled.length - across;
  return `
Pings, pod to pod, every pair, both ways, IPv4 and IPv6: ${received} of ${sent} came back
IP protocol 4 at the ToR's ports (tcpdump -nn proto 4): ${across} packets across racks, ${within} within a rack`;
}

export function describeUse(fabric: Fabric, port: number | undefined): string {
  const dir = fabric.dir;
  const resources = join(dir, 'node-a/resources');
  const configuration =
    fabric.store === undefined
      ? `${resources}/*.yaml (edit: applied on save; each node has its own)`
      : `etcdctl or calicoctl at etcd, port 2379 of the ToR (${fabric.names.namespace(TOR.name)})`;
  const socket = join(dir, 'node-a/godwit.sock');
  const tor = fabric.speakers.get(TOR.name)?.software.startsWith('BIRD')
    ? `birdc -s ${join(dir, 'tor/bird.ctl')} show protocols`
    : `bin/godwit --socket ${join(dir, 'tor/godwit.sock')} show neighbors`;
  // Another user namespace's network cannot be entered by name from outside, but by process.
  const pid = fabric.speakers.get('node-a')?.running.pid;
  const route = 'route show proto bird';
  const kernel = fabric.inUserNamespace
    ? `nsenter -t ${pid} -U -n --preserve-credentials ip ${route}`
    : `ip -n ${fabric.names.namespace('node-a')} ${route}`;
  return `
Running. Ctrl-C takes everything down.
  directory     export FABRIC=${dir}
  sessions      bin/godwit --socket ${socket} show neighbors
  kernel        ${kernel}
  configuration ${configuration}
  ToR           ${tor}
  logs          ${dir}/*/*.log${port === undefined ? '' : `\n  metrics       http://127.0.0.1:${port}/`}`;
}

function rackOf(address: string): number | undefined {
  return NODES.find((node) => node.ipv4 === address)?.rack.number;
}
