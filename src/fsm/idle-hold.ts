/**
 * DampPeerOscillations: how long a session stays in Idle before it starts again by itself (RFC 4271 §8.1.1).
 *
 * Shared by the two sessions of one peer, so that a peer that errs on connections it dials and on ours is damped
 * once. The method is BIRD's: the stay doubles with each error and is forgotten after a calm time.
 */

import { type Millis, secondsToMillis } from '../base/units.ts';
import { CeaseSubcode, ErrorCode } from '../wire/iana.ts';
import type { DownReason } from './down-reason.ts';
import type { SessionTimers } from './session-config.ts';

/** `error`: wait and double. `refusal`: harmless once, an error when it repeats. `none`: start again at once. */
export type Severity = 'error' | 'refusal' | 'none';

/** Refusals in a row that are met with the ordinary retry time before they count as errors. */
const REFUSALS_TOLERATED = 3;

type IdleHoldTimes = Pick<SessionTimers, 'idleHoldInitial' | 'idleHoldMax' | 'idleHoldAmnesia'>;

export class IdleHold {
  #initial: Millis = 0;
  #max: Millis = 0;
  #amnesia: Millis = 0;
  #stay: Millis = 0;
  #until: Millis = Number.NEGATIVE_INFINITY;
  #lastTrouble: Millis = Number.NEGATIVE_INFINITY;
  #refusals = 0;

  constructor(times: IdleHoldTimes) {
    this.reconfigure(times);
  }

  /** Other times from the next error on. */
  reconfigure(times: IdleHoldTimes): void {
    this.#initial = secondsToMillis(times.idleHoldInitial);
    this.#max = secondsToMillis(Math.max(times.idleHoldInitial, times.idleHoldMax));
    this.#amnesia = secondsToMillis(times.idleHoldAmnesia);
  }

  /** A session ended. @returns IdleHoldTime: how long to stay in Idle; 0 when there is nothing to damp. */
  onDown(severity: Severity, now: Millis): Millis {
    if (severity === 'none') return this.remaining(now);
    if (now - this.#lastTrouble >= this.#amnesia) {
      this.#stay = 0;
      this.#refusals = 0;
    }
    this.#lastTrouble = now;
    if (severity === 'refusal' && ++this.#refusals <= REFUSALS_TOLERATED) return 0;
    this.#stay = this.#stay === 0 ? this.#initial : Math.min(this.#stay * 2, this.#max);
    this.#until = now + this.#stay;
    return this.#stay;
  }

  /** What is left of the stay; 0 when nothing is. */
  remaining(now: Millis): Millis {
    return Math.max(0, this.#until - now);
  }

  /** An operator wants the peer now: everything is forgotten. */
  forgive(): void {
    this.#stay = 0;
    this.#refusals = 0;
    this.#until = Number.NEGATIVE_INFINITY;
    this.#lastTrouble = Number.NEGATIVE_INFINITY;
  }
}

/** What a reason says about the peer: broken, unwilling, or merely unlucky. */
export function severityOf(reason: DownReason): Severity {
  switch (reason.kind) {
    case 'PeerFault':
    case 'FsmError':
      return 'error';
    case 'Stopped':
      return DAMPED_CEASES.has(reason.detail.subcode ?? 0) ? 'error' : 'none';
    case 'NotificationReceived':
      return severityOfNotification(reason);
    default:
      return 'none';
  }
}

function severityOfNotification(
  reason: Extract<DownReason, { kind: 'NotificationReceived' }>,
): Severity {
  const { code, subcode } = reason.notification;
  // The peer lost us, we did not offend it: be back as soon as it can hear us.
  if (code === ErrorCode.HoldTimerExpired || code === ErrorCode.SendHoldTimerExpired) return 'none';
  if (code !== ErrorCode.Cease || DAMPED_CEASES.has(subcode)) return 'error';
  if (subcode === CeaseSubcode.ConnectionCollisionResolution) return 'none';
  return reason.state === 'Established' ? 'none' : 'refusal';
}

/** Coming straight back would end in the same way. */
const DAMPED_CEASES: ReadonlySet<number> = new Set([
  CeaseSubcode.MaximumNumberOfPrefixesReached,
  CeaseSubcode.OutOfResources,
]);
