/**
 * Hash → small integers: open addressing with linear probing over one typed array, grown incrementally.
 *
 * A slot is two words: the 32-bit tag, and an 8-bit salt over a 24-bit id. The owner compares keys; a tag and salt
 * that are together injective (IPv4 prefixes) need no comparison at all. Tags that differ in their last bits only have
 * their homes side by side, in one line of cache (decision 0034). Invariant: no operation moves more than
 * `MOVES_PER_CHANGE` slots, however large the index is.
 */

import { assertShared } from '../base/assert.ts';

/** Slots moved to the new array by each insert or remove while one is being filled. */
const MOVES_PER_CHANGE = 16;
const SLOTS_MIN = 256;
/** Share of used slots (ids and tombstones) at which a new array is begun. */
const LOAD_MAX = 0.7;
/** The share at which it is reserved, if it is large, and its pages written one by one before they are read (decision 0044). */
const LOAD_NEAR = 0.68;
const PREPARED_SLOTS_MIN = 1 << 14;
/** Words of a page. */
const PAGE_WORDS = 1024;
/** From `LOAD_NEAR` to `LOAD_MAX` there are five for each page of an array twice as large. */
const CHANGES_PER_PAGE = 4;
/** Id 0 under a salt that no owner uses: a slot that was emptied inside a chain. */
const TOMBSTONE = 0xff << 24;

export class IdIndex {
  #slots = new Int32Array(SLOTS_MIN * 2);
  #mask = SLOTS_MIN - 1;
  #used = 0;
  #live = 0;
  #old: Int32Array | undefined;
  #oldMask = 0;
  #moved = 0;
  /** Used slots past which there is something to do for the array to come. */
  #due = SLOTS_MIN * LOAD_NEAR;
  /** That array, and the next word of it to be written. */
  #coming: Int32Array<ArrayBuffer> | undefined;
  #untouched = 0;
  // Where the running search stands.
  #scan: Int32Array = this.#slots;
  #scanMask = 0;
  #at = 0;
  #tag = 0;
  #salt = 0;
  /** Where `only` last found nothing: there the key would stand. */
  #gap = 0;

  get size(): number {
    return this.#live;
  }

  /** Octets of the slot arrays. */
  get octets(): number {
    const { byteLength } = this.#slots;
    return byteLength + (this.#old?.byteLength ?? 0) + (this.#coming?.byteLength ?? 0);
  }

  /** First id with this tag (32 bits, well mixed) and salt (0 … 254); 0 when there is none. */
  first(tag: number, salt: number): number {
    this.#tag = tag;
    this.#salt = salt;
    this.#scan = this.#slots;
    this.#scanMask = this.#mask;
    this.#at = home(tag, salt) & this.#mask;
    return this.next();
  }

  /** The next id of the search that `first` began; 0 at the end. */
  next(): number {
    const tag = this.#tag;
    const salt = this.#salt;
    for (;;) {
      const slots = this.#scan;
      const mask = this.#scanMask;
      let at = this.#at;
      for (;;) {
        const word = slots[at * 2 + 1]!;
        if (word === 0) break;
        if (slots[at * 2] === tag && word >>> 24 === salt) {
          this.#at = (at + 1) & mask;
          return word & 0xffffff;
        }
        at = (at + 1) & mask;
      }
      if (this.#old === undefined || slots === this.#old) {
        this.#at = at;
        return 0;
      }
      this.#scan = this.#old;
      this.#scanMask = this.#oldMask;
      this.#at = home(tag, salt) & this.#oldMask;
    }
  }

  /** The id of a key that no two ids have; 0 when none has it. */
  only(tag: number, salt: number): number {
    const slots = this.#slots;
    const at = seek(slots, tag, salt);
    if (at >= 0) return slots[at * 2 + 1]! & 0xffffff;
    this.#gap = ~at;
    const old = this.#old;
    if (old === undefined) return 0;
    const before = seek(old, tag, salt);
    return before < 0 ? 0 : old[before * 2 + 1]! & 0xffffff;
  }

  /**
   * Loads the slot where a search would begin. Searches that are announced by a run of these calls find their slots
   * in the cache: the processor overlaps loads that do not wait for each other.
   *
   * @returns Something that depends on the load; who adds it up keeps the compiler from leaving the load out.
   */
  touch(tag: number, salt: number): number {
    return this.#slots[(home(tag, salt) & this.#mask) * 2 + 1]!;
  }

  /** Adds an id that is not there. */
  insert(tag: number, salt: number, id: number): void {
    this.#place(tag, (salt << 24) | id);
    this.#grow();
  }

  /** As `insert`, of the key that `only` has just been asked for in vain. */
  insertMissed(tag: number, salt: number, id: number): void {
    const slots = this.#slots;
    const at = this.#gap;
    if (slots[at * 2 + 1] === 0) this.#used++;
    slots[at * 2] = tag;
    slots[at * 2 + 1] = (salt << 24) | id;
    this.#grow();
  }

  /** Removes an id that is there. */
  remove(tag: number, salt: number, id: number): void {
    const word = (salt << 24) | id;
    const from = home(tag, salt);
    if (!this.#drop(this.#slots, from & this.#mask, word)) {
      const inOld = this.#old !== undefined && this.#dropOld(from & this.#oldMask, word);
      assertShared(inOld, 'an id that is removed from an index is there');
    }
    this.#live--;
    if (this.#old !== undefined) this.#move(MOVES_PER_CHANGE);
    else if (this.#mask >= SLOTS_MIN * 4 && this.#live * 16 < this.#mask) this.#begin();
  }

  #grow(): void {
    this.#live++;
    if (this.#old !== undefined) this.#move(MOVES_PER_CHANGE);
    else if (this.#used > this.#due) this.#prepare();
  }

  /** Begins the next array, or writes to one page of it. */
  #prepare(): void {
    const full = (this.#mask + 1) * LOAD_MAX;
    if (this.#used > full) return this.#begin();
    this.#coming ??= this.#reserved();
    const coming = this.#coming;
    if (coming === undefined || this.#untouched >= coming.length) {
      this.#due = full;
      return;
    }
    coming[this.#untouched] = 0;
    this.#untouched += PAGE_WORDS;
    this.#due = this.#used + CHANGES_PER_PAGE;
  }

  #reserved(): Int32Array<ArrayBuffer> | undefined {
    const capacity = this.#capacityToCome();
    this.#untouched = 0;
    return capacity < PREPARED_SLOTS_MIN ? undefined : new Int32Array(capacity * 2);
  }

  #capacityToCome(): number {
    // While the old array is emptied each change may be an insert, and a search in a full array would never end.
    const changes = Math.ceil((this.#mask + 1) / MOVES_PER_CHANGE);
    let capacity = SLOTS_MIN;
    while (capacity * 0.4 < this.#live || capacity * LOAD_MAX < this.#live + changes) capacity *= 2;
    return capacity;
  }

  #place(tag: number, word: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let at = home(tag, word >>> 24) & mask;
    for (;;) {
      const found = slots[at * 2 + 1]!;
      if (found === 0) {
        this.#used++;
        break;
      }
      if (found === TOMBSTONE) break;
      at = (at + 1) & mask;
    }
    slots[at * 2] = tag;
    slots[at * 2 + 1] = word;
  }

  #drop(slots: Int32Array, from: number, word: number): boolean {
    const mask = this.#mask;
    let at = from;
    for (;;) {
      const found = slots[at * 2 + 1]!;
      if (found === word) break;
      if (found === 0) return false;
      at = (at + 1) & mask;
    }
    if (slots[((at + 1) & mask) * 2 + 1] !== 0) {
      slots[at * 2 + 1] = TOMBSTONE;
      return true;
    }
    // The end of a chain: this slot and the tombstones before it are empty again.
    do {
      slots[at * 2 + 1] = 0;
      this.#used--;
      at = (at - 1) & mask;
    } while (slots[at * 2 + 1] === TOMBSTONE);
    return true;
  }

  #dropOld(from: number, word: number): boolean {
    const old = this.#old!;
    let at = from;
    for (;;) {
      const found = old[at * 2 + 1]!;
      if (found === word) {
        old[at * 2 + 1] = TOMBSTONE;
        return true;
      }
      if (found === 0) return false;
      at = (at + 1) & this.#oldMask;
    }
  }

  #begin(): void {
    const capacity = this.#capacityToCome();
    const words = capacity * 2;
    this.#old = this.#slots;
    this.#oldMask = this.#mask;
    this.#slots = this.#coming?.length === words ? this.#coming : new Int32Array(words);
    this.#coming = undefined;
    this.#due = capacity * LOAD_NEAR;
    this.#mask = capacity - 1;
    this.#used = 0;
    this.#moved = 0;
    this.#move(MOVES_PER_CHANGE);
  }

  #move(slots: number): void {
    const old = this.#old!;
    const end = Math.min(this.#moved + slots, this.#oldMask + 1);
    for (let at = this.#moved; at < end; at++) {
      const word = old[at * 2 + 1]!;
      if ((word & 0xffffff) === 0) continue;
      this.#place(old[at * 2]!, word);
      old[at * 2 + 1] = TOMBSTONE;
    }
    this.#moved = end;
    if (end > this.#oldMask) this.#old = undefined;
  }
}

/** The slot of a key; where there is none, the complement of the slot that it would take. */
function seek(slots: Int32Array, tag: number, salt: number): number {
  const mask = (slots.length >>> 1) - 1;
  let at = home(tag, salt) & mask;
  let gap = -1;
  for (;;) {
    const word = slots[at * 2 + 1]!;
    if (word === 0) return ~(gap < 0 ? at : gap);
    if (slots[at * 2] === tag && word >>> 24 === salt) return at;
    if (word === TOMBSTONE && gap < 0) gap = at;
    at = (at + 1) & mask;
  }
}

function home(tag: number, salt: number): number {
  return tag ^ Math.imul(salt, 0x9e3779b1);
}
