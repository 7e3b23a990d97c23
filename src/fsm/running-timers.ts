/**
 * The timers of one session that run now: six deadlines, and the spans they are started with.
 *
 * Invariant: a timer runs when its deadline is finite. Restarting HoldTimer is one store, for the hot path.
 */

import type { Prng } from '../base/prng.ts';
import { type Millis, secondsToMillis } from '../base/units.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import type { SessionTimers } from './session-config.ts';
import {
  between,
  JITTER_MIN,
  jittered,
  KEEPALIVE_AHEAD,
  SEND_HOLD_TIME_MIN,
  TIMERS,
  type TimerName,
} from './timers.ts';
import type { Span } from './transitions/transition.ts';

const OFF = Number.POSITIVE_INFINITY;
const HOLD_TIMER = TIMERS.indexOf('HoldTimer');
const SEND_HOLD_TIMER = TIMERS.indexOf('SendHoldTimer');
const KEEPALIVE_TIMER = TIMERS.indexOf('KeepaliveTimer');

export class RunningTimers {
  times: SessionTimers;
  readonly #prng: Prng;
  /** By place in `TIMERS`. No typed array: of seven numbers it would cost five times their memory, a session. */
  readonly #deadlines: number[] = TIMERS.map(() => OFF);
  /** As negotiated, in milliseconds before jitter; 0 = off. */
  #hold: Millis = 0;
  #sendHold: Millis = 0;
  #keepalive = 0;
  /** Before this no KEEPALIVE goes out ahead: jitter leaves 75 % of the span (RFC 4271 §10). */
  #keepaliveFrom: Millis = OFF;

  constructor(times: SessionTimers, prng: Prng) {
    this.times = times;
    this.#prng = prng;
  }

  /** Seconds; 0 = off. */
  get holdTime(): number {
    return this.#hold / 1000;
  }
  get sendHoldTime(): number {
    return this.#sendHold / 1000;
  }

  isRunning(timer: TimerName): boolean {
    return this.#deadlines[TIMERS.indexOf(timer)]! !== OFF;
  }

  /** Milliseconds until `timer` is due, for views; undefined when it does not run. */
  remaining(timer: TimerName, now: Millis): Millis | undefined {
    const deadline = this.#deadlines[TIMERS.indexOf(timer)]!;
    return deadline === OFF ? undefined : Math.max(0, deadline - now);
  }

  /** The earliest deadline; undefined when no timer runs. */
  earliest(): Millis | undefined {
    let earliest = OFF;
    for (let i = 0; i < TIMERS.length; i++) {
      if (this.#deadlines[i]! < earliest) earliest = this.#deadlines[i]!;
    }
    return earliest === OFF ? undefined : earliest;
  }

  /** Whether `timer` is due at `now`; if so it stops. */
  takeDue(timer: TimerName, now: Millis): boolean {
    const at = TIMERS.indexOf(timer);
    if (this.#deadlines[at]! > now) return false;
    this.#deadlines[at] = OFF;
    return true;
  }

  /** Whether a KEEPALIVE may go out now because others do, though its timer has some time left. */
  mayKeepalive(now: Millis): boolean {
    return now >= this.#keepaliveFrom && this.#deadlines[KEEPALIVE_TIMER]! <= now + KEEPALIVE_AHEAD;
  }

  start(timer: TimerName, span: Span, now: Millis): void {
    const length = this.#length(timer, span);
    if (timer === 'KeepaliveTimer') {
      this.#keepaliveFrom = now + secondsToMillis(this.#keepalive * JITTER_MIN);
    }
    this.#deadlines[TIMERS.indexOf(timer)] = length === undefined ? OFF : now + length;
  }

  startIdleHold(length: Millis, now: Millis): void {
    this.#deadlines[TIMERS.indexOf('IdleHoldTimer')] = now + length;
  }

  stop(timer: TimerName): void {
    this.#deadlines[TIMERS.indexOf(timer)] = OFF;
  }

  stopAll(): void {
    this.#deadlines.fill(OFF);
  }

  /** RFC 4271 §4.2 and §4.4: HoldTimer and KeepaliveTimer as negotiated; a hold time of 0 runs neither. */
  adopt(session: NegotiatedSession, now: Millis): void {
    this.#hold = secondsToMillis(session.holdTime);
    this.#keepalive = session.keepaliveTime;
    // RFC 9687 §4: no SendHoldTimer either where the hold time is 0.
    // A configured time is no shorter than the hold time: within that KEEPALIVEs go out, and show that octets are taken,
    // on a session that has nothing else to say.
    const sendHold = Math.max(
      this.times.sendHoldTime ?? Math.max(SEND_HOLD_TIME_MIN, session.holdTime * 2),
      session.holdTime,
    );
    this.#sendHold = session.holdTime === 0 ? 0 : secondsToMillis(sendHold);
    this.start('HoldTimer', 'negotiated', now);
    this.start('KeepaliveTimer', 'negotiated', now);
  }

  forgetNegotiated(): void {
    this.#hold = 0;
    this.#sendHold = 0;
    this.#keepalive = 0;
  }

  /** Hot path: no look-up, no allocation. */
  restartHold(now: Millis): void {
    if (this.#hold > 0) this.#deadlines[HOLD_TIMER] = now + this.#hold;
  }

  /** Hot path: likewise. */
  restartSendHold(now: Millis): void {
    if (this.#sendHold > 0) this.#deadlines[SEND_HOLD_TIMER] = now + this.#sendHold;
  }

  /** Undefined where the timer is not to run. */
  #length(timer: TimerName, span: Span): Millis | undefined {
    const { times } = this;
    switch (span) {
      case 'connectDelay':
        return secondsToMillis(times.connectDelay);
      case 'connectTimeout':
        return secondsToMillis(times.connectTimeout);
      case 'retryDelay':
        return between(times.connectRetryMin, times.connectRetryMax, this.#prng);
      case 'delayOpenTime':
        return secondsToMillis(times.delayOpenTime ?? 0);
      case 'initialHoldTime':
        return secondsToMillis(times.initialHoldTime);
      case 'negotiated':
        return this.#negotiated(timer);
    }
  }

  #negotiated(timer: TimerName): Millis | undefined {
    if (timer === 'HoldTimer') return this.#hold === 0 ? undefined : this.#hold;
    if (timer === 'SendHoldTimer') return this.#sendHold === 0 ? undefined : this.#sendHold;
    return this.#keepalive === 0 ? undefined : jittered(this.#keepalive, this.#prng);
  }
}
