/**
 * Export: canonical octets to canonical octets in one pass, without decoding (RFC 4271 §5.1, RFC 4456 §8).
 *
 * The RIB does this once for each pair of attribute set and update group. Whether to do what is policy and
 * decided by the caller; here is only how. The result is canonical again, so equal results intern to one set.
 */
import type { ByteWriter } from '../../base/byte-writer.ts';
import type { AfiSafi } from '../../net/afi-safi.ts';
import { factsOf } from '../../net/afi-safi.ts';
import { AsPathSegmentType, AttributeFlag, AttributeType } from '../iana.ts';
import { type AsPathEdit, editAsPath } from './as-path-edit.ts';
import { u32At, writeAttributeHeader } from './define.ts';
import { attributeEnd, attributeValue } from './facts.ts';
import { isLinkBandwidth, type LinkBandwidth, linkBandwidthOctets } from './link-bandwidth.ts';
import type { LargeCommunity } from './path-attributes.ts';

export interface ExportRewrite {
  readonly family: AfiSafi;
  /** Done to the AS_PATH as it came, before `prepend`. */
  readonly asPath?: AsPathEdit;
  /** AS numbers put in front of AS_PATH, left to right as they shall stand there. */
  readonly prepend: readonly number[];
  /**
   * 4 octets, or 16 or 32 of IPv6 (global, then link-local). `keep-global` leaves out the link-local address: it means
   * nothing on another link (RFC 2545 §3).
   */
  readonly nextHop: 'keep' | 'keep-global' | Uint8Array;
  readonly med: 'keep' | 'drop' | number;
  readonly localPref: 'keep' | 'drop' | number;
  /** Set where ORIGINATOR_ID is absent (RFC 4456 §8). */
  readonly originatorId?: number;
  /** Put in front of CLUSTER_LIST (RFC 4456 §8). */
  readonly clusterId?: number;
  /** Appended where absent, in this order. */
  readonly addCommunities?: readonly number[];
  readonly removeCommunities?: readonly number[];
  readonly addLargeCommunities?: readonly LargeCommunity[];
  /** Instead of those that are there. */
  readonly linkBandwidth?: LinkBandwidth;
  /** Set where OTC is absent (RFC 9234 §5). */
  readonly otc?: number;
  /**
   * Towards eBGP: ORIGINATOR_ID and CLUSTER_LIST go, which are for inside an AS (RFC 4456 §8), confederation
   * segments of AS_PATH (RFC 5065 §4.1), and extended communities that are not transitive (RFC 4360 §6).
   */
  readonly removeOriginatorAndCluster: boolean;
}

/** Canonical octets inside a larger array: a view each time would cost more than the rewrite of a short attribute. */
export interface CanonicalSpan {
  readonly octets: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Appends the rewritten canonical octets to `out`. */
export function rewriteAttributes(
  canonical: CanonicalSpan,
  rewrite: ExportRewrite,
  out: ByteWriter,
): void {
  const { octets, end } = canonical;
  target.rewrite = rewrite;
  target.out = out;
  let at = canonical.start;
  let inserted = 0; // index into INSERTABLE
  while (at < end) {
    const type = octets[at + 1]!;
    while (inserted < INSERTABLE.length && INSERTABLE[inserted]! < type) {
      insertAttribute(INSERTABLE[inserted++]!, rewrite, out);
    }
    if (INSERTABLE[inserted] === type) inserted++;
    rewriteAttribute(octets, at, target);
    at = attributeEnd(octets, at);
  }
  while (inserted < INSERTABLE.length) insertAttribute(INSERTABLE[inserted++]!, rewrite, out);
}

/**
 * Whether two sets that differ also differ once rewritten: compares what `rewrite` does not replace or leave out.
 * May say yes for two that come out alike (a community that is added to one and was there in the other): that costs an
 * announcement that says nothing new, and is harmless.
 */
export function differRewritten(
  a: CanonicalSpan,
  b: CanonicalSpan,
  rewrite: ExportRewrite,
): boolean {
  let i = a.start;
  let j = b.start;
  for (;;) {
    while (i < a.end && isReplaced(a.octets[i + 1]!, rewrite)) i = attributeEnd(a.octets, i);
    while (j < b.end && isReplaced(b.octets[j + 1]!, rewrite)) j = attributeEnd(b.octets, j);
    if (i >= a.end || j >= b.end) return i < a.end || j < b.end;
    const end = attributeEnd(a.octets, i);
    if (attributeEnd(b.octets, j) - j !== end - i) return true;
    while (i < end) if (a.octets[i++] !== b.octets[j++]) return true;
  }
}

/** Whether what a rewrite gives does not depend on this attribute. */
function isReplaced(type: number, rewrite: ExportRewrite): boolean {
  switch (type) {
    case AttributeType.NextHop:
    case AttributeType.MpReachNlri:
      return typeof rewrite.nextHop !== 'string';
    case AttributeType.MultiExitDisc:
      return rewrite.med !== 'keep';
    case AttributeType.LocalPref:
      return rewrite.localPref !== 'keep';
    case AttributeType.OriginatorId:
    case AttributeType.ClusterList:
      return rewrite.removeOriginatorAndCluster;
    default:
      return false;
  }
}

/** Attributes that a rewrite may add where they are absent, ascending. */
const INSERTABLE: readonly number[] = [
  AttributeType.AsPath,
  AttributeType.NextHop,
  AttributeType.MultiExitDisc,
  AttributeType.LocalPref,
  AttributeType.Communities,
  AttributeType.OriginatorId,
  AttributeType.ClusterList,
  AttributeType.MpReachNlri,
  AttributeType.ExtendedCommunities,
  AttributeType.LargeCommunity,
  AttributeType.OnlyToCustomer,
];

const NONE = new Uint8Array(0);

interface Target {
  rewrite: ExportRewrite;
  out: ByteWriter;
}

/** What the running `rewriteAttributes` works on; one object, not one an attribute. */
const target = {} as Target;

/** One attribute that is there: copied, changed or left out. */
function rewriteAttribute(octets: Uint8Array, at: number, target: Target): void {
  const { rewrite, out } = target;
  const end = attributeEnd(octets, at);
  switch (octets[at + 1]) {
    case AttributeType.AsPath:
      if (rewrite.asPath !== undefined || !writeLongerAsPath(octets, at, target)) {
        writeAsPath(octets.subarray(attributeValue(octets, at), end), rewrite, out);
      }
      return;
    case AttributeType.NextHop:
    case AttributeType.MpReachNlri:
      if (rewrite.nextHop === 'keep') out.copy(octets, at, end);
      else if (rewrite.nextHop === 'keep-global') writeGlobalNextHop(octets, at, target);
      else insertAttribute(octets[at + 1]!, rewrite, out);
      return;
    case AttributeType.MultiExitDisc:
      if (rewrite.med === 'keep') out.copy(octets, at, end);
      else insertAttribute(AttributeType.MultiExitDisc, rewrite, out);
      return;
    case AttributeType.LocalPref:
      if (rewrite.localPref === 'keep') out.copy(octets, at, end);
      else insertAttribute(AttributeType.LocalPref, rewrite, out);
      return;
    case AttributeType.Communities:
      if (isKept(rewrite.addCommunities) && isKept(rewrite.removeCommunities)) {
        writeUnlessEmpty(octets, at, target);
      } else writeCommunities(octets.subarray(at, end), rewrite, out);
      return;
    case AttributeType.OriginatorId:
      if (!rewrite.removeOriginatorAndCluster) out.copy(octets, at, end);
      return;
    case AttributeType.ClusterList:
      if (!rewrite.removeOriginatorAndCluster)
        writeClusterList(octets.subarray(at, end), rewrite, out);
      return;
    case AttributeType.ExtendedCommunities:
    case AttributeType.Ipv6ExtendedCommunities:
      writeExtended(octets, at, target);
      return;
    case AttributeType.LargeCommunity:
      if (isKept(rewrite.addLargeCommunities)) writeUnlessEmpty(octets, at, target);
      else writeLargeCommunities(octets.subarray(at, end), rewrite, out);
      return;
    default:
      out.copy(octets, at, end);
  }
}

function isKept(changes: readonly unknown[] | undefined): boolean {
  return changes === undefined || changes.length === 0;
}

function writeUnlessEmpty(octets: Uint8Array, at: number, { out }: Target): void {
  const end = attributeEnd(octets, at);
  if (end > attributeValue(octets, at)) out.copy(octets, at, end);
}

/** One attribute that is absent, or whose value is replaced: written if the rewrite gives it a value. */
function insertAttribute(type: number, rewrite: ExportRewrite, out: ByteWriter): void {
  switch (type) {
    case AttributeType.AsPath:
      if (rewrite.prepend.length > 0) writeAsPath(NONE, rewrite, out);
      break;
    case AttributeType.NextHop:
      if (typeof rewrite.nextHop !== 'string' && rewrite.nextHop.length === 4) {
        out.u16(kindOf(AttributeFlag.Transitive, type));
        out.u8(4);
        out.copy(rewrite.nextHop, 0, 4);
      }
      break;
    case AttributeType.MultiExitDisc:
      if (typeof rewrite.med === 'number') writeU32(out, kindOf(0x80, type), rewrite.med);
      break;
    case AttributeType.LocalPref:
      if (typeof rewrite.localPref === 'number') {
        writeU32(out, kindOf(0x40, type), rewrite.localPref);
      }
      break;
    case AttributeType.Communities:
      if (!isKept(rewrite.addCommunities)) writeCommunities(NONE, rewrite, out);
      break;
    case AttributeType.OriginatorId:
      if (rewrite.originatorId !== undefined) {
        writeU32(out, kindOf(0x80, type), rewrite.originatorId);
      }
      break;
    case AttributeType.ClusterList:
      if (rewrite.clusterId !== undefined) writeClusterList(NONE, rewrite, out);
      break;
    case AttributeType.MpReachNlri:
      if (typeof rewrite.nextHop !== 'string' && rewrite.nextHop.length !== 4) {
        writeMpNextHop(rewrite.family, rewrite.nextHop, out);
      }
      break;
    case AttributeType.LargeCommunity:
      if (!isKept(rewrite.addLargeCommunities)) writeLargeCommunities(NONE, rewrite, out);
      break;
    case AttributeType.ExtendedCommunities:
      if (rewrite.linkBandwidth !== undefined) writeExtendedOnes(NONE, NONE_KEPT, target);
      break;
    case AttributeType.OnlyToCustomer:
      if (rewrite.otc !== undefined) writeU32(out, kindOf(0xc0, type), rewrite.otc);
      break;
    default:
  }
}

/** The canonical attribute 14: AFI, SAFI, next hop, reserved octet, no NLRI. */
export function writeMpNextHop(family: AfiSafi, nextHop: Uint8Array, out: ByteWriter): void {
  const { afi, safi } = factsOf(family);
  writeAttributeHeader(out, {
    flags: AttributeFlag.Optional,
    type: AttributeType.MpReachNlri,
    length: 5 + nextHop.length,
  });
  out.u16(afi);
  out.u8(safi);
  out.u8(nextHop.length);
  out.bytes(nextHop);
  out.u8(0);
}

/** The attribute 14 with the first 16 octets of its next hop; anything else as it is. */
function writeGlobalNextHop(octets: Uint8Array, at: number, { rewrite, out }: Target): void {
  const start = attributeValue(octets, at);
  if (octets[at + 1] !== AttributeType.MpReachNlri || octets[start + 3] !== 32) {
    out.copy(octets, at, attributeEnd(octets, at));
    return;
  }
  writeMpNextHop(rewrite.family, octets.subarray(start + 4, start + 20), out);
}

/** One of 4 octets. */
function writeU32(out: ByteWriter, kind: number, value: number): void {
  out.u16(kind);
  out.u8(4);
  out.u32(value);
}

/** Flags and type as they stand on the wire. */
const kindOf = (flags: number, type: number): number => (flags << 8) | type;

/**
 * AS_PATH with `prepend` in front of `path` (a value, 4-octet AS numbers).
 *
 * RFC 4271 §5.1.2: the AS numbers join a leading AS_SEQUENCE as far as its 255 places go; those left of them stand
 * in segments of their own.
 */
function writeAsPath(path: Uint8Array, rewrite: ExportRewrite, out: ByteWriter): void {
  const { prepend } = rewrite;
  const shown = rewrite.asPath === undefined ? path : editAsPath(path, rewrite.asPath);
  const from = rewrite.removeOriginatorAndCluster ? withoutConfederation(shown) : shown;
  const joins = from.length > 0 && from[0] === AsPathSegmentType.AsSequence;
  const first = joins ? from[1]! : 0;
  const joining = joins ? Math.min(prepend.length, 255 - first) : 0;
  const alone = prepend.length - joining;
  const segments = Math.ceil(alone / 255);
  const length = from.length + prepend.length * 4 + segments * 2;
  writeAttributeHeader(out, {
    flags: AttributeFlag.Transitive,
    type: AttributeType.AsPath,
    length,
  });
  // The leftmost segment takes the remainder, so that all others are full.
  let at = 0;
  for (let segment = 0; segment < segments; segment++) {
    const count = segment === 0 ? alone - (segments - 1) * 255 : 255;
    out.u8(AsPathSegmentType.AsSequence);
    out.u8(count);
    for (const stop = at + count; at < stop; at++) out.u32(prepend[at]!);
  }
  if (joins) {
    out.u8(AsPathSegmentType.AsSequence);
    out.u8(first + joining);
    for (; at < prepend.length; at++) out.u32(prepend[at]!);
    out.copy(from, 2, from.length);
  } else out.copy(from, 0, from.length);
}

/**
 * `writeAsPath` for nearly every path there is: one AS_SEQUENCE with room for what is put in front.
 *
 * @returns False, with nothing written, for any other path.
 */
function writeLongerAsPath(octets: Uint8Array, at: number, { rewrite, out }: Target): boolean {
  const { prepend } = rewrite;
  const start = attributeValue(octets, at);
  const length = attributeEnd(octets, at) - start;
  const longer = length + prepend.length * 4;
  if (length === 0 || octets[start] !== AsPathSegmentType.AsSequence) return false;
  const count = octets[start + 1]!;
  // Without Extended Length the segment has 63 places at most, so its count cannot overflow either.
  if (length !== 2 + count * 4 || longer > 255) return false;
  out.u8(AttributeFlag.Transitive);
  out.u8(AttributeType.AsPath);
  out.u8(longer);
  out.u8(AsPathSegmentType.AsSequence);
  out.u8(count + prepend.length);
  for (let i = 0; i < prepend.length; i++) out.u32(prepend[i]!);
  out.copy(octets, start + 2, start + length);
  return true;
}

function withoutConfederation(path: Uint8Array): Uint8Array {
  let kept: number[] | undefined;
  let at = 0;
  while (at < path.length) {
    const end = at + 2 + path[at + 1]! * 4;
    if (path[at]! >= AsPathSegmentType.AsConfedSequence) kept ??= Array.from(path.subarray(0, at));
    else if (kept !== undefined) for (let i = at; i < end; i++) kept.push(path[i]!);
    at = end;
  }
  return kept === undefined ? path : Uint8Array.from(kept);
}

/** @param attribute  The whole attribute in canonical octets, or none. */
function writeCommunities(attribute: Uint8Array, rewrite: ExportRewrite, out: ByteWriter): void {
  const values: number[] = [];
  const removed = rewrite.removeCommunities;
  for (let at = valueStart(attribute); at < attribute.length; at += 4) {
    const community = u32At(attribute, at);
    if (removed === undefined || !removed.includes(community)) values.push(community);
  }
  for (const community of rewrite.addCommunities ?? []) {
    if (!values.includes(community)) values.push(community);
  }
  if (values.length === 0) return;
  const flags = flagsOf(attribute);
  writeAttributeHeader(out, { flags, type: AttributeType.Communities, length: values.length * 4 });
  for (const value of values) out.u32(value);
}

/** Extended communities, those of IPv6 as well (RFC 5701). */
function writeExtended(octets: Uint8Array, at: number, target: Target): void {
  const { rewrite, out } = target;
  const end = attributeEnd(octets, at);
  const isIpv6 = octets[at + 1] === AttributeType.Ipv6ExtendedCommunities;
  const bandwidth = isIpv6 ? undefined : rewrite.linkBandwidth;
  if (!rewrite.removeOriginatorAndCluster && bandwidth === undefined) {
    out.copy(octets, at, end);
    return;
  }
  const size = isIpv6 ? 20 : 8;
  const kept: number[] = [];
  for (let i = attributeValue(octets, at); i < end; i += size) {
    // RFC 4360 §6, RFC 5701 §2: one that is not transitive does not cross the border of an AS.
    if (rewrite.removeOriginatorAndCluster && (octets[i]! & 0x40) !== 0) continue;
    if (bandwidth === undefined || !isLinkBandwidth(octets, i)) kept.push(i);
  }
  if (!isIpv6) return writeExtendedOnes(octets, { flags: octets[at]!, kept }, target);
  if (kept.length === 0) return;
  const length = kept.length * size;
  writeAttributeHeader(out, { flags: withoutLength(octets[at]!), type: octets[at + 1]!, length });
  for (const i of kept) out.copy(octets, i, i + size);
}

const NONE_KEPT = { flags: 0xc0, kept: [] };

function writeExtendedOnes(
  octets: Uint8Array,
  { flags, kept }: { readonly flags: number; readonly kept: readonly number[] },
  { rewrite, out }: Target,
): void {
  const added = rewrite.linkBandwidth;
  const length = (kept.length + (added === undefined ? 0 : 1)) * 8;
  if (length === 0) return;
  const type = AttributeType.ExtendedCommunities;
  writeAttributeHeader(out, { flags: withoutLength(flags), type, length });
  for (const i of kept) out.copy(octets, i, i + 8);
  if (added !== undefined) out.bytes(linkBandwidthOctets(added));
}

function withoutLength(flags: number): number {
  return flags & ~AttributeFlag.ExtendedLength;
}

function writeLargeCommunities(
  attribute: Uint8Array,
  rewrite: ExportRewrite,
  out: ByteWriter,
): void {
  const start = valueStart(attribute);
  const added = (rewrite.addLargeCommunities ?? []).filter(
    (community) => !hasLargeCommunity(attribute, start, community),
  );
  const length = attribute.length - start + added.length * 12;
  if (length === 0) return;
  writeAttributeHeader(out, {
    flags: flagsOf(attribute),
    type: AttributeType.LargeCommunity,
    length,
  });
  out.copy(attribute, start, attribute.length);
  for (const community of added) for (const part of community) out.u32(part);
}

function hasLargeCommunity(octets: Uint8Array, start: number, community: LargeCommunity): boolean {
  for (let at = start; at < octets.length; at += 12) {
    if (community.every((part, i) => u32At(octets, at + i * 4) === part)) return true;
  }
  return false;
}

function writeClusterList(attribute: Uint8Array, rewrite: ExportRewrite, out: ByteWriter): void {
  const start = valueStart(attribute);
  const added = rewrite.clusterId === undefined ? 0 : 4;
  writeAttributeHeader(out, {
    flags: AttributeFlag.Optional,
    type: AttributeType.ClusterList,
    length: attribute.length - start + added,
  });
  if (rewrite.clusterId !== undefined) out.u32(rewrite.clusterId);
  out.copy(attribute, start, attribute.length);
}

function valueStart(attribute: Uint8Array): number {
  return attribute.length === 0 ? 0 : attributeValue(attribute, 0);
}

/** Partial stays where it was set: it may never be cleared (RFC 4271 §5). */
function flagsOf(attribute: Uint8Array): number {
  return attribute.length === 0 ? 0xc0 : attribute[0]!;
}
