/**
 * A set of PrefixIds as bits, taken out in turn by id: what one member of an update group is still owed.
 * Memory: one bit for each id up to the largest; adding and taking allocate nothing.
 */

import type { PrefixId } from '../net/prefix-table.ts';

/** Shared by all empty sets: a member that is in step has no marks. */
const NO_WORDS = new Uint32Array(0);
const WORDS_MIN = 64;

export class MarkSet {
  #words = NO_WORDS;
  #count = 0;
  #at = 0; // word where taking goes on

  get size(): number {
    return this.#count;
  }

  has(id: PrefixId): boolean {
    const word = id >>> 5;
    return word < this.#words.length && (this.#words[word]! & (1 << (id & 31))) !== 0;
  }

  add(id: PrefixId): void {
    const word = id >>> 5;
    if (word >= this.#words.length) {
      const larger = new Uint32Array(Math.max(word + 1, this.#words.length * 4, WORDS_MIN));
      larger.set(this.#words);
      this.#words = larger;
    }
    const bit = 1 << (id & 31);
    if ((this.#words[word]! & bit) !== 0) return;
    this.#words[word]! |= bit;
    this.#count++;
  }

  addAll(other: MarkSet): void {
    const { length } = other.#words;
    if (length > this.#words.length) {
      const larger = new Uint32Array(length);
      larger.set(this.#words);
      this.#words = larger;
    }
    for (let at = 0; at < length; at++) {
      const added = other.#words[at]! & ~this.#words[at]!;
      if (added === 0) continue;
      this.#words[at]! |= added;
      this.#count += bitsIn(added);
    }
  }

  /** Takes one out; 0 when empty. */
  take(): PrefixId {
    if (this.#count === 0) return 0;
    const words = this.#words;
    let at = this.#at;
    while (words[at] === 0) at = at + 1 === words.length ? 0 : at + 1;
    const bit = 31 - Math.clz32(words[at]! & -words[at]!);
    words[at]! &= ~(1 << bit);
    this.#at = at;
    this.#count--;
    return at * 32 + bit;
  }

  /** Visits all, ascending. The visitor changes nothing. */
  forEach(visit: (id: PrefixId) => void): void {
    const words = this.#words;
    for (let at = 0; at < words.length; at++) {
      for (let left = words[at]!; left !== 0; left &= left - 1) {
        visit(at * 32 + 31 - Math.clz32(left & -left));
      }
    }
  }

  clear(): void {
    this.#words = NO_WORDS;
    this.#count = 0;
    this.#at = 0;
  }
}

/** How many bits of a word of 32 are set: in pairs, in fours, in octets, and the octets together. */
function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const fours = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  const octets = (fours + (fours >>> 4)) & 0x0f0f_0f0f;
  return Math.imul(octets, 0x0101_0101) >>> 24;
}
