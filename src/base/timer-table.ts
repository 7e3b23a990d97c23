/**
 * Deadlines by small integer key: an indexed binary heap over typed arrays. No clock inside; the caller brings `now`.
 *
 * Keys are dense integers chosen by the owner (e.g. session × timer). Setting a key again moves it, in O(log n).
 */

import type { Millis } from './units.ts';

const ABSENT = -1;

export class TimerTable {
  #heap = new Int32Array(64); // keys, as a heap by deadline
  #size = 0;
  #position = new Int32Array(64).fill(ABSENT); // by key: index into #heap
  #deadline = new Float64Array(64); // by key

  get size(): number {
    return this.#size;
  }

  /** The earliest deadline; undefined when no timer runs. */
  nextDeadline(): Millis | undefined {
    return this.#size === 0 ? undefined : (this.#deadline[this.#heap[0]!]! as Millis);
  }

  /** The key with the earliest deadline; undefined when no timer runs. */
  nextKey(): number | undefined {
    return this.#size === 0 ? undefined : this.#heap[0]!;
  }

  isRunning(key: number): boolean {
    return key < this.#position.length && this.#position[key]! !== ABSENT;
  }

  /** The deadline of `key`; undefined when it does not run. */
  deadlineOf(key: number): Millis | undefined {
    return this.isRunning(key) ? (this.#deadline[key]! as Millis) : undefined;
  }

  set(key: number, deadline: Millis): void {
    this.#ensure(key);
    let at = this.#position[key]!;
    if (at === ABSENT) {
      at = this.#size++;
      if (at === this.#heap.length) this.#heap = enlarged(this.#heap, at + 1);
      this.#heap[at] = key;
      this.#position[key] = at;
    }
    this.#deadline[key] = deadline;
    this.#up(at);
    this.#down(this.#position[key]!);
  }

  clear(key: number): void {
    if (!this.isRunning(key)) return;
    const at = this.#position[key]!;
    this.#position[key] = ABSENT;
    const last = this.#heap[--this.#size]!;
    if (last === key) return;
    this.#heap[at] = last;
    this.#position[last] = at;
    this.#up(at);
    this.#down(this.#position[last]!);
  }

  /** Removes and returns one key whose deadline is at or before `now`, the earliest first; undefined when none is. */
  takeExpired(now: Millis): number | undefined {
    if (this.#size === 0) return undefined;
    const key = this.#heap[0]!;
    if (this.#deadline[key]! > now) return undefined;
    this.clear(key);
    return key;
  }

  #up(start: number): void {
    let at = start;
    const key = this.#heap[at]!;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const parentKey = this.#heap[parent]!;
      if (this.#deadline[parentKey]! <= this.#deadline[key]!) break;
      this.#place(parentKey, at);
      at = parent;
    }
    this.#place(key, at);
  }

  #down(start: number): void {
    let at = start;
    const key = this.#heap[at]!;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.#size) break;
      const right = child + 1;
      if (
        right < this.#size &&
        this.#deadline[this.#heap[right]!]! < this.#deadline[this.#heap[child]!]!
      )
        child = right;
      if (this.#deadline[this.#heap[child]!]! >= this.#deadline[key]!) break;
      this.#place(this.#heap[child]!, at);
      at = child;
    }
    this.#place(key, at);
  }

  #place(key: number, at: number): void {
    this.#heap[at] = key;
    this.#position[key] = at;
  }

  #ensure(key: number): void {
    if (key < this.#position.length) return;
    const old = this.#position.length;
    this.#position = enlarged(this.#position, key + 1).fill(ABSENT, old);
    const deadlines = new Float64Array(this.#position.length);
    deadlines.set(this.#deadline);
    this.#deadline = deadlines;
  }
}

function enlarged(column: Int32Array, atLeast: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(atLeast, column.length * 2));
  larger.set(column);
  return larger;
}
