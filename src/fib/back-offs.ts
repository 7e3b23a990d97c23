/**
 * Rows that must not be tried again at once: fights with a second writer, and requests the kernel refuses. Doubling
 * delays by row, forgotten after calm. Bounded: the oldest record goes first.
 */

import { TimerTable } from '../base/timer-table.ts';
import { type Millis, millis } from '../base/units.ts';

/** Rows with a record, about 100 octets each; a flushed table of any size still repairs at once. */
export const BACK_OFFS_MAX = 16_384;
/** Calm after which the next disturbance counts as the first. */
const CALM = 60_000;

export interface Pace {
  /** Delay after the first strike; 0 = none. */
  readonly first: number;
  /** Delay after the second; doubles from there. */
  readonly second: number;
  readonly longest: number;
}

/** Someone deletes or changes what we write: the first time repaired at once. */
export const FIGHT_PACE: Pace = { first: 0, second: 100, longest: 60_000 };
/** The kernel says no for a reason that no event will clear. */
export const REFUSAL_PACE: Pace = { first: 1_000, second: 2_000, longest: 300_000 };

interface Record {
  attempts: number;
  last: number;
  delay: number;
}

export class BackOffs {
  readonly #records = new Map<number, Record>();
  readonly #timers = new TimerTable();

  get size(): number {
    return this.#records.size;
  }

  attempts(ref: number): number {
    return this.#records.get(ref)?.attempts ?? 0;
  }

  /** Counts a strike. @returns the delay in milliseconds, for which a timer now runs; 0 = go on at once. */
  strike(ref: number, pace: Pace, now: Millis): number {
    const before = this.#records.get(ref);
    const calm = before === undefined || now - before.last > before.delay + CALM;
    const attempts = calm ? 1 : before.attempts + 1;
    const delay =
      attempts === 1 ? pace.first : Math.min(pace.longest, pace.second * 2 ** (attempts - 2));
    this.#records.delete(ref);
    this.#records.set(ref, { attempts, last: now, delay });
    if (this.#records.size > BACK_OFFS_MAX) this.#evict();
    if (delay > 0) this.#timers.set(ref, millis(now + delay));
    return delay;
  }

  /** Succeeded, or the row is gone. */
  forget(ref: number): void {
    this.#records.delete(ref);
    this.#timers.clear(ref);
  }

  nextDeadline(): Millis | undefined {
    return this.#timers.nextDeadline();
  }

  /** A row whose delay is over. */
  takeDue(now: Millis): number | undefined {
    return this.#timers.takeExpired(now);
  }

  /** When the row's delay ends; undefined when none runs. */
  deadlineOf(ref: number): Millis | undefined {
    return this.#timers.deadlineOf(ref);
  }

  /** The oldest record without a running timer, else the oldest: its timer stays, so it is still woken. */
  #evict(): void {
    for (const ref of this.#records.keys()) {
      this.#records.delete(ref);
      return;
    }
  }
}
