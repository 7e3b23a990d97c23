/**
 * The sessions of a peer: feeds events to an FSM and carries out what it answers.
 *
 * A peer has one session that dials and, while a connection of the peer's own arrives meanwhile, a second one for
 * that (`collisions.ts`). What a session's life means for the tables is told to `core.listener`.
 */

import { formatDownReason } from '../fsm/down-reason.ts';
import type { SessionEvent } from '../fsm/events.ts';
import { Session } from '../fsm/session.ts';
import type { SessionDown, SessionOutput } from '../fsm/session-output.ts';
import { Framer } from '../wire/framer.ts';
import { describeNotification } from '../wire/notification.ts';
import type { Core } from './core.ts';
import { isHeldByDrain } from './drain-hold.ts';
import type { Dial } from './effects.ts';
import { authenticationOf } from './listener-peers.ts';
import { type Connection, type Peer, type SessionSlot, timerKeys } from './peer.ts';
import { sessionConfigOf } from './session-config.ts';

/** TTL of packets where GTSM is off: Calico's peers are all multihop. */
const TTL_ORDINARY = 64;
/** RFC 5082 §3: GTSM sends 255, and accepts 256 − hops and above. */
const TTL_GTSM = 255;

/**
 * Makes the session that dials (or waits) and starts it. Does nothing while the peer is held down, and before it is
 * known what the kernel kept of ours: the OPEN tells (RFC 4724 §3, Forwarding State).
 */
export function startPeer(core: Core, peer: Peer): void {
  const ready = core.recoveryStarted !== undefined && core.stopping === undefined;
  peer.holds.set('vrf', core.vrf?.trouble);
  const wanted = ready && peer.heldBecause === undefined && !isHeldByDrain(core, peer);
  if (!wanted || peer.sessions.length > 0) return;
  const slot = addSlot(peer, new Session(sessionConfigOf(core, peer), core.prng));
  feed(core, slot, { type: 'AutomaticStart' });
}

/** Ends all sessions of the peer with `event` and forgets them. */
export function stopPeer(core: Core, peer: Peer, event: SessionEvent): void {
  for (const slot of peer.sessions) {
    if (!peer.sessions.includes(slot)) continue;
    feed(core, slot, event);
    removeSlot(core, slot);
  }
}

/** Ends all sessions of the peer without asking them: they may be broken. */
export function abandonSessions(core: Core, peer: Peer): void {
  for (const slot of peer.sessions) removeSlot(core, slot);
  peer.negotiated = undefined;
  peer.updateContext = undefined;
}

/** New settings count from the next OPEN on. */
export function reconfigurePeer(core: Core, peer: Peer): void {
  for (const slot of peer.sessions) {
    slot.session.reconfigure(sessionConfigOf(core, peer), core.now);
    schedule(core, slot);
  }
}

export function addSlot(peer: Peer, session: Session): SessionSlot {
  const keys = timerKeys(peer.id);
  const timerKey = peer.sessions[0]?.timerKey === keys.first ? keys.second : keys.first;
  const slot: SessionSlot = { peer, session, connection: undefined, timerKey };
  peer.sessions = [...peer.sessions, slot];
  return slot;
}

export function removeSlot(core: Core, slot: SessionSlot): void {
  const { peer } = slot;
  const at = peer.sessions.indexOf(slot);
  if (at < 0) return;
  peer.sessions = peer.sessions.toSpliced(at, 1);
  core.timers.clear(slot.timerKey);
  hangUp(core, slot, true);
}

/** Gives a connection to a session; its octets go there from now on. */
export function attach(
  core: Core,
  slot: SessionSlot,
  given: Pick<Connection, 'id' | 'accepted' | 'local'>,
): void {
  const connection: Connection = {
    ...given,
    slot,
    framer: new Framer(),
    visit: (_type, message) => core.listener.message(connection, message),
    writePending: false,
  };
  slot.connection = connection;
  core.connections.set(given.id, connection);
}

/** Feeds one event and carries out the answer. */
export function feed(core: Core, slot: SessionSlot, event: SessionEvent): void {
  carryOut(core, slot, slot.session.handle(event, core.now));
}

/** The session's timers are due. */
export function fireTimers(core: Core, slot: SessionSlot): void {
  carryOut(core, slot, slot.session.onTime(core.now));
}

/** Sends a KEEPALIVE ahead of its timer where it may; false where not. */
export function keepAliveAhead(core: Core, slot: SessionSlot): boolean {
  const { session } = slot;
  if (!session.mayKeepalive(core.now)) return false;
  carryOut(core, slot, session.keepAlive(core.now));
  return true;
}

/** RFC 4271 §4.4: one KEEPALIVE a second at most, so that calls cannot draw more. */
const PROBE_MS = 1000;

/** A KEEPALIVE out of turn: a connection that the peer has forgotten is reset by it. */
export function probe(core: Core, slot: SessionSlot): void {
  const { peer } = slot;
  if (peer.probedAt !== undefined && core.now - peer.probedAt < PROBE_MS) return;
  peer.probedAt = core.now;
  carryOut(core, slot, slot.session.keepAlive(core.now));
}

function carryOut(core: Core, slot: SessionSlot, outputs: readonly SessionOutput[]): void {
  const { peer } = slot;
  if (outputs.length > 0) core.dynamic.touch(peer);
  for (const output of outputs) {
    // A session that lost against its twin on the way has nothing more to say, nor to dial.
    if (!peer.sessions.includes(slot)) return;
    switch (output.do) {
      case 'dial':
        dial(core, slot);
        break;
      case 'hangUp':
        hangUp(core, slot, output.abort);
        break;
      case 'send':
        send(core, slot, output);
        break;
      case 'established':
        core.listener.established(slot, output.negotiated);
        break;
      case 'state':
        if (slot === peer.sessions[0]) peer.stateSince = core.now;
        break;
      case 'down':
        onDown(core, slot, output);
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

function dial(core: Core, slot: SessionSlot): void {
  const id = core.nextConnectionId();
  attach(core, slot, { id, accepted: false, local: undefined });
  core.effect({ type: 'dial', connection: id, dial: dialOf(core, slot.peer) });
}

function dialOf(core: Core, { plan, password }: Peer): Dial {
  const gtsm = plan.ttlSecurity;
  const device = core.plan?.kernel.vrf;
  return {
    remote: { address: plan.remoteAddress, port: plan.remotePort },
    ttl: gtsm === undefined ? TTL_ORDINARY : TTL_GTSM,
    ...(gtsm === undefined ? {} : { minTtl: TTL_GTSM + 1 - gtsm }),
    ...(plan.localAddress === undefined ? {} : { localAddress: plan.localAddress }),
    ...(device === undefined ? {} : { device }),
    ...(password === undefined ? {} : { password, ...authenticationOf(plan) }),
  };
}

function hangUp(core: Core, slot: SessionSlot, abort: boolean): void {
  const { connection } = slot;
  if (connection === undefined) return;
  slot.connection = undefined;
  core.connections.delete(connection.id);
  core.effect({ type: 'hangUp', connection: connection.id, abort });
}

const COUNTED = { OPEN: 'open', KEEPALIVE: 'keepalive', NOTIFICATION: 'notification' } as const;

function send(core: Core, slot: SessionSlot, output: Extract<SessionOutput, { do: 'send' }>): void {
  const { peer, connection } = slot;
  if (connection === undefined) return;
  peer.octetsSent += output.octets.length;
  peer.sent[COUNTED[output.message]]++;
  core.effect({ type: 'send', connection: connection.id, octets: output.octets });
}

function onDown(core: Core, slot: SessionSlot, down: SessionDown): void {
  const { peer } = slot;
  tellDown(core, slot, down);
  if (down.wasEstablished) core.listener.ended(peer, down);
  const other = peer.sessions.find((candidate) => candidate !== slot);
  if (other === undefined) return;
  // Nothing has been said on the other, and may never be: who calls himself calls again.
  if (!slot.session.ephemeral && other.session.state === 'OpenSent') return;
  // One of two attempts has ended; the other goes on alone, and is the one to dial from now on.
  removeSlot(core, slot);
  peer.sessions[0]?.session.promote();
}

function tellDown(core: Core, slot: SessionSlot, down: SessionDown): void {
  const { peer } = slot;
  const { name, remoteAddress: address } = peer.plan;
  for (const direction of ['sent', 'received'] as const) {
    const notification = down[direction];
    if (notification === undefined) continue;
    if (direction === 'received') peer.received.notification++;
    const text = describeNotification(notification);
    core.publish({ event: 'notification', peer: name, direction, text });
  }
  if (down.reason.kind === 'Collision') return;
  // We stopped an attempt ourselves: whoever did so says why.
  if (down.reason.kind === 'Stopped' && !down.wasEstablished) return;
  const [first] = peer.sessions;
  // A second connection that hung up without a word says less than what is known of the first.
  if (slot !== first && down.reason.kind === 'TcpFailed' && !down.wasEstablished) return;
  const reason = formatDownReason(down.reason);
  peer.lastError = reason;
  peer.lastDown = down.reason;
  peer.lastDownAt = core.now;
  if (down.wasEstablished) {
    peer.lastErrorPublished = undefined;
    core.publish({ event: 'session-down', peer: name, address, state: 'Established', reason });
  } else if (peer.lastErrorPublished !== reason && slot === first) {
    // Equal causes in a row are one event: a peer that is away would fill the log with its absence.
    peer.lastErrorPublished = reason;
    core.publish({ event: 'session-refused', peer: name, address, reason });
  }
}
