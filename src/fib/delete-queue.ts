/**
 * Rows whose routes are to be deleted, those of the longest prefixes first, and of one length those that are far apart.
 *
 * Linux keeps in every node of its IPv4 table which is the shortest prefix below, and when that one goes it looks through the
 * children for the next (`update_suffix` of fib_trie.c). Of a table that is deleted in the order of its addresses each of
 * the shortest costs a walk over all that is gone before it: four fifths of the work of 1,000,000 routes. From the
 * longest to the shortest, none that goes is the shortest of a node that has others (decision 0036).
 */

import { SpreadQueue } from './spread-queue.ts';

const LENGTH_MAX = 128;
/**
 * Of the bits that tell neighbors apart two count, so that eight go together and then those 32 further on: a table of one length
 * takes the kernel half the time so, and rows that are next to each other are in the cache together.
 */
const FAR_BITS = 0b11000;

export class DeleteQueue {
  /** By prefix length, made when first used. */
  readonly #queues: (SpreadQueue | undefined)[] = Array.from({ length: LENGTH_MAX + 1 });
  /** No longer one waits. */
  #longest = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param near  As for `SpreadQueue`. */
  push(ref: number, length: number, near: number): void {
    let queue = this.#queues[length];
    if (queue === undefined) {
      queue = new SpreadQueue();
      this.#queues[length] = queue;
    }
    queue.push(ref, near & FAR_BITS);
    if (length > this.#longest) this.#longest = length;
    this.#size++;
  }

  /** Undefined when empty. */
  shift(): number | undefined {
    for (; this.#longest >= 0; this.#longest--) {
      const ref = this.#queues[this.#longest]?.shift();
      if (ref === undefined) continue;
      this.#size--;
      return ref;
    }
    this.#longest = 0;
    return undefined;
  }
}
