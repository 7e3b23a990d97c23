/**
 * The link-bandwidth extended community (draft-ietf-idr-link-bandwidth): how much a path can carry, for unequal shares.
 *
 * Type 0x40, or 0x00 where it is to cross the border of an AS, subtype 4: a 2-octet AS, and octets a second as an IEEE
 * single. What is no positive finite number is no bandwidth; it is passed on as it is and counts as absent.
 */

import { AS_TRANS, AttributeType } from '../iana.ts';
import { attributeEnd, attributeValue, findAttribute } from './facts.ts';

const SUBTYPE = 4;
const LENGTH = 8;

export interface LinkBandwidth {
  /** AS of who says so; more than two octets hold is AS_TRANS. */
  readonly asn: number;
  readonly octetsPerSecond: number;
}

const float = new DataView(new ArrayBuffer(4));

export function isLinkBandwidth(octets: Uint8Array, at: number): boolean {
  return (octets[at]! & ~0x40) === 0 && octets[at + 1] === SUBTYPE;
}

/** Octets a second, the least of several; 0 when the set (canonical octets) says none. */
export function linkBandwidthOf(canonical: Uint8Array): number {
  const found = findAttribute(canonical, AttributeType.ExtendedCommunities);
  if (found < 0) return 0;
  const end = attributeEnd(canonical, found);
  let least = 0;
  for (let at = attributeValue(canonical, found); at < end; at += LENGTH) {
    if (!isLinkBandwidth(canonical, at)) continue;
    const value = floatAt(canonical, at + 4);
    if (!Number.isFinite(value) || value <= 0) continue;
    if (least === 0 || value < least) least = value;
  }
  return least;
}

/** The community in 8 octets, not transitive. */
export function linkBandwidthOctets({ asn, octetsPerSecond }: LinkBandwidth): Uint8Array {
  const octets = new Uint8Array(LENGTH);
  const view = new DataView(octets.buffer);
  octets[0] = 0x40;
  octets[1] = SUBTYPE;
  view.setUint16(2, asn > 0xffff ? AS_TRANS : asn);
  view.setFloat32(4, octetsPerSecond);
  return octets;
}

function floatAt(octets: Uint8Array, at: number): number {
  for (let i = 0; i < 4; i++) float.setUint8(i, octets[at + i]!);
  return float.getFloat32(0);
}
