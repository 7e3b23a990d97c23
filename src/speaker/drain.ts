/**
 * Leaving without a loss (RFC 8326): say of all routes that they are about to go, wait until others have taken over,
 * withdraw, and close with a text (Cease 6/2, RFC 9003). `undrain` or a restart of the daemon ends it.
 *
 * What peers do with a route cannot be seen from here. They are taken to have moved when every one of them has been sent
 * the last octet, and nothing has changed for a while about the prefixes that this node announces; a limit ends the wait.
 * What was learned stays in tables and kernel, as over a restart: what still comes here is still sent on.
 */

import { secondsToMillis } from '../base/units.ts';
import { afiSafiOfIpFamily } from '../net/afi-safi.ts';
import { prefixFamily } from '../net/prefix.ts';
import { LOCAL_PEER } from '../rib/ids.ts';
import type { Core } from './core.ts';
import { isHeldByDrain } from './drain-hold.ts';
import type { DrainPhase } from './drain-state.ts';
import { exportConfigOf } from './peer-config.ts';
import { stopPeer } from './sessions.ts';

/** Key of the timer in the speaker's table; see `TIMERS_PER_PEER`. */
export const DRAIN_TIMER = 2;
/** Between two looks, in milliseconds. */
const LOOK_MS = 250;
/** Nothing changes for so long, in milliseconds: room for a peer to choose, to tell others, and to write its kernel. */
const QUIET_MS = 5000;
/** How long withdrawals may take to be read, in milliseconds, before sessions are closed all the same. */
const WITHDRAWAL_MS = 5000;
/** Own prefixes looked at each time: some tenths of a millisecond. */
const PREFIXES_WATCHED_MAX = 1000;

export function drain(core: Core, limitSeconds: number, message: string | undefined): string {
  if (core.stopping !== undefined) return 'It is stopping';
  if (core.drain !== undefined) return `It is drained already (${core.drain.phase})`;
  core.drain = {
    phase: 'announced',
    since: core.now,
    limit: core.now + secondsToMillis(limitSeconds),
    message,
    quietSince: core.now,
    seen: '',
  };
  tellAll(core);
  say(core, 'all routes are announced as going away (GRACEFUL_SHUTDOWN)');
  core.timers.set(DRAIN_TIMER, core.now + LOOK_MS);
  return '';
}

export function undrain(core: Core): string {
  if (core.drain === undefined) return 'It is not drained';
  core.drain = undefined;
  core.timers.clear(DRAIN_TIMER);
  tellAll(core);
  for (const peer of core.peers.values()) peer.holds.set('drain', undefined);
  // Those that are held down otherwise, and those that are up, are passed over.
  core.starting = core.peers.values();
  core.publish({ event: 'drain', phase: 'ended', reason: 'ended by the operator' });
  return '';
}

/** `DRAIN_TIMER`: another look. */
export function onDrainTimer(core: Core): void {
  const { drain: state, now } = core;
  if (state === undefined || state.phase === 'drained') return;
  const isTold = !isAnythingOwed(core);
  const seen = isTold ? seenOf(core) : '';
  if (!isTold || seen !== state.seen) state.quietSince = now;
  state.seen = seen;
  const quiet = state.phase === 'announced' ? QUIET_MS : LOOK_MS;
  const isQuiet = now - state.quietSince >= quiet;
  if (!isQuiet && now < state.limit) return core.timers.set(DRAIN_TIMER, now + LOOK_MS);
  const why = isQuiet ? 'the neighbors have been told, and nothing moves' : 'the limit is reached';
  if (state.phase === 'announced') withdrawAll(core, why);
  else closeAll(core, why);
}

/** Own prefixes and how many of them are known from somebody else, too. */
export function alternatives(core: Core): { prefixes: number; elsewhere: number } {
  let elsewhere = 0;
  forEachOwn(core, (others) => {
    if (others > 0) elsewhere++;
  });
  return { prefixes: core.origins.size, elsewhere };
}

function withdrawAll(core: Core, why: string): void {
  enter(core, 'withdrawn');
  core.drain!.limit = core.now + WITHDRAWAL_MS;
  core.drain!.quietSince = core.now;
  tellAll(core);
  say(core, `all routes are withdrawn: ${why}`);
  core.timers.set(DRAIN_TIMER, core.now + LOOK_MS);
}

function closeAll(core: Core, why: string): void {
  enter(core, 'drained');
  const { message } = core.drain!;
  for (const peer of core.peers.values()) {
    isHeldByDrain(core, peer);
    const text = message ?? 'node is drained';
    stopPeer(core, peer, { type: 'ManualStop', message: text });
  }
  say(core, `all sessions are closed: ${why}`);
}

function enter(core: Core, phase: DrainPhase): void {
  core.drain!.phase = phase;
}

function say(core: Core, reason: string): void {
  core.publish({ event: 'drain', phase: core.drain!.phase, reason });
}

/** Everybody's export follows the phase; only what differs is sent. */
function tellAll(core: Core): void {
  for (const peer of core.peers.values()) {
    const slot = peer.up;
    if (slot === undefined) continue;
    for (const state of peer.families.values()) {
      if (state.group === undefined) continue;
      state.group = core.ribs[state.family].join(peer.id, exportConfigOf(core, slot, state.family));
    }
  }
}

function isAnythingOwed(core: Core): boolean {
  for (const peer of core.peers.values()) {
    for (const { family, group } of peer.families.values()) {
      if (group === undefined) continue;
      const rib = core.ribs[family];
      if (!rib.isSettled || rib.hasPending(peer.id)) return true;
    }
    if (peer.up?.connection?.writePending === true) return true;
  }
  return false;
}

/** What is known of others' paths to our prefixes, as something to compare. */
function seenOf(core: Core): string {
  const seen: number[] = [];
  forEachOwn(core, (others) => seen.push(others));
  return seen.join();
}

function forEachOwn(core: Core, visit: (others: number) => void): void {
  let left = PREFIXES_WATCHED_MAX;
  for (const { prefix } of core.origins.values()) {
    if (left-- === 0) return;
    const rib = core.ribs[afiSafiOfIpFamily(prefixFamily(prefix))];
    const id = rib.find(prefix);
    let others = 0;
    if (id !== 0) {
      rib.forEachPath(id, (path) => {
        if (rib.peerOf(path) !== LOCAL_PEER) others++;
      });
    }
    visit(others);
  }
}
