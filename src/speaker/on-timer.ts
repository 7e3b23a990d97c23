/** Deadlines that have come: sessions, stale routes, quarantines, recovery. */

import type { PeerId } from '../rib/ids.ts';
import type { Core } from './core.ts';
import { type Peer, TIMERS_PER_PEER, timerKeys } from './peer.ts';
import { contain, releaseQuarantine } from './quarantine.ts';
import { onRecoveryTimer } from './recovery.ts';
import { staleTimeOver } from './session-life.ts';
import { fireTimers } from './sessions.ts';

/** Timers fired a step; a mesh of thousands whose keepalives fall together takes several. */
const TIMERS_PER_STEP_MAX = 512;

export function onTimers(core: Core): void {
  for (let fired = 0; fired < TIMERS_PER_STEP_MAX; fired++) {
    const key = core.timers.takeExpired(core.now);
    if (key === undefined) return;
    onTimer(core, key);
  }
}

function onTimer(core: Core, key: number): void {
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
  if (key === keys.stale) return staleTimeOver(core, peer);
  if (key === keys.held) return releaseQuarantine(core, peer);
  const slot = peer.sessions.find((candidate) => candidate.timerKey === key);
  if (slot !== undefined) fireTimers(core, slot);
}
