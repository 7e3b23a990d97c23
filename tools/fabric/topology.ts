/**
 * The demonstration fabric as data: three nodes in two racks, a ToR between the racks, a peer
 * outside, a pod on each node. Names, addresses and what must come of it are all derived here.
 *
 *      rack 1 10.10.1.0/24              rack 2 10.10.2.0/24
 *      node-a .11   node-b .12          node-c .13
 *           └─────┬──────┘                   │
 *                 └────────── ToR ───────────┘      each .1
 *                              │  10.10.9.0/24
 *                           outside .2
 */
import { createHash } from 'node:crypto';

export interface FabricNode {
  readonly name: string;
  readonly rack: Rack;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly blockV4: string;
  readonly blockV6: string;
  /** Address of tunl0, inside the node's own block, as Calico's allocator gives it. */
  readonly tunnelAddress: string;
  readonly podV4: string;
  readonly podV6: string;
  /** Addresses from which the ToR accepts blocks of this node. */
  readonly rangeV4: string;
  readonly rangeV6: string;
  /** Whether this node peers with the outside. */
  readonly edge: boolean;
}

export interface Rack {
  readonly number: number;
  /** The ToR's addresses in this rack; the nodes' default gateways. */
  readonly gatewayV4: string;
  readonly gatewayV6: string;
}

export const CLUSTER_AS = 64512;
export const RACK_LENGTH_V4 = 24;
export const RACK_LENGTH_V6 = 64;

export const POOL_V4 = '10.244.0.0/16';
export const POOL_V6 = 'fd00:10:244::/48';

/** The ToR announces one prefix of its own, so that something is learned from it. */
export const TOR = {
  name: 'tor',
  as: 64601,
  prefixV4: '192.0.2.0/26',
  prefixV6: '2001:db8:2::/122',
} as const;

/** A peer beyond the ToR: its sessions are multihop, its next hop lies behind a router. */
export const OUTSIDE = {
  name: 'outside',
  as: 64701,
  ipv4: '10.10.9.2',
  ipv6: 'fd00:10:10:9::2',
  gatewayV4: '10.10.9.1',
  gatewayV6: 'fd00:10:10:9::1',
  prefixV4: '198.51.100.0/26',
  prefixV6: '2001:db8:51::/122',
} as const;

export const RACKS: readonly Rack[] = [makeRack(1), makeRack(2)];

export const NODES: readonly FabricNode[] = [
  makeNode({ letter: 'a', number: 1, rack: 1, edge: true }),
  makeNode({ letter: 'b', number: 2, rack: 1, edge: false }),
  makeNode({ letter: 'c', number: 3, rack: 2, edge: true }),
];

export interface ExpectedSession {
  readonly peer: string;
  readonly address: string;
  readonly as: number;
}

/** Every BGP session `node` must have Established. IPv4 and IPv6 are separate, as in Calico. */
export function expectedSessions(node: FabricNode): ExpectedSession[] {
  const sessions: ExpectedSession[] = [];
  for (const other of NODES) {
    if (other === node) continue;
    sessions.push({ peer: other.name, address: other.ipv4, as: CLUSTER_AS });
    sessions.push({ peer: other.name, address: other.ipv6, as: CLUSTER_AS });
  }
  sessions.push({ peer: TOR.name, address: node.rack.gatewayV4, as: TOR.as });
  sessions.push({ peer: TOR.name, address: node.rack.gatewayV6, as: TOR.as });
  if (node.edge) {
    sessions.push({ peer: OUTSIDE.name, address: OUTSIDE.ipv4, as: OUTSIDE.as });
    sessions.push({ peer: OUTSIDE.name, address: OUTSIDE.ipv6, as: OUTSIDE.as });
  }
  return sessions;
}

export interface ExpectedRoute {
  readonly family: 4 | 6;
  readonly dst: string;
  /** `undefined`: a blackhole, the node's own block. */
  readonly via: string | undefined;
  readonly dev: string | undefined;
  readonly onlink: boolean;
  /**
   * A neighbor on the same link may give its link-local address beside the global one, and either
   * may be installed (RFC 2545 §3).
   */
  readonly linkLocalToo?: boolean;
  readonly why: string;
}

/** Every protocol-12 route `node` must have, and no other (calico-bgp-model 3.9). */
export function expectedRoutes(node: FabricNode): ExpectedRoute[] {
  const routes: ExpectedRoute[] = [];
  const { gatewayV4, gatewayV6 } = node.rack;
  const own = { via: undefined, dev: undefined, onlink: false, why: 'own block' };
  routes.push({ family: 4, dst: node.blockV4, ...own }, { family: 6, dst: node.blockV6, ...own });
  for (const other of NODES) {
    if (other === node) continue;
    const near = other.rack === node.rack;
    const v4 = near
      ? { dev: 'eth0', onlink: false, why: `${other.name}, same rack: direct` }
      : { dev: 'tunl0', onlink: true, why: `${other.name}, other rack: IP-in-IP` };
    routes.push({ family: 4, dst: other.blockV4, via: other.ipv4, ...v4 });
    const v6 = near
      ? { via: other.ipv6, why: `${other.name}, same rack: direct` }
      : { via: gatewayV6, why: `${other.name}, other rack: next hop behind the ToR` };
    routes.push({ family: 6, dst: other.blockV6, dev: 'eth0', onlink: false, ...v6 });
  }
  const eth0 = { dev: 'eth0', onlink: false };
  const tor = { ...eth0, why: 'announced by the ToR' };
  routes.push({ family: 4, dst: TOR.prefixV4, via: gatewayV4, ...tor });
  routes.push({ family: 6, dst: TOR.prefixV6, via: gatewayV6, linkLocalToo: true, ...tor });
  if (node.edge) {
    const outside = { ...eth0, why: 'announced from outside, next hop behind the ToR' };
    routes.push({ family: 4, dst: OUTSIDE.prefixV4, via: gatewayV4, ...outside });
    routes.push({ family: 6, dst: OUTSIDE.prefixV6, via: gatewayV6, ...outside });
  }
  return routes;
}

/** Ordered pairs of nodes whose pods ping each other: all, both ways. */
export function pingPairs(): { from: FabricNode; to: FabricNode; crossRack: boolean }[] {
  return NODES.flatMap((from) =>
    NODES.filter((to) => to !== from).map((to) => ({ from, to, crossRack: from.rack !== to.rack })),
  );
}

/** Names of one fabric; two checkouts on one machine differ in `id` and so never meet. */
export interface FabricNames {
  readonly id: string;
  readonly prefix: string;
  namespace(member: string): string;
  pod(node: FabricNode): string;
}

export function fabricNames(checkout: string): FabricNames {
  const id = createHash('sha256').update(checkout).digest('hex').slice(0, 6);
  const prefix = `gw-${id}-`;
  return {
    id,
    prefix,
    namespace: (member) => `${prefix}${member}`,
    pod: (node) => `${prefix}pod-${node.name.slice(-1)}`,
  };
}

function makeRack(number: number): Rack {
  return { number, gatewayV4: `10.10.${number}.1`, gatewayV6: `fd00:10:10:${number}::1` };
}

interface NodeSeed {
  readonly letter: string;
  readonly number: number;
  readonly rack: number;
  readonly edge: boolean;
}

function makeNode({ letter, number, rack: rackNumber, edge }: NodeSeed): FabricNode {
  const rack = RACKS[rackNumber - 1];
  if (rack === undefined) throw new RangeError(`No rack ${rackNumber}`);
  const host = 10 + number;
  return {
    name: `node-${letter}`,
    rack,
    ipv4: `10.10.${rackNumber}.${host}`,
    ipv6: `fd00:10:10:${rackNumber}::${host}`,
    blockV4: `10.244.${number}.0/26`,
    blockV6: `fd00:10:244:${number}::/122`,
    tunnelAddress: `10.244.${number}.1`,
    podV4: `10.244.${number}.2`,
    podV6: `fd00:10:244:${number}::2`,
    rangeV4: `10.244.${number}.0/24`,
    rangeV6: `fd00:10:244:${number}::/64`,
    edge,
  };
}
