/**
 * BGP messages of a connection: to the session what is the session's, to the tables what is theirs.
 *
 * The UPDATE path (6.4 (i) of the architecture): located once, attributes interned once a family, NLRI walked by the
 * RIB; nothing is allocated a prefix.
 */

import { ByteWriter } from '../base/byte-writer.ts';
import type { AfiSafi } from '../net/afi-safi.ts';
import type { NlriSpan } from '../rib/adj-rib-in.ts';
import type { AttributesId } from '../rib/ids.ts';
import { canonicalise } from '../wire/attributes/canonical.ts';
import { MessageType } from '../wire/iana.ts';
import { type MessageSpan, viewOf } from '../wire/message-span.ts';
import type { NlriField } from '../wire/nlri.ts';
import { decodeNotification } from '../wire/notification.ts';
import { decodeOpen, type OpenMessage } from '../wire/open.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { decodeRouteRefresh } from '../wire/route-refresh.ts';
import { locateUpdateIn, type UpdateContext, updateLayout } from '../wire/update.ts';
import { endCollision, takePlace } from './collisions.ts';
import type { Core } from './core.ts';
import { noteNotUsed } from './import-guards.ts';
import { checkPrefixes } from './max-prefixes.ts';
import { resolveNewNextHops } from './next-hops.ts';
import type { Connection, Peer, PeerFamily } from './peer.ts';
import { onRefresh } from './route-refresh.ts';
import { endOfRib } from './session-life.ts';
import { feed } from './sessions.ts';
import { REPEATED_EVENT_MS, tellFaults } from './update-fault-events.ts';

/** Where the type stands in a message (RFC 4271 §4.1). */
const TYPE_AT = 18;

export function onOctets(core: Core, connection: Connection, octets: Uint8Array): void {
  const { slot } = connection;
  const { peer } = slot;
  peer.octetsReceived += octets.length;
  if (slot.session.ephemeral) takePlace(core, slot);
  try {
    connection.framer.feedSpans(octets, connection.visit);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { notification, reason } = error;
    feed(core, slot, { type: 'BGPHeaderErr', notification, detail: reason });
  }
}

/** One message. @returns whether the connection is still there for the next one. */
export function onMessage(core: Core, connection: Connection, message: MessageSpan): boolean {
  handle(core, connection, message);
  return core.connections.get(connection.id) === connection;
}

function handle(core: Core, connection: Connection, message: MessageSpan): void {
  const { slot } = connection;
  const { peer } = slot;
  switch (message.octets[message.start + TYPE_AT]) {
    case MessageType.Update:
      peer.received.update++;
      if (slot.session.state === 'Established') return onUpdate(core, connection, message);
      return feed(core, slot, { type: 'UpdateMsg' });
    case MessageType.Keepalive:
      peer.received.keepalive++;
      return feed(core, slot, { type: 'KeepAliveMsg' });
    case MessageType.Open:
      peer.received.open++;
      return onOpen(core, connection, viewOf(message));
    case MessageType.Notification: {
      const notification = decodeNotification(viewOf(message));
      return feed(core, slot, { type: 'NotifMsg', notification });
    }
    case MessageType.RouteRefresh:
      peer.received.routeRefresh++;
      return onRouteRefresh(core, connection, viewOf(message));
  }
}

function onOpen(core: Core, connection: Connection, message: Uint8Array): void {
  const { slot } = connection;
  core.opens.note(slot.peer.id, { at: core.now, connection: connection.id, octets: message });
  let open: OpenMessage;
  try {
    open = decodeOpen(message, core.capabilities);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { notification, reason } = error;
    return feed(core, slot, { type: 'BGPOpenMsgErr', notification, detail: reason });
  }
  if (endCollision(core, slot, open)) feed(core, slot, { type: 'BGPOpen', open });
}

function onRouteRefresh(core: Core, connection: Connection, message: Uint8Array): void {
  const { slot } = connection;
  const { peer } = slot;
  feed(core, slot, { type: 'RouteRefreshMsg' });
  if (slot.session.state !== 'Established') return;
  try {
    onRefresh(core, peer, decodeRouteRefresh(message));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { notification, reason } = error;
    feed(core, slot, { type: 'UpdateMsgErr', notification, detail: reason });
  }
}

function onUpdate(core: Core, connection: Connection, message: MessageSpan): void {
  const { slot } = connection;
  const { peer } = slot;
  slot.session.noteReceived(core.now);
  try {
    applyUpdate(core, peer, message);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { notification, reason } = error;
    feed(core, slot, { type: 'UpdateMsgErr', notification, detail: reason });
  }
}

/** Instead of an AttributesId: treat as withdrawn; there is no such part. */
const WITHDRAW = 0;
const NOTHING = -1;

/** The UPDATE at hand: one object, not one an UPDATE, for there are as many as sets of attributes. */
const update = {
  message: new Uint8Array(0) as Uint8Array,
  layout: updateLayout(),
  context: undefined as unknown as UpdateContext,
  part: 'classic' as 'classic' | 'mp',
  /** Of the part at hand; `WITHDRAW` where they cannot be used. */
  attributes: WITHDRAW as AttributesId,
};
const { layout } = update;

function applyUpdate(core: Core, peer: Peer, message: MessageSpan): void {
  update.message = message.octets;
  update.context = peer.updateContext!;
  locateUpdateIn(message, update.context, layout);
  if (layout.endOfRib !== undefined) {
    if (familyUp(peer, layout.endOfRib) !== undefined) endOfRib(core, peer, layout.endOfRib);
    return;
  }
  // Interned before anything is applied: a fault that resets the session must leave the tables as they are.
  const { mpReach, mpUnreach, nlri, withdrawn } = layout;
  const family = mpReach.present && mpReach.nlri.count > 0 ? mpReach.family : undefined;
  const mp = family === undefined ? NOTHING : intern(core, peer, 'mp');
  const classic = nlri.count === 0 ? NOTHING : intern(core, peer, 'classic');
  if (mp === NOTHING && classic === NOTHING) judgeIdleAttributes(core, peer);
  core.tidyTime.heard(core.now);
  resolveNewNextHops(core);
  // RFC 7606 §2: what is wrong with the attributes concerns all prefixes of the UPDATE, whichever field they stand in.
  const usable = mp !== WITHDRAW && classic !== WITHDRAW;
  // A prefix in both is announced: withdrawals first (RFC 4271 §4.3 leaves it open; BIRD and FRR do so).
  if (withdrawn.count > 0) withdraw(core, familyUp(peer, 'ipv4-unicast'), withdrawn);
  if (mpUnreach.present && mpUnreach.family !== undefined && mpUnreach.nlri.count > 0) {
    withdraw(core, familyUp(peer, mpUnreach.family), mpUnreach.nlri);
  }
  if (family !== undefined) {
    update.attributes = usable ? mp : WITHDRAW;
    reach(core, familyUp(peer, family), mpReach.nlri);
  }
  if (nlri.count > 0) {
    update.attributes = usable ? classic : WITHDRAW;
    reach(core, familyUp(peer, 'ipv4-unicast'), nlri);
  }
}

/** AttributesId, or `WITHDRAW`. */
function intern(core: Core, peer: Peer, part: 'classic' | 'mp'): AttributesId {
  update.part = part;
  const set = core.sets.internPart(update);
  if (set.faults.length > 0)
    tellFaults(core, peer, { message: update.message, layout, faults: set.faults });
  return set.action === 'accept' ? set.attributes : WITHDRAW;
}

/**
 * Attributes of an UPDATE that announces nothing serve nobody, but RFC 7606 §5.2 has a fault in them reset the session:
 * the NLRI that they came for may be what could not be found. Those of families that we do not speak are not looked at.
 */
function judgeIdleAttributes(core: Core, peer: Peer): void {
  const { mpReach, mpUnreach, attributeCount } = layout;
  if (attributeCount === (mpUnreach.present ? 1 : 0)) return;
  if (mpReach.present && mpReach.family === undefined) return;
  // RFC 4760 §3: beside MP attributes a NEXT_HOP without NLRI at the end of the message is ignored, right or wrong.
  update.part = mpReach.present || mpUnreach.present ? 'mp' : 'classic';
  idle.reset();
  const { faults } = canonicalise(update, idle);
  if (faults.length > 0) tellFaults(core, peer, { message: update.message, layout, faults });
}

const idle = new ByteWriter(512);

const span: { octets: Uint8Array; start: number; end: number } & NlriSpan = {
  octets: new Uint8Array(0),
  start: 0,
  end: 0,
};

/** @param state  Undefined for what was not negotiated (RFC 4760 §8): it is not spoken, and ignored. */
function withdraw(core: Core, state: PeerFamily | undefined, field: NlriField): void {
  if (state === undefined) return;
  spanOf(field);
  core.ribs[state.family].withdraw(state.peer.id, span);
}

/** Announces `field` with the attributes of the UPDATE at hand. */
function reach(core: Core, state: PeerFamily | undefined, field: NlriField): void {
  const { attributes } = update;
  // RFC 7606 §2: treat-as-withdraw removes what the peer announced before for these prefixes.
  if (attributes === WITHDRAW || state === undefined) return withdraw(core, state, field);
  spanOf(field);
  const refused = core.ribs[state.family].announce(state.peer.id, span, attributes);
  if (refused > 0) tellRefused(core, state, refused);
  noteNotUsed(core, state, field.count);
  checkPrefixes(core, state);
}

/** No room in a table is no fault of the peer: what is refused is counted, shown and told, and the session stays. */
function tellRefused(core: Core, state: PeerFamily, refused: number): void {
  const { peer, family } = state;
  state.refused += refused;
  const told = peer.refusalPublished;
  if (told !== undefined && core.now - told < REPEATED_EVENT_MS) return;
  peer.refusalPublished = core.now;
  const reason = `${core.ribs[family].whyFull(peer.id)}; godwit reset ${peer.plan.name} --soft asks for them again once there is room`;
  core.publish({
    event: 'routes-refused',
    peer: peer.plan.name,
    family,
    refused: state.refused,
    reason,
  });
}

function spanOf(field: NlriField): void {
  span.octets = update.message;
  span.start = field.start;
  span.end = field.end;
}

/** Of a family that is spoken with the peer; undefined for others. */
function familyUp(peer: Peer, family: AfiSafi): PeerFamily | undefined {
  const state = peer.families.get(family);
  return state?.group === undefined ? undefined : state;
}
