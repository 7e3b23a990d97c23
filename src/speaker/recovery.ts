/**
 * After our own start: what must wait until the peers have told what they know (RFC 4724 §4.1).
 *
 * Until recovery is over no End-of-RIB is said, so that peers keep what they hold of us. A route that the kernel
 * holds from before goes when every peer has said End-of-RIB without it, or the restart time of those who have not
 * has run out; never because a timer of ours ended (DESIGN 3.2). A peer that is gone is not waited for.
 */

import { type AfiSafi, factsOf } from '../net/afi-safi.ts';
import type { Core } from './core.ts';
import type { Peer } from './peer.ts';
import { reconfigurePeer } from './sessions.ts';

/** Restart time assumed of a peer whose last promise died with us, in seconds: BIRD's and our own default. */
const RESTART_TIME_ASSUMED = 120;
/**
 * How long recovery waits at least for a peer without an Established session, in milliseconds: two of the usual connect
 * intervals (5 s), and room for the OPENs. It delays End-of-RIB only; kernel routes wait for the restart time.
 */
const RECOVERY_CONNECT_MS = 12_000;
/** Room for the OPENs after a peer's second attempt. */
const OPENS_MS = 2000;
/** The longest wait for End-of-RIB of an Established peer, in milliseconds (RFC 4724 §4.1, Selection_Deferral_Timer). */
const SELECTION_DEFERRAL_MS = 120_000;
/** Key of the recovery timer; peers' keys begin at `TIMERS_PER_PEER`. */
const RECOVERY_TIMER = 0;
/** Key of the timer for sweeping adopted kernel routes. */
const SWEEP_TIMER = 1;
/** Adopted routes deleted a slice. */
const SWEEP_BUDGET = 1000;

/** The first plan is there: count from now. */
export function beginRecovery(core: Core): void {
  core.recoveryStarted = core.now;
  core.timers.set(RECOVERY_TIMER, core.now + RECOVERY_CONNECT_MS);
  recoveryHeardFrom(core);
}

/** Something about a peer changed: End-of-RIB, session up or down, restart time over. */
export function recoveryHeardFrom(core: Core): void {
  if (core.recoveryStarted === undefined) return;
  if (core.recovering && recoveryIsOver(core)) endRecovery(core);
  planSweep(core);
}

/** `RECOVERY_TIMER` or `SWEEP_TIMER` expired. */
export function onRecoveryTimer(core: Core, key: number): void {
  if (key === RECOVERY_TIMER && core.recovering) {
    if (recoveryIsOver(core)) endRecovery(core);
    else core.timers.set(RECOVERY_TIMER, core.now + 1000);
  }
  planSweep(core);
}

/** For views; undefined when nothing is waited for. */
export function recoveryStatus(
  core: Core,
): { waitingFor: number; elapsedMs: number; limitMs: number } | undefined {
  if (!core.recovering) return undefined;
  let waitingFor = 0;
  for (const peer of core.peers.values()) {
    if (peer.heldBecause === undefined && !hasSpoken(peer)) waitingFor++;
  }
  const elapsedMs = core.recoveryStarted === undefined ? 0 : core.now - core.recoveryStarted;
  return { waitingFor, elapsedMs, limitMs: SELECTION_DEFERRAL_MS };
}

function recoveryIsOver(core: Core): boolean {
  const waited = core.now - core.recoveryStarted!;
  if (waited >= SELECTION_DEFERRAL_MS) return true;
  // Who will call from a listen range is not known; those who were there are given time for two attempts.
  if (core.dynamic.ranges.length > 0 && waited < RECOVERY_CONNECT_MS) return false;
  const silent = core.findPeer(core.waitsFor.endOfRib, (peer) => {
    if (peer.heldBecause !== undefined) return false;
    return peer.negotiated === undefined ? waited < connectWaitOf(peer) : !hasSpoken(peer);
  });
  if (silent !== undefined) core.waitsFor.endOfRib = silent.id;
  return silent === undefined;
}

/** Two attempts of whoever calls, at the interval that is configured for this peer. One that is gone costs no more. */
function connectWaitOf({ plan }: Peer): number {
  const interval = plan.settings?.timers?.connectRetry ?? 0;
  return Math.max(RECOVERY_CONNECT_MS, 2 * interval * 1000 + OPENS_MS);
}

function endRecovery(core: Core): void {
  core.recovering = false;
  for (const peer of core.peers.values()) {
    reconfigurePeer(core, peer); // the R bit is over
    for (const state of peer.families.values()) {
      if (state.group !== undefined) core.ribs[state.family].allowEndOfRib(peer.id);
    }
  }
}

/** Established, and has said End-of-RIB for all that it promised to say it for. */
function hasSpoken(peer: Peer): boolean {
  const { negotiated } = peer;
  if (negotiated === undefined) return false;
  const restart = negotiated.gracefulRestart;
  return negotiated.families.every((family) => {
    // A peer without graceful restart says no End-of-RIB that we could count on; one that restarts itself waits for
    // ours (RFC 4724 §4.1): neither is waited for.
    if (restart === undefined || restart.restarting) return true;
    return peer.families.get(family)?.endOfRibReceived === true;
  });
}

/** Sweeps adopted kernel routes of a family as soon as nobody can confirm them any more. */
function planSweep(core: Core): void {
  if (core.sweptFamilies.size === 2 || core.kernelState.state !== 'synced') return;
  let next = Number.POSITIVE_INFINITY;
  for (const family of ['ipv4-unicast', 'ipv6-unicast'] as const) {
    if (core.sweptFamilies.has(family)) continue;
    const due = sweepDue(core, family);
    if (due > core.now) next = Math.min(next, due);
    else if (sweepFamily(core, family))
      next = core.now + 1; // after others had their turn
    else core.sweptFamilies.add(family);
  }
  if (next === Number.POSITIVE_INFINITY) core.timers.clear(SWEEP_TIMER);
  else core.timers.set(SWEEP_TIMER, next);
}

/**
 * Now, when every peer that may still confirm a route of `family` has spoken or lost its right to; otherwise when one
 * of those that have not will lose it.
 */
function sweepDue(core: Core, family: AfiSafi): number {
  // A route that a peer's UPDATE has just confirmed may still stand in the dirty queue.
  if (!core.ribs[family].isSettled) return core.now + 10;
  let due = core.now;
  if (core.dynamic.expects(family)) {
    due = core.recoveryStarted! + RESTART_TIME_ASSUMED * 1000;
    if (due > core.now) return due;
  }
  const awaited = core.findPeer(core.waitsFor[family], (peer) => {
    if (!peer.plan.families.includes(family)) return false;
    if (peer.negotiated !== undefined && confirmedAll(peer, family)) return false;
    const isUp = peer.negotiated !== undefined;
    const since = isUp ? peer.stateSince : core.recoveryStarted!;
    due = since + (restartTimeOf(peer) + (isUp ? 0 : longLivedTimeOf(peer))) * 1000;
    return due > core.now;
  });
  if (awaited === undefined) return core.now;
  core.waitsFor[family] = awaited.id;
  return due;
}

function restartTimeOf(peer: Peer): number {
  return peer.promisedRestartTime ?? peer.plan.restartTime ?? RESTART_TIME_ASSUMED;
}

/** RFC 9494: what a peer asked for died with us; it is assumed to ask for what we do. */
function longLivedTimeOf({ plan }: Peer): number {
  return plan.settings?.longLivedStaleTime ?? 0;
}

/** A peer without graceful restart is given its restart time after it came up; the others say End-of-RIB. */
function confirmedAll(peer: Peer, family: AfiSafi): boolean {
  return peer.families.get(family)?.endOfRibReceived === true;
}

function sweepFamily(core: Core, family: AfiSafi): boolean {
  return core.programmer.sweepAdopted({
    family: factsOf(family).ipFamily,
    budget: SWEEP_BUDGET,
  });
}
