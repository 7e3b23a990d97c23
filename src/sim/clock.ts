/**
 * Virtual time: what is to happen when, in one order. Equal instants happen in the order in which they were asked
 * for, so a simulation with one seed repeats exactly.
 */

import { assert } from '../base/assert.ts';
import type { Millis } from '../base/units.ts';

export interface Appointment {
  readonly at: Millis;
  /** Idempotent; later it does nothing. */
  cancel(): void;
}

interface Entry extends Appointment {
  readonly order: number;
  run: (() => void) | undefined;
}

export class SimClock {
  /** Binary heap by `at`, then `order`. */
  readonly #heap: Entry[] = [];
  #now: Millis = 0;
  #order = 0;

  get now(): Millis {
    return this.#now;
  }

  /** Appointments that stand, cancelled ones that have not come yet included. */
  get size(): number {
    return this.#heap.length;
  }

  /** Never in the past: an instant that is over means now. */
  at(when: Millis, run: () => void): Appointment {
    const entry: Entry = {
      at: Math.max(when, this.#now),
      order: this.#order++,
      run,
      cancel: () => {
        entry.run = undefined;
      },
    };
    this.#push(entry);
    return entry;
  }

  after(span: Millis, run: () => void): Appointment {
    return this.at(this.#now + span, run);
  }

  /** The instant of the next appointment; undefined when there is none. */
  next(): Millis | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.run === undefined) this.#pop();
    return this.#heap[0]?.at;
  }

  /** Runs the next appointment. False when there is none. */
  tick(): boolean {
    if (this.next() === undefined) return false;
    const { at, run } = this.#pop();
    assert(at >= this.#now, 'time does not run backwards');
    this.#now = at;
    run?.();
    return true;
  }

  /** Runs all that is due until `end`, and stands at `end` then. */
  runUntil(end: Millis): void {
    for (let next = this.next(); next !== undefined && next <= end; next = this.next()) this.tick();
    this.#now = Math.max(this.#now, end);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!before(entry, heap[up]!)) break;
      heap[at] = heap[up]!;
      at = up;
    }
    heap[at] = entry;
  }

  #pop(): Entry {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let down = at * 2 + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && before(heap[down + 1]!, heap[down]!)) down++;
      if (!before(heap[down]!, last)) break;
      heap[at] = heap[down]!;
      at = down;
    }
    heap[at] = last;
    return first;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at === b.at ? a.order < b.order : a.at < b.at;
}
