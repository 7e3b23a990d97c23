/**
 * A node of the demonstration played by BIRD 2 (`--nodes bird`): a rehearsal of the fabric without godwit, with the
 * same sessions and the same kernel routes.
 */
import type { ExpectedNode } from './lab-expect.ts';
import { CLUSTER_AS, DEMO_EXPECTED, type FabricNode, OUTSIDE, TOR } from './topology.ts';

/**
 * The text of its configuration. BIRD 2 has no tunl0 routes from BGP (that is a patch of Calico's fork), so those are static here.
 */
export function nodeBirdConf(node: FabricNode): string {
  const { routes = [], sessions: wanted } = expectedOf(node);
  const statics = routes.flatMap(({ dst, hops }) =>
    hops
      .filter(({ dev }) => dev === 'tunl0')
      .map(({ via }) => `  route ${dst} via ${via}%tunl0 onlink;\n`),
  );
  const sessions = [...wanted].map(([address, peer]) => {
    const as = { [TOR.name]: TOR.as, [OUTSIDE.name]: OUTSIDE.as }[peer] ?? CLUSTER_AS;
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
protocol static igp_v4 { ipv4 { table igp_ipv4; }; route 0.0.0.0/0 via ${node.gatewayV4}; }
protocol static igp_v6 { ipv6 { table igp_ipv6; }; route ::/0 via ${node.gatewayV6}; }
protocol static own_v4 { ipv4; route ${node.blockV4} blackhole; }
protocol static own_v6 { ipv6; route ${node.blockV6} blackhole; }
protocol static tunnels { ipv4;
${statics.join('')}}
${sessions.join('')}`;
}

function expectedOf(node: FabricNode): ExpectedNode {
  const expected = DEMO_EXPECTED.nodes.get(node.name);
  if (expected === undefined) throw new RangeError(`Nothing is expected of ${node.name}`);
  return expected;
}

function birdHead(routerId: string): string {
  return `log stderr all;
router id ${routerId};
protocol device { scan time 10; }
protocol kernel kernel_v4 { persist; ipv4 { import none; export all; }; }
protocol kernel kernel_v6 { persist; ipv6 { import none; export all; }; }
`;
}
