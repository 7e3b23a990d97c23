/**
 * The fixed layouts of messages off the hot path, declared with binary-parser, and the check that makes it safe.
 *
 * Invariant: a parser is only ever given a slice of exactly its own length. binary-parser and smart-buffer return
 * short data at the end of a buffer instead of failing, so the length is proven here, once, before they look.
 * UPDATE is read by hand (`update.ts`); docs/decisions/0002-binary-parser-and-smart-buffer.md has the figures.
 */
import { Parser } from 'binary-parser';
import { assert } from '../base/assert.ts';

export interface OpenFixed {
  readonly version: number;
  readonly myAs: number;
  readonly holdTime: number;
  readonly bgpIdentifier: number;
  readonly optionalParametersLength: number;
}

/** Octets of OPEN between the header and its optional parameters. */
export const OPEN_FIXED_LENGTH = 10;

/** Version, My Autonomous System, Hold Time, BGP Identifier, Opt Parm Len (RFC 4271 §4.2). */
export function readOpenFixed(octets: Uint8Array): OpenFixed {
  return exactly<OpenFixed>(OPEN_FIXED, octets, OPEN_FIXED_LENGTH);
}

/** Error Code and Error Subcode (RFC 4271 §4.5). */
export function readNotificationBody(octets: Uint8Array): { code: number; subcode: number } {
  return exactly(NOTIFICATION_HEAD, octets, 2);
}

/** AFI, one octet that is reserved or a subtype, SAFI: ROUTE-REFRESH and the Multiprotocol capability. */
export function readFamily(octets: Uint8Array): { afi: number; middle: number; safi: number } {
  return exactly(FAMILY, octets, 4);
}

/** AFI, SAFI, one octet of flags or mode: a family of Graceful Restart or ADD-PATH (RFC 4724 §3, RFC 7911 §4). */
export function readFamilyAndOctet(octets: Uint8Array): {
  afi: number;
  safi: number;
  octet: number;
} {
  return exactly(FAMILY_AND_OCTET, octets, 4);
}

/** AFI, SAFI, flags, 24 bits of stale time (RFC 9494 §3.1). */
export function readLongLivedFamily(octets: Uint8Array): {
  afi: number;
  safi: number;
  flags: number;
  staleTime: number;
} {
  return exactly(LONG_LIVED_FAMILY, octets, 7);
}

/** NLRI AFI, NLRI SAFI in two octets, next hop AFI (RFC 8950 §4). */
export function readNextHopEncoding(octets: Uint8Array): {
  afi: number;
  safi: number;
  nextHopAfi: number;
} {
  return exactly(NEXT_HOP_ENCODING, octets, 6);
}

function exactly<T>(parser: Parser, octets: Uint8Array, length: number): T {
  assert(
    octets.length === length,
    `a layout of ${length} octets is given ${length}, not ${octets.length}`,
  );
  return parser.parse(octets) as T;
}

const OPEN_FIXED = new Parser()
  .endianness('big')
  .uint8('version')
  .uint16('myAs')
  .uint16('holdTime')
  .uint32('bgpIdentifier')
  .uint8('optionalParametersLength');

const NOTIFICATION_HEAD = new Parser().uint8('code').uint8('subcode');

const FAMILY = new Parser().endianness('big').uint16('afi').uint8('middle').uint8('safi');

const FAMILY_AND_OCTET = new Parser().endianness('big').uint16('afi').uint8('safi').uint8('octet');

const LONG_LIVED_FAMILY = new Parser()
  .endianness('big')
  .uint16('afi')
  .uint8('safi')
  .uint8('flags')
  .bit24('staleTime');

const NEXT_HOP_ENCODING = new Parser()
  .endianness('big')
  .uint16('afi')
  .uint16('safi')
  .uint16('nextHopAfi');
