/**
 * How chosen routes are written to the kernel: which classes of pools are ours, and how their packets travel.
 * @see calico model 3.8, 3.9
 */

import type { KernelRules, PoolRule } from '../fib/kernel-rules.ts';
import type { IpAddress } from '../net/ip-address.ts';
import { prefixFamily } from '../net/prefix.ts';
import { type Cluster, hasPriorities, normalPriority } from './cluster.ts';
import { compareText, sortedByName } from './plan-data.ts';
import type { ClusterRoutes, IpPoolResource } from './resources.ts';
import { aggregates, serviceSettings } from './services.ts';

type PoolClass = 'ipip' | 'none';

const OWNED: Readonly<Record<ClusterRoutes, readonly PoolClass[]>> = {
  Enabled: ['ipip', 'none'],
  EnabledIPIPOnly: ['ipip'],
  EnabledNoEncapOnly: ['none'],
  Disabled: [],
};

/** Whether routes of this class of pools are ours and not Felix's. */
export function bgpOwns(cluster: Cluster, poolClass: PoolClass): boolean {
  return OWNED[cluster.programClusterRoutes].includes(poolClass);
}

/** By CIDR. Of two pools with one CIDR the alphabetically first counts (calico model 1.4). */
export function poolsInForce(cluster: Cluster): IpPoolResource[] {
  const byCidr = new Map<string, IpPoolResource>();
  for (const pool of sortedByName(cluster.resources.ipPools)) {
    if (!byCidr.has(pool.cidr)) byCidr.set(pool.cidr, pool);
  }
  return [...byCidr.values()].sort((a, b) => compareText(a.cidr, b.cidr));
}

export function kernelRules(cluster: Cluster): KernelRules {
  const { own, options } = cluster;
  reportHiddenPools(cluster);
  const held = whyTunnelledIsHeld(cluster);
  const wireguard = wireguardNodes(cluster);
  return {
    table: options.table,
    ...(options.vrf === undefined ? {} : { vrf: options.vrf }),
    tunnelDevice: options.tunnelDevice,
    ...(options.manageTunnel === true ? { tunnel: tunnelOf(cluster) } : {}),
    ...(options.routeExtras === undefined ? {} : { extras: options.routeExtras }),
    ownSubnet: {
      ...(own.ipv4 === undefined ? {} : { ipv4: own.ipv4.network }),
      ...(own.ipv6 === undefined ? {} : { ipv6: own.ipv6.network }),
    },
    pools: poolsInForce(cluster)
      // Without an own IPv4 subnet Calico's IPv4 filter does nothing (calico model 3.9, step 4).
      .filter((pool) => prefixFamily(pool.cidr) === 6 || own.ipv4 !== undefined)
      .map((pool) => poolRule(cluster, pool)),
    // Service addresses are for kube-proxy, not for routes (calico model 3.7).
    rejected: aggregates(serviceSettings(cluster)),
    ...(wireguard.length === 0 ? {} : { wireguard }),
    metric: hasPriorities(cluster)
      ? {
          mode: 'priority',
          normal: { ipv4: normalPriority(cluster, 4), ipv6: normalPriority(cluster, 6) },
        }
      : { mode: 'none' },
    ...(held === undefined ? {} : { holdTunnelled: held }),
  };
}

function tunnelOf({ own }: Cluster): NonNullable<KernelRules['tunnel']> {
  return {
    ...(own.tunnelAddress === undefined ? {} : { address: own.tunnelAddress }),
    ...(own.ipv4 === undefined ? {} : { underlay: own.ipv4.address }),
  };
}

function poolRule(cluster: Cluster, { cidr, name, ipipMode, vxlanMode }: IpPoolResource): PoolRule {
  if (vxlanMode !== 'Never') {
    const reason = `vxlanMode is ${vxlanMode}: VXLAN routes are Felix's`;
    return { cidr, name, programming: 'foreign', reason };
  }
  const poolClass = ipipMode === 'Never' ? 'none' : 'ipip';
  if (!bgpOwns(cluster, poolClass)) {
    const what = poolClass === 'ipip' ? 'IP-in-IP' : 'unencapsulated';
    const reason = `programClusterRoutes is ${cluster.programClusterRoutes}: ${what} routes are Felix's`;
    return { cidr, name, programming: 'foreign', reason };
  }
  if (ipipMode === 'Always') return { cidr, name, programming: 'tunnel' };
  return { cidr, name, programming: ipipMode === 'CrossSubnet' ? 'cross-subnet' : 'direct' };
}

/** By family: nodes that have a WireGuard address, where this one has one too (calico model 3.9, step 3). */
function wireguardNodes({ own, nodes }: Cluster): IpAddress[] {
  return (['ipv4', 'ipv6'] as const).flatMap((family) => {
    if (own.wireguard[family] === undefined) return [];
    return nodes.flatMap((node) => {
      const address = node[family]?.address;
      const other = node !== own && node.wireguard[family] !== undefined;
      return other && address !== undefined ? [address] : [];
    });
  });
}

function reportHiddenPools(cluster: Cluster): void {
  const inForce = new Map(poolsInForce(cluster).map((pool) => [pool.cidr, pool.name]));
  for (const pool of sortedByName(cluster.resources.ipPools)) {
    const winner = inForce.get(pool.cidr);
    if (winner === undefined || winner === pool.name) continue;
    cluster.problems.push({
      kind: 'ConfigError',
      severity: 'warning',
      code: 'DuplicatePool',
      resource: `IPPool/${pool.name}`,
      path: 'spec.cidr',
      value: pool.cidr,
      message: `IPPool/${winner} has the same CIDR and counts; this one has no effect`,
      remedy: 'Delete one of them',
    });
  }
}

/** In Calico's own datastores somebody may be writing tunnelled routes; until it is known who, we do not. */
function whyTunnelledIsHeld({ standalone, options, global }: Cluster): string | undefined {
  if (!standalone || options.datastore === 'file') return undefined;
  if (global?.programClusterRoutes !== undefined) return undefined;
  return 'No ClusterInformation, so it is not known whether Felix writes tunnelled routes';
}
