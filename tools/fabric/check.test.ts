/** The verdicts of the check, on made-up observations: each kind of fault is found and named. */
import { expect, it } from 'vitest';
import { countFailures, pingPairs } from './check.ts';
import { parseFrrNeighbors } from './frr.ts';
import type { ExpectedRoute } from './lab-expect.ts';
import type { IpRoute } from './netns.ts';
import { compareRoutes } from './observe.ts';
import { parseOpenbgpdNeighbors } from './openbgpd.ts';
import { judgeOutage } from './outage.ts';
import { missingSessions, parseGobgpNeighbors, parseNeighborLines } from './speakers.ts';
import { DEMO_EXPECTED, type FabricNode, NODES } from './topology.ts';
import { parseTunnelPackets, type TunnelPacket } from './tunnel-capture.ts';

const [nodeA, nodeB, nodeC] = NODES as readonly [FabricNode, FabricNode, FabricNode];
const tunnels = DEMO_EXPECTED.tunnelled!;
const expectedOf = (node: FabricNode): { routes: readonly ExpectedRoute[] } & SessionsOf => {
  const { routes = [], sessions } = DEMO_EXPECTED.nodes.get(node.name)!;
  return { routes, sessions };
};
interface SessionsOf {
  readonly sessions: ReadonlyMap<string, string>;
}

/** What a right fabric shows for `pings` echoes of each pair: request and reply, at both ports. */
function rightCapture(pings: number): TunnelPacket[] {
  const addresses = (name: string): string => tunnels.ports.get(name)!.address;
  return tunnels.pairs
    .flatMap(([a, b]) => [
      { from: a, to: b },
      { from: b, to: a },
    ])
    .flatMap(({ from, to }) => {
      const ways = [
        { from: addresses(from), to: addresses(to) },
        { from: addresses(to), to: addresses(from) },
      ];
      const seen = [from, to].flatMap((at) => ways.map((way) => ({ port: at, ...way })));
      return Array.from({ length: pings }, () => seen).flat();
    });
}

it('The count passes exactly when each cross-rack echo was seen once each way at both ports', () => {
  expect(countFailures(rightCapture(5), tunnels, 5)).toEqual([]);
  expect(countFailures(rightCapture(5).slice(1), tunnels, 5)).toEqual([
    "the capture at node-a's port of tor counted 9 protocol 4 packets node-a → node-c, not 10",
  ]);
  expect(countFailures([], tunnels, 5)).toHaveLength(8);
});

it('One tunnelled packet within a rack, or from a stranger, fails the count', () => {
  const within = { port: 'node-a', from: nodeA.ipv4, to: nodeB.ipv4 };
  expect(countFailures([...rightCapture(1), within], tunnels, 1)).toEqual([
    "the capture at node-a's port of tor counted 1 protocol 4 packets node-a → node-b, not 0",
  ]);
  const stranger = { port: 'node-a', from: '192.0.2.9', to: nodeA.ipv4 };
  expect(countFailures([...rightCapture(1), stranger], tunnels, 1)).toEqual([
    'the capture saw protocol 4 from 192.0.2.9 to 10.10.1.11, which are no two nodes',
  ]);
});

it('Only the outer addresses of captured packets are read', () => {
  const text = `listening on to-node-c, link-type EN10MB
IP 10.10.1.11 > 10.10.2.13: IP 10.244.1.2 > 10.244.3.2: ICMP echo request, id 1, seq 1, length 64
IP 10.10.2.13 > 10.10.1.11: IP (inside not shown)
2 packets captured`;
  expect(parseTunnelPackets(text)).toEqual([
    { from: '10.10.1.11', to: '10.10.2.13' },
    { from: '10.10.2.13', to: '10.10.1.11' },
  ]);
});

/** The kernel's answer in a right fabric. */
function rightRoutes(node: FabricNode, family: 4 | 6): IpRoute[] {
  return wantedRoutes(node, family).map(({ dst, hops: [hop] }) => {
    if (hop === undefined) return { dst, type: 'blackhole' };
    return { dst, gateway: hop.via, dev: hop.dev, flags: hop.onlink ? ['onlink'] : [] };
  });
}

function wantedRoutes(node: FabricNode, family: 4 | 6): ExpectedRoute[] {
  return expectedOf(node).routes.filter((route) => route.family === family);
}

it('Routes pass when each is there as expected, and a wrong, absent or extra one is named', () => {
  const wanted = wantedRoutes(nodeA, 4);
  const right = rightRoutes(nodeA, 4);
  expect(compareRoutes(wanted, right)).toEqual([]);
  const withoutTunnel = right.map((one) => (one.dev === 'tunl0' ? { ...one, dev: 'eth0' } : one));
  expect(compareRoutes(wanted, withoutTunnel)).toEqual([
    '10.244.3.0/26 via 10.10.2.13 dev eth0 onlink instead of ' +
      '10.244.3.0/26 via 10.10.2.13 dev tunl0 onlink (node-c, other rack, IP-in-IP)',
  ]);
  expect(compareRoutes(wanted, right.slice(1))).toEqual([
    'no route blackhole 10.244.1.0/26 (own block)',
  ]);
  expect(compareRoutes(wanted, [...right, { dst: '0.0.0.0/1', type: 'unreachable' }])).toEqual([
    'extra unreachable 0.0.0.0/1',
  ]);
});

it('Several next hops are compared as a set: one too few is named, their order is not', () => {
  const hop = (i: number) => ({ via: `10.1.${i}.1`, dev: `eth${i}`, onlink: false });
  const hops = [1, 2].map((i) => ({ ...hop(i), linkLocalToo: false }));
  const wanted: ExpectedRoute = { family: 4, dst: '10.244.3.0/26', hops, why: 'both' };
  const got = (...which: number[]): IpRoute => ({
    dst: '10.244.3.0/26',
    nexthops: which.map((i) => ({ gateway: hop(i).via, dev: hop(i).dev, weight: 1, flags: [] })),
  });
  expect(compareRoutes([wanted], [got(2, 1)])).toEqual([]);
  expect(compareRoutes([wanted], [got(2)])).toEqual([
    '10.244.3.0/26 via 10.1.2.1 dev eth2 instead of ' +
      '10.244.3.0/26 via 10.1.1.1 dev eth1 via 10.1.2.1 dev eth2 (both)',
  ]);
});

it('A death passes as long as no flow stands still for longer than it may', () => {
  const outage = { dies: 'tor-1', interruptedMsMax: 500, routes: new Map() };
  const flow = { from: 'pod-a', to: 'pod-b', address: '10.0.0.1', sent: 400 };
  const some = [
    { ...flow, received: 400 },
    { ...flow, received: 350 },
  ];
  const judged = judgeOutage(outage, { results: some, wrong: [], took: 12 });
  expect(judged.line).toContain('of 2 flows 1 lost nothing, the others at most 500 ms');
  expect(judged.failures).toEqual([]);
  const late = [{ ...flow, received: 349 }];
  expect(judgeOutage(outage, { results: late, wrong: ['no route X'], took: 12 }).failures).toEqual([
    'tor-1 died: pod-a → pod-b (10.0.0.1) was interrupted for 510 ms, not 500 at most',
    'tor-1 died: no route X',
  ]);
});

it("A neighbor's link-local next hop passes for the ToR's IPv6 prefix and for no other", () => {
  const wanted = wantedRoutes(nodeC, 6);
  const linkLocal = rightRoutes(nodeC, 6).map((one) =>
    one.type === 'blackhole' ? one : { ...one, gateway: 'fe80::1' },
  );
  const differences = compareRoutes(wanted, linkLocal);
  expect(differences.some((text) => text.includes('2001:db8:2::/122'))).toBe(false);
  expect(differences.some((text) => text.startsWith('2001:db8:51::/122'))).toBe(true);
});

it('A session that is absent or not Established is named with its reason', () => {
  const { sessions } = expectedOf(nodeB);
  const all = [...sessions.keys()].map((address) => ({
    address,
    as: 64512,
    state: 'Established',
    reason: undefined,
  }));
  expect(missingSessions('node-b', sessions, all)).toEqual([]);
  const [first, ...others] = all;
  expect(missingSessions('node-b', sessions, others)).toEqual([
    `node-b: session with node-a ${first?.address} is not configured`,
  ]);
  const down = { address: nodeA.ipv4, as: 64512, state: 'Active', reason: 'Connection refused' };
  expect(missingSessions('node-b', sessions, [down, ...others])).toEqual([
    'node-b: session with node-a 10.10.1.11 is Active (Connection refused)',
  ]);
});

it('Every ordered pair of pods pings', () => {
  expect(pingPairs(DEMO_EXPECTED.pods)).toHaveLength(6);
});

it('Sessions of FRR and OpenBGPD are read from their JSON', () => {
  const frr = JSON.stringify({ '10.0.0.1': { remoteAs: 64601, bgpState: 'Established' }, vrf: 1 });
  expect(parseFrrNeighbors(frr)).toEqual([
    { address: '10.0.0.1', as: 64601, state: 'Established', reason: undefined },
  ]);
  const openbgpd = { neighbors: [{ remote_addr: 'fd00::1', remote_as: '64512', state: 'Active' }] };
  expect(parseOpenbgpdNeighbors(JSON.stringify(openbgpd))).toEqual([
    { address: 'fd00::1', as: 64512, state: 'Active', reason: undefined },
  ]);
});

it('Sessions are read from one JSON object a line (godwit) and from a list (GoBGP)', () => {
  const lines = `{"address":"10.0.0.1","remoteAs":64512,"state":"Idle","downBecause":"peer is off"}
{"address":"10.0.0.2","remoteAs":64512,"state":"Established"}
`;
  expect(parseNeighborLines(lines)).toEqual([
    { address: '10.0.0.1', as: 64512, state: 'Idle', reason: 'peer is off' },
    { address: '10.0.0.2', as: 64512, state: 'Established', reason: undefined },
  ]);
  const gobgp = JSON.stringify([
    { state: { neighbor_address: '10.0.0.1', peer_asn: 64512, session_state: 6 } },
    { state: { neighbor_address: 'fd00::1', peer_asn: 64512 } },
  ]);
  expect(parseGobgpNeighbors(gobgp).map((one) => one.state)).toEqual(['Established', 'unknown']);
});
