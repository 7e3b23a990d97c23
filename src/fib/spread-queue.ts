/**
 * Rows that wait to be written or deleted, those first that are far apart in the address space.
 *
 * Linux keeps IPv4 routes in a trie whose nodes double and halve as they fill and empty (`resize` of fib_trie.c). In the order of their
 * addresses, as tables mostly come, a third of the work is nodes that are built, split and built again at one edge. Of
 * rows whose last bits differ, every node fills everywhere at once, and most are built once (decision 0045).
 */

import { RefQueue } from './ref-queue.ts';

const LANES = 32;
/** Of so many rows one is of the lane whose turn it is, so that none waits for what comes after it for ever. */
const TURN = 16;

/** Lanes by last bits: 0, 16, 8, 24, 4 … of neighbors go one after the other. */
const LANE_OF = Uint8Array.from({ length: LANES }, (_, near) => {
  let lane = 0;
  for (let bit = 1; bit < LANES; bit *= 2) lane = lane * 2 + ((near & bit) === 0 ? 0 : 1);
  return lane;
});

export class SpreadQueue {
  readonly #lanes = Array.from({ length: LANES }, () => new RefQueue());
  /** A bit for each lane in which rows are. */
  #waiting = 0;
  /** Since the last turn. */
  #taken = 0;
  /** The lane that had its turn last. */
  #turn = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param near  A number in whose last five bits the row differs from its neighbors. */
  push(ref: number, near: number): void {
    const lane = LANE_OF[near & (LANES - 1)]!;
    this.#lanes[lane]!.push(ref);
    this.#waiting |= 1 << lane;
    this.#size++;
  }

  /** The oldest of the lane that comes first; undefined when empty. */
  shift(): number | undefined {
    if (this.#waiting === 0) return undefined;
    this.#taken = (this.#taken + 1) % TURN;
    const lane = this.#taken === 0 ? this.#takeTurn() : lowestOf(this.#waiting);
    const queue = this.#lanes[lane]!;
    const ref = queue.shift();
    if (queue.size === 0) this.#waiting &= ~(1 << lane);
    this.#size--;
    return ref;
  }

  #takeTurn(): number {
    const later = this.#waiting & (-2 << this.#turn);
    this.#turn = lowestOf(later === 0 ? this.#waiting : later);
    return this.#turn;
  }
}

function lowestOf(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
