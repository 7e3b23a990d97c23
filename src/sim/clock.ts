/**
 * Virtual time: what is to happen when, in one order. Equal instants happen in the order in which they were asked
 * for, so a simulation with one seed repeats exactly.
 *
 * With ticks, instants are rounded up to them, and those of one tick happen lane by lane (a lane a machine), in the
 * order asked for within a lane: what a large cluster does in a tick touches one machine's memory after the other,
 * which is half of its time (`docs/decisions/0016-large-clusters-run-in-ticks.md`).
 */

import { assert } from '../base/assert.ts';
import type { Millis } from '../base/units.ts';

/** Something that waits for its instant. */
export interface Due {
  /** Not cancelled. */
  readonly stands: boolean;
  due(): void;
}

export class Appointment implements Due {
  readonly at: Millis;
  #run: (() => void) | undefined;

  constructor(at: Millis, run: () => void) {
    this.at = at;
    this.#run = run;
  }

  get stands(): boolean {
    return this.#run !== undefined;
  }

  due(): void {
    this.#run?.();
  }

  /** Idempotent; later it does nothing. */
  cancel(): void {
    this.#run = undefined;
  }
}

/** What is due at one instant in one lane, first come first. */
class Lane {
  readonly #waiting: Due[] = [];
  #next = 0;

  push(one: Due): void {
    this.#waiting.push(one);
  }

  /** The first that stands; those in front of it that do not are forgotten. */
  first(): Due | undefined {
    for (; this.#next < this.#waiting.length; this.#next++) {
      const one = this.#waiting[this.#next]!;
      if (one.stands) return one;
    }
    this.#waiting.length = 0;
    this.#next = 0;
    return undefined;
  }

  /** The one that `first` found is done. */
  shift(): void {
    this.#next++;
  }

  get size(): number {
    return this.#waiting.length - this.#next;
  }
}

class Instant {
  at: Millis = 0;
  readonly #lanes: Lane[] = [];
  #lane = 0;

  push(one: Due, lane: number): void {
    for (let i = this.#lanes.length; i <= lane; i++) this.#lanes.push(new Lane());
    this.#lanes[lane]!.push(one);
  }

  /** From the lane at hand on, and around: what comes meanwhile for an earlier lane has its turn in the next round. */
  first(): Due | undefined {
    const lanes = this.#lanes;
    for (let tried = 0; tried < lanes.length; tried++) {
      const one = lanes[this.#lane]!.first();
      if (one !== undefined) return one;
      this.#lane = this.#lane + 1 === lanes.length ? 0 : this.#lane + 1;
    }
    this.#lane = 0;
    return undefined;
  }

  shift(): void {
    this.#lanes[this.#lane]!.shift();
  }

  get size(): number {
    return this.#lanes.reduce((sum, { size }) => sum + size, 0);
  }
}

export class SimClock {
  readonly #tickMs: Millis;
  /** Binary heap by `at`. */
  readonly #heap: Instant[] = [];
  readonly #byTime = new Map<Millis, Instant>();
  /** Empty ones to be used again: most instants without ticks have one appointment. */
  readonly #spare: Instant[] = [];
  #now: Millis = 0;

  /** @param tickMs  0: instants are as they are asked for, and lanes do not matter. */
  constructor(tickMs: Millis = 0) {
    this.#tickMs = tickMs;
  }

  get now(): Millis {
    return this.#now;
  }

  /** Appointments that stand, cancelled ones that have not come yet included. */
  get size(): number {
    return this.#heap.reduce((sum, { size }) => sum + size, 0);
  }

  /** Never in the past: an instant that is over means now. */
  at(when: Millis, run: () => void, lane = 0): Appointment {
    const appointment = new Appointment(this.#instantOf(when), run);
    this.#enter(appointment.at, appointment, lane);
    return appointment;
  }

  after(span: Millis, run: () => void, lane = 0): Appointment {
    return this.at(this.#now + span, run, lane);
  }

  /** As `at`, for what is never cancelled and is its own appointment. */
  post(when: Millis, one: Due, lane: number): void {
    this.#enter(this.#instantOf(when), one, lane);
  }

  /** The instant of the next appointment; undefined when there is none. */
  next(): Millis | undefined {
    return this.#first() === undefined ? undefined : this.#heap[0]!.at;
  }

  /** Runs the next appointment. False when there is none. */
  tick(): boolean {
    const first = this.#first();
    if (first === undefined) return false;
    const instant = this.#heap[0]!;
    assert(instant.at >= this.#now, 'time does not run backwards');
    this.#now = instant.at;
    instant.shift();
    first.due();
    return true;
  }

  /** Runs all that is due until `end`, and stands at `end` then. */
  runUntil(end: Millis): void {
    for (let next = this.next(); next !== undefined && next <= end; next = this.next()) this.tick();
    this.#now = Math.max(this.#now, end);
  }

  #instantOf(when: Millis): Millis {
    if (when <= this.#now) return this.#now;
    return this.#tickMs === 0 ? when : Math.ceil(when / this.#tickMs) * this.#tickMs;
  }

  #enter(at: Millis, one: Due, lane: number): void {
    let instant = this.#byTime.get(at);
    if (instant === undefined) {
      instant = this.#spare.pop() ?? new Instant();
      instant.at = at;
      this.#byTime.set(at, instant);
      this.#push(instant);
    }
    instant.push(one, this.#tickMs === 0 ? 0 : lane);
  }

  /** The next appointment, of the first instant. */
  #first(): Due | undefined {
    while (this.#heap.length > 0) {
      const instant = this.#heap[0]!;
      const first = instant.first();
      if (first !== undefined) return first;
      this.#pop();
      this.#byTime.delete(instant.at);
      this.#spare.push(instant);
    }
    return undefined;
  }

  #push(instant: Instant): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(instant);
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (instant.at >= heap[up]!.at) break;
      heap[at] = heap[up]!;
      at = up;
    }
    heap[at] = instant;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let down = at * 2 + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && heap[down + 1]!.at < heap[down]!.at) down++;
      if (heap[down]!.at >= last.at) break;
      heap[at] = heap[down]!;
      at = down;
    }
    heap[at] = last;
  }
}
