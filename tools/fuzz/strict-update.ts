/**
 * A reader of the UPDATEs that are sent, with nothing of `src/` in it: what an exacting neighbor would refuse, and
 * what must never leave, is a finding. Written from the RFCs, so that reader and writer share no mistake.
 *
 * RFC 4271 §4.3 and §5, RFC 4456 §8, RFC 4760, RFC 5065 §4, RFC 6793 §4.2, RFC 7606 §3 and §5.1, RFC 1997.
 */

import { ATTRIBUTE_FORMS, type Audience, type Value } from './strict-attributes.ts';

const HEADER = 19;
const ADDRESS_BITS: Readonly<Record<number, number>> = { 1: 32, 2: 128 };
const ORIGIN = 1;
const AS_PATH = 2;
const NEXT_HOP = 3;
const LOCAL_PREF = 5;
const ORIGINATOR_ID = 9;
const CLUSTER_LIST = 10;
const MP_REACH = 14;
const MP_UNREACH = 15;

/** @throws {Error} with what is wrong. */
export class StrictReader {
  readonly #audience: Audience;
  readonly #value: { -readonly [K in keyof Value]: Value[K] };
  #seen = new Uint8Array(256);
  #announced = 0;
  #withdrawn = 0;

  constructor(audience: Audience) {
    this.#audience = audience;
    this.#value = { octets: new Uint8Array(0), start: 0, end: 0, audience };
  }

  /** One whole message, and the only one in `message`. */
  read(message: Uint8Array): void {
    const { messageMax } = this.#audience;
    need(message.length <= messageMax, `${message.length} octets, of ${messageMax} at most`);
    need(message.length >= 23, `${message.length} octets, fewer than an UPDATE has`);
    for (let i = 0; i < 16; i++) need(message[i] === 0xff, 'Marker is not all ones');
    need(u16(message, 16) === message.length, 'Length is not that of the message');
    need(message[18] === 2, `Type ${message[18]}`);
    this.#seen.fill(0);
    this.#announced = 0;
    this.#withdrawn = 0;
    const withdrawnEnd = HEADER + 2 + u16(message, HEADER);
    need(withdrawnEnd + 2 <= message.length, 'Withdrawn Routes exceed the message');
    const attributes = withdrawnEnd + 2;
    const attributesEnd = attributes + u16(message, withdrawnEnd);
    need(attributesEnd <= message.length, 'Path Attributes exceed the message');
    this.#withdrawn += nlri(message, { start: HEADER + 2, end: withdrawnEnd, afi: 1 });
    this.#attributes(message, attributes, attributesEnd);
    const classic = nlri(message, { start: attributesEnd, end: message.length, afi: 1 });
    this.#announced += classic;
    this.#whole(message, { classic, hasAttributes: attributesEnd > attributes });
  }

  #attributes(message: Uint8Array, start: number, end: number): void {
    const seen = this.#seen;
    let at = start;
    let last = -1;
    while (at < end) {
      const flags = message[at]!;
      const type = message[at + 1]!;
      const isWide = (flags & 0x10) !== 0;
      const value = at + (isWide ? 4 : 3);
      need(value <= end, 'A header exceeds the Path Attributes');
      const next = value + (isWide ? u16(message, at + 2) : message[at + 2]!);
      need(next <= end, `Attribute ${type} exceeds the Path Attributes`);
      need(seen[type] === 0, `Attribute ${type} twice`);
      need((flags & 0x0f) === 0, `Attribute ${type} with unused flags`);
      const isMp = type === MP_REACH || type === MP_UNREACH;
      need(isMp || !isWide || next - value > 255, `Attribute ${type} with a needless wide length`);
      // RFC 7606 §5.1: MP_REACH_NLRI and MP_UNREACH_NLRI come first; RFC 4271 §5: the others by type.
      need(isMp ? last < 0 : type > last, `Attribute ${type} out of order`);
      if (!isMp) last = type;
      seen[type] = 1;
      this.#attribute(message, { type, flags: flags & 0xe0, start: value, end: next });
      at = next;
    }
  }

  #attribute(
    message: Uint8Array,
    { type, flags, start, end }: { type: number; flags: number; start: number; end: number },
  ): void {
    if (type === MP_REACH || type === MP_UNREACH) {
      need(flags === 0x80, `Attribute ${type} with flags ${flags.toString(16)}`);
      if (type === MP_REACH) this.#mpReach(message, start, end);
      else this.#mpUnreach(message, start, end);
      return;
    }
    const form = ATTRIBUTE_FORMS[type];
    if (form === undefined) {
      // RFC 4271 §5: transitive, and Partial, for it is passed on by somebody who does not know it.
      need(flags === 0xe0, `Unknown attribute ${type} with flags ${flags.toString(16)}`);
      return;
    }
    const partial = form.flags === 0xc0 ? 0x20 : 0;
    need((flags & ~partial) === form.flags, `Attribute ${type} with flags ${flags.toString(16)}`);
    const value = this.#value;
    value.octets = message;
    value.start = start;
    value.end = end;
    const problem = form.check(value);
    need(problem === undefined, `Attribute ${type}: ${problem}`);
  }

  #mpReach(message: Uint8Array, start: number, end: number): void {
    need(end - start >= 5, 'MP_REACH_NLRI of fewer than 5 octets');
    const afi = family(message, start);
    const nextHopEnd = start + 4 + message[start + 3]!;
    need(nextHopEnd < end, 'Next hop exceeds MP_REACH_NLRI');
    need(message[nextHopEnd] === 0, 'Reserved octet of MP_REACH_NLRI is not 0');
    const length = nextHopEnd - start - 4;
    need(length * 8 === ADDRESS_BITS[afi], `Next hop of ${length} octets for AFI ${afi}`);
    if (this.#audience.external) {
      const nextHop = hexOf(message, start + 4, nextHopEnd);
      need(nextHop === this.#audience.nextHops[afi], `Next hop ${nextHop}, which is not ours`);
    }
    const count = nlri(message, { start: nextHopEnd + 1, end, afi });
    need(count > 0, 'MP_REACH_NLRI without NLRI');
    this.#announced += count;
  }

  #mpUnreach(message: Uint8Array, start: number, end: number): void {
    need(end - start >= 3, 'MP_UNREACH_NLRI of fewer than 3 octets');
    const count = nlri(message, { start: start + 3, end, afi: family(message, start) });
    this.#withdrawn += count;
    // RFC 4724 §2: End-of-RIB is nothing but an empty MP_UNREACH_NLRI.
    if (count === 0) need(message.length === 23 + 4 + 3, 'Empty MP_UNREACH_NLRI beside others');
  }

  /** What follows from all parts together. */
  #whole(message: Uint8Array, parts: { classic: number; hasAttributes: boolean }): void {
    const seen = this.#seen;
    const { external, as4 } = this.#audience;
    if (this.#announced === 0) {
      const isPlain = !parts.hasAttributes || seen[MP_UNREACH] === 1;
      need(isPlain, 'Attributes without NLRI');
      need(this.#withdrawn > 0 || message.length <= 30, 'An UPDATE that says nothing');
      return;
    }
    need(seen[ORIGIN] === 1, 'No ORIGIN');
    need(seen[AS_PATH] === 1, 'No AS_PATH');
    need((seen[NEXT_HOP] === 1) === parts.classic > 0, 'NEXT_HOP and NLRI are not both there');
    need(external || seen[LOCAL_PREF] === 1, 'No LOCAL_PREF to an internal neighbor');
    // RFC 4456 §8: whoever reflects says both.
    need(seen[ORIGINATOR_ID] === seen[CLUSTER_LIST], 'ORIGINATOR_ID and CLUSTER_LIST not together');
    need(!as4 || (seen[17] === 0 && seen[18] === 0), 'AS4_PATH or AS4_AGGREGATOR to a NEW speaker');
  }
}

/** @returns How many prefixes there are. */
function nlri(
  octets: Uint8Array,
  { start, end, afi }: { start: number; end: number; afi: number },
): number {
  let count = 0;
  for (let at = start; at < end; count++) {
    const bits = octets[at]!;
    need(bits <= ADDRESS_BITS[afi]!, `Prefix length ${bits}`);
    at += 1 + Math.ceil(bits / 8);
    need(at <= end, 'A prefix exceeds its field');
    const unused = at * 8 - bits - (at - Math.ceil(bits / 8)) * 8;
    need(unused === 0 || (octets[at - 1]! & ((1 << unused) - 1)) === 0, 'Bits past the length');
  }
  return count;
}

function family(octets: Uint8Array, at: number): number {
  const afi = u16(octets, at);
  need(
    ADDRESS_BITS[afi] !== undefined && octets[at + 2] === 1,
    `AFI ${afi} SAFI ${octets[at + 2]}`,
  );
  return afi;
}

function need(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

function u16(octets: Uint8Array, at: number): number {
  return octets[at]! * 256 + octets[at + 1]!;
}

function hexOf(octets: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at++) text += octets[at]!.toString(16).padStart(2, '0');
  return text;
}
