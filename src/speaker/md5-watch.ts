/**
 * The kernel's counters of segments that it dropped over TCP-MD5 (RFC 2385). To the session a wrong key is silence; the
 * counters tell it from a peer that is away. They are of the whole network namespace, so that they name a suspicion.
 */

import type { Millis } from '../base/units.ts';

/** As /proc/net/netstat names them, since the kernel started. */
export interface Md5Counters {
  /** Without a signature where we want one. */
  readonly notFound: number;
  /** With a signature where we want none. */
  readonly unexpected: number;
  /** With a wrong one. */
  readonly failure: number;
}

/** A peer that is refused tries again within a minute. */
const RECENT_MS = 90_000;

export class Md5Watch {
  #last: Md5Counters | undefined;
  readonly #movedAt = new Map<keyof Md5Counters, Millis>();
  /** What was dropped since this process looks. */
  readonly dropped = { notFound: 0, unexpected: 0, failure: 0 };

  note(counters: Md5Counters, now: Millis): void {
    const last = this.#last;
    this.#last = counters;
    if (last === undefined) return;
    for (const name of ['notFound', 'unexpected', 'failure'] as const) {
      const more = counters[name] - last[name];
      if (more <= 0) continue;
      this.dropped[name] += more;
      this.#movedAt.set(name, now);
    }
  }

  /**
   * For a session that does not come up: what is dropped these days, as a sentence; undefined when nothing is.
   *
   * @param heardAt  When words of the peer were last read: what was dropped before then is somebody else's.
   */
  suspicion(hasPassword: boolean, now: Millis, heardAt?: Millis): string | undefined {
    const since = Math.max(now - RECENT_MS, heardAt ?? Number.NEGATIVE_INFINITY);
    const isRecent = (name: keyof Md5Counters): boolean => {
      const at = this.#movedAt.get(name);
      return at !== undefined && at > since;
    };
    if (!hasPassword) {
      return isRecent('unexpected')
        ? 'the kernel drops segments that are signed (TCP-MD5) where no password is configured: if the neighbor has one, set it in the BGPPeer'
        : undefined;
    }
    if (isRecent('failure')) {
      return 'the kernel drops segments whose TCP-MD5 signature does not match: compare the passwords of both sides';
    }
    if (isRecent('notFound')) {
      return 'the kernel drops segments without the TCP-MD5 signature that is wanted: set the password at the neighbor';
    }
    return undefined;
  }
}
