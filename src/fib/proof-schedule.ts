/** When the kernel is proven: on request, once more when something was found, and rarely, by what a look costs. */

import { type Millis, millis } from '../base/units.ts';

/** Between two proofs: what a look costs a route (3 µs) a thousand times over, so that it stays at 0.1 % of a core. */
const PAUSE_LEAST = 60_000;
const PAUSE_A_ROUTE = 3;
const PAUSE_MOST = 900_000;
/** Until the second look: an event that is merely late has come by then. */
const SECOND_LOOK_AFTER = 250;
/** A dump that neither ends nor fails in this time is given up. */
const READ_TIMEOUT = 60_000;

export class ProofSchedule {
  #nextAt: Millis | undefined;
  #beganAt: Millis = 0;
  #second = false;
  /** Somebody waits for one. */
  requested = false;

  request(): void {
    this.requested = true;
  }

  /** The kernel has been read for the first time: from now on there is something to prove. */
  start(now: Millis): void {
    this.#nextAt ??= millis(now + PAUSE_LEAST);
  }

  isDue(now: Millis): boolean {
    this.start(now);
    return (this.requested && !this.#second) || now >= this.#nextAt!;
  }

  began(now: Millis): void {
    this.#beganAt = now;
    this.requested = false;
    this.#second = false;
  }

  isLate(now: Millis): boolean {
    return now - this.#beganAt >= READ_TIMEOUT;
  }

  /** A second look. */
  again(now: Millis): void {
    this.#second = true;
    this.#nextAt = millis(now + SECOND_LOOK_AFTER);
  }

  failed(now: Millis): void {
    this.requested = false;
    this.#nextAt = millis(now + PAUSE_LEAST);
  }

  done(routes: number, now: Millis): void {
    const pause = Math.min(PAUSE_MOST, Math.max(PAUSE_LEAST, routes * PAUSE_A_ROUTE));
    this.#nextAt = millis(now + pause);
  }

  /** @param reading  Whether one is under way. */
  deadline(reading: boolean): Millis | undefined {
    if (reading) return millis(this.#beganAt + READ_TIMEOUT);
    if (this.#nextAt === undefined) return undefined;
    return this.requested && !this.#second ? millis(0) : this.#nextAt;
  }
}
