/**
 * Received attributes to canonical octets, with all of RFC 7606 on the way.
 *
 * Canonical octets: attributes ascending by type, 4-octet AS numbers, AS4_* merged away, the next hop as attribute 3
 * (IPv4) or as attribute 14 without NLRI, unknown transitive ones with the Partial bit, Extended Length only where
 * needed. Equal routes have equal octets, so the RIB interns and compares octets and decodes nothing.
 * Runs once for each distinct block of received attributes. Not reentrant: the scratch tables are shared.
 */
import { ByteWriter } from '../../base/byte-writer.ts';
import { AS_TRANS, AttributeFlag, AttributeType, UpdateSubcode } from '../iana.ts';
import type { UpdateContext, UpdateLayout } from '../update.ts';
import type { UpdateFault } from '../update-faults.ts';
import { encodeAsPath } from './as-path.ts';
import { mergeAs4Path, readSegments } from './as4-merge.ts';
import {
  type AttributeSlice,
  categoryFlags,
  type Malformed,
  malformed,
  writeAttributeHeader,
} from './define.ts';
import { FaultList } from './fault-list.ts';
import { writeUniqueLargeCommunities } from './large-community.ts';
import { checkNextHop, nextHopSpan } from './mp-reach-nlri.ts';
import { writeMpNextHop } from './rewrite.ts';
import { attributeRow } from './table.ts';

export interface CanonicaliseInput {
  /** The whole UPDATE; read, not kept. */
  readonly message: Uint8Array;
  /** As `locateUpdate` filled it for `message`. */
  readonly layout: UpdateLayout;
  readonly context: UpdateContext;
  /**
   * For which NLRI: `classic` are those at the end of the message, with NEXT_HOP; `mp` those of MP_REACH_NLRI, with
   * its next hop. An UPDATE with both is canonicalised twice.
   */
  readonly part: 'classic' | 'mp';
}

export interface Canonicalised {
  /**
   * `accept`: canonical octets were appended. `treat-as-withdraw`: nothing was; every NLRI announced in the UPDATE
   * is to be withdrawn. `session-reset`: nothing was; the worst fault says which NOTIFICATION.
   */
  readonly action: 'accept' | 'treat-as-withdraw' | 'session-reset';
  /** In the order of the wire, at most `FAULTS_PER_UPDATE_MAX`, the worst always among them. */
  readonly faults: readonly UpdateFault[];
}

/**
 * Judges the attributes of one UPDATE and, when they can be used, appends them to `out` in canonical form.
 *
 * Also for an UPDATE that announces nothing but carries attributes: RFC 7606 §5.2 makes faults there fatal. The outcome
 * depends on the attributes without their NLRI, on `context`, on `part`, and on whether anything is announced.
 * @returns A shared constant when nothing was wrong.
 */
export function canonicalise(input: CanonicaliseInput, out: ByteWriter): Canonicalised {
  const judged = judgeAttributes(input);
  if (judged.action === 'accept') writeCanonical(input, out);
  return judged;
}

/** The first half of `canonicalise`, for who writes only what `isVerbatim` says is not canonical as it came. */
export function judgeAttributes(input: CanonicaliseInput): Canonicalised {
  clearScratch();
  faults.begin(input.message);
  collect(input);
  checkMandatory(input);
  if (faults.worst === 'treat-as-withdraw' && mayHideNlri(input.layout)) faults.escalate();
  const action = faults.worst === undefined || faults.worst === 'discard' ? 'accept' : faults.worst;
  return action === 'accept' && faults.list.length === 0
    ? ACCEPTED
    : { action, faults: faults.list };
}

/** What becomes of the value of an attribute. */
const Keeping = {
  AsItIs: 0,
  /** Known, but of no use to us. */
  Never: 1,
  /** RFC 6793 §4.1: says something only beside 2-octet AS numbers. */
  Merged: 2,
  /** Doubles are taken out. */
  Rewritten: 3,
} as const;

// The attributes of the UPDATE at hand, by type. Emptied after each, so that nothing is allocated for each.
const START = new Int32Array(256); // of the value
const END = new Int32Array(256);
const FLAGS = new Uint8Array(256);
const SEEN = new Uint8Array(256); // 1: usable; 2: seen, but not to be written
const TYPES = new Uint8Array(256); // the first `typeCount` are the types seen
let typeCount = 0;
/** All attributes so far are usable, and as canonical octets have them. */
let isAsWritten = true;

const slice: AttributeSlice = {
  octets: new Uint8Array(0),
  start: 0,
  end: 0,
  as4: true,
  peerType: 'ebgp',
};
const scratch = new ByteWriter(512);
const faults = new FaultList();
const ACCEPTED: Canonicalised = { action: 'accept', faults: [] };

function clearScratch(): void {
  for (let i = 0; i < typeCount; i++) SEEN[TYPES[i]!] = 0;
  typeCount = 0;
  isAsWritten = true;
}

/** Walks the attributes in the order of the wire and judges each. */
function collect(input: CanonicaliseInput): void {
  const { message, layout, context } = input;
  slice.octets = message;
  slice.as4 = context.as4;
  slice.peerType = context.peerType;
  let highest = 0;
  const end = layout.overrunAt < 0 ? layout.attributesEnd : layout.overrunAt;
  let at = layout.attributesStart;
  while (at < end) {
    const flags = message[at]!;
    const type = message[at + 1]!;
    const extended = (flags & AttributeFlag.ExtendedLength) !== 0;
    const start = at + (extended ? 4 : 3);
    const next = start + (extended ? u16(message, at + 2) : message[at + 2]!);
    if (SEEN[type] !== 0) {
      // RFC 7606 §3(g): all but the first are discarded, whatever they hold.
      faults.add(REPEATED, type, { start: at, end: next });
      isAsWritten = false;
    } else {
      TYPES[typeCount++] = type;
      START[type] = start;
      END[type] = next;
      FLAGS[type] = flags;
      const problem = judge(input, type, flags);
      if (problem !== undefined && problem !== IGNORED) {
        faults.add(problem, type, { start: at, end: next });
      }
      SEEN[type] = problem === undefined ? 1 : 2;
      if (problem !== undefined || type < highest || !isKeptAsItIs(type, flags)) {
        isAsWritten = false;
      }
      highest = type;
    }
    at = next;
  }
  if (layout.overrunAt >= 0) {
    // RFC 7606 §4: the attribute that exceeds the list is treat-as-withdraw.
    const type = message[layout.overrunAt + 1]!;
    const isHeaderWhole = layout.overrunAt + 2 <= layout.attributesEnd;
    faults.add(OVERRUN, isHeaderWhole ? type : 0, {
      start: layout.overrunAt,
      end: layout.attributesEnd,
    });
  }
}

/** What is wrong with the attribute just entered; `IGNORED` when it is right but says nothing to us. */
function judge(input: CanonicaliseInput, type: number, flags: number): Malformed | undefined {
  const row = attributeRow(type);
  if (row === undefined) {
    if ((flags & AttributeFlag.Optional) === 0) return UNKNOWN_WELL_KNOWN;
    // RFC 4271 §5: unknown non-transitive ones are quietly ignored, transitive ones are passed on.
    return (flags & AttributeFlag.Transitive) === 0 ? IGNORED : undefined;
  }
  // RFC 4760 §3: NEXT_HOP says nothing about the NLRI of MP_REACH_NLRI.
  if (type === AttributeType.NextHop && input.part === 'mp') return IGNORED;
  if ((flags & FIXED_FLAGS[type]!) !== CATEGORY_FLAGS[type]!)
    return row.flagsAction === 'discard' ? FLAGS_DISCARD : FLAGS_WITHDRAW;
  slice.start = START[type]!;
  slice.end = END[type]!;
  if (type === AttributeType.MpReachNlri) return judgeMpReach(input);
  const problem = row.check(slice);
  if (problem !== undefined) return problem;
  return KEEPING[type] === Keeping.Never ? IGNORED : undefined;
}

/** Of an attribute that was judged right: whether canonical octets have the very same. */
function isKeptAsItIs(type: number, flags: number): boolean {
  return KEEPING[type] === Keeping.AsItIs && flags === canonicalFlags(type, flags);
}

function judgeMpReach({ message, layout }: CanonicaliseInput): Malformed | undefined {
  const { mpReach } = layout;
  if (mpReach.family === undefined) return IGNORED;
  return checkNextHop(message, nextHopSpan(message, mpReach.nextHopStart, mpReach.nextHopEnd));
}

function checkMandatory({ layout, part }: CanonicaliseInput): void {
  const { nlri, mpReach } = layout;
  // A layout keeps what it says of an MP attribute of an earlier message: `present` tells.
  const announces = part === 'classic' ? nlri.count > 0 : mpReach.present && mpReach.nlri.count > 0;
  if (!announces) return;
  // RFC 7606 §3(d): a missing well-known mandatory attribute is treat-as-withdraw.
  if (SEEN[AttributeType.Origin] === 0) faults.missing(AttributeType.Origin);
  if (SEEN[AttributeType.AsPath] === 0) faults.missing(AttributeType.AsPath);
  // RFC 4760 §3: NEXT_HOP is for the NLRI at the end of the message only.
  if (part === 'classic' && SEEN[AttributeType.NextHop] === 0)
    faults.missing(AttributeType.NextHop);
}

/**
 * RFC 7606 §5.2: attributes that announce nothing visible. If one of them is malformed, we cannot be confident that
 * the NLRI were found, and a withdrawal of what was not found is impossible.
 */
function mayHideNlri(layout: UpdateLayout): boolean {
  const { mpReach, mpUnreach, nlri } = layout;
  if (
    nlri.count > 0 ||
    (mpReach.present && (mpReach.family === undefined || mpReach.nlri.count > 0))
  ) {
    return false;
  }
  return layout.attributeCount > (mpUnreach.present ? 1 : 0);
}

/**
 * Right after `judgeAttributes` accepted without a fault: whether the attributes as received are canonical octets.
 * May say no for some that are (Extended Length, LARGE_COMMUNITY): then they are written, and compare equal.
 */
export function isVerbatim({ context, layout, part }: CanonicaliseInput): boolean {
  return isAsWritten && part === 'classic' && context.as4 && layout.overrunAt < 0;
}

/** The second half of `canonicalise`: appends the canonical octets of what `judgeAttributes` has just accepted. */
export function writeCanonical(input: CanonicaliseInput, out: ByteWriter): void {
  const { message, layout, part } = input;
  const { mpReach } = layout;
  // An IPv4 next hop has one canonical form, whichever attribute brought it.
  let ipv4NextHop = part === 'mp' && mpReach.nextHopEnd - mpReach.nextHopStart === 4;
  const skipped = part === 'classic' || ipv4NextHop ? AttributeType.MpReachNlri : 0;
  sortTypes();
  for (let i = 0; i < typeCount; i++) {
    const type = TYPES[i]!;
    if (ipv4NextHop && type >= AttributeType.NextHop) {
      writeIpv4NextHop(message, mpReach.nextHopStart, out);
      ipv4NextHop = false;
    }
    if (type === skipped || (type === AttributeType.NextHop && part === 'mp')) continue;
    // AS4_* live on in AS_PATH and AGGREGATOR; RFC 6793 §4.1: from a NEW speaker they are discarded.
    if (KEEPING[type] !== Keeping.Merged) writeOne(input, type, out);
  }
}

/** By insertion: most speakers send them ascending already. */
function sortTypes(): void {
  for (let i = 1; i < typeCount; i++) {
    const type = TYPES[i]!;
    let at = i;
    for (; at > 0 && TYPES[at - 1]! > type; at--) TYPES[at] = TYPES[at - 1]!;
    TYPES[at] = type;
  }
}

function writeIpv4NextHop(message: Uint8Array, at: number, out: ByteWriter): void {
  const type = AttributeType.NextHop;
  writeAttributeHeader(out, { flags: AttributeFlag.Transitive, type, length: 4 });
  out.copy(message, at, at + 4);
}

function writeOne(input: CanonicaliseInput, type: number, out: ByteWriter): void {
  if (SEEN[type] !== 1) return;
  const { message, layout, context } = input;
  const flags = canonicalFlags(type, FLAGS[type]!);
  const start = START[type]!;
  const end = END[type]!;
  if (type === AttributeType.MpReachNlri) {
    const span = nextHopSpan(message, layout.mpReach.nextHopStart, layout.mpReach.nextHopEnd);
    writeMpNextHop(layout.mpReach.family!, message.subarray(span.start, span.end), out);
    return;
  }
  scratch.reset();
  if (type === AttributeType.AsPath && !context.as4) writeWideAsPath(message, scratch);
  else if (type === AttributeType.Aggregator && !context.as4) writeWideAggregator(message, scratch);
  else if (type === AttributeType.LargeCommunity) {
    writeUniqueLargeCommunities(message.subarray(start, end), scratch);
  } else {
    writeAttributeHeader(out, { flags, type, length: end - start });
    out.copy(message, start, end);
    return;
  }
  writeAttributeHeader(out, { flags, type, length: scratch.length });
  out.bytes(scratch.view());
}

/** Flags in canonical octets of an attribute that came with `flags`. */
function canonicalFlags(type: number, flags: number): number {
  return CATEGORY_FLAGS[type]! | (flags & PARTIAL_KEPT[type]!);
}

/** RFC 6793 §4.2.3: AS_PATH of 2-octet AS numbers, with AS4_PATH merged in unless AGGREGATOR says that it is stale. */
function writeWideAsPath(message: Uint8Array, out: ByteWriter): void {
  const path = readSegments(sliceOf(message, AttributeType.AsPath), 2);
  if (SEEN[AttributeType.As4Path] !== 1 || isAggregatedByOldSpeaker(message)) {
    encodeAsPath(path, out);
    return;
  }
  encodeAsPath(mergeAs4Path(path, readSegments(sliceOf(message, AttributeType.As4Path), 4)), out);
}

function writeWideAggregator(message: Uint8Array, out: ByteWriter): void {
  const start = START[AttributeType.Aggregator]!;
  if (SEEN[AttributeType.As4Aggregator] === 1 && !isAggregatedByOldSpeaker(message)) {
    const as4 = START[AttributeType.As4Aggregator]!;
    out.copy(message, as4, as4 + 8);
    return;
  }
  out.u16(0);
  out.copy(message, start, start + 6);
}

/**
 * RFC 6793 §4.2.3: of AGGREGATOR and AS4_AGGREGATOR, both there, the first is not AS_TRANS: an OLD speaker has
 * aggregated anew, and what AS4_* say is stale.
 */
function isAggregatedByOldSpeaker(message: Uint8Array): boolean {
  if (SEEN[AttributeType.Aggregator] !== 1) return false;
  if (SEEN[AttributeType.As4Aggregator] !== 1) return false;
  return u16(message, START[AttributeType.Aggregator]!) !== AS_TRANS;
}

function sliceOf(message: Uint8Array, type: number): AttributeSlice {
  slice.octets = message;
  slice.start = START[type]!;
  slice.end = END[type]!;
  return slice;
}

function u16(octets: Uint8Array, at: number): number {
  return (octets[at]! << 8) | octets[at + 1]!;
}

// What is asked of each attribute that comes, by type: a look into a table each, not a search in sets and names.

/** Flags in canonical octets, but for a Partial bit that came. */
const CATEGORY_FLAGS = new Uint8Array(256);
/** RFC 7606 §3(c): Optional and Transitive must be the attribute's; RFC 4271 §4.3: a well-known one is not Partial. */
const FIXED_FLAGS = new Uint8Array(256);
/** RFC 4271 §4.3: of an optional transitive attribute a Partial bit that is set stays set. */
const PARTIAL_KEPT = new Uint8Array(256);
const KEEPING = new Uint8Array(256);

for (let type = 0; type < 256; type++) {
  const category = attributeRow(type)?.category;
  const { Optional, Transitive, Partial } = AttributeFlag;
  FIXED_FLAGS[type] = Optional | Transitive | (category === 'well-known' ? Partial : 0);
  // RFC 4271 §5: whoever passes on what it does not know sets Partial, and nobody clears it.
  CATEGORY_FLAGS[type] =
    category === undefined ? Optional | Transitive | Partial : categoryFlags(category);
  PARTIAL_KEPT[type] = category === 'optional-transitive' ? Partial : 0;
}
for (const type of [AttributeType.MpUnreachNlri, AttributeType.Aigp, AttributeType.BgpLs]) {
  KEEPING[type] = Keeping.Never;
}
for (const type of [AttributeType.As4Path, AttributeType.As4Aggregator]) {
  KEEPING[type] = Keeping.Merged;
}
KEEPING[AttributeType.LargeCommunity] = Keeping.Rewritten;

/** No fault: the attribute is simply not used. */
const IGNORED = malformed('discard', UpdateSubcode.OptionalAttribute, 'Not used');
const REPEATED = malformed('discard', UpdateSubcode.MalformedAttributeList, 'More than once');
const OVERRUN = malformed(
  'treat-as-withdraw',
  UpdateSubcode.AttributeLength,
  'Exceeds the attribute list',
);
const FLAGS_WITHDRAW = malformed('treat-as-withdraw', UpdateSubcode.AttributeFlags, 'Wrong flags');
const FLAGS_DISCARD = malformed('discard', UpdateSubcode.AttributeFlags, 'Wrong flags');
// RFC 7606 §3: keeps the session reset of RFC 4271 §6.3; no sender may invent well-known attributes.
const UNKNOWN_WELL_KNOWN = malformed(
  'session-reset',
  UpdateSubcode.UnrecognizedWellKnownAttribute,
  'Flagged well-known, but unknown',
);
