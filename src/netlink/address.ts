/** Addresses of interfaces as RTM_NEWADDR and RTM_DELADDR tell them. Unknown attributes are ignored. */

import type { IpAddress } from '../net/ip-address.ts';
import { AttributeCursor } from './attributes.ts';
import { AddressFamily, InterfaceAddressAttribute, InterfaceAddressFlag } from './codes.ts';
import { readU32 } from './host-order.ts';

export interface InterfaceAddress {
  readonly family: 4 | 6;
  readonly interfaceIndex: number;
  readonly address: IpAddress;
  /** Of the subnet that the address, or its peer on a point-to-point link, stands in. */
  readonly prefixLength: number;
  /** The other end of a point-to-point address. */
  readonly peer?: IpAddress;
  /** `RouteScope`: 0 global, 253 link, 254 host. */
  readonly scope: number;
  /** IPv4: not the first address of its subnet on this link. */
  readonly secondary: boolean;
  /** IPv6: duplicate address detection still runs; binding to it fails with EADDRNOTAVAIL. */
  readonly tentative: boolean;
  readonly deprecated: boolean;
  readonly duplicate: boolean;
}

/** Octets of `struct ifaddrmsg`. */
export const ADDRESS_HEADER_OCTETS = 8;

/**
 * Decodes the body of an RTM_NEWADDR or RTM_DELADDR, `octets[start, end)`; undefined when it is
 * of no IP family, too short, or without an address.
 */
export function decodeInterfaceAddress(
  octets: Uint8Array,
  start: number,
  end: number,
): InterfaceAddress | undefined {
  if (end - start < ADDRESS_HEADER_OCTETS) return undefined;
  const family = ipFamilyOf(octets[start]!);
  if (family === undefined) return undefined;
  let flags = octets[start + 2]!;
  let local: IpAddress | undefined;
  let address: IpAddress | undefined;
  const attribute = new AttributeCursor(octets, start + ADDRESS_HEADER_OCTETS, end);
  while (attribute.next()) {
    if (attribute.type === InterfaceAddressAttribute.LOCAL) local = attribute.ip(family);
    else if (attribute.type === InterfaceAddressAttribute.ADDRESS) address = attribute.ip(family);
    else if (attribute.type === InterfaceAddressAttribute.FLAGS) flags = attribute.u32() ?? flags;
  }
  // With a peer, IFA_ADDRESS is the peer's and IFA_LOCAL ours; without one, IPv6 has no IFA_LOCAL.
  const own = local ?? address;
  if (own === undefined) return undefined;
  const peer = address === undefined || address === own ? undefined : address;
  return {
    family,
    interfaceIndex: readU32(octets, start + 4),
    address: own,
    prefixLength: octets[start + 1]!,
    ...(peer === undefined ? {} : { peer }),
    scope: octets[start + 3]!,
    secondary: family === 4 && (flags & InterfaceAddressFlag.SECONDARY) !== 0,
    tentative: (flags & InterfaceAddressFlag.TENTATIVE) !== 0,
    deprecated: (flags & InterfaceAddressFlag.DEPRECATED) !== 0,
    duplicate: (flags & InterfaceAddressFlag.DADFAILED) !== 0,
  };
}

/** 4 for AF_INET, 6 for AF_INET6, undefined for all else. */
export function ipFamilyOf(addressFamily: number): 4 | 6 | undefined {
  if (addressFamily === AddressFamily.INET) return 4;
  if (addressFamily === AddressFamily.INET6) return 6;
  return undefined;
}
