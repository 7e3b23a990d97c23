/** Deadlines that have come: sessions, stale routes, quarantines, recovery. */

import type { PeerId } from '../rib/ids.ts';
import type { Core } from './core.ts';
import { DRAIN_TIMER, onDrainTimer } from './drain.ts';
import { releaseLimited } from './max-prefixes.ts';
import { type Peer, type SessionSlot, TIMERS_PER_PEER, timerKeys } from './peer.ts';
import { contain, releaseQuarantine } from './quarantine.ts';
import { onRecoveryTimer, recoveryHeardFrom } from './recovery.ts';
import { fireTimers, keepAliveAhead } from './sessions.ts';
import { staleTimeOver } from './stale-paths.ts';
import { TIDY_TIMER } from './tidy-time.ts';

/** Timers fired a step; a mesh of thousands whose keepalives fall together takes several. */
const TIMERS_PER_STEP_MAX = 512;

export function onTimers(core: Core): void {
  for (let fired = 0; fired < TIMERS_PER_STEP_MAX; fired++) {
    const key = core.timers.takeExpired(core.now);
    if (key === undefined) {
      if (fired > 0) keepOthersAlive(core);
      return;
    }
    onTimer(core, key);
  }
}

/**
 * KEEPALIVEs that fall due within a second go out with those that are due: a node with two hundred quiet peers wakes
 * for them once a second and not seven times.
 */
function keepOthersAlive(core: Core): void {
  for (let sent = 0; sent < TIMERS_PER_STEP_MAX; sent++) {
    const key = core.timers.nextKey();
    if (key === undefined || key < TIMERS_PER_PEER) return;
    const slot = slotOf(core, key);
    if (slot === undefined) return;
    try {
      if (!keepAliveAhead(core, slot)) return;
    } catch (error) {
      contain(core, slot.peer, { error });
    }
  }
}

function onTimer(core: Core, key: number): void {
  if (key === DRAIN_TIMER) return onDrainTimer(core);
  if (key === TIDY_TIMER) return; // to have woken is enough
  if (key < TIMERS_PER_PEER) return onRecoveryTimer(core, key);
  const peer = core.peerById(Math.floor(key / TIMERS_PER_PEER) as PeerId);
  if (peer === undefined) return;
  try {
    onPeerTimer(core, peer, key);
  } catch (error) {
    contain(core, peer, { error });
  }
}

function onPeerTimer(core: Core, peer: Peer, key: number): void {
  const keys = timerKeys(peer.id);
  if (key === keys.stale) {
    staleTimeOver(core, peer);
    return recoveryHeardFrom(core);
  }
  if (key === keys.held) return releaseQuarantine(core, peer);
  if (key === keys.limited) return releaseLimited(core, peer);
  const slot = slotOf(core, key);
  if (slot !== undefined) fireTimers(core, slot);
}

function slotOf(core: Core, key: number): SessionSlot | undefined {
  const peer = core.peerById(Math.floor(key / TIMERS_PER_PEER) as PeerId);
  return peer?.sessions.find((candidate) => candidate.timerKey === key);
}
