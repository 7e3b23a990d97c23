/**
 * MP_REACH_NLRI, type 14: next hop and NLRI of any family (RFC 4760 §3, RFC 2545 §3, RFC 8950 §3).
 *
 * Lengths are judged in `update.ts`, since they decide where the NLRI stand. In canonical octets it has no NLRI.
 */
import type { ByteReader } from '../../base/byte-reader.ts';
import { type AfiSafi, afiSafiFrom, factsOf } from '../../net/afi-safi.ts';
import { type IpAddress, ipFromOctets, ipToOctets } from '../../net/ip-address.ts';
import { AttributeType, UpdateSubcode } from '../iana.ts';
import { defineAttribute, type Malformed, malformed } from './define.ts';
import { isIpv4Martian } from './next-hop.ts';

export interface MpReach {
  readonly family: AfiSafi;
  readonly nextHop: IpAddress;
  readonly linkLocalNextHop?: IpAddress;
}

export const mpReachNlriAttribute = defineAttribute<MpReach>({
  type: AttributeType.MpReachNlri,
  name: 'MP_REACH_NLRI',
  category: 'optional-non-transitive',
  check: () => undefined,
  decode: decodeMpReach,
  encode(value, out) {
    const { afi, safi } = factsOf(value.family);
    const local = value.linkLocalNextHop;
    out.u16(afi);
    out.u8(safi);
    const nextHop = ipToOctets(value.nextHop);
    out.u8(nextHop.length + (local === undefined ? 0 : 16));
    out.bytes(nextHop);
    if (local !== undefined) out.bytes(ipToOctets(local));
    out.u8(0);
  },
  format: (value) =>
    value.linkLocalNextHop === undefined
      ? value.nextHop
      : `${value.nextHop} ${value.linkLocalNextHop}`,
});

/**
 * The part of a received next hop that is kept, as offset and length: one global address, one link-local address, or
 * a global and a link-local one. A link-local one alone comes in three forms (alone, twice, behind `::`); all mean one.
 */
export function nextHopSpan(
  octets: Uint8Array,
  start: number,
  end: number,
): { start: number; end: number } {
  if (end - start !== 32) return { start, end };
  const second = start + 16;
  // RFC 2545 §3: the second address is a link-local one; anything else there says nothing.
  if (!isIpv6LinkLocal(octets, second)) return { start, end: second };
  if (isIpv6LinkLocal(octets, start) || isZero(octets, start)) return { start: second, end };
  return { start, end };
}

/** What is wrong with the first address of a next hop; treat-as-withdraw, since the NLRI are located. */
export function checkNextHop(
  octets: Uint8Array,
  span: { start: number; end: number },
): Malformed | undefined {
  if (span.end - span.start === 4) return isIpv4Martian(octets, span.start) ? MARTIAN : undefined;
  return isIpv6Martian(octets, span.start) ? MARTIAN : undefined;
}

function decodeMpReach(value: ByteReader): MpReach {
  const family = afiSafiFrom(value.u16(), value.u8()) ?? 'ipv6-unicast';
  const length = value.u8();
  if (length === 4) return { family, nextHop: ipFromOctets(value.take(4)) };
  const nextHop = ipFromOctets(value.take(16));
  return length === 32
    ? { family, nextHop, linkLocalNextHop: ipFromOctets(value.take(16)) }
    : { family, nextHop };
}

/** fe80::/10. */
function isIpv6LinkLocal(octets: Uint8Array, at: number): boolean {
  return octets[at] === 0xfe && (octets[at + 1]! & 0xc0) === 0x80;
}

function isZero(octets: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 16; i++) if (octets[i] !== 0) return false;
  return true;
}

/** `::`, `::1` and ff00::/8 are not addresses of a host. */
function isIpv6Martian(octets: Uint8Array, at: number): boolean {
  if (octets[at] === 0xff) return true;
  for (let i = at; i < at + 15; i++) if (octets[i] !== 0) return false;
  return octets[at + 15]! <= 1;
}

const MARTIAN = malformed(
  'treat-as-withdraw',
  UpdateSubcode.OptionalAttribute,
  'Next hop is not the address of a host',
);
