/**
 * Kernel routes as values: what `ip route` shows, decoded. For views, plans and tests; dumps of whole
 * tables go through `RawRoute` (`raw-route.ts`) and never make one of these per route.
 */

import type { IpAddress } from '../net/ip-address.ts';
import type { Prefix } from '../net/prefix.ts';
import type { RouteType } from './codes.ts';

/** One next hop; `via GATEWAY dev INTERFACE onlink weight WEIGHT`. */
export interface KernelNextHop {
  /** Absent for a route straight to a device. May be IPv6 in an IPv4 route (RFC 8950, RTA_VIA). */
  readonly gateway?: IpAddress;
  /** Absent lets the kernel find the device by the gateway; always there in what the kernel says. */
  readonly interfaceIndex?: number;
  /** 1 to 256, as iproute2 counts (the kernel's field is one less). */
  readonly weight: number;
  /** The gateway is taken to be reachable on the device even where no connected route covers it. */
  readonly onlink: boolean;
  /** Said by the kernel only, ignored in requests: the device is down. */
  readonly dead?: boolean;
  /** Said by the kernel only, ignored in requests: the device has no carrier. */
  readonly linkDown?: boolean;
}

/** What a route says apart from its key: many prefixes share one. */
export interface RouteShape {
  readonly family: 4 | 6;
  readonly type: RouteType;
  /** `RouteProtocol`, e.g. 12 for bird. */
  readonly protocol: number;
  /** `RouteScope`: 253 for a route straight to a device (IPv4 only), 0 otherwise. */
  readonly scope: number;
  /** None for blackhole, unreachable, prohibit, throw; two or more are a multipath route. */
  readonly nextHops: readonly KernelNextHop[];
  readonly prefSrc?: IpAddress;
  readonly mtu?: number;
  /** `rtm_flags` as the kernel said them; 0 in what we want (onlink is each next hop's). */
  readonly flags: number;
  /** The route uses a nexthop object (`ip nexthop`); `nextHops` may then be empty. */
  readonly nexthopId?: number;
}

/**
 * A route of one table. The kernel's key is (table, prefix, metric): two routes that differ only
 * in metric live side by side, and changing a metric is add + delete, never replace.
 */
export interface KernelRoute extends RouteShape {
  readonly table: number;
  readonly prefix: Prefix;
  /** `priority`; IPv6 stores 1024 where 0 is asked for, see `kernelMetric`. */
  readonly metric: number;
}

/** The metric the kernel will show for a route asked for with `metric`. */
export function kernelMetric(family: 4 | 6, metric: number): number {
  return family === 6 && metric === 0 ? IPV6_DEFAULT_METRIC : metric;
}

/** IP6_RT_PRIO_USER in the kernel's ipv6 code. */
const IPV6_DEFAULT_METRIC = 1024;

/**
 * Whether the kernel's `actual` does what `wanted` asks: type, protocol, next hops with their
 * weights, source and MTU. What the kernel fills in or says of the moment (an interface that was
 * left open, scope, dead, linkDown) does not count. IPv6 keeps next hops in an order of its own.
 */
export function isAsWanted(wanted: RouteShape, actual: RouteShape): boolean {
  return (
    wanted.family === actual.family &&
    wanted.type === actual.type &&
    wanted.protocol === actual.protocol &&
    wanted.prefSrc === actual.prefSrc &&
    wanted.mtu === actual.mtu &&
    wanted.nexthopId === actual.nexthopId &&
    wanted.nextHops.length === actual.nextHops.length &&
    everyNextHopIsThere(wanted.nextHops, actual.nextHops)
  );
}

function everyNextHopIsThere(
  wanted: readonly KernelNextHop[],
  actual: readonly KernelNextHop[],
): boolean {
  const single = wanted.length === 1;
  const left = [...actual];
  return wanted.every((hop) => {
    const at = left.findIndex((other) => sameNextHop(hop, other, single));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

/** @param single  The only next hop of its route: its weight means nothing. */
function sameNextHop(wanted: KernelNextHop, actual: KernelNextHop, single: boolean): boolean {
  const { gateway, interfaceIndex, weight, onlink } = wanted;
  return (
    gateway === actual.gateway &&
    (interfaceIndex === undefined || interfaceIndex === actual.interfaceIndex) &&
    (single || weight === actual.weight) &&
    onlink === actual.onlink
  );
}
