/**
 * Routes of the kernel, decoded to values (`decodeRoute`) and encoded to the octets that many routes share
 * (`encodeRouteShape`). Proven against `ip route` in `test/system/netlink.test.ts`.
 */

import { type IpAddress, ipFamily, ipToOctets } from '../net/ip-address.ts';
import { prefixFrom } from '../net/prefix.ts';
import { type AttributeCursor, encodeAttributes, u32Octets } from './attributes.ts';
import {
  MetricAttribute,
  ROUTE_TYPES,
  RouteAttribute,
  RouteFlag,
  RouteScope,
  type RouteType,
} from './codes.ts';
import type { KernelNextHop, KernelRoute, RouteShape } from './kernel-route.ts';
import {
  decodeMultipath,
  decodeVia,
  multipathAttribute,
  type NextHopParts,
  nextHopAttributes,
  nextHopFrom,
} from './nexthop.ts';
import type { RawRoute } from './raw-route.ts';

/** A shape as the octets that follow a route's key in a request; made once, used for many prefixes. */
export interface EncodedRouteShape {
  readonly family: 4 | 6;
  readonly typeCode: number;
  readonly protocol: number;
  readonly scope: number;
  /** `rtm_flags`: only ONLINK is ever asked for. */
  readonly flags: number;
  /** Attributes, padded; never the key's (destination, table, metric). */
  readonly attributes: Uint8Array;
}

export function encodeRouteShape(shape: RouteShape): EncodedRouteShape {
  const { family, type, protocol, scope, nextHops, prefSrc, mtu } = shape;
  const single = nextHops.length === 1 ? nextHops[0]! : undefined;
  const attributes: { type: number; value: Uint8Array }[] = [];
  if (single !== undefined) attributes.push(...nextHopAttributes(family, single));
  if (prefSrc !== undefined) {
    attributes.push({ type: RouteAttribute.PREFSRC, value: ipToOctets(prefSrc) });
  }
  if (mtu !== undefined) {
    const value = encodeAttributes([{ type: MetricAttribute.MTU, value: u32Octets(mtu) }]);
    attributes.push({ type: RouteAttribute.METRICS, value });
  }
  if (nextHops.length > 1) attributes.push(multipathAttribute(family, nextHops));
  return {
    family,
    typeCode: ROUTE_TYPES.indexOf(type),
    protocol,
    scope,
    flags: single?.onlink === true ? RouteFlag.ONLINK : 0,
    attributes: encodeAttributes(attributes),
  };
}

/**
 * The scope that the kernel wants for these next hops. An IPv4 route straight to a device has
 * link scope; given as universe, later routes via a gateway inside it would be refused.
 */
export function scopeFor(
  family: 4 | 6,
  type: RouteType,
  nextHops: readonly KernelNextHop[],
): number {
  if (family === 6 || type !== 'unicast') return RouteScope.UNIVERSE;
  const direct = nextHops.length > 0 && nextHops.every(({ gateway }) => gateway === undefined);
  return direct ? RouteScope.LINK : RouteScope.UNIVERSE;
}

/** A route as a value of its own, to keep. */
export function decodeRoute(raw: RawRoute): KernelRoute {
  const octets = raw.family === 4 ? raw.destination.subarray(0, 4) : raw.destination;
  return {
    ...decodeRouteShape(raw),
    table: raw.table,
    prefix: prefixFrom(octets, raw.destinationLength),
    metric: raw.metric,
  };
}

/** Everything of a route but its key. */
export function decodeRouteShape(raw: RawRoute): RouteShape {
  const { family, flags } = raw;
  const parts: NextHopParts = { gateway: undefined, interfaceIndex: undefined, flags, weight: 1 };
  let multipath: KernelNextHop[] | undefined;
  let prefSrc: IpAddress | undefined;
  let mtu: number | undefined;
  let nexthopId: number | undefined;
  const attribute = raw.attributes();
  while (attribute.next()) {
    const { type } = attribute;
    if (type === RouteAttribute.OIF) parts.interfaceIndex = attribute.u32();
    else if (type === RouteAttribute.GATEWAY) parts.gateway = attribute.ip(family);
    else if (type === RouteAttribute.VIA) parts.gateway = decodeVia(attribute);
    else if (type === RouteAttribute.PREFSRC) prefSrc = attribute.ip(family);
    else if (type === RouteAttribute.METRICS) mtu = decodeMtu(attribute);
    else if (type === RouteAttribute.MULTIPATH) multipath = decodeMultipath(family, attribute);
    else if (type === RouteAttribute.NH_ID) nexthopId = attribute.u32();
  }
  const routeType = ROUTE_TYPES[raw.typeCode] ?? 'unspec';
  return {
    family,
    type: routeType,
    protocol: raw.protocol,
    scope: raw.scope,
    nextHops: multipath ?? singleNextHop(routeType, parts),
    ...(prefSrc === undefined ? {} : { prefSrc }),
    ...(mtu === undefined ? {} : { mtu }),
    flags,
    ...(nexthopId === undefined ? {} : { nexthopId }),
  };
}

/** IPv6 names `lo` as the device of a blackhole; that is an artefact, not a next hop. */
function singleNextHop(type: RouteType, parts: NextHopParts): KernelNextHop[] {
  const forwards = !DISCARDING.has(type);
  const says = parts.gateway !== undefined || parts.interfaceIndex !== undefined;
  return forwards && says ? [nextHopFrom(parts)] : [];
}

function decodeMtu(metrics: AttributeCursor): number | undefined {
  const attribute = metrics.nested();
  while (attribute.next()) {
    if (attribute.type === MetricAttribute.MTU) return attribute.u32();
  }
  return undefined;
}

const DISCARDING: ReadonlySet<RouteType> = new Set([
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
]);

/** One line as `ip route` would say it, with interface numbers: for logs, `show` and failing tests. */
export function formatRoute(route: KernelRoute): string {
  const head = route.type === 'unicast' ? route.prefix : `${route.type} ${route.prefix}`;
  const hops = route.nextHops.map((hop) => formatNextHop(route.family, hop));
  const tail = [
    ...(hops.length === 1
      ? [hops[0]!]
      : hops.map((hop, i) => `nexthop ${hop} weight ${route.nextHops[i]!.weight}`)),
    `proto ${route.protocol}`,
    ...(route.metric === 0 ? [] : [`metric ${route.metric}`]),
    ...(route.prefSrc === undefined ? [] : [`src ${route.prefSrc}`]),
    ...(route.mtu === undefined ? [] : [`mtu ${route.mtu}`]),
    `table ${route.table}`,
  ];
  return [head, ...tail].join(' ');
}

function formatNextHop(family: 4 | 6, hop: KernelNextHop): string {
  const { gateway, interfaceIndex, onlink } = hop;
  const via =
    gateway === undefined ? [] : [`via ${ipFamily(gateway) === family ? '' : 'inet6 '}${gateway}`];
  const dev = interfaceIndex === undefined ? [] : [`dev #${interfaceIndex}`];
  return [...via, ...dev, ...(onlink ? ['onlink'] : [])].join(' ');
}
