/**
 * What a session's beginning and end mean for the tables: paths come, become stale, and go (RFC 4724 §4.2).
 *
 * Paths outlive their session only when the peer promised to come back (graceful restart) and TCP just ended; a
 * NOTIFICATION in either direction ends them at once (RFC 4724 §4).
 */

import { secondsToMillis } from '../base/units.ts';
import { settingsOf } from '../datastore/peer-settings.ts';
import type { NegotiatedSession } from '../fsm/negotiated-session.ts';
import type { SessionDown } from '../fsm/session-output.ts';
import type { AfiSafi } from '../net/afi-safi.ts';
import { EXTENDED_MESSAGE_LENGTH_MAX } from '../wire/header.ts';
import type { Core } from './core.ts';
import { type Peer, type PeerFamily, type SessionSlot, timerKeys } from './peer.ts';
import { exportConfigOf, ribConfigOf } from './peer-config.ts';
import { recoveryHeardFrom } from './recovery.ts';

/**
 * Longest time that stale paths wait for End-of-RIB after the peer is back, in milliseconds: a peer that forgets to
 * say it must not keep dead routes alive (RFC 4724 §4.2 asks for such a limit; FRR's stalepath-time).
 */
const STALE_PATH_MS = 360_000;

export function sessionEstablished(
  core: Core,
  slot: SessionSlot,
  negotiated: NegotiatedSession,
): void {
  const { peer } = slot;
  peer.negotiated = negotiated;
  peer.identifier = negotiated.remoteIdentifier;
  peer.saidAs = negotiated.remoteAs;
  peer.established++;
  peer.stateSince = core.now;
  peer.phaseSince = core.now;
  peer.lastDown = undefined;
  peer.lastErrorPublished = undefined;
  // RFC 8654 §4: who has said the capability takes long messages, whether or not the peer says it too.
  const long = settingsOf(peer.plan).extendedMessages;
  if (long && slot.connection !== undefined) {
    slot.connection.framer.lengthMax = EXTENDED_MESSAGE_LENGTH_MAX;
  }
  peer.updateContext = {
    as4: negotiated.as4,
    peerType: negotiated.peerType,
    addPathReceive: {
      'ipv4-unicast': negotiated.addPath['ipv4-unicast'].receive,
      'ipv6-unicast': negotiated.addPath['ipv6-unicast'].receive,
    },
    extendedNextHop: negotiated.extendedNextHop.includes('ipv4-unicast'),
  };
  core.publish({
    event: 'session-up',
    peer: peer.plan.name,
    address: peer.plan.remoteAddress,
    remoteAs: negotiated.remoteAs,
    families: negotiated.families,
  });
  for (const state of peer.families.values()) {
    if (!negotiated.families.includes(state.family)) dropFamily(core, state);
  }
  for (const family of negotiated.families) familyUp(core, slot, family);
  limitStale(core, peer);
  recoveryHeardFrom(core);
}

function familyUp(core: Core, slot: SessionSlot, family: AfiSafi): void {
  const { peer } = slot;
  const negotiated = peer.negotiated!;
  const state = peer.family(family);
  const rib = core.ribs[family];
  const config = ribConfigOf(core, peer, family);
  if (state.inRib) rib.updatePeer(peer.id, config);
  else rib.addPeer(peer.id, config);
  state.inRib = true;
  state.endOfRibReceived = false;
  // RFC 4724 §4.2: without the Forwarding State bit of this family the old paths go at once.
  if (state.stale && negotiated.gracefulRestart?.families.get(family) !== true) {
    sweep(core, state, 'the peer came back without having kept its forwarding state');
  }
  state.group = rib.join(peer.id, exportConfigOf(core, slot, family));
  if (!core.recovering) rib.allowEndOfRib(peer.id);
}

export function sessionEnded(core: Core, peer: Peer, down: SessionDown): void {
  const { negotiated } = peer;
  peer.negotiated = undefined;
  peer.phaseSince = core.now;
  peer.updateContext = undefined;
  peer.flaps++;
  const restart = negotiated?.gracefulRestart;
  // RFC 4724 §4.2: only a TCP connection that ends without a NOTIFICATION announces a restart.
  const mayReturn = restart !== undefined && down.sent === undefined && down.received === undefined;
  for (const state of peer.families.values()) {
    const rib = core.ribs[state.family];
    if (state.group !== undefined) rib.leave(peer.id);
    state.group = undefined;
    if (!state.inRib) continue;
    if (mayReturn && restart.families.has(state.family)) {
      // RFC 4724 §4.2: consecutive restarts; `markStale` drops what is stale already.
      rib.markStale(peer.id);
      state.stale = true;
    } else dropFamily(core, state);
  }
  if (!mayReturn) return;
  peer.promisedRestartTime = restart.restartTime;
  peer.staleUntil = core.now + secondsToMillis(restart.restartTime);
  core.timers.set(timerKeys(peer.id).stale, peer.staleUntil);
}

/** The restart time, or the wait for End-of-RIB, has run out. */
export function staleTimeOver(core: Core, peer: Peer): void {
  const reason =
    peer.negotiated === undefined
      ? `the peer did not come back within its restart time of ${peer.promisedRestartTime ?? 0} s`
      : `no End-of-RIB within ${STALE_PATH_MS / 1000} s`;
  peer.staleUntil = undefined;
  for (const state of peer.families.values()) if (state.stale) sweep(core, state, reason);
  core.dynamic.touch(peer);
  recoveryHeardFrom(core);
}

/** RFC 4724 §4.2: at End-of-RIB the paths that were not announced again go. */
export function endOfRib(core: Core, peer: Peer, family: AfiSafi): void {
  const state = peer.family(family);
  if (!state.inRib) return;
  state.endOfRibReceived = true;
  core.publish({ event: 'end-of-rib', peer: peer.plan.name, family });
  if (state.stale) sweep(core, state, 'not announced again before End-of-RIB');
  if ([...peer.families.values()].every((other) => !other.stale)) {
    peer.staleUntil = undefined;
    core.timers.clear(timerKeys(peer.id).stale);
  }
  recoveryHeardFrom(core);
}

/** The peer is gone for good: nothing of it stays. */
export function forgetPaths(core: Core, peer: Peer): void {
  for (const state of peer.families.values()) {
    const rib = core.ribs[state.family];
    if (state.group !== undefined) rib.leave(peer.id);
    state.group = undefined;
    if (state.inRib) rib.removePeer(peer.id);
    state.inRib = false;
    state.stale = false;
  }
  core.timers.clear(timerKeys(peer.id).stale);
}

/** Its session is over on purpose: nobody is waited for, and what it said counts no more. */
export function dropPaths(core: Core, peer: Peer): void {
  for (const state of peer.families.values()) dropFamily(core, state);
  peer.staleUntil = undefined;
  core.timers.clear(timerKeys(peer.id).stale);
}

function sweep(core: Core, state: PeerFamily, reason: string): void {
  const { peer, family } = state;
  const rib = core.ribs[family];
  const { stale } = rib.counters(peer.id);
  rib.sweepStale(peer.id);
  state.stale = false;
  if (stale === 0) return;
  const { name } = peer.plan;
  core.publish({ event: 'stale-swept', peer: name, family, routes: stale, reason });
}

function dropFamily(core: Core, state: PeerFamily): void {
  if (state.inRib) core.ribs[state.family].dropPeer(state.peer.id);
  state.stale = false;
  state.endOfRibReceived = false;
}

/** The peer is back; stale paths now wait for End-of-RIB instead of for the peer. */
function limitStale(core: Core, peer: Peer): void {
  const key = timerKeys(peer.id).stale;
  core.timers.clear(key);
  peer.staleUntil = undefined;
  if (![...peer.families.values()].some((state) => state.stale)) return;
  peer.staleUntil = core.now + STALE_PATH_MS;
  core.timers.set(key, peer.staleUntil);
}
