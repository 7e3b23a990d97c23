/**
 * When the kernel is read whole: at the start, when events were lost or leave doubt, and rarely as proof. Requests
 * close to each other become one, and repeated ones come slower, so that a storm of events is no storm of dumps.
 */

import { type Millis, millis } from '../base/units.ts';

/** Pause between dumps, doubling while they are asked for again and again. */
const PAUSE_FIRST = 50;
const PAUSE_LONGEST = 10_000;
/** Without requests for this long, the next pause is the first again. */
const CALM = 30_000;
/** The rare full check: events are complete unless the kernel says otherwise, this proves it. */
export const FULL_CHECK_INTERVAL = 900_000;
/** A dump that was asked for and neither ends nor fails in this time is asked for again. */
const DUMP_TIMEOUT = 60_000;

export class DumpSchedule {
  #reason: string | undefined;
  #phase: 'idle' | 'asked' | 'running' = 'idle';
  #askedAt: Millis = 0;
  #nextAt: Millis = 0;
  #lastDone: Millis | undefined;
  #pause = PAUSE_FIRST;

  /** A dump was completed at least once. */
  get syncedOnce(): boolean {
    return this.#lastDone !== undefined;
  }

  /** Why the picture is in doubt, while it is. */
  get reason(): string | undefined {
    return this.#reason;
  }

  get needed(): boolean {
    return this.#reason !== undefined;
  }

  /** Asked for or running: nothing is to be written meanwhile. */
  get underWay(): boolean {
    return this.#phase !== 'idle';
  }

  /** Whether `take` would have something to say. */
  isDue(now: Millis): boolean {
    const at = this.deadline();
    return this.#phase === 'idle' && at !== undefined && now >= at;
  }

  /** The picture is in doubt. The first reason stays. @param notBefore  The kernel is not done before. */
  need(reason: string, notBefore: Millis = 0): void {
    this.#reason ??= reason;
    if (notBefore > this.#nextAt) this.#nextAt = notBefore;
  }

  /** The reason, once, when a dump is to be started now. */
  take(now: Millis): string | undefined {
    const late = this.#phase !== 'idle' && now - this.#askedAt >= DUMP_TIMEOUT;
    if (this.#phase !== 'idle' && !late) return undefined;
    const at = this.deadline();
    if (at === undefined || (now < at && !late)) return undefined;
    this.#reason ??= 'Full check';
    this.#phase = 'asked';
    this.#askedAt = now;
    return this.#reason;
  }

  started(now: Millis): void {
    this.#phase = 'running';
    this.#askedAt = now;
    // What raises doubt from here on is not answered by this dump.
    this.#reason = undefined;
  }

  failed(): void {
    this.#phase = 'idle';
  }

  /** @returns false when the dump does not count: it failed, or was never started. */
  done(now: Millis): boolean {
    if (this.#phase !== 'running') return false;
    this.#phase = 'idle';
    const calm = this.#lastDone === undefined || now - this.#lastDone > CALM;
    this.#pause = calm ? PAUSE_FIRST : Math.min(PAUSE_LONGEST, this.#pause * 2);
    this.#lastDone = now;
    this.#nextAt = millis(now + this.#pause);
    return true;
  }

  /** When `take` will have something to say. */
  deadline(): Millis | undefined {
    if (this.#phase !== 'idle') return millis(this.#askedAt + DUMP_TIMEOUT);
    if (this.#reason !== undefined) return this.#nextAt;
    return this.#lastDone === undefined ? undefined : millis(this.#lastDone + FULL_CHECK_INTERVAL);
  }
}
