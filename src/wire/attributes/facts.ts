/**
 * What the decision process and export ask of an attribute set, read from canonical octets without allocation
 * (RFC 4271 §9.1.2.2, RFC 4456 §9).
 *
 * Runs once for each distinct attribute set; the RIB keeps the answers as columns.
 */
import { AsPathSegmentType, AttributeFlag, AttributeType, WellKnownCommunity } from '../iana.ts';

/** Mutable: made once, filled by `attributeFacts`. Absent numbers are -1 or 0 as said. */
export interface AttributeFacts {
  /** 0 IGP, 1 EGP, 2 INCOMPLETE. */
  origin: number;
  /** RFC 4271 §9.1.2.2(a): an AS_SET counts as 1; RFC 5065 §5.3: confederation segments as 0. */
  asPathLength: number;
  /** First AS number of a path that begins with an AS_SEQUENCE; 0 where there is none: local or iBGP-only. */
  neighborAs: number;
  /** Last AS number of the path when it ends with an AS_SEQUENCE; 0 otherwise. */
  originAs: number;
  /** -1 when absent. */
  med: number;
  /** -1 when absent. */
  localPref: number;
  /** 0 when absent. */
  originatorId: number;
  clusterListLength: number;
  /** -1 when absent. */
  otc: number;
  hasNoExport: boolean;
  hasNoAdvertise: boolean;
  hasNoExportSubconfed: boolean;
  hasGracefulShutdown: boolean;
  hasLlgrStale: boolean;
  hasNoLlgr: boolean;
  hasBlackhole: boolean;
  hasAsSet: boolean;
  /** Where the next hop octets stand in the canonical octets; length 4, 16 or 32, or 0 when absent. */
  nextHopOffset: number;
  nextHopLength: number;
}

/** Where canonical octets stand in a larger array; functions that take one mean the whole array without it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export function emptyAttributeFacts(): AttributeFacts {
  return {
    origin: 2,
    asPathLength: 0,
    neighborAs: 0,
    originAs: 0,
    med: -1,
    localPref: -1,
    originatorId: 0,
    clusterListLength: 0,
    otc: -1,
    hasNoExport: false,
    hasNoAdvertise: false,
    hasNoExportSubconfed: false,
    hasGracefulShutdown: false,
    hasLlgrStale: false,
    hasNoLlgr: false,
    hasBlackhole: false,
    hasAsSet: false,
    nextHopOffset: 0,
    nextHopLength: 0,
  };
}

/**
 * Fills `facts` from canonical octets, which may stand in a larger array; offsets in `facts` are indexes of that array.
 * O(length of the octets), no allocation.
 */
export function attributeFacts(canonical: Uint8Array, facts: AttributeFacts, span?: Span): void {
  clear(facts);
  const last = span === undefined ? canonical.length : span.end;
  let at = span === undefined ? 0 : span.start;
  while (at < last) {
    const extended = (canonical[at]! & AttributeFlag.ExtendedLength) !== 0;
    const type = canonical[at + 1]!;
    const start = at + (extended ? 4 : 3);
    const end = start + (extended ? u16(canonical, at + 2) : canonical[at + 2]!);
    value.type = type;
    value.start = start;
    value.end = end;
    readFact(canonical, value, facts);
    at = end;
  }
}

/** How often `asn` stands in the AS_PATH, in segments of any type. For loop detection (RFC 4271 §9.1.2). */
export function asPathCount(canonical: Uint8Array, asn: number, span?: Span): number {
  let count = 0;
  let at = findAttribute(canonical, AttributeType.AsPath, span);
  if (at < 0) return 0;
  const end = attributeEnd(canonical, at);
  at = attributeValue(canonical, at);
  while (at < end) {
    const last = at + 2 + canonical[at + 1]! * 4;
    for (at += 2; at < last; at += 4) if (u32(canonical, at) === asn) count++;
  }
  return count;
}

/** Whether CLUSTER_LIST holds `clusterId` (RFC 4456 §8). */
export function clusterListContains(
  canonical: Uint8Array,
  clusterId: number,
  span?: Span,
): boolean {
  const found = findAttribute(canonical, AttributeType.ClusterList, span);
  if (found < 0) return false;
  const end = attributeEnd(canonical, found);
  for (let at = attributeValue(canonical, found); at < end; at += 4) {
    if (u32(canonical, at) === clusterId) return true;
  }
  return false;
}

/** Whether COMMUNITIES holds `community` (unsigned 32 bits). */
export function communitiesContain(canonical: Uint8Array, community: number, span?: Span): boolean {
  const found = findAttribute(canonical, AttributeType.Communities, span);
  if (found < 0) return false;
  const end = attributeEnd(canonical, found);
  for (let at = attributeValue(canonical, found); at < end; at += 4) {
    if (u32(canonical, at) === community) return true;
  }
  return false;
}

/** Index of the attribute of this type in canonical octets, -1 when absent. */
export function findAttribute(canonical: Uint8Array, type: number, span?: Span): number {
  const end = span === undefined ? canonical.length : span.end;
  let at = span === undefined ? 0 : span.start;
  while (at < end) {
    const found = canonical[at + 1]!;
    if (found === type) return at;
    if (found > type) return -1; // ascending by type
    at = attributeEnd(canonical, at);
  }
  return -1;
}

/** Index of the value of the attribute at `at`. */
export function attributeValue(canonical: Uint8Array, at: number): number {
  return at + ((canonical[at]! & AttributeFlag.ExtendedLength) !== 0 ? 4 : 3);
}

/** One past the attribute at `at`. */
export function attributeEnd(canonical: Uint8Array, at: number): number {
  return (canonical[at]! & AttributeFlag.ExtendedLength) !== 0
    ? at + 4 + u16(canonical, at + 2)
    : at + 3 + canonical[at + 2]!;
}

interface Value {
  type: number;
  start: number;
  end: number;
}

/** The attribute at hand: one object, not one an attribute. */
const value: Value = { type: 0, start: 0, end: 0 };

function readFact(octets: Uint8Array, span: Value, facts: AttributeFacts): void {
  const { start } = span;
  switch (span.type) {
    case AttributeType.Origin:
      facts.origin = octets[start]!;
      break;
    case AttributeType.AsPath:
      readAsPath(octets, span, facts);
      break;
    case AttributeType.NextHop:
      facts.nextHopOffset = start;
      facts.nextHopLength = 4;
      break;
    case AttributeType.MpReachNlri:
      facts.nextHopOffset = start + 4;
      facts.nextHopLength = octets[start + 3]!;
      break;
    case AttributeType.MultiExitDisc:
      facts.med = u32(octets, start);
      break;
    case AttributeType.LocalPref:
      facts.localPref = u32(octets, start);
      break;
    case AttributeType.Communities:
      for (let at = start; at < span.end; at += 4) readCommunity(u32(octets, at), facts);
      break;
    case AttributeType.OriginatorId:
      facts.originatorId = u32(octets, start);
      break;
    case AttributeType.ClusterList:
      facts.clusterListLength = (span.end - start) >>> 2;
      break;
    case AttributeType.OnlyToCustomer:
      facts.otc = u32(octets, start);
      break;
    default:
  }
}

function readAsPath(octets: Uint8Array, span: Value, facts: AttributeFacts): void {
  let at = span.start;
  while (at < span.end) {
    const type = octets[at]!;
    const count = octets[at + 1]!;
    const isSequence = type === AsPathSegmentType.AsSequence;
    if (isSequence) {
      facts.asPathLength += count;
      if (at === span.start) facts.neighborAs = u32(octets, at + 2);
    } else if (type === AsPathSegmentType.AsSet) {
      facts.asPathLength += 1;
      facts.hasAsSet = true;
    } else if (type === AsPathSegmentType.AsConfedSet) facts.hasAsSet = true;
    at += 2 + count * 4;
    facts.originAs = isSequence ? u32(octets, at - 4) : 0;
  }
}

function readCommunity(community: number, facts: AttributeFacts): void {
  if (community < WellKnownCommunity.GracefulShutdown) return;
  if (community === WellKnownCommunity.NoExport) facts.hasNoExport = true;
  else if (community === WellKnownCommunity.NoAdvertise) facts.hasNoAdvertise = true;
  else if (community === WellKnownCommunity.NoExportSubconfed) facts.hasNoExportSubconfed = true;
  else if (community === WellKnownCommunity.GracefulShutdown) facts.hasGracefulShutdown = true;
  else if (community === WellKnownCommunity.LlgrStale) facts.hasLlgrStale = true;
  else if (community === WellKnownCommunity.NoLlgr) facts.hasNoLlgr = true;
  else if (community === WellKnownCommunity.Blackhole) facts.hasBlackhole = true;
}

function clear(facts: AttributeFacts): void {
  facts.origin = 2;
  facts.asPathLength = 0;
  facts.neighborAs = 0;
  facts.originAs = 0;
  facts.med = -1;
  facts.localPref = -1;
  facts.originatorId = 0;
  facts.clusterListLength = 0;
  facts.otc = -1;
  facts.hasNoExport = false;
  facts.hasNoAdvertise = false;
  facts.hasNoExportSubconfed = false;
  facts.hasGracefulShutdown = false;
  facts.hasLlgrStale = false;
  facts.hasNoLlgr = false;
  facts.hasBlackhole = false;
  facts.hasAsSet = false;
  facts.nextHopOffset = 0;
  facts.nextHopLength = 0;
}

function u16(octets: Uint8Array, at: number): number {
  return (octets[at]! << 8) | octets[at + 1]!;
}

function u32(octets: Uint8Array, at: number): number {
  return (
    ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0
  );
}
