/** What only some front doors show of a neighbor: timers, capabilities and reasons as values (`snapshot.ts`). */

import { afiSafiOfIpFamily } from '../net/afi-safi.ts';
import { ipFamily } from '../net/ip-address.ts';
import type { Core } from './core.ts';
import type { Peer } from './peer.ts';
import type { NeighborDetailView } from './snapshot.ts';

export function neighborDetail(core: Core, peer: Peer): NeighborDetailView {
  const { negotiated, lastDown, heldBecause } = peer;
  const session = peer.up?.session;
  const holdTimerMs = session?.timerRemaining('HoldTimer', core.now);
  const keepaliveTimerMs = session?.timerRemaining('KeepaliveTimer', core.now);
  const family = afiSafiOfIpFamily(ipFamily(peer.plan.remoteAddress));
  return {
    disabled: peer.holds.has('operator'),
    ...(heldBecause === undefined ? {} : { heldBecause }),
    phaseMs: core.now - peer.phaseSince,
    ...(lastDown === undefined ? {} : { lastDown }),
    ...(holdTimerMs === undefined ? {} : { holdTimerMs }),
    ...(keepaliveTimerMs === undefined ? {} : { keepaliveTimerMs }),
    owedMs: peer.owedSince === undefined ? 0 : core.now - peer.owedSince,
    rrClient: peer.plan.rrClient,
    capabilities: negotiated?.capabilities ?? [],
    as4: negotiated?.as4 ?? false,
    extendedMessage: negotiated?.extendedMessage ?? false,
    addPath: negotiated?.addPath[family] ?? { send: false, receive: false },
  };
}
