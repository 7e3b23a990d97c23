/**
 * The sessions of a peer: feeds events to an FSM, carries out what it answers, and settles collisions.
 *
 * A peer has one session that dials and, while a connection of the peer's own arrives meanwhile, a second one for
 * that. Which of the two stays is decided when the peer's OPEN is known (RFC 4271 §6.8).
 */

import { Framer } from '../wire/framer.ts';
import type { OpenMessage } from '../wire/open.ts';
import { describeNotification } from '../wire/notification.ts';
import { settleCollision } from '../fsm/collision.ts';
import { formatDownReason } from '../fsm/down-reason.ts';
import type { SystemError } from '../base/errors.ts';
import type { SessionEvent } from '../fsm/events.ts';
import type { SessionDown, SessionOutput } from '../fsm/session-output.ts';
import { Session } from '../fsm/session.ts';
import type { Core } from './core.ts';
import type { Dial } from './effects.ts';
import { messageVisitor } from './on-message.ts';
import { type Connection, type Peer, type SessionSlot, timerKeys } from './peer.ts';
import { sessionConfigOf } from './session-config.ts';
import { sessionEnded, sessionEstablished } from './session-life.ts';

/** TTL of packets where GTSM is off: Calico's peers are all multihop. */
const TTL_ORDINARY = 64;
/** RFC 5082 §3: GTSM sends 255, and accepts 256 − hops and above. */
const TTL_GTSM = 255;

/** Makes the session that dials (or waits) and starts it. Does nothing while the peer is held down. */
export function startPeer(core: Core, peer: Peer): void {
  if (peer.heldBecause !== undefined || peer.sessions.length > 0 || core.stopping !== undefined) return;
  const slot = addSlot(peer, new Session(sessionConfigOf(core, peer), core.prng));
  feed(core, peer, slot, { type: 'AutomaticStart' });
}

/** Ends all sessions of the peer with `event` and forgets them. */
export function stopPeer(core: Core, peer: Peer, event: SessionEvent): void {
  for (const slot of [...peer.sessions]) {
    if (!peer.sessions.includes(slot)) continue;
    feed(core, peer, slot, event);
    removeSlot(core, peer, slot);
  }
}

/** New settings count from the next OPEN on. */
export function reconfigurePeer(core: Core, peer: Peer): void {
  for (const slot of peer.sessions) slot.session.reconfigure(sessionConfigOf(core, peer));
}

/** A connection that the peer opened: for the session that waits for it, or for a second one beside it. */
export function takeCall(
  core: Core,
  peer: Peer,
  given: Pick<Connection, 'id' | 'peer' | 'accepted' | 'local'>,
): void {
  const [first, second] = peer.sessions;
  if (first === undefined || first.session.refusesCalls(core.now)) {
    // RFC 4271 §8.2.2: Idle refuses connections; a peer that oscillates stays there for a while.
    core.effect({ type: 'hangUp', connection: given.id, abort: false });
    return;
  }
  if (first.session.wantsCall) {
    attach(core, first, given);
    return feed(core, peer, first, { type: 'TcpConnectionConfirmed' });
  }
  // The peer has given up its earlier call, whatever TCP says of it: it would not call a third time.
  if (second !== undefined) {
    feed(core, peer, second, { type: 'OpenCollisionDump' });
    removeSlot(core, peer, second);
  }
  const slot = addSlot(peer, first.session.companion());
  attach(core, slot, given);
  feed(core, peer, slot, { type: 'AutomaticStart_with_PassiveTcpEstablishment' });
  feed(core, peer, slot, { type: 'TcpConnectionConfirmed' });
}

function addSlot(peer: Peer, session: Session): SessionSlot {
  const keys = timerKeys(peer.id);
  const timerKey = peer.sessions[0]?.timerKey === keys.first ? keys.second : keys.first;
  const slot: SessionSlot = { session, connection: undefined, timerKey };
  peer.sessions.push(slot);
  return slot;
}

export function removeSlot(core: Core, peer: Peer, slot: SessionSlot): void {
  const at = peer.sessions.indexOf(slot);
  if (at < 0) return;
  peer.sessions.splice(at, 1);
  core.timers.clear(slot.timerKey);
  if (slot.connection !== undefined) hangUp(core, slot, true);
}

/** Gives a connection to a session; its octets go there from now on. */
export function attach(core: Core, slot: SessionSlot, given: Pick<Connection, 'id' | 'peer' | 'accepted' | 'local'>): Connection {
  const connection: Connection = {
    ...given,
    slot,
    framer: new Framer(),
    visit: (type, message) => visit(type, message),
    writePending: false,
  };
  const visit = messageVisitor(core, connection);
  slot.connection = connection;
  core.connections.set(given.id, connection);
  return connection;
}

/** Feeds one event and carries out the answer. */
export function feed(core: Core, peer: Peer, slot: SessionSlot, event: SessionEvent): void {
  carryOut(core, peer, slot, slot.session.handle(event, core.now));
}

/** The session's timers are due. */
export function fireTimers(core: Core, peer: Peer, slot: SessionSlot): void {
  carryOut(core, peer, slot, slot.session.onTime(core.now));
}

function carryOut(core: Core, peer: Peer, slot: SessionSlot, outputs: readonly SessionOutput[]): void {
  for (const output of outputs) {
    switch (output.do) {
      case 'dial':
        dial(core, peer, slot);
        break;
      case 'hangUp':
        hangUp(core, slot, output.abort);
        break;
      case 'send':
        send(core, peer, slot, output);
        break;
      case 'established':
        sessionEstablished(core, peer, slot, output.negotiated);
        break;
      case 'state':
        if (slot === peer.sessions[0]) peer.stateSince = core.now;
        break;
      case 'down':
        onDown(core, peer, slot, output);
        break;
    }
  }
  if (peer.sessions.includes(slot)) schedule(core, slot);
}

function schedule(core: Core, slot: SessionSlot): void {
  const deadline = slot.session.deadline();
  if (deadline === undefined) core.timers.clear(slot.timerKey);
  else core.timers.set(slot.timerKey, deadline);
}

function dial(core: Core, peer: Peer, slot: SessionSlot): void {
  const id = core.nextConnectionId();
  attach(core, slot, { id, peer, accepted: false, local: undefined });
  core.effect({ type: 'dial', connection: id, dial: dialOf(peer) });
}

function dialOf(peer: Peer): Dial {
  const { plan } = peer;
  const gtsm = plan.ttlSecurity;
  const password = plan.password !== undefined && 'value' in plan.password ? plan.password.value : undefined;
  return {
    remote: { address: plan.remoteAddress, port: plan.remotePort },
    ttl: gtsm === undefined ? TTL_ORDINARY : TTL_GTSM,
    ...(gtsm === undefined ? {} : { minTtl: TTL_GTSM + 1 - gtsm }),
    ...(plan.localAddress === undefined ? {} : { localAddress: plan.localAddress }),
    ...(password === undefined ? {} : { password }),
  };
}

function hangUp(core: Core, slot: SessionSlot, abort: boolean): void {
  const { connection } = slot;
  if (connection === undefined) return;
  slot.connection = undefined;
  core.connections.delete(connection.id);
  core.effect({ type: 'hangUp', connection: connection.id, abort });
}

function send(core: Core, peer: Peer, slot: SessionSlot, output: Extract<SessionOutput, { do: 'send' }>): void {
  const { connection } = slot;
  if (connection === undefined) return;
  peer.octetsSent += output.octets.length;
  if (output.message === 'OPEN') peer.sent.open++;
  else if (output.message === 'KEEPALIVE') peer.sent.keepalive++;
  else peer.sent.notification++;
  core.effect({ type: 'send', connection: connection.id, octets: output.octets });
}

/**
 * RFC 4271 §6.8: the peer's OPEN tells who it is; of two connections with it one may stay.
 *
 * @param slot  The session whose OPEN has come; it has not been given it yet.
 * @returns false when that session has lost: its OPEN is of no interest any more.
 */
export function endCollision(core: Core, peer: Peer, slot: SessionSlot, open: OpenMessage): boolean {
  const other = peer.sessions.find((candidate) => candidate !== slot);
  if (other === undefined) return true;
  const { now } = core;
  switch (settleCollision({ received: slot.session, other: other.session, open, now })) {
    case 'dump-received':
      dump(core, peer, slot, { type: 'OpenCollisionDump' });
      return false;
    case 'dump-other':
      dump(core, peer, other, { type: 'OpenCollisionDump' });
      return true;
    case 'peer-restarted':
      dump(core, peer, other, { type: 'TcpConnectionFails', error: PEER_RESTARTED });
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
function dump(core: Core, peer: Peer, loser: SessionSlot, event: SessionEvent): void {
  feed(core, peer, loser, event);
  removeSlot(core, peer, loser);
  peer.sessions[0]?.session.promote();
}

function onDown(core: Core, peer: Peer, slot: SessionSlot, down: SessionDown): void {
  tellDown(core, peer, slot, down);
  if (down.wasEstablished) sessionEnded(core, peer, down);
  if (peer.sessions.length < 2) return;
  // One of two attempts has ended; the other goes on alone, and is the one to dial from now on.
  removeSlot(core, peer, slot);
  peer.sessions[0]?.session.promote();
}

function tellDown(core: Core, peer: Peer, slot: SessionSlot, down: SessionDown): void {
  const { name, remoteAddress } = peer.plan;
  for (const direction of ['sent', 'received'] as const) {
    const notification = down[direction];
    if (notification === undefined) continue;
    if (direction === 'received') peer.received.notification++;
    core.publish({ event: 'notification', peer: name, direction, text: describeNotification(notification) });
  }
  if (down.reason.kind === 'Collision') return;
  const reason = formatDownReason(down.reason);
  peer.lastError = reason;
  if (down.wasEstablished) {
    peer.lastErrorPublished = undefined;
    core.publish({ event: 'session-down', peer: name, address: remoteAddress, state: 'Established', reason });
  } else if (peer.lastErrorPublished !== reason && slot === peer.sessions[0]) {
    // Equal causes in a row are one event: a peer that is away would fill the log with its absence.
    peer.lastErrorPublished = reason;
    core.publish({ event: 'session-refused', peer: name, address: remoteAddress, reason });
  }
}
