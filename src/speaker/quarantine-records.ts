/**
 * How often each neighbor was quarantined, and until when: outlives the neighbor's configuration and, by the state
 * directory, the daemon. What is remembered fades: one doubling for each stretch without trouble.
 */

import { type Millis, type Seconds, secondsToMillis } from '../base/units.ts';

/** First stay, doubled each time up to the longest. */
const QUARANTINE_FIRST: Seconds = 60;
const QUARANTINE_LONGEST: Seconds = 3600;

/**
 * Six hours after a quarantine has ended without another one, one doubling is taken back: much longer than the longest
 * stay, so that a bug that comes back hourly keeps its hour, and short enough that a weekend forgives everything.
 */
const QUARANTINE_FORGIVEN: Seconds = 6 * 3600;

/** Neighbors remembered; past that, the one whose stay ended first is forgotten. */
const QUARANTINES_KEPT_MAX = 1024;

/** A record between two runs. */
export interface StoredQuarantine {
  readonly peer: string;
  /** The error, in words. */
  readonly reason: string;
  /** Stays so far, those forgiven left out. */
  readonly times: number;
  /** Milliseconds from now until it ends; negative when it ended that long ago. */
  readonly endsInMs: Millis;
}

export interface QuarantineRecord {
  readonly reason: string;
  readonly times: number;
  readonly seconds: Seconds;
  readonly until: Millis;
}

export class QuarantineRecords {
  readonly #records = new Map<string, QuarantineRecord>();

  constructor(stored: readonly StoredQuarantine[], now: Millis) {
    for (const { peer, reason, times, endsInMs } of stored) {
      const seconds = stay(times);
      // A wall clock that was set back must not hold a neighbor for days.
      const until = now + Math.min(endsInMs, secondsToMillis(seconds));
      this.#keep(peer, { reason, times, seconds, until });
    }
  }

  /** A new stay begins. */
  begin(peer: string, reason: string, now: Millis): QuarantineRecord {
    const times = this.timesOf(peer, now) + 1;
    const seconds = stay(times);
    const record = { reason, times, seconds, until: now + secondsToMillis(seconds) };
    this.#keep(peer, record);
    return record;
  }

  /** The stay is over before its time; how often there was one stays remembered. */
  end(peer: string, now: Millis): void {
    const record = this.#records.get(peer);
    if (record !== undefined && record.until > now) {
      this.#records.set(peer, { ...record, until: now });
    }
  }

  /** The stay that is not over; undefined when there is none. */
  current(peer: string, now: Millis): QuarantineRecord | undefined {
    const record = this.#records.get(peer);
    return record !== undefined && record.until > now ? record : undefined;
  }

  /** Stays that the next one counts on top of. */
  timesOf(peer: string, now: Millis): number {
    const record = this.#records.get(peer);
    return record === undefined ? 0 : remembered(record, now);
  }

  /** What is still worth remembering, by name. */
  stored(now: Millis): StoredQuarantine[] {
    const all: StoredQuarantine[] = [];
    for (const [peer, record] of this.#records) {
      const { reason, times, until } = record;
      if (remembered(record, now) > 0) all.push({ peer, reason, times, endsInMs: until - now });
    }
    return all.sort((a, b) => (a.peer < b.peer ? -1 : 1));
  }

  #keep(peer: string, record: QuarantineRecord): void {
    this.#records.set(peer, record);
    if (this.#records.size <= QUARANTINES_KEPT_MAX) return;
    const byEnd = [...this.#records].sort(([, a], [, b]) => a.until - b.until);
    this.#records.delete(byEnd[0]![0]);
  }
}

function stay(times: number): Seconds {
  return Math.min(QUARANTINE_FIRST * 2 ** Math.max(0, times - 1), QUARANTINE_LONGEST);
}

function remembered({ times, until }: QuarantineRecord, now: Millis): number {
  const quiet = Math.max(0, now - until);
  // Doublings past the longest stay are none.
  const counted = Math.min(times, TIMES_COUNTED_MAX);
  return Math.max(0, counted - Math.floor(quiet / secondsToMillis(QUARANTINE_FORGIVEN)));
}

/** With the seventh time the longest stay is reached. */
const TIMES_COUNTED_MAX = 7;
