/** The verdicts of the check, on made-up observations: each kind of fault is found and named. */
import { expect, it } from 'vitest';
import { countFailures } from './check.ts';
import type { IpRoute } from './netns.ts';
import { compareRoutes } from './observe.ts';
import { missingSessions, parseGobgpNeighbors, parseNeighborLines } from './speakers.ts';
import { expectedRoutes, expectedSessions, type FabricNode, NODES, pingPairs } from './topology.ts';
import { parseTunnelPackets, type TunnelPacket } from './tunnel-capture.ts';

const [nodeA, nodeB, nodeC] = NODES as readonly [FabricNode, FabricNode, FabricNode];

/** What a right fabric shows for `pings` echoes of each pair: request and reply, at both ports. */
function rightCapture(pings: number): TunnelPacket[] {
  return pingPairs()
    .filter((pair) => pair.crossRack)
    .flatMap(({ from, to }) => {
      const ways = [
        { from: from.ipv4, to: to.ipv4 },
        { from: to.ipv4, to: from.ipv4 },
      ];
      const seen = [from, to].flatMap((at) => ways.map((way) => ({ port: at.name, ...way })));
      return Array.from({ length: pings }, () => seen).flat();
    });
}

it('The count passes exactly when each cross-rack echo was seen once each way at both ports', () => {
  expect(countFailures(rightCapture(5), 5)).toEqual([]);
  expect(countFailures(rightCapture(5).slice(1), 5)).toEqual([
    "the capture at node-a's port of the ToR counted 9 protocol 4 packets node-a → node-c, not 10",
  ]);
  expect(countFailures([], 5)).toHaveLength(8);
});

it('One tunnelled packet within a rack, or from a stranger, fails the count', () => {
  const within = { port: 'node-a', from: nodeA.ipv4, to: nodeB.ipv4 };
  expect(countFailures([...rightCapture(1), within], 1)).toEqual([
    "the capture at node-a's port of the ToR counted 1 protocol 4 packets node-a → node-b, not 0",
  ]);
  const stranger = { port: 'node-a', from: '192.0.2.9', to: nodeA.ipv4 };
  expect(countFailures([...rightCapture(1), stranger], 1)).toEqual([
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
  return expectedRoutes(node)
    .filter((route) => route.family === family)
    .map(({ dst, via, dev, onlink }) => {
      if (via === undefined || dev === undefined) return { dst, type: 'blackhole' };
      return { dst, gateway: via, dev, flags: onlink ? ['onlink'] : [] };
    });
}

it('Routes pass when each is there as expected, and a wrong, absent or extra one is named', () => {
  const wanted = expectedRoutes(nodeA).filter((route) => route.family === 4);
  const right = rightRoutes(nodeA, 4);
  expect(compareRoutes(wanted, right)).toEqual([]);
  const withoutTunnel = right.map((one) => (one.dev === 'tunl0' ? { ...one, dev: 'eth0' } : one));
  expect(compareRoutes(wanted, withoutTunnel)).toEqual([
    '10.244.3.0/26 via 10.10.2.13 dev eth0 onlink instead of ' +
      '10.244.3.0/26 via 10.10.2.13 dev tunl0 onlink (node-c, other rack: IP-in-IP)',
  ]);
  expect(compareRoutes(wanted, right.slice(1))).toEqual([
    'no route blackhole 10.244.1.0/26 (own block)',
  ]);
  expect(compareRoutes(wanted, [...right, { dst: '0.0.0.0/1', type: 'unreachable' }])).toEqual([
    'extra unreachable 0.0.0.0/1',
  ]);
});

it("A neighbor's link-local next hop passes for the ToR's IPv6 prefix and for no other", () => {
  const wanted = expectedRoutes(nodeC).filter((route) => route.family === 6);
  const linkLocal = rightRoutes(nodeC, 6).map((one) =>
    one.type === 'blackhole' ? one : { ...one, gateway: 'fe80::1' },
  );
  const differences = compareRoutes(wanted, linkLocal);
  expect(differences.some((text) => text.startsWith('2001:db8:2::/122'))).toBe(false);
  expect(differences.some((text) => text.startsWith('2001:db8:51::/122'))).toBe(true);
});

it('A session that is absent or not Established is named with its reason', () => {
  const all = expectedSessions(nodeB).map(({ address, as }) => ({
    address,
    as,
    state: 'Established',
    reason: undefined,
  }));
  expect(missingSessions(nodeB, all)).toEqual([]);
  const [first, ...others] = all;
  expect(missingSessions(nodeB, others)).toEqual([
    `node-b: session with node-a ${first?.address} is not configured`,
  ]);
  const down = { address: nodeA.ipv4, as: 64512, state: 'Active', reason: 'Connection refused' };
  expect(missingSessions(nodeB, [down, ...others])).toEqual([
    'node-b: session with node-a 10.10.1.11 is Active (Connection refused)',
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
