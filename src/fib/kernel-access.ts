/**
 * Whether the kernel lets us write: pauses after it was short of something, and longer ones after it said no or could
 * not be reached, doubling. Invariant: a refusal is told once, however often it is met again.
 */

import type { SystemError } from '../base/errors.ts';
import { type Millis, millis } from '../base/units.ts';
import type { AckOutcome } from './batch-answers.ts';
import type { FibEvent } from './types.ts';

/** First and longest pause after the kernel is short of memory or buffers. */
const PAUSE_FIRST = 10;
const PAUSE_LONGEST = 5_000;
/** First and longest pause after the kernel denied the write, or could not be reached at all. */
const DENIED_FIRST = 1_000;
const DENIED_LONGEST = 60_000;

export class KernelAccess {
  readonly #events: { publish(event: FibEvent): void };
  /** Nothing is written before. */
  pausedUntil: Millis | undefined;
  /** Why the kernel cannot be written; undefined while it can, as far as is known. */
  unavailable: string | undefined;
  #pauses = 0;
  /** The kernel could be neither read nor written. */
  #outOfReach = false;

  constructor(events: { publish(event: FibEvent): void }) {
    this.#events = events;
  }

  isPaused(now: Millis): boolean {
    if (this.pausedUntil !== undefined && now >= this.pausedUntil) this.pausedUntil = undefined;
    return this.pausedUntil !== undefined;
  }

  /** An acknowledgement said that the whole kernel, not a route, is the trouble. */
  pause(pause: NonNullable<AckOutcome['pause']>, now: Millis): void {
    if (pause.denied) {
      const remedy =
        'run as root or with CAP_NET_ADMIN; routes are learned and announced, none is installed';
      this.#deny(`The kernel denies writing routes (${pause.errno}): ${remedy}`, now);
      return;
    }
    const delay = Math.min(PAUSE_LONGEST, PAUSE_FIRST * 2 ** this.#pauses++);
    this.pausedUntil = millis(now + delay);
    const reason = `The kernel is short of resources; writing again in ${delay} ms`;
    this.#events.publish({ event: 'route-error', prefix: 'all', errno: pause.errno, reason });
  }

  /** A batch was carried out. */
  accepted(): void {
    this.#pauses = 0;
    this.unavailable = undefined;
  }

  /** What was denied is not wanted any more: nothing is wrong that anybody could see. */
  forgive(): void {
    this.unavailable = undefined;
  }

  /** The kernel can be neither read nor written. */
  lost(error: SystemError, now: Millis): void {
    const detail = error.detail === undefined ? '' : `: ${error.detail}`;
    this.#deny(`${error.call} failed with ${error.errno}${detail}`, now);
    this.#outOfReach = true;
  }

  /** A dump proves that the kernel can be read; only an accepted write, that it can be written. */
  reached(): void {
    if (!this.#outOfReach) return;
    this.#outOfReach = false;
    this.accepted();
  }

  #deny(reason: string, now: Millis): void {
    const delay = Math.min(DENIED_LONGEST, DENIED_FIRST * 2 ** this.#pauses++);
    this.pausedUntil = millis(now + delay);
    if (this.unavailable === reason) return;
    this.unavailable = reason;
    this.#events.publish({ event: 'kernel-unavailable', reason });
  }
}
