/**
 * What follows when a peer sends more prefixes than it may: it is said, what is over is not taken (the RIB's
 * `pathsMax`), or the session ends with Cease 6/1 and stays down, longer each time.
 *
 * The stay is the peer's own: no change of its configuration ends it, only its time or the operator.
 */

import { type Millis, secondsToMillis } from '../base/units.ts';
import { CeaseSubcode } from '../wire/iana.ts';
import type { Core } from './core.ts';
import { limitOf } from './limit-in-force.ts';
import { type Peer, type PeerFamily, timerKeys } from './peer.ts';
import { judgePrefixes, maxPrefixData, type PrefixLimit, waitAfter } from './prefix-limits.ts';
import { askAgain } from './route-refresh.ts';
import { dropPaths } from './session-life.ts';
import { startPeer, stopPeer } from './sessions.ts';

/** How long a peer must keep to its limit before its earlier offences are forgotten. */
const FORGET_MS: Millis = secondsToMillis(3600);

/** After an `announce`, or when the limit may be another one. */
export function checkPrefixes(core: Core, state: PeerFamily): void {
  const limit = limitOf(core, state);
  const received = core.ribs[state.family].announcedBy(state.peer.id);
  const verdict = judgePrefixes(limit, received);
  if (verdict === 'ok') {
    // Half way down again: a count that swings about the threshold is told once.
    if (received * 2 < limit.warnFrom) state.limitTold = 'ok';
    return;
  }
  if (verdict === 'over' && limit.action === 'restart')
    return trip(core, state, { limit, received });
  if (state.limitTold === verdict || state.limitTold === 'over') return;
  state.limitTold = verdict;
  publish(core, state, { received, reason: sentence(limit, verdict) });
}

/** That the peer sends more than it may, or is told less than there is; undefined where neither is so. */
export function overLimitText(core: Core, state: PeerFamily): string | undefined {
  const { advertised, keepsBack } = core.ribs[state.family].counters(state.peer.id);
  const out = keepsBack
    ? `${advertised} ${state.family} prefixes announced: maxPrefixesOut keeps the others back`
    : undefined;
  const texts = [overIn(core, state), out].filter((text) => text !== undefined);
  return texts.length === 0 ? undefined : texts.join('; ');
}

function overIn(core: Core, state: PeerFamily): string | undefined {
  const limit = limitOf(core, state);
  const received = core.ribs[state.family].announcedBy(state.peer.id);
  // What is over is not taken, so that the count stays at the limit.
  const isFull = limit.action === 'drop' && received === limit.most && state.refused > 0;
  if (!isFull && judgePrefixes(limit, received) !== 'over') return undefined;
  return `${received} ${state.family} prefixes: ${sentence(limit, 'over')}`;
}

/**
 * There is room where a limit has dropped prefixes: the peer is asked for them again, or, where it cannot be asked
 * (RFC 2918), the operator is told how they come back. To be called when the RIB knows the new limit.
 */
export function askForDropped(core: Core, state: PeerFamily): void {
  const { peer, family, refused } = state;
  if (refused === 0 || state.group === undefined) return;
  const received = core.ribs[family].announcedBy(peer.id);
  if (isAtLimit(core, state, received)) return;
  state.refused = 0;
  const trouble = askAgain(core, peer, family);
  const reason =
    trouble === ''
      ? `its limit leaves room now: the ${refused} that were dropped are asked for again`
      : `its limit leaves room now, but the ${refused} that were dropped come back only with godwit reset ${peer.plan.name}: ${trouble}`;
  publish(core, state, { received, reason });
}

function isAtLimit(core: Core, state: PeerFamily, received: number): boolean {
  const { action, most } = limitOf(core, state);
  return action === 'drop' && received >= most;
}

/** Its stay is over. */
export function releaseLimited(core: Core, peer: Peer): void {
  peer.holds.set('prefix-limit', undefined);
  startPeer(core, peer);
}

/** By hand: the operator wants the peer now, and its offences are forgotten. */
export function forgiveLimited(core: Core, peer: Peer): void {
  peer.prefixTrips = undefined;
  peer.holds.set('prefix-limit', undefined);
  core.timers.clear(timerKeys(peer.id).limited);
}

function trip(core: Core, state: PeerFamily, what: { limit: PrefixLimit; received: number }): void {
  const { peer, family } = state;
  const { limit, received } = what;
  const before = peer.prefixTrips;
  const isRepeated = before !== undefined && core.now - before.until < FORGET_MS;
  const times = isRepeated ? before.times + 1 : 1;
  const seconds = waitAfter(limit.restartAfter, times);
  const until = core.now + secondsToMillis(seconds);
  peer.prefixTrips = { times, until };
  peer.limitRestarts++;
  const often = times === 1 ? '' : ` (time ${times})`;
  const remedy = `raise maxPrefixesIn or find out what it leaks; godwit reset ${peer.plan.name} lets it come at once`;
  peer.holds.set(
    'prefix-limit',
    `it sent more than ${limit.most} ${family} prefixes; down for ${seconds} s${often}: ${remedy}`,
  );
  publish(core, state, { received, reason: sentence(limit, 'over') });
  // RFC 4486 §4: Maximum Number of Prefixes Reached, with what and how many.
  const data = maxPrefixData(family, limit.most);
  const subcode = CeaseSubcode.MaximumNumberOfPrefixesReached;
  stopPeer(core, peer, { type: 'AutomaticStop', subcode, data });
  dropPaths(core, peer);
  core.timers.set(timerKeys(peer.id).limited, until);
}

function publish(core: Core, state: PeerFamily, what: { received: number; reason: string }): void {
  const { peer, family } = state;
  core.publish({ event: 'prefix-limit', peer: peer.plan.name, family, ...what });
}

function sentence(limit: PrefixLimit, verdict: 'over' | 'near'): string {
  const { most, action, isDerived } = limit;
  if (isDerived) {
    return `a cluster of this size explains at most ${most}; set maxPrefixesIn in a PeerProfile to act on it`;
  }
  if (verdict === 'near') return `its limit is ${most}`;
  const effect = {
    warn: 'only a warning is asked for',
    drop: 'what is over is not taken',
    restart: 'the session ends',
  }[action];
  return `its limit is ${most}, ${effect}`;
}
