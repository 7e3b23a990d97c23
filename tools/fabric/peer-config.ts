/**
 * Configuration texts of the real daemons in the fabric: BIRD 2 as the ToR, GoBGP outside, and
 * BIRD 2 in place of godwit for a rehearsal of the fabric itself (`--nodes bird`).
 */
import type { FabricNode } from './topology.ts';
import {
  CLUSTER_AS,
  expectedRoutes,
  expectedSessions,
  NODES,
  OUTSIDE,
  RACKS,
  TOR,
} from './topology.ts';

/** The ToR: a session of each family with every node, its own prefix, and a kernel FIB. */
export function torBirdConf(): string {
  const sessions = NODES.flatMap((node) => [
    torSession(node, 'ipv4', node.rack.gatewayV4, node.ipv4),
    torSession(node, 'ipv6', node.rack.gatewayV6, node.ipv6),
  ]);
  return `${birdHead(RACKS[0]?.gatewayV4 ?? '')}
protocol static own_v4 { ipv4; route ${TOR.prefixV4} blackhole; }
protocol static own_v6 { ipv6; route ${TOR.prefixV6} blackhole; }
${sessions.join('')}`;
}

// Nodes re-announce each other's blocks over eBGP; only a node's own range is believed, or the
// traffic for a block could be sent to a node of the other rack and come back.
function torSession(
  node: FabricNode,
  family: 'ipv4' | 'ipv6',
  local: string,
  remote: string,
): string {
  const range = family === 'ipv4' ? node.rangeV4 : node.rangeV6;
  const proto = `${node.name.replace('-', '_')}_${family.replace('ip', '')}`;
  return `protocol bgp ${proto} {
  local ${local} as ${TOR.as};
  neighbor ${remote} as ${CLUSTER_AS};
  connect retry time 2; error wait time 1, 2;
  graceful restart on;
  ${family} { import where net ~ [ ${range}+ ]; export where source = RTS_STATIC; };
}
`;
}

/** The outside peer. Routes are added over its API once it runs: {@link outsideAnnouncements}. */
export function outsideGobgpToml(): string {
  const neighbors = NODES.filter((node) => node.edge).flatMap((node) => [
    gobgpNeighbor(node.ipv4, OUTSIDE.ipv4, 'ipv4-unicast'),
    gobgpNeighbor(node.ipv6, OUTSIDE.ipv6, 'ipv6-unicast'),
  ]);
  return `[global.config]
  as = ${OUTSIDE.as}
  router-id = "${OUTSIDE.ipv4}"
${neighbors.join('')}`;
}

/** Arguments of `gobgp` that announce the outside's prefixes. */
export function outsideAnnouncements(): string[][] {
  return [
    ['global', 'rib', 'add', OUTSIDE.prefixV4, '-a', 'ipv4'],
    ['global', 'rib', 'add', OUTSIDE.prefixV6, '-a', 'ipv6'],
  ];
}

function gobgpNeighbor(remote: string, local: string, family: string): string {
  return `[[neighbors]]
  [neighbors.config]
    neighbor-address = "${remote}"
    peer-as = ${CLUSTER_AS}
  [neighbors.transport.config]
    local-address = "${local}"
  [neighbors.ebgp-multihop.config]
    enabled = true
    multihop-ttl = 64
  [neighbors.timers.config]
    connect-retry = 5
  [neighbors.graceful-restart.config]
    enabled = true
    restart-time = 120
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "${family}"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true
`;
}

/**
 * A node played by BIRD 2: the same sessions and the same kernel routes as a godwit node. BIRD 2
 * has no tunl0 routes from BGP (that is a patch of Calico's fork), so those are static here.
 */
export function nodeBirdConf(node: FabricNode): string {
  const tunnelled = expectedRoutes(node).filter((route) => route.dev === 'tunl0');
  const statics = tunnelled.map((r) => `  route ${r.dst} via ${r.via}%tunl0 onlink;\n`);
  const sessions = expectedSessions(node).map(({ peer, address, as }) => {
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    const local = family === 'ipv6' ? node.ipv6 : node.ipv4;
    const name = `${peer.replace('-', '_')}_${family.replace('ip', '')}`;
    const inner = as === CLUSTER_AS;
    return `protocol bgp ${name} {
  local ${local} as ${CLUSTER_AS};
  neighbor ${address} as ${as};
  multihop;
  connect retry time 2; error wait time 1, 2;
  graceful restart on;
  ${family} { import all; ${inner ? 'next hop self; ' : ''}gateway recursive;
    igp table igp_${family}; export where proto ~ "own_*"; };
}
`;
  });
  return `${birdHead(node.ipv4)}
ipv4 table igp_ipv4;
ipv6 table igp_ipv6;
protocol direct connected { ipv4 { table igp_ipv4; }; ipv6 { table igp_ipv6; }; interface "eth0"; }
protocol static igp_v4 { ipv4 { table igp_ipv4; }; route 0.0.0.0/0 via ${node.rack.gatewayV4}; }
protocol static igp_v6 { ipv6 { table igp_ipv6; }; route ::/0 via ${node.rack.gatewayV6}; }
protocol static own_v4 { ipv4; route ${node.blockV4} blackhole; }
protocol static own_v6 { ipv6; route ${node.blockV6} blackhole; }
protocol static tunnels { ipv4;
${statics.join('')}}
${sessions.join('')}`;
}

function birdHead(routerId: string): string {
  return `log stderr all;
router id ${routerId};
protocol device { scan time 10; }
protocol kernel kernel_v4 { persist; ipv4 { import none; export all; }; }
protocol kernel kernel_v6 { persist; ipv6 { import none; export all; }; }
`;
}
