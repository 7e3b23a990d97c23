/**
 * Route reflectors lost one after the other: nodes that peer with two reflectors and not with each other keep the
 * routes to each other's blocks in the kernel, without a moment's gap, while one is away, while both are, and when
 * one is back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { type CalicoResource, calico, Godwit } from '../support/godwit.ts';
import { allRoutes, NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { RouteMonitor } from '../support/route-monitor.ts';
import { waitFor } from '../support/wait-for.ts';

const WORKERS = ['a', 'b'] as const;
const REFLECTORS = ['r', 's'] as const;
const ADDRESS = { a: '10.9.0.1', b: '10.9.0.2', r: '10.9.0.11', s: '10.9.0.12' } as const;
const BLOCK = { a: '10.244.1.0/26', b: '10.244.2.0/26' } as const;
/** Well within the restart time of 120 s that reflectors have announced (RFC 4724 §4.2). */
const AWAY_MS = 3_000;

type Name = keyof typeof ADDRESS;

function node(name: Name): CalicoResource {
  const isReflector = name === 'r' || name === 's';
  const bgp = {
    ipv4Address: `${ADDRESS[name]}/24`,
    ...(isReflector ? { routeReflectorClusterID: '224.0.0.1' } : {}),
  };
  const resource = calico('Node', name, { bgp });
  return { ...resource, metadata: { name, labels: { role: isReflector ? 'rr' : 'worker' } } };
}

const RESOURCES = [
  ...[...WORKERS, ...REFLECTORS].map(node),
  calico('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
  calico('BGPPeer', 'reflectors', { nodeSelector: 'all()', peerSelector: "role == 'rr'" }),
  calico('IPPool', 'pods', { cidr: '10.244.0.0/16', ipipMode: 'Never' }),
  ...WORKERS.map((name) =>
    calico('BlockAffinity', `${name}-block`, { node: name, cidr: BLOCK[name], state: 'confirmed' }),
  ),
];

describeWith(['root', 'netns', 'ip', 'veth', 'bridge', 'native'], 'Two route reflectors', () => {
  const lab = new NetworkLab();
  const daemons = new Map<Name, Godwit>();
  const spaces = new Map<Name, Namespace>();
  const monitors: RouteMonitor[] = [];

  beforeAll(async () => {
    const fabric = await lab.namespace('fabric');
    const bridge = { namespace: fabric, device: 'br0' };
    await lab.bridge(bridge);
    for (const name of [...REFLECTORS, ...WORKERS]) {
      const namespace = await lab.namespace(name);
      const addresses = [`${ADDRESS[name]}/24`];
      await lab.attach(bridge, { namespace, device: 'eth0', addresses });
      spaces.set(name, namespace);
      const godwit = new Godwit({ lab, namespace, name, resources: RESOURCES });
      daemons.set(name, godwit);
      await godwit.start();
    }
    for (const name of WORKERS) {
      await daemons.get(name)!.untilEstablished(ADDRESS.r, ADDRESS.s);
      await untilProgrammed(name);
      monitors.push(await RouteMonitor.start(lab, spaces.get(name)!));
    }
  });

  afterAll(async () => {
    for (const godwit of daemons.values()) await godwit.end();
    await lab.destroy();
  });

  /** The block of the other worker. */
  function far(name: 'a' | 'b'): string {
    return name === 'a' ? BLOCK.b : BLOCK.a;
  }

  async function gateway(name: 'a' | 'b'): Promise<string | undefined> {
    const routes = await allRoutes(spaces.get(name)!);
    return routes.find(({ dst }) => dst === far(name))?.gateway;
  }

  async function untilProgrammed(name: 'a' | 'b'): Promise<void> {
    const right = ADDRESS[name === 'a' ? 'b' : 'a'];
    await waitFor(
      () => gateway(name),
      (found) => found === right,
      { what: `${name} to have its route to the other worker` },
    );
  }

  /** What the kernels lost of each other's blocks since the beginning. */
  function lost(): string[] {
    return monitors.flatMap((monitor, index) =>
      monitor
        .events()
        .filter(({ kind, route }) => kind === 'deleted' && route.includes(far(WORKERS[index]!)))
        .map(({ route }) => route),
    );
  }

  async function keeps(): Promise<void> {
    for (const name of WORKERS) {
      expect(await gateway(name)).toBe(ADDRESS[name === 'a' ? 'b' : 'a']);
    }
    expect(lost()).toEqual([]);
  }

  async function untilDown(address: string): Promise<void> {
    for (const name of WORKERS) {
      await waitFor(
        () => daemons.get(name)!.neighbor(address),
        ({ state }) => state !== 'Established',
        { what: `${name} to notice that ${address} is lost` },
      );
    }
  }

  it('are there, and the workers have no session with each other', async () => {
    const known = await daemons.get('a')!.neighbors();
    expect(known.map(({ address }) => address).sort()).toEqual([ADDRESS.r, ADDRESS.s]);
    await keeps();
  });

  it('of which one dies leave every route where it is', async () => {
    await daemons.get('r')!.kill('SIGKILL');
    await untilDown(ADDRESS.r);
    await sleep(AWAY_MS);
    await keeps();
  });

  it('that are both dead leave every route for the time that they have asked for', async () => {
    await daemons.get('s')!.kill('SIGKILL');
    await untilDown(ADDRESS.s);
    await sleep(AWAY_MS);
    await keeps();
  });

  it('of which one is back has the routes confirmed, again without a gap', async () => {
    await daemons.get('r')!.start();
    for (const name of WORKERS) await daemons.get(name)!.untilEstablished(ADDRESS.r);
    await sleep(AWAY_MS);
    await keeps();
    const [route] = await daemons.get('a')!.routes(BLOCK.b);
    const [chosen] = route!.paths.filter(({ best }) => best);
    expect(chosen).toMatchObject({ from: 'Node_10_9_0_11', stale: false });
  });
});
