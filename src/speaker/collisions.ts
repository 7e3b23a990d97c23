/**
 * Two connections with one peer: who gets a call of the peer's, and which of the two stays once its OPEN has told who
 * it is (RFC 4271 §6.8; the rule itself is in `fsm/collision.ts`).
 */

import type { SystemError } from '../base/errors.ts';
import { settleCollision } from '../fsm/collision.ts';
import type { SessionEvent } from '../fsm/events.ts';
import type { OpenMessage } from '../wire/open.ts';
import type { Core } from './core.ts';
import type { Connection, Peer, SessionSlot } from './peer.ts';
import { addSlot, attach, feed, probe, removeSlot } from './sessions.ts';

/** A connection that the peer opened: for the session that waits for it, or for a second one beside it. */
export function takeCall(
  core: Core,
  peer: Peer,
  given: Pick<Connection, 'id' | 'accepted' | 'local'>,
): void {
  const [first, second] = peer.sessions;
  if (first === undefined || first.session.refusesCalls(core.now)) {
    // RFC 4271 §8.2.2: Idle refuses connections; a peer that oscillates stays there for a while.
    core.effect({ type: 'hangUp', connection: given.id, abort: false });
    return;
  }
  // Who calls himself goes on doing so beside it: one who connects and says nothing must not stop him (decision 0024).
  if (first.session.wantsCall && first.session.passive) {
    attach(core, first, given);
    return feed(core, first, { type: 'TcpConnectionConfirmed' });
  }
  // Whoever calls while it is Established may have lost that session: its TCP says so when it is spoken to.
  if (first.session.state === 'Established') probe(core, first);
  // The peer has given up its earlier call, whatever TCP says of it: it would not call a third time.
  if (second !== undefined) end(core, second, { type: 'OpenCollisionDump' });
  const slot = addSlot(peer, first.session.companion());
  attach(core, slot, given);
  feed(core, slot, { type: 'AutomaticStart_with_PassiveTcpEstablishment' });
  feed(core, slot, { type: 'TcpConnectionConfirmed' });
}

/** A second connection has spoken while the first session only waits: from now on it is the peer's one, for good or bad. */
export function takePlace(core: Core, slot: SessionSlot): void {
  const other = slot.peer.sessions.find((candidate) => candidate !== slot);
  const state = other?.session.state;
  if (other !== undefined && (state === 'Active' || state === 'Idle')) {
    end(core, other, { type: 'OpenCollisionDump' });
  }
}

/**
 * RFC 4271 §6.8: the peer's OPEN tells who it is; of two connections with it one may stay.
 *
 * @param slot  The session whose OPEN has come; it has not been given it yet.
 * @returns false when that session has lost: its OPEN is of no interest any more.
 */
export function endCollision(core: Core, slot: SessionSlot, open: OpenMessage): boolean {
  const other = slot.peer.sessions.find((candidate) => candidate !== slot);
  if (other === undefined) return true;
  const { now } = core;
  switch (settleCollision({ received: slot.session, other: other.session, open, now })) {
    case 'dump-received':
      end(core, slot, { type: 'OpenCollisionDump' });
      return false;
    case 'dump-other':
      end(core, other, { type: 'OpenCollisionDump' });
      return true;
    case 'peer-restarted':
      end(core, other, { type: 'TcpConnectionFails', error: PEER_RESTARTED });
      return true;
    case undefined:
      return true;
  }
}

const PEER_RESTARTED: SystemError = {
  kind: 'SystemError',
  call: 'accept',
  errno: 'ECONNRESET',
  detail: 'the peer has restarted and opened a new connection',
};

/** `loser` ends; the other session is the peer's only one from now on. */
function end(core: Core, loser: SessionSlot, event: SessionEvent): void {
  feed(core, loser, event);
  removeSlot(core, loser);
  loser.peer.sessions[0]?.session.promote();
}
