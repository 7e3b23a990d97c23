/**
 * A bug of ours that one peer's input brings out: that peer is reset and held down, longer each time (DESIGN 3.4).
 */

import { type Seconds, secondsToMillis } from '../base/units.ts';
import { CeaseSubcode } from '../wire/iana.ts';
import type { Core } from './core.ts';
import { type Peer, timerKeys } from './peer.ts';
import { forgetPaths } from './session-life.ts';
import { startPeer, stopPeer } from './sessions.ts';

/** First stay, doubled each time up to the longest. */
const QUARANTINE_FIRST: Seconds = 60;
const QUARANTINE_LONGEST: Seconds = 3600;

/** What happened: the error, and the octets that were being handled (borrowed). */
export interface Breakage {
  readonly error: unknown;
  readonly octets: Uint8Array;
}

export function quarantine(core: Core, peer: Peer, { error, octets }: Breakage): void {
  const seconds = Math.min(QUARANTINE_FIRST * 2 ** peer.quarantines, QUARANTINE_LONGEST);
  peer.quarantines++;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  peer.holds.set('quarantine', `quarantined after an internal error for ${seconds} s: ${text}`);
  stopPeer(core, peer, { type: 'AutomaticStop', subcode: CeaseSubcode.OutOfResources });
  forgetPaths(core, peer);
  core.timers.set(timerKeys(peer.id).held, core.now + secondsToMillis(seconds));
  const { name } = peer.plan;
  core.effect({ type: 'keepEvidence', peer: name, reason: text, octets: octets.slice() });
  core.publish({ event: 'peer-quarantined', peer: name, reason: text, seconds });
}

export function releaseQuarantine(core: Core, peer: Peer): void {
  peer.holds.set('quarantine', undefined);
  startPeer(core, peer);
}
