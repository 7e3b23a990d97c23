/**
 * Next hops of routes: RTA_GATEWAY, RTA_VIA, RTA_OIF and RTA_MULTIPATH, read and written. Nexthop objects
 * (RTA_NH_ID) are only recognised: they hide gateways from `ip route`, which Felix and people read.
 */

import { type IpAddress, ipFamily, ipFromOctets, ipToOctets } from '../net/ip-address.ts';
import { ipFamilyOf } from './address.ts';
import { AttributeCursor, align4, encodeAttributes, u32Octets } from './attributes.ts';
import { AddressFamily, RouteAttribute, RouteFlag } from './codes.ts';
import { readU16, readU32, writeU16, writeU32 } from './host-order.ts';
import type { KernelNextHop } from './kernel-route.ts';

/** Next hops of one route; the kernel's own sanity limit on RTA_MULTIPATH is its message size. */
const NEXT_HOPS_MAX = 256;
/** Octets of `struct rtnexthop`. */
const RTNEXTHOP_OCTETS = 8;
/** Octets of the family field that RTA_VIA begins with. */
const VIA_FAMILY_OCTETS = 2;

interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

/** The attributes of a single next hop, in the order that iproute2 writes them. */
export function nextHopAttributes(family: 4 | 6, nextHop: KernelNextHop): Attribute[] {
  const attributes = gatewayAttributes(family, nextHop);
  if (nextHop.interfaceIndex !== undefined) {
    attributes.push({ type: RouteAttribute.OIF, value: u32Octets(nextHop.interfaceIndex) });
  }
  return attributes;
}

/** RTA_MULTIPATH of `nextHops`: one `rtnexthop` each, its gateway inside. */
export function multipathAttribute(family: 4 | 6, nextHops: readonly KernelNextHop[]): Attribute {
  const gateways = nextHops.map((nextHop) => encodeAttributes(gatewayAttributes(family, nextHop)));
  let length = 0;
  for (const gateway of gateways) length += RTNEXTHOP_OCTETS + gateway.length;
  const value = new Uint8Array(length);
  let at = 0;
  for (const [index, gateway] of gateways.entries()) {
    const { weight, onlink, interfaceIndex } = nextHops[index]!;
    writeU16(value, at, RTNEXTHOP_OCTETS + gateway.length);
    value[at + 2] = onlink ? RouteFlag.ONLINK : 0;
    value[at + 3] = weight - 1;
    writeU32(value, at + 4, interfaceIndex ?? 0);
    value.set(gateway, at + RTNEXTHOP_OCTETS);
    at += RTNEXTHOP_OCTETS + gateway.length;
  }
  return { type: RouteAttribute.MULTIPATH, value };
}

function gatewayAttributes(family: 4 | 6, { gateway }: KernelNextHop): Attribute[] {
  if (gateway === undefined) return [];
  const address = ipToOctets(gateway);
  if (ipFamily(gateway) === family) return [{ type: RouteAttribute.GATEWAY, value: address }];
  // RFC 8950 §4: an IPv4 route may have an IPv6 next hop; the kernel takes it as RTA_VIA.
  const via = new Uint8Array(VIA_FAMILY_OCTETS + address.length);
  writeU16(via, 0, ipFamily(gateway) === 4 ? AddressFamily.INET : AddressFamily.INET6);
  via.set(address, VIA_FAMILY_OCTETS);
  return [{ type: RouteAttribute.VIA, value: via }];
}

/** Where and with what flags a next hop stands, gathered while walking attributes. */
export interface NextHopParts {
  gateway: IpAddress | undefined;
  interfaceIndex: number | undefined;
  flags: number;
  weight: number;
}

export function nextHopFrom(parts: NextHopParts): KernelNextHop {
  const { gateway, interfaceIndex, flags, weight } = parts;
  return {
    ...(gateway === undefined ? {} : { gateway }),
    ...(interfaceIndex === undefined ? {} : { interfaceIndex }),
    weight,
    onlink: (flags & RouteFlag.ONLINK) !== 0,
    ...((flags & RouteFlag.DEAD) === 0 ? {} : { dead: true }),
    ...((flags & RouteFlag.LINKDOWN) === 0 ? {} : { linkDown: true }),
  };
}

/** The value of RTA_MULTIPATH, `octets[start, end)`; stops at the first length that cannot be. */
export function decodeMultipath(family: 4 | 6, value: AttributeCursor): KernelNextHop[] {
  const { octets, end } = value;
  const nextHops: KernelNextHop[] = [];
  let at = value.start;
  while (end - at >= RTNEXTHOP_OCTETS && nextHops.length < NEXT_HOPS_MAX) {
    const length = readU16(octets, at);
    if (length < RTNEXTHOP_OCTETS || length > end - at) break;
    const parts: NextHopParts = {
      gateway: undefined,
      interfaceIndex: readU32(octets, at + 4) || undefined,
      flags: octets[at + 2]!,
      weight: octets[at + 3]! + 1,
    };
    const attribute = new AttributeCursor(octets, at + RTNEXTHOP_OCTETS, at + length);
    while (attribute.next()) {
      if (attribute.type === RouteAttribute.GATEWAY) parts.gateway = attribute.ip(family);
      else if (attribute.type === RouteAttribute.VIA) parts.gateway = decodeVia(attribute);
    }
    nextHops.push(nextHopFrom(parts));
    at += align4(length);
  }
  return nextHops;
}

/** The value of RTA_VIA: a family, then an address of it; undefined when they do not fit. */
export function decodeVia(value: AttributeCursor): IpAddress | undefined {
  if (value.length < VIA_FAMILY_OCTETS) return undefined;
  const family = ipFamilyOf(readU16(value.octets, value.start));
  if (family === undefined || value.length !== VIA_FAMILY_OCTETS + (family === 4 ? 4 : 16)) {
    return undefined;
  }
  return ipFromOctets(value.octets.subarray(value.start + VIA_FAMILY_OCTETS, value.end));
}
