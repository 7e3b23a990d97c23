/**
 * Where everything stands in an UPDATE (RFC 4271 §4.3, RFC 4760 §3 and §4): one pass, no copies.
 *
 * Hot path (`bench/wire.bench.ts`). Throws where only a session reset is left: lengths that contradict the message,
 * NLRI that cannot be located (RFC 7606 §3(j), §5). Attribute values are judged in `attributes/canonical.ts`.
 */
import { type AfiSafi, afiSafiFrom } from '../net/afi-safi.ts';
import { copyOctets } from './copy-octets.ts';
import { HEADER_LENGTH } from './header.ts';
import { AttributeFlag, AttributeType, ErrorCode, UpdateSubcode } from './iana.ts';
import { type MessageSpan, wholeMessage } from './message-span.ts';
import { checkNlri, type NlriField, nlriField } from './nlri.ts';
import { NOTIFICATION_DATA_LENGTH_MAX } from './notification.ts';
import { ProtocolError } from './protocol-error.ts';

/** What was negotiated with the peer and changes how its UPDATEs read. */
export interface UpdateContext {
  /** Both sides sent the 4-octet AS capability (RFC 6793). */
  readonly as4: boolean;
  readonly peerType: 'ebgp' | 'ibgp';
  /** Families in which this peer sends Path Identifiers (RFC 7911 §4). */
  readonly addPathReceive: Readonly<Record<AfiSafi, boolean>>;
  /** IPv4 prefixes may have an IPv6 next hop (RFC 8950 §4). */
  readonly extendedNextHop: boolean;
}

/** An MP_REACH_NLRI or MP_UNREACH_NLRI as found. Mutable: belongs to a layout and is reused. */
export interface MpLayout {
  present: boolean;
  afi: number;
  safi: number;
  /** The family when godwit speaks it; otherwise undefined, and `nlri` is empty and unchecked. */
  family: AfiSafi | undefined;
  /** The whole attribute with its header. */
  attributeStart: number;
  attributeEnd: number;
  /** Next Hop field, MP_REACH_NLRI only: 4, 16 or 32 octets for a family that godwit speaks. */
  nextHopStart: number;
  nextHopEnd: number;
  readonly nlri: NlriField;
}

/** Where the parts of one UPDATE stand: indexes of the octets around it. Made once, filled by `locateUpdate` for each message. */
export interface UpdateLayout {
  /** Withdrawn Routes, IPv4 unicast. */
  readonly withdrawn: NlriField;
  /** Path Attributes: first octet, and one past the last. */
  attributesStart: number;
  attributesEnd: number;
  /** Network Layer Reachability Information, IPv4 unicast. */
  readonly nlri: NlriField;
  readonly mpReach: MpLayout;
  readonly mpUnreach: MpLayout;
  /** Number of attributes, whole or not. */
  attributeCount: number;
  /** Start of the attribute that does not fit its list, or -1 (RFC 7606 §4: treat-as-withdraw). */
  overrunAt: number;
  /** The family whose End-of-RIB this is (RFC 4724 §2). */
  endOfRib: AfiSafi | undefined;
}

export function updateLayout(): UpdateLayout {
  return {
    withdrawn: nlriField(),
    attributesStart: 0,
    attributesEnd: 0,
    nlri: nlriField(),
    mpReach: mpLayout(),
    mpUnreach: mpLayout(),
    attributeCount: 0,
    overrunAt: -1,
    endOfRib: undefined,
  };
}

/**
 * Fills `layout` with where the parts of `message` stand.
 *
 * @param message  A whole UPDATE with header, at least 23 octets, as the framer gives it.
 * @throws {ProtocolError} UPDATE Message Error; `layout` is then undefined.
 */
export function locateUpdate(
  message: Uint8Array,
  context: UpdateContext,
  layout: UpdateLayout,
): void {
  locateUpdateIn(wholeMessage(message), context, layout);
}

/** As `locateUpdate`, for an UPDATE that stands among others; `layout` has indexes of `octets`. */
export function locateUpdateIn(
  { octets: message, start, end }: MessageSpan,
  context: UpdateContext,
  layout: UpdateLayout,
): void {
  const { withdrawn, nlri } = layout;
  const withdrawnLength = u16(message, start + HEADER_LENGTH);
  withdrawn.start = start + HEADER_LENGTH + 2;
  withdrawn.end = withdrawn.start + withdrawnLength;
  // RFC 4271 §6.3: lengths too large for the message are Malformed Attribute List.
  // RFC 7606 §3(b) and §3(j) keep the session reset: no field behind can be located.
  if (withdrawn.end + 2 > end) throw malformedList('Withdrawn Routes Length exceeds the message');
  layout.attributesStart = withdrawn.end + 2;
  layout.attributesEnd = layout.attributesStart + u16(message, withdrawn.end);
  if (layout.attributesEnd > end) {
    throw malformedList('Total Path Attribute Length exceeds the message');
  }
  nlri.start = layout.attributesEnd;
  nlri.end = end;
  const addPath = context.addPathReceive['ipv4-unicast'];
  // RFC 7606 §3(i): Withdrawn Routes are checked as NLRI are.
  locateNlri(message, withdrawn, addPath);
  locateNlri(message, nlri, addPath);
  locateAttributes(message, layout);
  if (layout.mpReach.present) locateMpReach(message, context, layout.mpReach);
  if (layout.mpUnreach.present) locateMpUnreach(message, context, layout.mpUnreach);
  layout.endOfRib = endOfRib(layout);
}

function locateNlri(message: Uint8Array, field: NlriField, addPath: boolean): void {
  field.width = 32;
  field.addPath = addPath;
  field.count = field.start === field.end ? 0 : checkNlri(message, field);
  if (field.count < 0) {
    throw updateError(UpdateSubcode.InvalidNetworkField, 'Prefix that does not fit its field');
  }
}

/** Walks the attribute headers; values are not looked at. */
function locateAttributes(message: Uint8Array, layout: UpdateLayout): void {
  const end = layout.attributesEnd;
  layout.mpReach.present = false;
  layout.mpUnreach.present = false;
  layout.overrunAt = -1;
  layout.attributeCount = 0;
  let at = layout.attributesStart;
  while (at < end) {
    const start = at;
    layout.attributeCount++;
    // RFC 7606 §4: fewer than 3 octets left, or a length beyond the list, is survivable here:
    // Total Path Attribute Length still says where the NLRI stand.
    const head = message[at]! & AttributeFlag.ExtendedLength ? 4 : 3;
    if (end - at < head) {
      layout.overrunAt = start;
      return;
    }
    const type = message[at + 1]!;
    const length = head === 4 ? u16(message, at + 2) : message[at + 2]!;
    at += head + length;
    if (at > end) {
      // RFC 7606 §5.3 and §7.11: an MP attribute whose NLRI cannot be delimited resets the session.
      if (type === AttributeType.MpReachNlri || type === AttributeType.MpUnreachNlri) {
        throw mpError(message, { start, end }, 'MP attribute exceeds the attribute list');
      }
      layout.overrunAt = start;
      return;
    }
    if (type === AttributeType.MpReachNlri) foundMp(message, layout.mpReach, { start, end: at });
    else if (type === AttributeType.MpUnreachNlri) {
      foundMp(message, layout.mpUnreach, { start, end: at });
    }
  }
}

function foundMp(message: Uint8Array, mp: MpLayout, span: { start: number; end: number }): void {
  // RFC 7606 §3(g): MP_REACH_NLRI or MP_UNREACH_NLRI twice is Malformed Attribute List.
  if (mp.present) throw malformedList('MP_REACH_NLRI or MP_UNREACH_NLRI more than once');
  mp.present = true;
  mp.attributeStart = span.start;
  mp.attributeEnd = span.end;
  const value = span.start + (message[span.start]! & AttributeFlag.ExtendedLength ? 4 : 3);
  // RFC 7606 §5.3: too short for its fixed fields, so the NLRI cannot be located.
  if (span.end - value < 3) throw mpError(message, span, 'MP attribute without AFI and SAFI');
  mp.afi = u16(message, value);
  mp.safi = message[value + 2]!;
  mp.family = afiSafiFrom(mp.afi, mp.safi);
  mp.nextHopStart = value + 3;
  mp.nextHopEnd = value + 3;
  mp.nlri.start = value + 3;
  mp.nlri.end = span.end;
  mp.nlri.count = 0;
}

function locateMpReach(message: Uint8Array, context: UpdateContext, mp: MpLayout): void {
  const span = { start: mp.attributeStart, end: mp.attributeEnd };
  const lengthAt = mp.nextHopStart;
  // RFC 4760 §3: Length of Next Hop, the next hop, one reserved octet that is ignored on receipt.
  if (lengthAt >= span.end) throw mpError(message, span, 'MP_REACH_NLRI without a next hop');
  const length = message[lengthAt]!;
  mp.nextHopStart = lengthAt + 1;
  mp.nextHopEnd = mp.nextHopStart + length;
  if (mp.nextHopEnd + 1 > span.end) {
    // RFC 7606 §7.11: a next hop that exceeds the attribute resets the session.
    throw mpError(message, span, 'Next hop exceeds MP_REACH_NLRI');
  }
  mp.nlri.start = mp.nextHopEnd + 1;
  if (mp.family === undefined) {
    // Nothing is known about the NLRI of a family that was never negotiated; the caller ignores them.
    mp.nlri.start = mp.nlri.end;
    return;
  }
  if (!isNextHopLength(mp.family, length, context.extendedNextHop)) {
    // RFC 7606 §7.11: a length that is not one of the family's leaves the NLRI in doubt.
    throw mpError(message, span, `Next hop of ${length} octets`);
  }
  locateMpNlri(message, context, mp);
}

function locateMpUnreach(message: Uint8Array, context: UpdateContext, mp: MpLayout): void {
  if (mp.family === undefined) mp.nlri.start = mp.nlri.end;
  else locateMpNlri(message, context, mp);
}

function locateMpNlri(message: Uint8Array, context: UpdateContext, mp: MpLayout): void {
  const family = mp.family!;
  mp.nlri.width = family === 'ipv4-unicast' ? 32 : 128;
  mp.nlri.addPath = context.addPathReceive[family];
  mp.nlri.count = checkNlri(message, mp.nlri);
  if (mp.nlri.count < 0) {
    const span = { start: mp.attributeStart, end: mp.attributeEnd };
    throw mpError(message, span, 'Prefix that does not fit its MP attribute');
  }
}

function isNextHopLength(family: AfiSafi, length: number, extendedNextHop: boolean): boolean {
  // RFC 2545 §3: 16 octets, or 32 with a link-local address.
  if (family === 'ipv6-unicast') return length === 16 || length === 32;
  // RFC 4760 §3: AFI 1 has an IPv4 next hop; RFC 8950 §3 allows IPv6 ones where negotiated.
  return length === 4 || (extendedNextHop && (length === 16 || length === 32));
}

function endOfRib(layout: UpdateLayout): AfiSafi | undefined {
  if (layout.withdrawn.count > 0 || layout.nlri.count > 0) return undefined;
  // RFC 4724 §2: an UPDATE with nothing at all for IPv4 unicast, else one empty MP_UNREACH_NLRI.
  if (layout.attributeCount === 0) return 'ipv4-unicast';
  if (layout.attributeCount !== 1 || !layout.mpUnreach.present) return undefined;
  const { nlri, family } = layout.mpUnreach;
  return nlri.start === nlri.end ? family : undefined;
}

function mpLayout(): MpLayout {
  return {
    present: false,
    afi: 0,
    safi: 0,
    family: undefined,
    attributeStart: 0,
    attributeEnd: 0,
    nextHopStart: 0,
    nextHopEnd: 0,
    nlri: nlriField(),
  };
}

function u16(octets: Uint8Array, at: number): number {
  return (octets[at]! << 8) | octets[at + 1]!;
}

function malformedList(reason: string): ProtocolError {
  return updateError(UpdateSubcode.MalformedAttributeList, reason);
}

/** RFC 4760 §7, RFC 7606 §5.3: Optional Attribute Error, with the attribute as data (RFC 4271 §6.3). */
function mpError(
  message: Uint8Array,
  span: { start: number; end: number },
  reason: string,
): ProtocolError {
  const end = Math.min(span.end, span.start + NOTIFICATION_DATA_LENGTH_MAX);
  return updateError(UpdateSubcode.OptionalAttribute, reason, copyOctets(message, span.start, end));
}

function updateError(
  subcode: UpdateSubcode,
  reason: string,
  data: Uint8Array = NO_DATA,
): ProtocolError {
  return new ProtocolError({ code: ErrorCode.Update, subcode, data }, reason);
}

const NO_DATA = new Uint8Array(0);
