/**
 * Prefix ↔ PrefixId for one address family, as columns (DESIGN 3.1).
 *
 * Shapes: `#words` has one signed 32-bit word a row for IPv4, four for IPv6; `#lengths` one octet. Rows are reused
 * through a free list. Memory: about 22 octets an IPv4 prefix, 34 an IPv6 one. Hashes are seeded: peers choose keys.
 * Invariant: no operation takes time in proportion to the size of the table.
 */

import { assertShared } from '../base/assert.ts';
import { capacityFor, grown, ROWS_MAX } from './columns.ts';
import { IdIndex } from './id-index.ts';
import { ipToOctets } from './ip-address.ts';
import { type Prefix, prefixAddress, prefixFrom, prefixLength } from './prefix.ts';

declare const brand: unique symbol;
/** Row of a `PrefixTable`, at least 1; 0 = none. Reused after `release`. */
export type PrefixId = number & { readonly [brand]?: 'PrefixId' };

/** Most prefixes of a family; more are refused. */
const PREFIXES_MAX = ROWS_MAX;
const FREE = 0xff;
/** Loads in flight at a time: more than a processor overlaps would only push each other out of the cache. */
const WARM_PREFIXES = 32;

/**
 * Prefixes of one length that differ in so many last bits only stand side by side in the index: neighbors come, and
 * go, together, and eight slots are a line of cache (decision 0034).
 */
const NEAR_BITS = 3;
const NEAR_MASK = (1 << NEAR_BITS) - 1;
const GROUP_MASK = -1 >>> NEAR_BITS;

export class PrefixTable {
  readonly width: 32 | 128;
  readonly #seed: number;
  readonly #index = new IdIndex();
  #words: Int32Array;
  #lengths = new Uint8Array(capacityFor(0));
  #top = 0;
  #free = 0; // head of the list of free rows, linked through #words
  // The key of the running operation: words with host bits zero, and their hash.
  #w0 = 0;
  #w1 = 0;
  #w2 = 0;
  #w3 = 0;
  #tag = 0;
  #warmth = 0; // written only

  constructor(width: 32 | 128, seed: number) {
    this.width = width;
    this.#seed = seed | 0;
    this.#words = new Int32Array(capacityFor(0) * (width >>> 5));
  }

  /** Prefixes held. */
  get size(): number {
    return this.#index.size;
  }

  /** Of the rows that were ever used and their index, in octets. */
  get octetsInUse(): number {
    return this.#top * ((this.width >>> 3) + 1) + this.#index.octets;
  }

  /** Largest id ever given: every live id is in 1 … `top`. */
  get top(): number {
    return this.#top;
  }

  isLive(id: PrefixId): boolean {
    return id > 0 && id <= this.#top && this.#lengths[id] !== FREE;
  }

  /**
   * The id of a prefix; a new one when it is not held.
   *
   * @param offset  Where the prefix's `(length + 7) >>> 3` octets start; bits past `length` are ignored.
   * @returns 0 when the table is full.
   */
  intern(octets: Uint8Array, offset: number, length: number): PrefixId {
    this.#load(octets, offset, length);
    const found = this.#search(length);
    return found === 0 ? this.#add(length) : found;
  }

  /** As `intern`, but 0 when the prefix is not held. */
  find(octets: Uint8Array, offset: number, length: number): PrefixId {
    this.#load(octets, offset, length);
    return this.#search(length);
  }

  /**
   * Brings the index slots of the next NLRI into the cache, before they are interned or looked up one by one: a
   * table of a million prefixes misses the cache at every one (docs/performance.md).
   *
   * @returns Where to call it again: the end of the NLRI it looked at.
   */
  warm(octets: Uint8Array, start: number, end: number): number {
    let at = start;
    let sum = 0;
    for (let count = 0; at < end && count < WARM_PREFIXES; count++) {
      const length = octets[at]!;
      this.#load(octets, at + 1, length);
      sum ^= this.#index.touch(this.#tag, length);
      at += 1 + ((length + 7) >>> 3);
    }
    this.#warmth = sum;
    return at;
  }

  internPrefix(prefix: Prefix): PrefixId {
    return this.intern(ipToOctets(prefixAddress(prefix)), 0, prefixLength(prefix));
  }

  findPrefix(prefix: Prefix): PrefixId {
    const octets = ipToOctets(prefixAddress(prefix));
    return octets.length * 8 === this.width ? this.find(octets, 0, prefixLength(prefix)) : 0;
  }

  /** As `warm`, for prefixes that are about to be released. */
  warmRelease(id: PrefixId): void {
    if (this.width === 32) {
      this.#warmth ^= this.#index.touch(
        this.#tag32(this.#words[id]!, this.#lengths[id]!),
        this.#lengths[id]!,
      );
    }
  }

  /** Gives the id back; it will name another prefix. */
  release(id: PrefixId): void {
    assertShared(this.isLive(id), 'a prefix id that is released is held');
    const length = this.#lengths[id]!;
    const words = this.#words;
    if (this.width === 32) {
      this.#index.remove(this.#tag32(words[id]!, length), length, id);
      words[id] = this.#free;
    } else {
      const at = id * 4;
      this.#w0 = words[at]!;
      this.#w1 = words[at + 1]!;
      this.#w2 = words[at + 2]!;
      this.#w3 = words[at + 3]!;
      this.#index.remove(this.#tag128(length), length, id);
      words[at] = this.#free;
    }
    this.#lengths[id] = FREE;
    this.#free = id;
  }

  lengthOf(id: PrefixId): number {
    return this.#lengths[id]!;
  }

  /** IPv4: the address as a signed 32-bit number. */
  addressOf(id: PrefixId): number {
    return this.#words[id]!;
  }

  /** The address words column: from index `id` (IPv4) or `id * 4` (IPv6). Not kept: it is replaced when it grows. */
  get words(): Int32Array {
    return this.#words;
  }

  /** Writes the whole address (4 or 16 octets) to `out`. */
  writeAddress(id: PrefixId, out: Uint8Array): void {
    const count = this.width >>> 5;
    for (let word = 0; word < count; word++) {
      const value = this.#words[id * count + word]!;
      out[word * 4] = value >>> 24;
      out[word * 4 + 1] = value >>> 16;
      out[word * 4 + 2] = value >>> 8;
      out[word * 4 + 3] = value;
    }
  }

  /** As a value, for people. */
  prefixOf(id: PrefixId): Prefix {
    const octets = new Uint8Array(this.width >>> 3);
    this.writeAddress(id, octets);
    return prefixFrom(octets, this.lengthOf(id));
  }

  /** Visits every live id, ascending. The visitor may release the id it is given. */
  forEach(visit: (id: PrefixId) => void): void {
    for (let id = 1; id <= this.#top; id++) if (this.#lengths[id] !== FREE) visit(id);
  }

  #search(length: number): PrefixId {
    const index = this.#index;
    // The tag of an IPv4 prefix is a permutation of it: tag and salt equal means prefix equal.
    if (this.width === 32) return index.only(this.#tag, length);
    let id = index.first(this.#tag, length);
    const words = this.#words;
    while (id !== 0) {
      const at = id * 4;
      if (
        words[at] === this.#w0 &&
        words[at + 1] === this.#w1 &&
        words[at + 2] === this.#w2 &&
        words[at + 3] === this.#w3
      ) {
        return id;
      }
      id = index.next();
    }
    return 0;
  }

  #add(length: number): PrefixId {
    let id = this.#free;
    const wide = this.width === 128;
    if (id !== 0) this.#free = this.#words[wide ? id * 4 : id]!;
    else {
      if (this.#top >= PREFIXES_MAX) return 0;
      id = ++this.#top;
      if (id >= this.#lengths.length) this.#grow(id);
    }
    const words = this.#words;
    if (wide) {
      const at = id * 4;
      words[at] = this.#w0;
      words[at + 1] = this.#w1;
      words[at + 2] = this.#w2;
      words[at + 3] = this.#w3;
      this.#index.insert(this.#tag, length, id);
    } else {
      words[id] = this.#w0;
      this.#index.insertMissed(this.#tag, length, id);
    }
    this.#lengths[id] = length;
    return id;
  }

  #grow(id: number): void {
    const rows = capacityFor(id);
    this.#lengths = grown(this.#lengths, rows);
    this.#words = grown(this.#words, rows, this.width >>> 5);
  }

  #load(octets: Uint8Array, offset: number, length: number): void {
    const size = (length + 7) >>> 3;
    if (this.width === 32) {
      let word = 0;
      if (size > 0) word = octets[offset]! << 24;
      if (size > 1) word |= octets[offset + 1]! << 16;
      if (size > 2) word |= octets[offset + 2]! << 8;
      if (size > 3) word |= octets[offset + 3]!;
      // RFC 4271 §4.3: bits past the length are irrelevant; zero, so that one prefix is one key.
      this.#w0 = length === 0 ? 0 : word & (-1 << (32 - length));
      this.#tag = this.#tag32(this.#w0, length);
      return;
    }
    this.#w0 = wordAt(octets, offset, { first: 0, length });
    this.#w1 = length > 32 ? wordAt(octets, offset, { first: 4, length }) : 0;
    this.#w2 = length > 64 ? wordAt(octets, offset, { first: 8, length }) : 0;
    this.#w3 = length > 96 ? wordAt(octets, offset, { first: 12, length }) : 0;
    this.#tag = this.#tag128(length);
  }

  /** A permutation of the prefixes of one length that depends on the seed: of all bits but the last few, which stay. */
  #tag32(word: number, length: number): number {
    const bits = length === 0 ? 0 : word >>> (32 - length);
    let group = ((bits >>> NEAR_BITS) ^ this.#seed) & GROUP_MASK;
    group = Math.imul(group ^ (group >>> 15), 0x7feb352d) & GROUP_MASK;
    group = Math.imul(group ^ (group >>> 14), 0x846ca68b) & GROUP_MASK;
    return ((group ^ (group >>> 15)) << NEAR_BITS) | (bits & NEAR_MASK);
  }

  /** Likewise for the words in `#w0` to `#w3`, but a hash: prefixes of equal tags are compared. */
  #tag128(length: number): number {
    const last = (length - 1) >>> 5;
    const shift = -length & 31;
    let hash = 0;
    let near = 0;
    for (let i = 0; i < 4; i++) {
      let word = i === 0 ? this.#w0 : i === 1 ? this.#w1 : i === 2 ? this.#w2 : this.#w3;
      if (i === last) {
        near = (word >>> shift) & NEAR_MASK;
        word &= ~(NEAR_MASK << shift);
      }
      hash = this.#hash32((hash + word) | 0);
    }
    return (hash << NEAR_BITS) | near;
  }

  /** A permutation of the 32-bit words that depends on the seed. */
  #hash32(word: number): number {
    let hash = word ^ this.#seed;
    hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
    hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
    return hash ^ (hash >>> 16);
  }
}

/** The word that starts `at.first` octets into the prefix, bits past the length zero. */
function wordAt(octets: Uint8Array, offset: number, at: { first: number; length: number }): number {
  const bits = Math.min(32, at.length - at.first * 8);
  if (bits <= 0) return 0;
  const from = offset + at.first;
  const size = (bits + 7) >>> 3;
  let word = octets[from]! << 24;
  if (size > 1) word |= octets[from + 1]! << 16;
  if (size > 2) word |= octets[from + 2]! << 8;
  if (size > 3) word |= octets[from + 3]!;
  return word & (-1 << (32 - bits));
}
