/**
 * When tables are tidied: not while UPDATEs come, for peers wait for what follows from them and nobody waits for this. In a table of
 * 100,000 that is withdrawn, a tenth of the time went into giving back what the prefixes before had held.
 */

import type { TimerTable } from '../base/timer-table.ts';
import { type Millis, millis } from '../base/units.ts';
import { AFI_SAFIS, type AfiSafi } from '../net/afi-safi.ts';

/** Key of the timer in the speaker's table; see `TIMERS_PER_PEER`. */
export const TIDY_TIMER = 3;

/** Without an UPDATE: then no table is under way. */
const QUIET_MS = 20;
/** Peers that never fall silent, as with a full table of the Internet, do not put it off for longer. */
const WAIT_MS_MAX = 1000;

export class TidyTime {
  #heard = Number.NEGATIVE_INFINITY;
  /** Since when it has been put off. */
  #since = Number.POSITIVE_INFINITY;

  /** A peer has told of routes. */
  heard(now: Millis): void {
    this.#heard = now;
  }

  isTooEarly(now: Millis): boolean {
    return now - this.#heard < QUIET_MS && now - this.#since < WAIT_MS_MAX;
  }

  /** Something could be freed, and was not. @returns When to look again. */
  putOff(now: Millis): Millis {
    this.#since = Math.min(this.#since, now);
    return millis(now + QUIET_MS);
  }

  /** Nothing is left to be freed. */
  reset(): void {
    this.#since = Number.POSITIVE_INFINITY;
  }
}

/** What of the core it takes. */
export interface Tidied {
  readonly now: Millis;
  readonly timers: TimerTable;
  readonly tidyTime: TidyTime;
  readonly ribs: Readonly<
    Record<
      AfiSafi,
      { readonly tidying: { readonly isNeeded: boolean; readonly isPutOff: boolean } }
    >
  >;
}

/** The tables of all families were settled: has a timer wake us where one of them was not let tidy. */
export function arrangeTidying(core: Tidied): void {
  const { tidyTime, timers, now } = core;
  let isNeeded = false;
  let isPutOff = false;
  for (let index = 0; index < AFI_SAFIS.length; index++) {
    const { tidying } = core.ribs[AFI_SAFIS[index]!];
    isNeeded ||= tidying.isNeeded;
    isPutOff ||= tidying.isPutOff;
  }
  if (!isNeeded) tidyTime.reset();
  else if (isPutOff && !timers.isRunning(TIDY_TIMER)) timers.set(TIDY_TIMER, tidyTime.putOff(now));
}
