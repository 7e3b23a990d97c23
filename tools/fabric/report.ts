/** What the fabric prints for people: sessions and routes of each node, pings, how to go on. */
import { join } from 'node:path';
import type { Proof } from './check.ts';
import type { Fabric } from './fabric.ts';
import { ipRouteText } from './observe.ts';
import { TOR } from './topology.ts';

export async function describeNode(fabric: Fabric, name: string): Promise<string> {
  const seen = await fabric.sessions(name);
  const peers = fabric.expected.nodes.get(name)?.sessions;
  const sessions = seen.map((one) => {
    const peer = peers?.get(one.address) ?? '';
    return `  ${peer.padEnd(8)} ${one.address.padEnd(18)} AS ${String(one.as).padEnd(6)} ${one.state}`;
  });
  const routes = (await ipRouteText(fabric.network.of(name))).trimEnd().split('\n');
  return `\n${name}
${sessions.join('\n')}
  $ ip route show proto bird; ip -6 route show proto bird
${routes.map((line) => `  ${line.trimEnd()}`).join('\n')}`;
}

export function describeProof(fabric: Fabric, { pings, tunnelled }: Proof): string {
  const sent = pings.reduce((sum, one) => sum + one.sent, 0);
  const received = pings.reduce((sum, one) => sum + one.received, 0);
  const line = `\nPings, pod to pod, every pair, both ways, IPv4 and IPv6: ${received} of ${sent} came back`;
  const { tunnelled: wanted } = fabric.expected;
  if (tunnelled === undefined || wanted === undefined) return line;
  const nameOf = new Map([...wanted.ports].map(([name, { address }]) => [address, name]));
  const isPair = ({ from, to }: { readonly from: string; readonly to: string }): boolean =>
    wanted.pairs.some((pair) => [from, to].every((one) => pair.includes(nameOf.get(one) ?? '')));
  const across = tunnelled.filter(isPair).length;
  const pairs = wanted.pairs.map((pair) => pair.join(' and ')).join(', ');
  return `${line}
IP protocol 4 at the ports of ${wanted.at} (tcpdump -nn proto 4): ${across} packets between ${pairs}, \
${tunnelled.length - across} others`;
}

export function describeUse(fabric: Fabric, port: number | undefined): string {
  const { dir, nodes } = fabric;
  const first = nodes[0]?.name ?? '';
  const configuration =
    fabric.store === undefined
      ? `${join(dir, first, 'resources')}/*.yaml (edit: applied on save; each node has its own)`
      : `etcdctl or calicoctl at etcd, port 2379 of the ToR (${fabric.names.namespace(TOR.name)})`;
  const socket = fabric.controlSocket(first);
  const birds = [...fabric.speakers.values()].filter(({ software }) => software.startsWith('BIRD'));
  const others = birds.map(({ member }) => {
    const words = `birdc -s ${join(dir, member, 'bird.ctl')} show protocols`;
    return `\n  ${member.padEnd(13)} ${words}`;
  });
  // Another user namespace's network cannot be entered by name from outside, but by process.
  const pid = fabric.speakers.get(first)?.running.pid;
  const route = 'route show proto bird';
  const kernel = fabric.inUserNamespace
    ? `nsenter -t ${pid} -U -n --preserve-credentials ip ${route}`
    : `ip -n ${fabric.names.namespace(first)} ${route}`;
  return `
Running. Ctrl-C takes everything down.
  directory     export FABRIC=${dir}
  sessions      bin/godwit --socket ${socket} show neighbors
  kernel        ${kernel}
  configuration ${configuration}${others.join('')}
  logs          ${dir}/*/*.log${port === undefined ? '' : `\n  metrics       http://127.0.0.1:${port}/`}`;
}
