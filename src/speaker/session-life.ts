/**
 * What a session's beginning and end mean for the tables: paths come, become stale, and go (RFC 4724 §4.2).
 *
 * Paths outlive their session only when the peer promised to come back (graceful restart) and TCP just ended, or a
 * NOTIFICATION that both sides agreed to survive did it (RFC 8538); how long is in `stale-paths.ts`.
 */

import { settingsOf } from '../datastore/peer-settings.ts';
import type { NegotiatedSession } from '../fsm/negotiated-session.ts';
import type { SessionDown } from '../fsm/session-output.ts';
import type { AfiSafi } from '../net/afi-safi.ts';
import { EXTENDED_MESSAGE_LENGTH_MAX } from '../wire/header.ts';
import type { Core } from './core.ts';
import { linkOf } from './fall-over.ts';
import type { Peer, PeerFamily, SessionSlot } from './peer.ts';
import { exportConfigOf, ribConfigOf } from './peer-config.ts';
import { recoveryHeardFrom } from './recovery.ts';
import { reconfigurePeer } from './sessions.ts';
import {
  confirmPaths,
  forgetStale,
  holdPaths,
  keepPaths,
  mayReturn,
  planStaleTimer,
  sweep,
} from './stale-paths.ts';

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
  peer.link = linkOf(core, peer);
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
  planStaleTimer(core, peer);
  // From now on this process has something that a lost session may survive by: the F bit (`restart-offer.ts`).
  if (peer.established === 1) reconfigurePeer(core, peer);
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
  confirmPaths(core, state, negotiated);
  state.group = rib.join(peer.id, exportConfigOf(core, slot, family));
  if (!core.recovering) rib.allowEndOfRib(peer.id);
}

export function sessionEnded(core: Core, peer: Peer, down: SessionDown): void {
  const { negotiated } = peer;
  peer.negotiated = undefined;
  peer.phaseSince = core.now;
  peer.updateContext = undefined;
  peer.owedSince = undefined;
  core.lags.forget(peer);
  peer.flaps++;
  const returns = mayReturn(down);
  if (returns) peer.promisedRestartTime = negotiated!.gracefulRestart!.restartTime;
  for (const state of peer.families.values()) {
    if (state.group !== undefined) core.ribs[state.family].leave(peer.id);
    state.group = undefined;
    if (!state.inRib) continue;
    if (core.drain?.phase === 'drained') holdPaths(core, state);
    else if (!returns || !keepPaths(core, state, negotiated!)) dropFamily(core, state);
  }
  planStaleTimer(core, peer);
}

/** RFC 4724 §4.2: at End-of-RIB the paths that were not announced again go. */
export function endOfRib(core: Core, peer: Peer, family: AfiSafi): void {
  const state = peer.family(family);
  if (!state.inRib) return;
  state.endOfRibReceived = true;
  core.publish({ event: 'end-of-rib', peer: peer.plan.name, family });
  if (state.stale !== undefined) sweep(core, state, 'not announced again before End-of-RIB');
  planStaleTimer(core, peer);
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
    forgetStale(state);
  }
  planStaleTimer(core, peer);
}

/** Its session is over on purpose: nobody is waited for, and what it said counts no more. */
export function dropPaths(core: Core, peer: Peer): void {
  for (const state of peer.families.values()) dropFamily(core, state);
  planStaleTimer(core, peer);
}

function dropFamily(core: Core, state: PeerFamily): void {
  if (state.inRib) core.ribs[state.family].dropPeer(state.peer.id);
  forgetStale(state);
  state.endOfRibReceived = false;
}
