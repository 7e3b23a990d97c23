/**
 * BGP messages of a connection: to the session what is the session's, to the tables what is theirs.
 *
 * The UPDATE path (6.4 (i) of the architecture): located once, attributes interned once a family, NLRI walked by the
 * RIB; nothing is allocated a prefix.
 */

import { type AfiSafi, afiSafiFrom } from '../net/afi-safi.ts';
import type { NlriSpan } from '../rib/rib.ts';
import type { ReceivedSet } from '../rib/path-attributes.ts';
import { MessageType } from '../wire/iana.ts';
import { decodeNotification } from '../wire/notification.ts';
import { decodeOpen, type OpenMessage } from '../wire/open.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { decodeRouteRefresh } from '../wire/route-refresh.ts';
import { formatUpdateFault } from '../wire/update-faults.ts';
import { locateUpdate, updateLayout } from '../wire/update.ts';
import type { NlriField } from '../wire/nlri.ts';
import type { Core } from './core.ts';
import type { Connection, Peer } from './peer.ts';
import { endOfRib } from './session-life.ts';
import { endCollision, feed } from './sessions.ts';

/** A peer's UPDATE faults are all counted and at most one in this many milliseconds is told. */
export const FAULT_EVENT_MS = 10_000;

const layout = updateLayout();

/** What the framer calls for each message of `connection`; made once a connection. */
export function messageVisitor(
  core: Core,
  connection: Connection,
): (type: number, message: Uint8Array) => boolean {
  return (type, message) => {
    onMessage(core, connection, type, message);
    return core.connections.get(connection.id) === connection;
  };
}

export function onOctets(core: Core, connection: Connection, octets: Uint8Array): void {
  const { peer, slot } = connection;
  peer.octetsReceived += octets.length;
  try {
    connection.framer.feed(octets, connection.visit);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { notification, reason } = error;
    feed(core, peer, slot, { type: 'BGPHeaderErr', notification, detail: reason });
  }
}

function onMessage(core: Core, connection: Connection, type: number, message: Uint8Array): void {
  const { peer, slot } = connection;
  switch (type) {
    case MessageType.Update:
      peer.received.update++;
      if (slot.session.state === 'Established') return onUpdate(core, connection, message);
      return feed(core, peer, slot, { type: 'UpdateMsg' });
    case MessageType.Keepalive:
      peer.received.keepalive++;
      return feed(core, peer, slot, { type: 'KeepAliveMsg' });
    case MessageType.Open:
      peer.received.open++;
      return onOpen(core, connection, message);
    case MessageType.Notification:
      return feed(core, peer, slot, {
        type: 'NotifMsg',
        notification: decodeNotification(message),
      });
    case MessageType.RouteRefresh:
      peer.received.routeRefresh++;
      return onRouteRefresh(core, connection, message);
  }
}

function onOpen(core: Core, connection: Connection, message: Uint8Array): void {
  const { peer, slot } = connection;
  let open: OpenMessage;
  try {
    open = decodeOpen(message);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { notification, reason } = error;
    return feed(core, peer, slot, { type: 'BGPOpenMsgErr', notification, detail: reason });
  }
  if (endCollision(core, peer, slot, open)) feed(core, peer, slot, { type: 'BGPOpen', open });
}

function onRouteRefresh(core: Core, connection: Connection, message: Uint8Array): void {
  const { peer, slot } = connection;
  feed(core, peer, slot, { type: 'RouteRefreshMsg' });
  if (slot.session.state !== 'Established') return;
  try {
    const { afi, safi, subtype } = decodeRouteRefresh(message);
    const family = afiSafiFrom(afi, safi);
    // RFC 2918 §4: a family that was not negotiated is ignored. RFC 7313 §5: so are other subtypes, whose
    // capability we do not offer.
    if (family === undefined || subtype !== 0) return;
    if (peer.family(family).group !== undefined) core.ribs[family].refresh(peer.id);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { notification, reason } = error;
    feed(core, peer, slot, { type: 'UpdateMsgErr', notification, detail: reason });
  }
}

function onUpdate(core: Core, connection: Connection, message: Uint8Array): void {
  const { peer, slot } = connection;
  slot.session.noteReceived(core.now);
  try {
    applyUpdate(core, peer, message);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { notification, reason } = error;
    feed(core, peer, slot, { type: 'UpdateMsgErr', notification, detail: reason });
  }
}

function applyUpdate(core: Core, peer: Peer, message: Uint8Array): void {
  const context = peer.updateContext!;
  locateUpdate(message, context, layout);
  if (layout.endOfRib !== undefined) {
    if (isUp(peer, layout.endOfRib)) endOfRib(core, peer, layout.endOfRib);
    return;
  }
  // Interned before anything is applied: a fault that resets the session must leave the tables as they are.
  const { mpReach, mpUnreach, nlri, withdrawn } = layout;
  const mpFamily = mpReach.present && mpReach.nlri.count > 0 ? mpReach.family : undefined;
  const mp = mpFamily === undefined ? undefined : outcome(internIn(core, peer, message, mpFamily));
  const classic = nlri.count > 0 ? outcome(internIn(core, peer, message, 'ipv4-unicast')) : undefined;
  // A prefix in both is announced: withdrawals first (RFC 4271 §4.3 leaves it open; BIRD and FRR do so).
  if (withdrawn.count > 0) withdraw(core, peer, 'ipv4-unicast', message, withdrawn);
  if (mpUnreach.present && mpUnreach.family !== undefined && mpUnreach.nlri.count > 0) {
    withdraw(core, peer, mpUnreach.family, message, mpUnreach.nlri);
  }
  if (mp !== undefined) reach(core, peer, mpFamily!, { message, field: mpReach.nlri, attributes: mp });
  if (classic !== undefined) {
    reach(core, peer, 'ipv4-unicast', { message, field: nlri, attributes: classic });
  }
}

/** AttributesId; 0 is treat-as-withdraw. The set itself is one reused object, so its outcome is taken at once. */
function outcome(set: ReceivedSet): number {
  return set.action === 'accept' ? set.attributes : 0;
}

function internIn(core: Core, peer: Peer, message: Uint8Array, family: AfiSafi): ReceivedSet {
  const set = core.sets.internReceived({ message, layout, context: peer.updateContext!, family });
  if (set.faults.length > 0) tellFaults(core, peer, set);
  if (set.action === 'session-reset') {
    const fault = set.faults.find(({ action }) => action === 'session-reset')!;
    throw new ProtocolError(
      { code: fault.code, subcode: fault.subcode, data: fault.data },
      `${fault.name}: ${fault.reason}`,
    );
  }
  return set;
}

const span: { octets: Uint8Array; start: number; end: number } & NlriSpan = {
  octets: new Uint8Array(0),
  start: 0,
  end: 0,
};

function withdraw(core: Core, peer: Peer, family: AfiSafi, message: Uint8Array, field: NlriField): void {
  if (!isUp(peer, family)) return;
  spanOf(message, field);
  core.ribs[family].withdraw(peer.id, span);
}

function reach(
  core: Core,
  peer: Peer,
  family: AfiSafi,
  update: { message: Uint8Array; field: NlriField; attributes: number },
): void {
  // RFC 4760 §7: what was not negotiated is ignored.
  if (!isUp(peer, family)) return;
  spanOf(update.message, update.field);
  const rib = core.ribs[family];
  // RFC 7606 §2: treat-as-withdraw removes what the peer announced before for these prefixes.
  if (update.attributes === 0) rib.withdraw(peer.id, span);
  else rib.announce(peer.id, span, update.attributes);
}

function spanOf(message: Uint8Array, field: NlriField): void {
  span.octets = message;
  span.start = field.start;
  span.end = field.end;
}

function isUp(peer: Peer, family: AfiSafi): boolean {
  return peer.families.get(family)?.group !== undefined;
}

function tellFaults(core: Core, peer: Peer, set: ReceivedSet): void {
  for (const fault of set.faults) {
    const key = `${fault.name} ${fault.action}`;
    core.updateFaults.set(key, (core.updateFaults.get(key) ?? 0) + 1);
  }
  if (peer.faultPublished !== undefined && core.now - peer.faultPublished < FAULT_EVENT_MS) return;
  peer.faultPublished = core.now;
  const fault = set.faults[0]!;
  core.publish({
    event: 'update-fault',
    peer: peer.plan.name,
    action: fault.action,
    attribute: fault.name,
    reason: formatUpdateFault(fault),
  });
}
