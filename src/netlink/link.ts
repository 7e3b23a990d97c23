/** Network interfaces as RTM_NEWLINK and RTM_DELLINK tell them. Unknown attributes are ignored. */

import { AttributeCursor } from './attributes.ts';
import {
  AddressFamily,
  LinkAttribute,
  LinkFlag,
  LinkInfoAttribute,
  OPER_STATES,
  type OperState,
  VrfAttribute,
} from './codes.ts';
import { readU32 } from './host-order.ts';

export interface Link {
  /** 1 and up; never reused while the link lives. */
  readonly index: number;
  readonly name: string;
  /** Administratively up (IFF_UP). */
  readonly up: boolean;
  /** The layer below is up (IFF_LOWER_UP): cable, carrier, or nothing that could be missing. */
  readonly carrier: boolean;
  readonly operState: OperState;
  readonly mtu: number;
  /** `veth`, `bridge`, `ipip`, `vxlan`, `tun` …; undefined for physical devices and `lo`. */
  readonly kind?: string;
  readonly loopback: boolean;
  readonly pointToPoint: boolean;
  /** Index of the bridge, bond or VRF that this link is part of. */
  readonly master?: number;
  /** Of a VRF (kind `vrf`): its routing table, which it has for life. */
  readonly vrfTable?: number;
}

/** Octets of `struct ifinfomsg`. */
export const LINK_HEADER_OCTETS = 16;

/**
 * Decodes the body of an RTM_NEWLINK or RTM_DELLINK, `octets[start, end)`.
 *
 * @returns undefined for what is no statement about a link: too short, nameless, or of the
 *   bridge's family. A port that leaves a bridge is announced as RTM_DELLINK of family AF_BRIDGE,
 *   and taking that for the end of the link would tear its routes down.
 */
export function decodeLink(octets: Uint8Array, start: number, end: number): Link | undefined {
  if (end - start < LINK_HEADER_OCTETS || octets[start] !== AddressFamily.UNSPEC) return undefined;
  const flags = readU32(octets, start + 8);
  let name = '';
  let mtu = 0;
  let operState: OperState = 'unknown';
  let info: LinkInfo = {};
  let master: number | undefined;
  const attribute = new AttributeCursor(octets, start + LINK_HEADER_OCTETS, end);
  while (attribute.next()) {
    if (attribute.type === LinkAttribute.IFNAME) name = attribute.text();
    else if (attribute.type === LinkAttribute.MTU) mtu = attribute.u32() ?? mtu;
    else if (attribute.type === LinkAttribute.MASTER) master = attribute.u32();
    else if (attribute.type === LinkAttribute.OPERSTATE) {
      operState = OPER_STATES[attribute.u8() ?? 0] ?? 'unknown';
    } else if (attribute.type === LinkAttribute.LINKINFO) info = decodeInfo(attribute);
  }
  if (name === '') return undefined;
  return {
    index: readU32(octets, start + 4),
    name,
    up: (flags & LinkFlag.UP) !== 0,
    carrier: (flags & LinkFlag.LOWER_UP) !== 0,
    operState,
    mtu,
    loopback: (flags & LinkFlag.LOOPBACK) !== 0,
    pointToPoint: (flags & LinkFlag.POINTOPOINT) !== 0,
    ...info,
    ...(master === undefined ? {} : { master }),
  };
}

type LinkInfo = Pick<Link, 'kind' | 'vrfTable'>;

function decodeInfo(linkInfo: AttributeCursor): LinkInfo {
  const attribute = linkInfo.nested();
  let kind: string | undefined;
  let table: number | undefined;
  while (attribute.next()) {
    if (attribute.type === LinkInfoAttribute.KIND) kind = attribute.text();
    // The data is another structure for every kind, and the kind comes first.
    else if (attribute.type === LinkInfoAttribute.DATA && kind === 'vrf') {
      table = decodeVrfTable(attribute);
    }
  }
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(table === undefined ? {} : { vrfTable: table }),
  };
}

function decodeVrfTable(data: AttributeCursor): number | undefined {
  const attribute = data.nested();
  while (attribute.next()) if (attribute.type === VrfAttribute.TABLE) return attribute.u32();
  return undefined;
}
