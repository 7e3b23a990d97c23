/**
 * Who called without being a neighbor: kept so that the refusal is visible, bounded so that a scanner fills nothing.
 */

import type { Millis } from '../base/units.ts';
import type { IpAddress } from '../net/ip-address.ts';

/** Addresses remembered; the one seen longest ago makes room. */
export const UNKNOWN_CALLERS_KEPT_MAX = 64;
/** An address is published again only after this long: it may call a thousand times a second. */
const UNKNOWN_CALLER_REPEAT_MS = 60_000;

interface Caller {
  count: number;
  last: Millis;
  published: Millis;
}

export class UnknownCallers {
  readonly #callers = new Map<IpAddress, Caller>();
  total = 0;

  /** Counts a refused call. True when it is worth telling people about. */
  note(address: IpAddress, now: Millis): boolean {
    this.total++;
    const known = this.#callers.get(address);
    if (known !== undefined) {
      known.count++;
      known.last = now;
      if (now - known.published < UNKNOWN_CALLER_REPEAT_MS) return false;
      known.published = now;
      return true;
    }
    if (this.#callers.size >= UNKNOWN_CALLERS_KEPT_MAX) this.#forgetOldest();
    this.#callers.set(address, { count: 1, last: now, published: now });
    return true;
  }

  /** An address that has become a neighbor is no stranger any more. */
  forget(address: IpAddress): void {
    this.#callers.delete(address);
  }

  list(now: Millis): { address: IpAddress; count: number; lastMs: number }[] {
    return [...this.#callers].map(([address, caller]) => ({
      address,
      count: caller.count,
      lastMs: now - caller.last,
    }));
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
