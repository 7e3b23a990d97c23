/**
 * The timers of a session (RFC 4271 §8 and §10, RFC 9687) and every default with unit, reason and source.
 *
 * Invariant: nothing else in `fsm/` writes a duration. Jitter comes from the seeded generator alone.
 */

import type { Prng } from '../base/prng.ts';
import { type Millis, type Seconds, secondsToMillis } from '../base/units.ts';
import type { SessionTimers } from './session-config.ts';

/** In the order in which timers that are due at the same moment fire. */
export const TIMERS = [
  'HoldTimer',
  'SendHoldTimer',
  'KeepaliveTimer',
  'ConnectRetryTimer',
  'DelayOpenTimer',
  'IdleHoldTimer',
] as const;
export type TimerName = (typeof TIMERS)[number];

interface TimerDefault {
  /** Seconds. */
  readonly value: number | undefined;
  readonly why: string;
  readonly source: string;
}

/** Shown by documentation; the values are what `resolveTimers` fills in. */
export const TIMER_DEFAULTS: Readonly<Record<keyof SessionTimers, TimerDefault>> = {
  holdTime: {
    value: 90,
    why: 'a dead node is noticed in a minute and a half, not in four',
    source: 'RFC 4271 §10',
  },
  keepaliveTime: {
    value: undefined,
    why: 'a third of the negotiated hold time, so that two may be lost',
    source: 'RFC 4271 §4.4',
  },
  minHoldTime: {
    value: 3,
    why: 'the least that a peer may offer at all',
    source: 'RFC 4271 §4.2',
  },
  connectDelay: {
    value: 0,
    why: 'the first attempt is made at once; BIRD in Calico waits 2 s',
    source: 'measured against calico-node',
  },
  connectRetryMin: {
    value: 2,
    why: 'a peer that restarts is found again quickly; spread, so that a mesh does not call in step',
    source: 'BIRD in Calico: 5 s; RFC 4271 §10 suggests 120 s',
  },
  connectRetryMax: {
    value: 5,
    why: 'no slower than BIRD in Calico',
    source: 'BIRD in Calico: connect retry time 5',
  },
  connectTimeout: {
    value: 5,
    why: 'three SYNs (0, 1 and 3 s) have had their chance',
    source: 'RFC 4271 §8.2.2 Connect, RFC 6298 §2',
  },
  delayOpenTime: { value: undefined, why: 'off: our OPEN goes first', source: 'RFC 4271 §8.1.1' },
  initialHoldTime: {
    value: 240,
    why: 'the "large value" while the OPEN of the peer is awaited',
    source: 'RFC 4271 §8.2.2',
  },
  idleHoldInitial: {
    value: 5,
    why: 'first stay in Idle after a protocol error',
    source: 'BIRD in Calico: error wait time 5, 30',
  },
  idleHoldMax: {
    value: 30,
    why: 'longest stay in Idle: a mended peer is back within half a minute',
    source: 'BIRD in Calico: error wait time 5, 30',
  },
  idleHoldAmnesia: {
    value: 300,
    why: 'after so long without an error the back-off begins anew',
    source: 'BIRD: error forget time 300',
  },
  sendHoldTime: {
    value: undefined,
    why: 'the greater of 8 minutes and twice the negotiated hold time',
    source: 'RFC 9687 §4',
  },
};

/** RFC 9687 §4: eight minutes. */
export const SEND_HOLD_TIME_MIN: Seconds = 480;

/** The shortest stay of one TCP attempt, whatever is configured: a zero would dial without end in one step. */
export const CONNECT_TIMEOUT_MIN: Seconds = 1;

/** One object for all sessions that say nothing of timers, and for all of one configuration. */
let defaults: SessionTimers | undefined;
const resolvedOf = new WeakMap<Partial<SessionTimers>, SessionTimers>();

export function resolveTimers(given: Partial<SessionTimers> = {}): SessionTimers {
  const known = resolvedOf.get(given);
  if (known !== undefined) return known;
  if (Object.keys(given).length > 0) {
    const timers = resolved(given);
    resolvedOf.set(given, timers);
    return timers;
  }
  defaults ??= resolved({});
  return defaults;
}

function resolved(given: Partial<SessionTimers>): SessionTimers {
  const seconds = (name: keyof SessionTimers): Seconds => TIMER_DEFAULTS[name].value ?? 0;
  const timers: SessionTimers = {
    holdTime: seconds('holdTime'),
    keepaliveTime: undefined,
    minHoldTime: seconds('minHoldTime'),
    connectDelay: seconds('connectDelay'),
    connectRetryMin: seconds('connectRetryMin'),
    connectRetryMax: seconds('connectRetryMax'),
    connectTimeout: seconds('connectTimeout'),
    delayOpenTime: undefined,
    initialHoldTime: seconds('initialHoldTime'),
    idleHoldInitial: seconds('idleHoldInitial'),
    idleHoldMax: seconds('idleHoldMax'),
    idleHoldAmnesia: seconds('idleHoldAmnesia'),
    sendHoldTime: undefined,
    ...given,
  };
  return { ...timers, connectTimeout: Math.max(timers.connectTimeout, CONNECT_TIMEOUT_MIN) };
}

/** RFC 4271 §10: the least part of a span that jitter leaves. */
export const JITTER_MIN = 0.75;

/** RFC 4271 §10: 75 to 100 % of `span`, so that peers do not fall into step. */
export function jittered(span: Seconds, prng: Prng): Millis {
  return secondsToMillis(span * (JITTER_MIN + (1 - JITTER_MIN) * prng.unit()));
}

/** A KEEPALIVE may go out so many milliseconds ahead, with another one: a node of many peers wakes once a second. */
export const KEEPALIVE_AHEAD: Millis = 1000;

/** Anything from `min` to `max`. */
export function between(min: Seconds, max: Seconds, prng: Prng): Millis {
  return secondsToMillis(min + Math.max(0, max - min) * prng.unit());
}
