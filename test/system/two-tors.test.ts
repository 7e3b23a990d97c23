/**
 * A node under two ToRs of different AS: the far blocks by both, one ToR dying under traffic, and attributes that flip a
 * thousand times. `ip monitor route` sees each route once at rest, and never none.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { Bird, birdConfHead } from '../support/bird.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { Portal } from '../support/portal.ts';
import { RawPeer, rawUpdate, usualCapabilities } from '../support/raw-peer.ts';
import { describeWith } from '../support/requirements.ts';
import { type RouteEvent, RouteMonitor } from '../support/route-monitor.ts';
import { waitFor } from '../support/wait-for.ts';

const FAR = Array.from({ length: 10 }, (_, i) => `10.246.${i}.0/26`);
const hostIn = (block: number): string => `10.246.${block}.5`;

/** ToR `i` (1 or 2) is 10.9.i.2 for the node, 10.10.i.1 for the far rack. */
function torConfig(i: number): string {
  return `${birdConfHead({ routerId: `10.9.${i}.2` })}
protocol static far { ipv4; ${FAR.map((cidr) => `route ${cidr} via 10.10.${i}.2;`).join(' ')} }
protocol kernel { ipv4 { export all; }; }
protocol bgp node {
  local 10.9.${i}.2 as ${65_000 + i}; neighbor 10.9.${i}.1 as 64512; direct;
  connect retry time 1; connect delay time 1; error wait time 1, 2;
  ipv4 { import all; export all; add paths on; };
}
`;
}

describeWith(['root', 'netns', 'ip', 'veth', 'ping', 'bird2', 'native'], 'two ToRs', () => {
  const lab = new NetworkLab();
  let node: Namespace;
  let far: Namespace;
  let godwit: Godwit;
  const tors: Namespace[] = [];
  const birds: Bird[] = [];

  beforeAll(async () => {
    node = await lab.namespace('node');
    far = await lab.namespace('far');
    for (const i of [1, 2]) {
      const tor = await lab.namespace(`tor${i}`);
      tors.push(tor);
      await lab.link(
        { namespace: node, device: `up${i}`, addresses: [`10.9.${i}.1/24`] },
        { namespace: tor, device: 'rack', addresses: [`10.9.${i}.2/24`] },
      );
      await lab.link(
        { namespace: tor, device: 'spine', addresses: [`10.10.${i}.1/24`] },
        { namespace: far, device: `up${i}`, addresses: [`10.10.${i}.2/24`] },
      );
      await tor.sysctl({ 'net.ipv4.ip_forward': '1' });
      await far.ip('route', 'add', `10.9.${i}.0/24`, 'via', `10.10.${i}.1`);
    }
    for (const i of FAR.keys()) await far.ip('address', 'add', `${hostIn(i)}/32`, 'dev', 'lo');
    for (const [i, namespace] of tors.entries()) {
      const config = torConfig(i + 1);
      birds.push(await Bird.start({ lab, namespace, name: `tor${i + 1}`, config }));
    }
    godwit = new Godwit({
      lab,
      namespace: node,
      name: 'node',
      config: { policy: { outside: 'calico' } },
      resources: [
        calico('Node', 'node', { bgp: { ipv4Address: '10.9.1.1/24' } }),
        calico('IPPool', 'pods', { cidr: '10.246.0.0/16' }),
        ...[1, 2].map((i) =>
          calico('BGPPeer', `tor${i}`, { peerIP: `10.9.${i}.2`, asNumber: 65_000 + i }),
        ),
      ],
    });
    await godwit.start();
  });

  afterAll(async () => {
    await lab.destroy();
  });

  /** Gateways by far block, as the kernel has them. */
  async function gateways(): Promise<string[][]> {
    const routes = JSON.parse(await node.ip('-j', 'route', 'show', 'proto', '12')) as {
      dst: string;
      gateway?: string;
      nexthops?: { gateway: string }[];
    }[];
    return FAR.map((cidr) =>
      routes
        .filter(({ dst }) => dst === cidr)
        .flatMap(({ gateway, nexthops = [] }) => [
          ...(gateway === undefined ? [] : [gateway]),
          ...nexthops.map((hop) => hop.gateway),
        ]),
    );
  }

  const untilAll = (expected: readonly string[]): Promise<unknown> =>
    waitFor(gateways, (all) => all.every((found) => `${found}` === `${expected}`), {
      what: `all far blocks via ${expected}`,
      timeoutMs: 20_000,
    });

  it('reaches each far block by both, as one route with two next hops', async () => {
    await untilAll(['10.9.1.2', '10.9.2.2']);
    const neighbor = await godwit.neighbor('10.9.1.2');
    expect(neighbor).toMatchObject({ state: 'Established' });
    const seen = await birds[0]!.command('show', 'protocols', 'all', 'node');
    expect(seen).toMatch(/Neighbor capabilities[\s\S]*ADD-PATH\s+RX: ipv4\s+TX: ipv4/);
    // What the other ToR announced, under an identifier.
    expect(seen).toMatch(/10 imported/);
  });

  it('has one change a block when a ToR dies, and loses nothing that went by the other', async () => {
    const throughSecond: string[] = [];
    for (const i of FAR.keys()) {
      const way = await node.ip('route', 'get', hostIn(i));
      if (way.includes('dev up2')) throughSecond.push(hostIn(i));
    }
    expect(throughSecond.length).toBeGreaterThan(0);
    const monitor = await RouteMonitor.start(lab, node);
    const pings = throughSecond.map((host) =>
      node.runOk(['ping', '-q', '-i', '0.01', '-c', '300', '-W', '1', host]),
    );
    await tors[0]!.sysctl({ 'net.ipv4.ip_forward': '0' });
    await birds[0]!.kill('SIGKILL');
    await untilAll(['10.9.2.2']);
    for (const text of await Promise.all(pings)) expect(text).toContain(' 0% packet loss');
    const events = (await monitor.stop()).filter(({ route }) => route.includes('10.246.'));
    expect(events.map(({ kind }) => kind)).toEqual(FAR.map(() => 'added'));
  });
});

const FLIPPED = '10.244.7.0/26';
const FLIPS = 1000;
const address = (host: number): string => `10.9.0.${host}`;
const u32 = (value: number): number[] => [value >>> 24, value >>> 16, value >>> 8, value];
const med = (value: number): number[] => [0x80, 4, 4, ...u32(value), 0x40, 5, 4, ...u32(100)];
const localPref = (value: number): number[] => [0x40, 5, 4, ...u32(value)];

describeWith(['root', 'netns', 'ip', 'veth', 'native'], 'attributes that flip', () => {
  const lab = new NetworkLab();
  let node: Namespace;
  let peers: RawPeer[];

  beforeAll(async () => {
    node = await lab.namespace('node');
    const outside = await lab.namespace('peers');
    await lab.link(
      { namespace: node, device: 'eth0', addresses: ['10.9.0.1/24'] },
      { namespace: outside, device: 'eth0', addresses: [2, 3].map((i) => `${address(i)}/24`) },
    );
    const portal = await Portal.open(lab, outside, 'peers');
    const godwit = new Godwit({
      lab,
      namespace: node,
      name: 'node',
      resources: [
        calico('Node', 'node', { bgp: { ipv4Address: '10.9.0.1/24' } }),
        calico('IPPool', 'pods', { cidr: '10.244.0.0/16' }),
        ...[2, 3].map((i) => calico('BGPPeer', `p${i}`, { peerIP: address(i), asNumber: 64_512 })),
      ],
    });
    await godwit.start();
    await godwit.untilReady();
    peers = [];
    for (const host of [2, 3]) {
      const peer = new RawPeer(
        await portal.dial({ host: '10.9.0.1', port: 179, from: address(host) }),
      );
      const capabilities = usualCapabilities(64_512);
      await peer.establish({ as: 64_512, identifier: host, capabilities });
      peer.keepAlive(5_000);
      peers.push(peer);
    }
  });

  afterAll(async () => {
    await lab.destroy();
  });

  function announce(host: number, more: readonly number[]): void {
    const nextHop = address(host);
    peers[host - 2]!.send(rawUpdate({ asPath: [], nextHop, prefixes: [FLIPPED], more }));
  }

  const inKernel = async (): Promise<string[]> =>
    (await node.ip('route', 'show', FLIPPED)).split('\n').filter((line) => line.trim() !== '');

  const untilVia = (gateway: string): Promise<unknown> =>
    waitFor(inKernel, (routes) => routes.length === 1 && routes[0]!.includes(gateway), {
      what: `one route via ${gateway}`,
      intervalMs: 20,
    });

  it.each([
    ['LOCAL_PREF', localPref(150), localPref(200), localPref(100)],
    ['MED', med(10), med(5), med(20)],
  ] as const)(
    '%s: never no route, and one at rest',
    async (_name, steady, better, worse) => {
      announce(3, steady);
      announce(2, better);
      await untilVia(address(2));
      const monitor = await RouteMonitor.start(lab, node);
      for (let flip = 1; flip <= FLIPS; flip++) {
        announce(2, flip % 2 === 0 ? better : worse);
        // A pause longer than a step, so that flips are not coalesced, and now and then a rest.
        await new Promise((resolve) => setTimeout(resolve, 2));
        if (flip % 100 === 0) await untilVia(address(2));
      }
      await untilVia(address(2));
      const events = (await monitor.stop()).filter(({ route }) => route.includes(FLIPPED));
      console.log(`${events.length} route events for ${FLIPS} flips`);
      expect(events.length).toBeGreaterThan(FLIPS / 2);
      expect(leastAtOnce(events)).toBe(1);
    },
    60_000,
  );
});

/** Routes of the prefix that stood at the worst moment; the kernel knows them apart by metric. */
function leastAtOnce(events: readonly RouteEvent[]): number {
  const metricOf = (route: string): string => /metric (\d+)/.exec(route)?.[1] ?? '0';
  // Which one stood before the first event: the first that is deleted. Where none is, all were replaced in place.
  const first = events.find(({ kind }) => kind === 'deleted');
  const standing = new Set(first === undefined ? [] : [metricOf(first.route)]);
  let least = Number.POSITIVE_INFINITY;
  for (const { kind, route } of events) {
    if (kind === 'added') standing.add(metricOf(route));
    else standing.delete(metricOf(route));
    least = Math.min(least, standing.size);
  }
  return least;
}
