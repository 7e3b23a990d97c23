/**
 * Paths that nobody vouches for at the moment, by family: kept for the restart time (RFC 4724 §4.2), then perhaps for
 * the long-lived stale time (RFC 9494 §4.2), then until End-of-RIB; or until the end of a refresh (RFC 7313 §4).
 *
 * One timer a peer stands for all of these. Invariant: every kept path has a moment at which it goes, unless the
 * operator drained the node: then it stays as it would over a restart.
 */

import { type Millis, secondsToMillis } from '../base/units.ts';
import { isSurvived } from '../fsm/hard-reset.ts';
import type { NegotiatedSession } from '../fsm/negotiated-session.ts';
import type { SessionDown } from '../fsm/session-output.ts';
import type { Core } from './core.ts';
import { type Peer, type PeerFamily, timerKeys } from './peer.ts';
import type { StalePaths } from './stale-state.ts';

/**
 * Longest time that stale paths wait for End-of-RIB, or for the end of a refresh, in milliseconds: a peer that forgets
 * to say it must not keep dead routes alive (RFC 4724 §4.2 and RFC 7313 §4 ask for such a limit; FRR's stalepath-time).
 */
const STALE_PATH_MS = 360_000;

/** Whether paths may outlive this end of a session at all. */
export function mayReturn(down: SessionDown): boolean {
  const { negotiated, sent, received } = down;
  if (negotiated?.gracefulRestart === undefined) return false;
  return isSurvived(sent, negotiated) && isSurvived(received, negotiated);
}

/** The session ended and the peer may come back. @returns Whether the paths are kept. */
export function keepPaths(
  core: Core,
  state: PeerFamily,
  { gracefulRestart, longLived }: NegotiatedSession,
): boolean {
  const { peer, family, stale } = state;
  const isRefreshing = state.refreshUntil !== undefined;
  state.refreshUntil = undefined;
  if (stale?.longLivedUntil !== undefined) {
    keepLongLived(core, state, stale.longLivedUntil);
    return true;
  }
  const longLivedTime = longLived?.families.get(family)?.staleTime ?? 0;
  const restartTime =
    gracefulRestart?.families.has(family) === true ? gracefulRestart.restartTime : undefined;
  if (restartTime === undefined && longLivedTime === 0) return false;
  // RFC 4724 §4.2: consecutive restarts; what was stale already goes, but not what a refresh had put in doubt.
  core.ribs[family].markStale(peer.id, isRefreshing);
  const until = core.now + secondsToMillis(restartTime ?? 0);
  state.stale = { until, longLivedUntil: undefined, longLivedTime };
  // RFC 9494 §4.2: a restart time of 0, or none, leads to the long-lived time directly.
  if (until === core.now && longLivedTime > 0) beginLongLived(core, state);
  return true;
}

/** The node was drained: what it knows is kept as it is until it is back, for what is still sent to it. */
export function holdPaths(core: Core, state: PeerFamily): void {
  core.ribs[state.family].markStale(state.peer.id, true);
  const until = Number.POSITIVE_INFINITY;
  state.stale = { until, longLivedUntil: undefined, longLivedTime: 0, isHeld: true };
  state.refreshUntil = undefined;
}

/**
 * RFC 9494 §4.2: consecutive losses delete nothing before the first one's time is over, and do not prolong it. Where it
 * is over already, the timer is due at once.
 */
function keepLongLived(core: Core, state: PeerFamily, until: Millis): void {
  const rib = core.ribs[state.family];
  rib.markStale(state.peer.id, true);
  rib.holdLongLived(state.peer.id);
  state.stale!.until = until;
}

function beginLongLived(core: Core, state: PeerFamily): void {
  const { peer, family } = state;
  const stale = state.stale!;
  stale.longLivedUntil = core.now + secondsToMillis(stale.longLivedTime);
  stale.until = stale.longLivedUntil;
  const rib = core.ribs[family];
  rib.holdLongLived(peer.id);
  core.publish({
    event: 'stale-kept-long',
    peer: peer.plan.name,
    family,
    routes: rib.counters(peer.id).stale,
    seconds: stale.longLivedTime,
    reason:
      'the peer did not come back within its restart time; its routes are the last resort now',
  });
}

/** The peer is back: what it has not kept goes, the rest waits for End-of-RIB. */
export function confirmPaths(core: Core, state: PeerFamily, negotiated: NegotiatedSession): void {
  const { stale, family } = state;
  if (stale === undefined) return;
  const { gracefulRestart, longLived } = negotiated;
  if (stale.isHeld === true) {
    stale.until = core.now + STALE_PATH_MS;
    return;
  }
  // RFC 4724 §4.2, RFC 9494 §4.2: the Forwarding State bit of the capability under which they are kept.
  const isKept =
    stale.longLivedUntil === undefined
      ? gracefulRestart?.families.get(family)
      : longLived?.families.get(family)?.forwarding;
  if (isKept === true) stale.until = core.now + STALE_PATH_MS;
  else sweep(core, state, 'the peer came back without having kept its forwarding state');
}

/** The earliest of the times of a peer has come. */
export function staleTimeOver(core: Core, peer: Peer): void {
  for (const state of peer.families.values()) {
    const { stale, refreshUntil } = state;
    if (refreshUntil !== undefined && refreshUntil <= core.now) {
      sweep(core, state, `no end of the refresh within ${STALE_PATH_MS / 1000} s`);
    } else if (stale !== undefined && stale.until <= core.now) timeOver(core, state, stale);
  }
  core.dynamic.touch(peer);
  planStaleTimer(core, peer);
}

function timeOver(core: Core, state: PeerFamily, stale: StalePaths): void {
  const { peer } = state;
  if (state.group !== undefined) {
    return sweep(core, state, `no End-of-RIB within ${STALE_PATH_MS / 1000} s`);
  }
  if (stale.longLivedUntil !== undefined) {
    const reason = `the peer did not come back within its long-lived stale time of ${stale.longLivedTime} s`;
    return sweep(core, state, reason);
  }
  if (stale.longLivedTime > 0) return beginLongLived(core, state);
  const restartTime = peer.promisedRestartTime ?? 0;
  sweep(core, state, `the peer did not come back within its restart time of ${restartTime} s`);
}

/** RFC 7313 §4: all that the peer told is in doubt until it has told it again. */
export function refreshBegins(core: Core, state: PeerFamily): void {
  const { peer, family } = state;
  const isAwaited = peer.negotiated?.gracefulRestart?.families.has(family) === true;
  // RFC 7313 §4: ignored before the End-of-RIB of a peer with graceful restart.
  if (isAwaited && !state.endOfRibReceived) return;
  core.ribs[family].markStale(peer.id, true);
  state.refreshUntil = core.now + STALE_PATH_MS;
  planStaleTimer(core, peer);
}

/** RFC 7313 §4: an end without a beginning is ignored. */
export function refreshEnds(core: Core, state: PeerFamily): void {
  if (state.refreshUntil === undefined) return;
  sweep(core, state, 'not announced again in a refresh');
  planStaleTimer(core, state.peer);
}

/** What is still stale goes. */
export function sweep(core: Core, state: PeerFamily, reason: string): void {
  const { peer, family } = state;
  const rib = core.ribs[family];
  const { stale } = rib.counters(peer.id);
  rib.sweepStale(peer.id);
  forgetStale(state);
  if (stale === 0) return;
  const { name } = peer.plan;
  core.publish({ event: 'stale-swept', peer: name, family, routes: stale, reason });
}

export function forgetStale(state: PeerFamily): void {
  state.stale = undefined;
  state.refreshUntil = undefined;
}

export function planStaleTimer(core: Core, peer: Peer): void {
  let next = Number.POSITIVE_INFINITY;
  for (const { stale, refreshUntil } of peer.families.values()) {
    next = Math.min(next, stale?.until ?? next, refreshUntil ?? next);
  }
  const key = timerKeys(peer.id).stale;
  if (next === Number.POSITIVE_INFINITY) core.timers.clear(key);
  else core.timers.set(key, next);
}
