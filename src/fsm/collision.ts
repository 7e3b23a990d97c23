/**
 * Connection collision detection (RFC 4271 §6.8, RFC 6286 §2.3): two connections with one peer, one may stay.
 *
 * The rule is a pure comparison; the speaker gives the loser `OpenCollisionDump`. Both ends reach the same verdict
 * from their own side, so never both connections are closed.
 */

import type { Millis } from '../base/units.ts';
import type { OpenMessage } from '../wire/open.ts';
import { negotiate } from './negotiate.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import type { Session } from './session.ts';

export interface CollisionParties {
  /** BGP Identifiers as unsigned 32-bit numbers. */
  readonly localIdentifier: number;
  readonly remoteIdentifier: number;
  readonly localAs: number;
  readonly remoteAs: number;
}

/** Which connection stays: the one that we dialled, or the one that the peer dialled. */
export function survivor(parties: CollisionParties): 'dialled' | 'accepted' {
  const { localIdentifier, remoteIdentifier, localAs, remoteAs } = parties;
  // RFC 4271 §6.8: unsigned comparison; the connection of the higher Identifier stays.
  if (localIdentifier !== remoteIdentifier) {
    return localIdentifier > remoteIdentifier ? 'dialled' : 'accepted';
  }
  // RFC 6286 §2.3: equal Identifiers, possible between ASes only: the larger AS number decides.
  return localAs > remoteAs ? 'dialled' : 'accepted';
}

/** Time in which two calls may have crossed on the way, and the OPEN of either is still to come. */
const CROSSING_WINDOW_MS: Millis = 5_000;

export type Verdict =
  /** Give the session whose OPEN has just come `OpenCollisionDump` instead of `BGPOpen`. */
  | 'dump-received'
  /** `promote` the received session if it is ephemeral, give the other `OpenCollisionDump`, then `BGPOpen`. */
  | 'dump-other'
  /** RFC 4724 §4.2: the peer has restarted. Likewise, but the other gets `TcpConnectionFails`: its routes become stale. */
  | 'peer-restarted';

export interface Collision {
  /** The session that has just received `open`, and has not been given it yet. */
  readonly received: Session;
  /** The other session of the same peer, in any state. */
  readonly other: Session;
  readonly open: OpenMessage;
  readonly now: Millis;
}

/**
 * RFC 4271 §6.8: examined on receipt of an OPEN, before `BGPOpen` is signalled, so that the loser never says
 * KEEPALIVE and its peer never believes it Established.
 *
 * @returns Undefined when nothing is to be settled: no collision, or an OPEN that will be refused anyway.
 */
export function settleCollision(collision: Collision): Verdict | undefined {
  const { received, other, open, now } = collision;
  const outcome = negotiate(received.config, open);
  if (!outcome.ok) return undefined;
  if (other.state === 'Established') return againstEstablished(collision, outcome.session);
  // RFC 4271 §6.8 finds no collision before OpenSent: an attempt that has not come so far is given up.
  if (other.state === 'Idle' || other.state === 'Connect' || other.state === 'Active') {
    return 'dump-other';
  }
  // Who has called and said nothing since is not the speaker that has just spoken, or cannot be heard: both would lose.
  if (other.state === 'OpenSent' && now - other.stateSince >= CROSSING_WINDOW_MS)
    return 'dump-other';
  // RFC 4271 §6.8 lets OpenSent be examined when the Identifier is known: the OPEN at hand has told it.
  const stays = survivor({
    localIdentifier: received.config.routerId,
    remoteIdentifier: open.bgpIdentifier,
    localAs: received.config.localAs,
    remoteAs: outcome.session.remoteAs,
  });
  const receivedWas = received.ephemeral ? 'accepted' : 'dialled';
  return stays === receivedWas ? 'dump-other' : 'dump-received';
}

/** RFC 4271 §6.8: the Established one stays, unless the peer has evidently restarted (RFC 4724 §4.2). */
function againstEstablished(collision: Collision, received: NegotiatedSession): Verdict {
  const { other, now } = collision;
  if (other.negotiated?.gracefulRestart === undefined) return 'dump-received';
  const saysSo = received.gracefulRestart?.restarting === true;
  const crossed = now - other.stateSince < CROSSING_WINDOW_MS;
  return saysSo || !crossed ? 'peer-restarted' : 'dump-received';
}
