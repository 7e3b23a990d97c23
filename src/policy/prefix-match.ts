/**
 * Tests of a route's prefix against configured ones, by masks on octets, without allocation.
 *
 * Invariant: octets are in network order, host bits zero; a prefix of the other family never matches.
 */

import type { AfiSafi } from '../net/afi-safi.ts';
import { ipToOctets } from '../net/ip-address.ts';
import { type Prefix, prefixAddress, prefixFamily, prefixLength } from '../net/prefix.ts';
import type { PolicySubject } from './subject.ts';

/** A configured prefix as octets (4 or 16 of them, in network order) and how many of its bits count. */
export interface OctetPrefix {
  readonly family: AfiSafi;
  readonly octets: Uint8Array;
  readonly length: number;
}

export function octetPrefix(prefix: Prefix): OctetPrefix {
  return {
    family: prefixFamily(prefix) === 4 ? 'ipv4-unicast' : 'ipv6-unicast',
    octets: ipToOctets(prefixAddress(prefix)),
    length: prefixLength(prefix),
  };
}

/** The subject's prefix is `prefix` itself. */
export function isPrefix(subject: PolicySubject, prefix: OctetPrefix): boolean {
  return subject.length === prefix.length && isInside(subject, prefix);
}

/** The subject's prefix is equal to or inside `prefix`. */
export function isInside(subject: PolicySubject, prefix: OctetPrefix): boolean {
  if (subject.family !== prefix.family || subject.length < prefix.length) return false;
  return sameBits(subject.prefix, prefix.octets, prefix.length);
}

/** Whether the first `bits` bits agree. */
function sameBits(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const whole = bits >>> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const rest = bits & 7;
  return rest === 0 || ((a[whole]! ^ b[whole]!) & (0xff00 >>> rest) & 0xff) === 0;
}

/**
 * Many prefixes at once: those inside another one are dropped, so that the rest are disjoint and sorted, and at
 * most one of them, the last that does not start behind the subject, can contain it. O(log n) per test.
 */
export class PrefixSet {
  readonly #byFamily: Readonly<Record<AfiSafi, readonly OctetPrefix[]>>;

  constructor(prefixes: readonly Prefix[]) {
    const all = prefixes.map(octetPrefix).sort(comparePrefixes);
    this.#byFamily = {
      'ipv4-unicast': outermost(all.filter((item) => item.family === 'ipv4-unicast')),
      'ipv6-unicast': outermost(all.filter((item) => item.family === 'ipv6-unicast')),
    };
  }

  containsSubject(subject: PolicySubject): boolean {
    const sorted = this.#byFamily[subject.family];
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareOctets(sorted[middle]!.octets, subject.prefix) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && isInside(subject, sorted[low - 1]!);
  }
}

/** Sorted input: a container stands before what it contains. */
function outermost(sorted: readonly OctetPrefix[]): OctetPrefix[] {
  const kept: OctetPrefix[] = [];
  for (const item of sorted) {
    const last = kept.at(-1);
    if (last === undefined || !contains(last, item)) kept.push(item);
  }
  return kept;
}

function contains(outer: OctetPrefix, inner: OctetPrefix): boolean {
  if (inner.length < outer.length) return false;
  return sameBits(outer.octets, inner.octets, outer.length);
}

function comparePrefixes(a: OctetPrefix, b: OctetPrefix): number {
  if (a.family !== b.family) return a.family < b.family ? -1 : 1;
  return compareOctets(a.octets, b.octets) || a.length - b.length;
}

function compareOctets(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
