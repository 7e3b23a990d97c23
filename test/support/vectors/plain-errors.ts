/**
 * What in a message leaves nothing but the end of the session, in the plainest way, and the NOTIFICATION that says so:
 * RFC 4271 §6.1 and §6.2, RFC 7606 §3 to §5, RFC 6286, RFC 7607. Shares nothing with `src/`.
 */

import { readPlainUpdate } from './plain-update.ts';

/** `3/1`, or with data in hexadecimal `1/2 0013`; undefined where nothing of this kind is wrong. */
export type PlainError = string | undefined;

/** Least length by message type (RFC 4271 §4; RFC 2918 §3). */
const LENGTH_MIN: Readonly<Record<number, number>> = { 1: 29, 2: 23, 3: 21, 4: 19, 5: 23 };

/** RFC 4271 §6.1, on the 19 octets of a header. */
export function headerError(message: string): PlainError {
  if (!message.startsWith('ff'.repeat(16))) return '1/1';
  const length = number(message, 32, 4);
  const type = number(message, 36, 2);
  if (length < 19 || length > 4096) return `1/2 ${message.slice(32, 36)}`;
  const least = LENGTH_MIN[type];
  if (least === undefined) return `1/3 ${message.slice(36, 38)}`;
  // KEEPALIVE is 19 octets and nothing else.
  return length < least || (type === 4 && length !== 19)
    ? `1/2 ${message.slice(32, 36)}`
    : undefined;
}

/** What ends the session of an UPDATE whatever its attributes hold: its header, its structure, what stands behind it. */
export function structuralError(octets: string): PlainError {
  const message = octets.slice(0, 2 * number(octets, 32, 4));
  const first = headerError(message) ?? updateError(message);
  return (
    first ??
    (octets.length - message.length < 38 ? undefined : headerError(octets.slice(message.length)))
  );
}

/** RFC 7606 §3(j), §4, §5: fields that cannot be told from each other, prefixes that cannot be found. */
function updateError(message: string): PlainError {
  const withdrawn = number(message, 38, 4);
  const attributes = number(message, 42 + 2 * withdrawn, 4);
  const nlriAt = 46 + 2 * (withdrawn + attributes);
  if (!(nlriAt <= message.length)) return '3/1';
  const classic = `${message.slice(0, 42 + 2 * withdrawn)}0000${message.slice(nlriAt)}`;
  if (!readPlainUpdate(classic).whole) return '3/10';
  return mpError(message.slice(46 + 2 * withdrawn, nlriAt));
}

/** RFC 7606 §5.3, §7.11, RFC 4760 §7: Optional Attribute Error with the attribute; twice: Malformed Attribute List. */
function mpError(list: string): PlainError {
  const seen = new Set<number>();
  const spans: { type: number; octets: string }[] = [];
  for (let at = 0; at < list.length; ) {
    const type = number(list, at + 2, 2);
    const isLong = (number(list, at, 2) & 0x10) !== 0;
    const head = isLong ? 8 : 6;
    const end = at + head + 2 * number(list, at + 4, isLong ? 4 : 2);
    if (type === 14 || type === 15) {
      if (seen.has(type)) return '3/1';
      seen.add(type);
      spans.push({ type, octets: list.slice(at, end) });
    }
    if (!(end <= list.length)) break; // RFC 7606 §4: of other attributes that is not fatal by itself
    at = end;
  }
  for (const { type, octets } of spans) {
    const { mpReach, mpUnreach, whole } = readPlainUpdate(
      `${'0'.repeat(38)}0000${(octets.length / 2).toString(16).padStart(4, '0')}${octets}`,
    );
    const mp = type === 14 ? mpReach : mpUnreach;
    const isTold = mp !== undefined && whole && (type === 15 || isNextHop(mp));
    if (!isTold) return `3/9 ${octets}`;
  }
  return undefined;
}

/** RFC 4760 §3, RFC 2545 §3: 4 octets of IPv4, 16 or 32 of IPv6; other families are not judged. */
function isNextHop({
  afi,
  safi,
  nextHop,
}: {
  afi: number;
  safi: number;
  nextHop: string;
}): boolean {
  if (safi !== 1 || afi > 2) return true;
  return (afi === 1 ? [8] : [32, 64]).includes(nextHop.length);
}

export interface PlainOpen {
  /** The 4-octet one where there is one. */
  readonly as: number;
  readonly as4: boolean;
  /** AFI and SAFI as `1/1`. */
  readonly families: readonly string[];
  readonly error: PlainError;
}

/** RFC 4271 §4.2, RFC 5492 §4, RFC 9072; for a speaker of both unicast families. */
export function readPlainOpen(message: string): PlainOpen {
  const field = number(message, 40, 4);
  const capabilities = readCapabilities(message.slice(56));
  const four = (capabilities ?? []).filter(([code, value]) => code === 65 && value.length === 8);
  const families = (capabilities ?? [])
    .filter(([code, value]) => code === 1 && value.length === 8)
    .map(([, value]) => `${number(value, 0, 4)}/${number(value, 6, 2)}`);
  const as = four.length > 0 ? number(four[0]![1], 0, 8) : field;
  const hold = number(message, 44, 4);
  let error: PlainError;
  // In the order of RFC 4271 §6.2.
  if (number(message, 38, 2) !== 4) error = '2/1 0004';
  else if (field === 0 || as === 0)
    error = '2/2'; // RFC 7607 §2
  else if (hold === 1 || hold === 2) error = '2/6';
  else if (number(message, 48, 8) === 0)
    error = '2/3'; // RFC 6286 §2.2
  else if (capabilities === undefined) error = '2/0';
  else if (families.length > 0 && !families.some((one) => one === '1/1' || one === '2/1')) {
    error = '2/7 010400010001010400020001'; // RFC 5492 §3: with what is missing
  }
  return { as, as4: four.length > 0, families, error };
}

/** Code and value of each; undefined when a length does not fit. An unknown parameter is an error of its own. */
function readCapabilities(octets: string): (readonly [number, string])[] | undefined {
  // RFC 9072 §2: 255 and a first parameter of type 255 make lengths of two octets.
  const isExtended = octets.slice(2, 4) === 'ff' && number(octets, 0, 2) > 0;
  const width = isExtended ? 4 : 2;
  const list = octets.slice(isExtended ? 8 : 2);
  if (list.length !== 2 * (isExtended ? number(octets, 4, 4) : number(octets, 0, 2)))
    return undefined;
  const found: (readonly [number, string])[] = [];
  for (let at = 0; at < list.length; ) {
    const value = at + 2 + width;
    const end = value + 2 * number(list, at + 2, width);
    if (!(end <= list.length)) return undefined;
    for (let one = value; number(list, at, 2) === 2 && one < end; ) {
      const next = one + 4 + 2 * number(list, one + 2, 2);
      if (!(next <= end)) return undefined;
      found.push([number(list, one, 2), list.slice(one + 4, next)]);
      one = next;
    }
    at = end;
  }
  return found;
}

/** NaN where there are no digits, so that no comparison with it holds. */
function number(digits: string, at: number, length: number): number {
  return Number.parseInt(digits.slice(at, at + length), 16);
}
