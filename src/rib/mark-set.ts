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
