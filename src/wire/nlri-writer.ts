/**
 * Writes NLRI into a fixed buffer, prefix by prefix (RFC 4271 §4.3, RFC 7911 §3).
 *
 * Hot path (`bench/wire.bench.ts`): update groups pack whole tables through it. Bits past the length are written as
 * zero, so that one prefix has one spelling. A prefix that does not fit is refused whole, never cut.
 */

import { ipToOctets } from '../net/ip-address.ts';
import type { Prefix } from '../net/prefix.ts';
import { prefixAddress, prefixLength } from '../net/prefix.ts';

export class NlriWriter {
  #octets: Uint8Array = new Uint8Array(0);
  #end = 0;
  #addPath = false;
  /** Index of the next octet to write. */
  at = 0;

  /** Writes into `octets[at..end)` from now on. */
  open(octets: Uint8Array, span: { at: number; end: number; addPath: boolean }): void {
    this.#octets = octets;
    this.at = span.at;
    this.#end = Math.min(span.end, octets.length);
    this.#addPath = span.addPath;
  }

  /** @param address  Unsigned or signed 32 bits. False, and nothing written, when it does not fit. */
  ipv4(address: number, length: number, pathId: number): boolean {
    const size = (length + 7) >>> 3;
    let at = this.#head(length, size, pathId);
    if (at < 0) return false;
    const masked = length === 0 ? 0 : address & (-1 << (32 - length));
    const octets = this.#octets;
    for (let shift = 24; shift > 24 - size * 8; shift -= 8) octets[at++] = masked >>> shift;
    this.at = at;
    return true;
  }

  /**
   * @param address  16 octets, or 4: the address in network order, from its start.
   * @returns False, and nothing written, when it does not fit.
   */
  octets(address: Uint8Array, length: number, pathId: number): boolean {
    return this.octetsAt(address, 0, length, pathId);
  }

  /** As `octets`, with the address starting at `offset` of a larger array. */
  octetsAt(source: Uint8Array, offset: number, length: number, pathId = 0): boolean {
    const size = (length + 7) >>> 3;
    const at = this.#head(length, size, pathId);
    if (at < 0) return false;
    const octets = this.#octets;
    for (let i = 0; i < size; i++) octets[at + i] = source[offset + i]!;
    const spare = size * 8 - length;
    if (spare > 0) octets[at + size - 1]! &= 0xff << spare;
    this.at = at + size;
    return true;
  }

  /** @param words  Four 32-bit words in network order, from `offset`. */
  words(words: Uint32Array | Int32Array, offset: number, length: number, pathId = 0): boolean {
    const size = (length + 7) >>> 3;
    const at = this.#head(length, size, pathId);
    if (at < 0) return false;
    const octets = this.#octets;
    for (let i = 0; i < size; i++) {
      octets[at + i] = words[offset + (i >>> 2)]! >>> (24 - (i & 3) * 8);
    }
    const spare = size * 8 - length;
    if (spare > 0) octets[at + size - 1]! &= 0xff << spare;
    this.at = at + size;
    return true;
  }

  /** Path Identifier and length octet; the index after them, or -1 when the prefix does not fit. */
  #head(length: number, size: number, pathId: number): number {
    let at = this.at;
    if (at + (this.#addPath ? 5 : 1) + size > this.#end) return -1;
    const octets = this.#octets;
    if (this.#addPath) {
      octets[at] = pathId >>> 24;
      octets[at + 1] = pathId >>> 16;
      octets[at + 2] = pathId >>> 8;
      octets[at + 3] = pathId;
      at += 4;
    }
    octets[at] = length;
    return at + 1;
  }
}

/** `prefixes` as one field of octets. For tests and small messages; the RIB uses `NlriWriter`. */
export function encodeNlri(
  prefixes: readonly (Prefix | { readonly prefix: Prefix; readonly pathId: number })[],
): Uint8Array {
  const octets = new Uint8Array(prefixes.length * 21);
  const writer = new NlriWriter();
  for (const item of prefixes) {
    const addPath = typeof item !== 'string';
    const prefix = addPath ? item.prefix : item;
    writer.open(octets, { at: writer.at, end: octets.length, addPath });
    writer.octets(
      ipToOctets(prefixAddress(prefix)),
      prefixLength(prefix),
      addPath ? item.pathId : 0,
    );
  }
  return octets.slice(0, writer.at);
}
