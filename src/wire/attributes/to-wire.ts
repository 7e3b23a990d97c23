/**
 * Canonical octets as one peer is sent them (RFC 4271 §4.3, RFC 4760 §3, RFC 6793 §4.2.2).
 *
 * A peer with 4-octet AS numbers gets a copy. NLRI are the packer's: it writes `mpReachHeader`, the NLRI, then
 * `closeMpAttribute`, and these attributes behind (RFC 7606 §5.1: MP attributes come first).
 */
import type { ByteWriter } from '../../base/byte-writer.ts';
import { type AfiSafi, factsOf } from '../../net/afi-safi.ts';
import { AS_TRANS, AsPathSegmentType, AttributeFlag, AttributeType } from '../iana.ts';
import { u32At, writeAttributeHeader } from './define.ts';
import { attributeEnd, attributeValue, findAttribute } from './facts.ts';

/** Whether routes with these attributes travel in MP_REACH_NLRI; otherwise at the end of the UPDATE. */
export function needsMpReach(canonical: Uint8Array): boolean {
  return findAttribute(canonical, AttributeType.MpReachNlri) >= 0;
}

/** Appends every attribute but MP_REACH_NLRI. `as4` is whether the peer knows 4-octet AS numbers. */
export function writeWireAttributes(canonical: Uint8Array, as4: boolean, out: ByteWriter): void {
  const mp = findAttribute(canonical, AttributeType.MpReachNlri);
  if (as4) {
    if (mp < 0) out.bytes(canonical);
    else {
      out.copy(canonical, 0, mp);
      out.copy(canonical, attributeEnd(canonical, mp), canonical.length);
    }
    return;
  }
  writeForOldSpeaker(canonical, out);
}

/**
 * Appends an MP_REACH_NLRI up to where its NLRI begin.
 *
 * @returns A mark for `closeMpAttribute`.
 */
export function mpReachHeader(canonical: Uint8Array, out: ByteWriter): number {
  const at = findAttribute(canonical, AttributeType.MpReachNlri);
  const mark = openMp(AttributeType.MpReachNlri, out);
  out.copy(canonical, attributeValue(canonical, at), attributeEnd(canonical, at));
  return mark;
}

/** Appends an MP_UNREACH_NLRI up to where its NLRI begin. Closed at once, it is an End-of-RIB (RFC 4724 §2). */
export function mpUnreachHeader(family: AfiSafi, out: ByteWriter): number {
  const mark = openMp(AttributeType.MpUnreachNlri, out);
  const { afi, safi } = factsOf(family);
  out.u16(afi);
  out.u8(safi);
  return mark;
}

/** Sets the length of the attribute that `mark` began and that ends where `out` ends now. */
export function closeMpAttribute(mark: number, out: ByteWriter): void {
  out.patchU16(mark, out.length - mark - 2);
}

/** Octets that `mpReachHeader` appends. */
export function mpReachHeaderLength(canonical: Uint8Array): number {
  const at = findAttribute(canonical, AttributeType.MpReachNlri);
  return 4 + attributeEnd(canonical, at) - attributeValue(canonical, at);
}

/** Extended Length always, since the number of NLRI is not known yet. Returns the index of the length. */
function openMp(type: number, out: ByteWriter): number {
  out.u8(AttributeFlag.Optional | AttributeFlag.ExtendedLength);
  out.u8(type);
  return out.reserve(2);
}

function writeForOldSpeaker(canonical: Uint8Array, out: ByteWriter): void {
  let as4Path = -1; // where AS_PATH stands, when it needs an AS4_PATH
  let as4Aggregator = -1;
  let at = 0;
  while (at < canonical.length) {
    const type = canonical[at + 1]!;
    const end = attributeEnd(canonical, at);
    if (type > AttributeType.As4Aggregator) {
      writeAs4(canonical, { as4Path, as4Aggregator }, out);
      as4Path = -1;
      as4Aggregator = -1;
    }
    if (type === AttributeType.AsPath) {
      if (writeNarrowAsPath(canonical, at, out)) as4Path = at;
    } else if (type === AttributeType.Aggregator) {
      if (writeNarrowAggregator(canonical, at, out)) as4Aggregator = at;
    } else if (type !== AttributeType.MpReachNlri) out.copy(canonical, at, end);
    at = end;
  }
  writeAs4(canonical, { as4Path, as4Aggregator }, out);
}

/** AS_PATH in 2-octet AS numbers; true when AS_TRANS stands for one of them, so that AS4_PATH is needed. */
function writeNarrowAsPath(canonical: Uint8Array, at: number, out: ByteWriter): boolean {
  const start = attributeValue(canonical, at);
  const end = attributeEnd(canonical, at);
  let asns = 0;
  let segments = 0;
  for (let i = start; i < end; i += 2 + canonical[i + 1]! * 4) {
    asns += canonical[i + 1]!;
    segments++;
  }
  const length = segments * 2 + asns * 2;
  writeAttributeHeader(out, {
    flags: AttributeFlag.Transitive,
    type: AttributeType.AsPath,
    length,
  });
  let isWide = false;
  for (let i = start; i < end; ) {
    const count = canonical[i + 1]!;
    out.u8(canonical[i]!);
    out.u8(count);
    i += 2;
    for (const next = i + count * 4; i < next; i += 4) {
      const asn = u32At(canonical, i);
      out.u16(asn > 0xffff ? AS_TRANS : asn);
      if (asn > 0xffff) isWide = true;
    }
  }
  return isWide;
}

function writeNarrowAggregator(canonical: Uint8Array, at: number, out: ByteWriter): boolean {
  const start = attributeValue(canonical, at);
  const asn = u32At(canonical, start);
  writeAttributeHeader(out, { flags: canonical[at]!, type: AttributeType.Aggregator, length: 6 });
  // RFC 6793 §4.2.2: AS_TRANS, with the number in AS4_AGGREGATOR, only where it does not fit.
  out.u16(asn > 0xffff ? AS_TRANS : asn);
  out.copy(canonical, start + 4, start + 8);
  return asn > 0xffff;
}

function writeAs4(
  canonical: Uint8Array,
  from: { as4Path: number; as4Aggregator: number },
  out: ByteWriter,
): void {
  const flags = AttributeFlag.Optional | AttributeFlag.Transitive;
  if (from.as4Path >= 0) {
    const start = attributeValue(canonical, from.as4Path);
    const end = attributeEnd(canonical, from.as4Path);
    // RFC 6793 §3: confederation segments do not go into AS4_PATH.
    let length = 0;
    for (let at = start; at < end; at = segmentEnd(canonical, at)) {
      if (isInAs4Path(canonical, at)) length += segmentEnd(canonical, at) - at;
    }
    if (length > 0) writeAttributeHeader(out, { flags, type: AttributeType.As4Path, length });
    for (let at = start; at < end; at = segmentEnd(canonical, at)) {
      if (isInAs4Path(canonical, at)) out.copy(canonical, at, segmentEnd(canonical, at));
    }
  }
  if (from.as4Aggregator >= 0) {
    const start = attributeValue(canonical, from.as4Aggregator);
    writeAttributeHeader(out, { flags, type: AttributeType.As4Aggregator, length: 8 });
    out.copy(canonical, start, start + 8);
  }
}

function isInAs4Path(canonical: Uint8Array, at: number): boolean {
  return canonical[at]! < AsPathSegmentType.AsConfedSequence;
}

function segmentEnd(canonical: Uint8Array, at: number): number {
  return at + 2 + canonical[at + 1]! * 4;
}
