/**
 * Graceful restart opposite real daemons that write kernels: godwit dies by kill -9 under 100 pings a second and comes
 * back, with BIRD 2, FRR and godwit as its helpers; then each of them does, and godwit helps.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { Pings } from '../support/fabric.ts';
import { Frr } from '../support/frr.ts';
import { type CalicoResource, calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { RouteMonitor } from '../support/route-monitor.ts';
import { waitFor } from '../support/wait-for.ts';

const NODE = { address: '10.9.0.1', block: '10.244.1.0/26', pod: '10.244.1.1' };
const HELPERS = {
  bird: { address: '10.9.0.2', block: '10.244.2.0/26', pod: '10.244.2.1' },
  frr: { address: '10.9.0.3', block: '10.244.3.0/26', pod: '10.244.3.1' },
  godwit: { address: '10.9.0.4', block: '10.244.4.0/26', pod: '10.244.4.1' },
} as const;
type HelperName = keyof typeof HELPERS;
const NAMES = Object.keys(HELPERS) as HelperName[];
/** All pods; what else happens to routes is the machine's own affair. */
const PODS = '10.244.';

const BIRD_CONFIG = `${birdConfHead({ routerId: HELPERS.bird.address, kernel: true })}
protocol static own { ipv4; route ${HELPERS.bird.block} blackhole; }
protocol bgp node {
  local ${HELPERS.bird.address} as 64512; neighbor ${NODE.address} as 64512; direct;
  connect retry time 1; connect delay time 1; error wait time 1, 2;
  graceful restart on; graceful restart time 60;
  ipv4 { import all; export where proto = "own"; next hop self; };
}
`;

const FRR_CONFIG = `router bgp 64512
bgp router-id ${HELPERS.frr.address}
no bgp default ipv4-unicast
no bgp network import-check
bgp graceful-restart
bgp graceful-restart restart-time 60
bgp graceful-restart preserve-fw-state
neighbor ${NODE.address} remote-as 64512
neighbor ${NODE.address} timers connect 1
address-family ipv4 unicast
network ${HELPERS.frr.block}
neighbor ${NODE.address} activate
exit-address-family
`;

function nodeResources(name: string, own: typeof NODE, peers: readonly string[]): CalicoResource[] {
  return [
    calico('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
    calico('IPPool', 'pods', { cidr: '10.244.0.0/16', ipipMode: 'Never' }),
    calico('Node', name, { bgp: { ipv4Address: `${own.address}/24` } }),
    calico('BlockAffinity', 'own', { node: name, cidr: own.block, state: 'confirmed' }),
    ...peers.map((peerIP, i) => calico('BGPPeer', `peer-${i}`, { peerIP, asNumber: 64_512 })),
  ];
}

const NEEDS = ['root', 'netns', 'ip', 'veth', 'bridge', 'ping', 'bird2', 'frr', 'native'] as const;

describeWith(NEEDS, 'Restarts of godwit, BIRD 2 and FRR opposite each other', () => {
  const lab = new NetworkLab();
  const spaces = {} as Record<HelperName | 'node', Namespace>;
  let node: Godwit;
  let bird: Bird;
  let frr: Frr;
  let helper: Godwit;

  beforeAll(async () => {
    spaces.node = await lab.namespace('node');
    const bridge = { namespace: spaces.node, device: 'eth0', addresses: [`${NODE.address}/24`] };
    await lab.bridge(bridge);
    await spaces.node.ip('address', 'add', `${NODE.pod}/32`, 'dev', 'lo');
    for (const name of NAMES) {
      const namespace = await lab.namespace(name);
      spaces[name] = namespace;
      const addresses = [`${HELPERS[name].address}/24`];
      await lab.attach(bridge, { namespace, device: 'eth0', addresses });
      await namespace.ip('address', 'add', `${HELPERS[name].pod}/32`, 'dev', 'lo');
    }
    const addresses = NAMES.map((name) => HELPERS[name].address);
    const of = (name: string, own: typeof NODE, peers: readonly string[]): Godwit =>
      new Godwit({
        lab,
        name,
        namespace: name === 'node' ? spaces.node : spaces.godwit,
        resources: nodeResources(name, own, peers),
      });
    node = of('node', NODE, addresses);
    helper = of('helper', HELPERS.godwit, [NODE.address]);
    const config = BIRD_CONFIG;
    bird = await Bird.start({ lab, namespace: spaces.bird, name: 'bird', config });
    frr = await Frr.start({ lab, namespace: spaces.frr, name: 'frr', config: FRR_CONFIG });
    await Promise.all([node.start(), helper.start()]);
    await node.untilEstablished(...addresses);
    for (const name of NAMES) {
      await untilRoute(spaces.node, HELPERS[name].block);
      await untilRoute(spaces[name], NODE.block);
    }
    await node.untilReady();
  });

  afterAll(async () => {
    await lab.destroy();
  });

  async function untilRoute(namespace: Namespace, block: string): Promise<void> {
    await waitFor(
      () => namespace.ip('route', 'show', block),
      (text) => text.includes('via'),
      { what: `a route to ${block} in ${namespace.name}`, timeoutMs: 20_000 },
    );
  }

  /** Both ways between the node and each helper. */
  function pingAll(names: readonly HelperName[] = NAMES): Promise<Pings[]> {
    return Promise.all(
      names.flatMap((name) => [
        Pings.start(lab, spaces.node, HELPERS[name].pod),
        Pings.start(lab, spaces[name], NODE.pod),
      ]),
    );
  }

  async function lostOf(pings: readonly Pings[]): Promise<number[]> {
    const counts = await Promise.all(pings.map((one) => one.stop()));
    for (const { sent } of counts) expect(sent).toBeGreaterThan(50);
    return counts.map(({ sent, received }) => sent - received);
  }

  /** What happens to routes of pods from now on, by place; stop it to see. */
  async function watch(names: readonly (keyof typeof spaces)[]): Promise<() => Promise<string[]>> {
    const monitors = await Promise.all(names.map((name) => RouteMonitor.start(lab, spaces[name])));
    return async () => {
      const events = await Promise.all(monitors.map((monitor) => monitor.stop()));
      return events.flatMap((list, i) =>
        list
          .filter(({ route }) => route.includes(PODS))
          .map(({ kind, route }) => `${names[i]}: ${kind} ${route}`),
      );
    };
  }

  it('kill -9 of godwit and a new start lose no ping, and no route is touched anywhere', async () => {
    const seen = await watch(['node', ...NAMES]);
    const pings = await pingAll();
    expect(await node.kill('SIGKILL')).toBe('SIGKILL');
    await node.start();
    await node.untilEstablished(...NAMES.map((name) => HELPERS[name].address));
    await node.untilReady();
    // The very last ping may still be on its way when ping is interrupted.
    expect((await lostOf(pings)).filter((lost) => lost > 1)).toEqual([]);
    expect(await seen()).toEqual([]);
  });

  it.each(NAMES)('as helper of %s, killed and started, godwit touches no route', async (name) => {
    const { address, block } = HELPERS[name];
    const { established } = await node.neighbor(address);
    const seen = await watch(['node']);
    const pings = await pingAll([name]);
    const part = async (): Promise<{ stale: number; endOfRibReceived: boolean }> =>
      (await node.neighbor(address)).families[0]!;
    if (name === 'godwit') await helper.kill('SIGKILL');
    else await { bird, frr }[name].kill('SIGKILL');
    await waitFor(part, ({ stale }) => stale === 1, { what: `the route of ${name} to be stale` });
    if (name === 'godwit') await helper.start();
    else if (name === 'frr') await frr.startAgain();
    else await bird.startAgain({ recover: true });
    await waitFor(
      () => node.neighbor(address),
      ({ established: times, families: [family] }) =>
        times === established + 1 && family!.endOfRibReceived && family!.stale === 0,
      { what: `${name} to be back and to have told all`, timeoutMs: 30_000 },
    );
    expect(await seen()).toEqual([]);
    const lost = await lostOf(pings);
    // Its own loss is its own affair: said, not judged.
    console.log(`${name} restarted: ${lost[0]} pings to it and ${lost[1]} from it were lost`);
    expect((await node.routes(block))[0]?.paths).toMatchObject([{ best: true, stale: false }]);
    if (name === 'godwit') expect(lost.filter((count) => count > 1)).toEqual([]);
  });
});
