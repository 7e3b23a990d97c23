/**
 * Who called without being a neighbor: kept so that the refusal is visible, bounded so that a scanner fills nothing.
 */

import type { Millis } from '../base/units.ts';
import type { IpAddress } from '../net/ip-address.ts';

/** Addresses remembered; the one seen longest ago makes room. */
const UNKNOWN_CALLERS_KEPT_MAX = 64;
/** An address is published again only after this long: it may call a thousand times a second. */
const UNKNOWN_CALLER_REPEAT_MS = 60_000;
/** Addresses published in that time at most: one host has 2^64 IPv6 addresses to call from. */
const UNKNOWN_CALLERS_PUBLISHED_MAX = 64;

interface Caller {
  count: number;
  last: Millis;
  published: Millis;
  /** Of the last refusal; undefined for one that nobody expects. */
  reason: string | undefined;
}

export class UnknownCallers {
  readonly #callers = new Map<IpAddress, Caller>();
  total = 0;
  #published = 0;
  #since: Millis = Number.NEGATIVE_INFINITY;

  /** Counts a refused call. True when it is worth telling people about. */
  note(address: IpAddress, now: Millis, reason?: string): boolean {
    this.total++;
    const known = this.#callers.get(address);
    if (known !== undefined) {
      known.count++;
      known.last = now;
      known.reason = reason;
      if (now - known.published < UNKNOWN_CALLER_REPEAT_MS) return false;
      known.published = now;
      return this.#mayPublish(now);
    }
    if (this.#callers.size >= UNKNOWN_CALLERS_KEPT_MAX) this.#forgetOldest();
    this.#callers.set(address, { count: 1, last: now, published: now, reason });
    return this.#mayPublish(now);
  }

  /** An address that has become a neighbor is no stranger any more. */
  forget(address: IpAddress): void {
    this.#callers.delete(address);
  }

  list(now: Millis): { address: IpAddress; count: number; lastMs: number; reason?: string }[] {
    return [...this.#callers].map(([address, caller]) => ({
      address,
      count: caller.count,
      lastMs: now - caller.last,
      ...(caller.reason === undefined ? {} : { reason: caller.reason }),
    }));
  }

  #mayPublish(now: Millis): boolean {
    if (now - this.#since >= UNKNOWN_CALLER_REPEAT_MS) {
      this.#since = now;
      this.#published = 0;
    }
    return this.#published++ < UNKNOWN_CALLERS_PUBLISHED_MAX;
  }

  #forgetOldest(): void {
    let oldest: IpAddress | undefined;
    let last = Number.POSITIVE_INFINITY;
    for (const [address, caller] of this.#callers) {
      if (caller.last < last) {
        last = caller.last;
        oldest = address;
      }
    }
    if (oldest !== undefined) this.#callers.delete(oldest);
  }
}
