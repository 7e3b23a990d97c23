/**
 * How many events of one neighbor, or of one kind about prefixes, are told: a neighbor that flaps, or ten thousand
 * routes that wait for a link, must not push everything else out of the log and of the list of events.
 *
 * A bucket a subject. What an operator must act on is never left out, and that something was left out is told. Pure:
 * time comes in.
 */

import type { Millis } from '../base/units.ts';
import type { SpeakerEvent } from '../speaker/events.ts';
import { EVENT_ROWS } from './event-text.ts';

interface Limit {
  /** Events in a row. */
  readonly burst: number;
  /** Milliseconds for one more. */
  readonly refillMs: number;
}

/** An ordinary restart of a neighbor is four to six events; one that flaps every second has them all the time. */
const OF_PEER: Limit = { burst: 30, refillMs: 2000 };
/** Prefixes by kind of event: the first thousand say what is wrong. */
const OF_PREFIXES: Limit = { burst: 1000, refillMs: 500 };
/** Subjects remembered; the one heard of longest ago makes room. */
const SUBJECTS_MAX = 1024;

interface Bucket {
  left: number;
  at: Millis;
  leftOut: number;
}

export class EventLimit {
  readonly #buckets = new Map<string, Bucket>();

  /** What is to be told of `event`: nothing, itself, or itself and that others were left out. */
  pass(event: SpeakerEvent, now: Millis): readonly SpeakerEvent[] {
    const subject = subjectOf(event);
    if (subject === undefined) return [event];
    const limit = 'peer' in event ? OF_PEER : OF_PREFIXES;
    const bucket = this.#bucket(subject, now, limit);
    const gained = Math.floor((now - bucket.at) / limit.refillMs);
    bucket.left = Math.min(limit.burst, bucket.left + gained);
    bucket.at += gained * limit.refillMs;
    if (bucket.left === 0) {
      bucket.leftOut++;
      return bucket.leftOut === 1 ? [tooMany(subject)] : [];
    }
    bucket.left--;
    if (bucket.leftOut === 0) return [event];
    const { leftOut } = bucket;
    bucket.leftOut = 0;
    return [wereLeftOut(subject, leftOut), event];
  }

  #bucket(subject: string, now: Millis, { burst }: Limit): Bucket {
    const known = this.#buckets.get(subject);
    // In the order in which they were heard of last.
    this.#buckets.delete(subject);
    const bucket = known ?? { left: burst, at: now, leftOut: 0 };
    this.#buckets.set(subject, bucket);
    if (this.#buckets.size > SUBJECTS_MAX) {
      for (const [oldest] of this.#buckets) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return bucket;
  }
}

/** Undefined: told whatever happens. */
function subjectOf(event: SpeakerEvent): string | undefined {
  if ('prefix' in event) return `${event.event} of prefixes`;
  return 'peer' in event && EVENT_ROWS[event.event].level !== 'error' ? event.peer : undefined;
}

function tooMany(subject: string): SpeakerEvent {
  const reason = 'they come too fast; the next ones are left out until they slow down';
  return { event: 'events-left-out', subject, count: 0, reason };
}

function wereLeftOut(subject: string, count: number): SpeakerEvent {
  return { event: 'events-left-out', subject, count, reason: 'they came too fast' };
}
