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
import type { NlriField } from '../wire/nlri.ts';
import { decodeNotification } from '../wire/notification.ts';
import { decodeOpen, type OpenMessage } from '../wire/open.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { decodeRouteRefresh } from '../wire/route-refresh.ts';
import { locateUpdate, updateLayout } from '../wire/update.ts';
import { formatUpdateFault, type UpdateFault } from '../wire/update-faults.ts';
import { endCollision } from './collisions.ts';
import type { Core } from './core.ts';
import { noteNotUsed } from './import-guards.ts';
import { resolveNewNextHops } from './next-hops.ts';
import type { Connection, Peer, PeerFamily } from './peer.ts';
import { onRefresh } from './route-refresh.ts';
import { endOfRib } from './session-life.ts';
import { feed } from './sessions.ts';

/** A peer's UPDATE faults and refused prefixes are all counted; at most one in this many milliseconds is told. */
const REPEATED_EVENT_MS = 10_000;

/** Where the type stands in a message (RFC 4271 §4.1). */
const TYPE_AT = 18;

const layout = updateLayout();

export function onOctets(core: Core, connection: Connection, octets: Uint8Array): void {
  const { slot } = connection;
  const { peer } = slot;
  peer.octetsReceived += octets.length;
  try {
    connection.framer.feed(octets, connection.visit);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { notification, reason } = error;
    feed(core, slot, { type: 'BGPHeaderErr', notification, detail: reason });
  }
}

/** One message. @returns whether the connection is still there for the next one. */
export function onMessage(core: Core, connection: Connection, message: Uint8Array): boolean {
  handle(core, connection, message);
  return core.connections.get(connection.id) === connection;
}

function handle(core: Core, connection: Connection, message: Uint8Array): void {
  const { slot } = connection;
  const { peer } = slot;
  switch (message[TYPE_AT]) {
    case MessageType.Update:
      peer.received.update++;
      if (slot.session.state === 'Established') return onUpdate(core, connection, message);
      return feed(core, slot, { type: 'UpdateMsg' });
    case MessageType.Keepalive:
      peer.received.keepalive++;
      return feed(core, slot, { type: 'KeepAliveMsg' });
    case MessageType.Open:
      peer.received.open++;
      connection.open = message.slice();
      return onOpen(core, connection, message);
    case MessageType.Notification:
      return feed(core, slot, {
        type: 'NotifMsg',
        notification: decodeNotification(message),
      });
    case MessageType.RouteRefresh:
      peer.received.routeRefresh++;
      return onRouteRefresh(core, connection, message);
  }
}

function onOpen(core: Core, connection: Connection, message: Uint8Array): void {
  const { slot } = connection;
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

function onUpdate(core: Core, connection: Connection, message: Uint8Array): void {
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

function applyUpdate(core: Core, peer: Peer, message: Uint8Array): void {
  locateUpdate(message, peer.updateContext!, layout);
  if (layout.endOfRib !== undefined) {
    if (isUp(peer, layout.endOfRib)) endOfRib(core, peer, layout.endOfRib);
    return;
  }
  // Interned before anything is applied: a fault that resets the session must leave the tables as they are.
  const { mpReach, mpUnreach, nlri, withdrawn } = layout;
  const family = mpReach.present && mpReach.nlri.count > 0 ? mpReach.family : undefined;
  const update = { peer, message };
  const mp = family === undefined ? NOTHING : intern(core, update, { family, part: 'mp' });
  const classic =
    nlri.count === 0 ? NOTHING : intern(core, update, { family: 'ipv4-unicast', part: 'classic' });
  if (mp === NOTHING && classic === NOTHING) judgeIdleAttributes(core, update);
  resolveNewNextHops(core);
  // RFC 7606 §2: what is wrong with the attributes concerns all prefixes of the UPDATE, whichever field they stand in.
  const usable = mp !== WITHDRAW && classic !== WITHDRAW;
  // A prefix in both is announced: withdrawals first (RFC 4271 §4.3 leaves it open; BIRD and FRR do so).
  if (withdrawn.count > 0) withdraw(core, update, { family: 'ipv4-unicast', field: withdrawn });
  if (mpUnreach.present && mpUnreach.family !== undefined && mpUnreach.nlri.count > 0) {
    withdraw(core, update, { family: mpUnreach.family, field: mpUnreach.nlri });
  }
  if (family !== undefined) {
    reach(core, update, { family, field: mpReach.nlri, attributes: usable ? mp : WITHDRAW });
  }
  if (nlri.count > 0) {
    const attributes = usable ? classic : WITHDRAW;
    reach(core, update, { family: 'ipv4-unicast', field: nlri, attributes });
  }
}

/** Instead of an AttributesId: treat as withdrawn; there is no such part. */
const WITHDRAW = 0;
const NOTHING = -1;

/** An UPDATE at hand; its parts are in `layout`. */
interface Update {
  readonly peer: Peer;
  readonly message: Uint8Array;
}

/** Which NLRI the attributes are for: each part has a next hop of its own. */
interface Part {
  readonly family: AfiSafi;
  readonly part: 'classic' | 'mp';
}

/** A run of NLRI of one family. */
interface Run {
  readonly family: AfiSafi;
  readonly field: NlriField;
}

/** AttributesId, or `WITHDRAW`. */
function intern(core: Core, { peer, message }: Update, part: Part): AttributesId {
  const context = peer.updateContext!;
  const set = core.sets.internReceived({ message, layout, context, ...part });
  if (set.faults.length > 0) tellFaults(core, peer, set.faults);
  return set.action === 'accept' ? set.attributes : WITHDRAW;
}

/**
 * Attributes of an UPDATE that announces nothing serve nobody, but RFC 7606 §5.2 has a fault in them reset the session:
 * the NLRI that they came for may be what could not be found. Those of families that we do not speak are not looked at.
 */
function judgeIdleAttributes(core: Core, { peer, message }: Update): void {
  const { mpReach, mpUnreach, attributeCount } = layout;
  if (attributeCount === (mpUnreach.present ? 1 : 0)) return;
  if (mpReach.present && mpReach.family === undefined) return;
  const context = peer.updateContext!;
  // RFC 4760 §3: beside MP attributes a NEXT_HOP without NLRI at the end of the message is ignored, right or wrong.
  const part = mpReach.present || mpUnreach.present ? 'mp' : 'classic';
  idle.reset();
  const { faults } = canonicalise({ message, layout, context, part }, idle);
  if (faults.length > 0) tellFaults(core, peer, faults);
}

const idle = new ByteWriter(512);

const span: { octets: Uint8Array; start: number; end: number } & NlriSpan = {
  octets: new Uint8Array(0),
  start: 0,
  end: 0,
};

function withdraw(core: Core, { peer, message }: Update, { family, field }: Run): void {
  // RFC 4760 §8: what was not negotiated is not spoken; ignored.
  if (!isUp(peer, family)) return;
  spanOf(message, field);
  core.ribs[family].withdraw(peer.id, span);
}

function reach(core: Core, update: Update, run: Run & { attributes: AttributesId }): void {
  // RFC 7606 §2: treat-as-withdraw removes what the peer announced before for these prefixes.
  if (run.attributes === WITHDRAW) return withdraw(core, update, run);
  const { peer, message } = update;
  if (!isUp(peer, run.family)) return;
  spanOf(message, run.field);
  const refused = core.ribs[run.family].announce(peer.id, span, run.attributes);
  if (refused > 0) tellRefused(core, peer.family(run.family), refused);
  noteNotUsed(core, peer.family(run.family), run.field.count);
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

function spanOf(message: Uint8Array, field: NlriField): void {
  span.octets = message;
  span.start = field.start;
  span.end = field.end;
}

function isUp(peer: Peer, family: AfiSafi): boolean {
  return peer.families.get(family)?.group !== undefined;
}

/** @throws {ProtocolError} when one of them resets the session. */
function tellFaults(core: Core, peer: Peer, faults: readonly UpdateFault[]): void {
  for (const fault of faults) {
    const key = `${fault.name} ${fault.action}`;
    core.updateFaults.set(key, (core.updateFaults.get(key) ?? 0) + 1);
  }
  publishFault(core, peer, faults[0]!);
  const fatal = faults.find(({ action }) => action === 'session-reset');
  if (fatal === undefined) return;
  const { code, subcode, data, name, reason } = fatal;
  throw new ProtocolError({ code, subcode, data }, `${name}: ${reason}`);
}

function publishFault(core: Core, peer: Peer, fault: UpdateFault): void {
  if (peer.faultPublished !== undefined && core.now - peer.faultPublished < REPEATED_EVENT_MS)
    return;
  peer.faultPublished = core.now;
  core.publish({
    event: 'update-fault',
    peer: peer.plan.name,
    action: fault.action,
    attribute: fault.name,
    reason: formatUpdateFault(fault),
  });
}
