/**
 * Damage to messages of any type: octets, length, header. What the ways of damaging have in common.
 *
 * Most damage leaves the message whole at the outside, so that it comes past the framer and reaches what is behind.
 */

import type { Chance } from './chance.ts';
import { DRAFT_LENGTH_MAX, type Draft } from './draft.ts';
import type { TlvForm, TlvList } from './tlv-list.ts';
import { UNSAFE_TEXTS } from './unsafe-texts.ts';

const HEADER_LENGTH = 19;

export interface Bench {
  readonly draft: Draft;
  readonly chance: Chance;
  readonly list: TlvList;
  /** Another message, to take parts of, and the list of its attributes or capabilities. */
  readonly donor: Draft;
  readonly donorList: TlvList;
  /** Whether the peer that says it puts a path identifier in front of each prefix (RFC 7911). */
  pathIds: boolean;
}

export type Way = (bench: Bench) => void;

/** Ways that suit a message of any type; the outer length is true afterwards. */
export const OCTET_WAYS: readonly Way[] = [
  flipBit,
  setOctet,
  setNumber,
  cutShort,
  grow,
  moveOctets,
  setText,
];

/** One octet of the body, or the end of a message without one. */
function place({ draft, chance }: Bench): number {
  return HEADER_LENGTH + chance.below(Math.max(1, draft.length - HEADER_LENGTH));
}

function flipBit(bench: Bench): void {
  bench.draft.octets[place(bench)]! ^= 1 << bench.chance.below(8);
}

function setOctet(bench: Bench): void {
  bench.draft.octets[place(bench)] = bench.chance.octet();
}

function setNumber(bench: Bench): void {
  const { draft, chance } = bench;
  const at = place(bench);
  if (at + 4 > draft.length) return;
  const value = chance.number();
  draft.setU16(at, value >>> 16);
  draft.setU16(at + 2, value & 0xffff);
}

function cutShort(bench: Bench): void {
  bench.draft.cut(place(bench));
  bench.draft.fixLength();
}

function grow(bench: Bench): void {
  const { draft, chance } = bench;
  const more = chance.length();
  const end = Math.min(draft.length + more, DRAFT_LENGTH_MAX);
  chance.fill(draft.octets, draft.length, end);
  draft.length = end;
  draft.fixLength();
}

function moveOctets(bench: Bench): void {
  const { draft, chance } = bench;
  const from = place(bench);
  const to = place(bench);
  const length = Math.min(chance.length(), draft.length - Math.max(from, to));
  if (length > 0) draft.octets.copyWithin(to, from, from + length);
}

/** Something that a terminal, a log or a page must not be given as it is. */
function setText(bench: Bench): void {
  const { draft, chance } = bench;
  const text = chance.from(UNSAFE_TEXTS);
  const at = place(bench);
  if (at + text.length <= draft.length) draft.octets.set(text, at);
}

/** Marker, length or type: costs the session at once, so it is done rarely. */
export function damageHeader({ draft, chance }: Bench): void {
  switch (chance.below(5)) {
    case 0:
      draft.octets[chance.below(16)]! ^= 1 << chance.below(8);
      return;
    case 1:
      draft.octets[18] = chance.octet();
      return;
    case 2:
      return draft.setU16(16, chance.from([0, 18, 19, 20, 22, 23, 28, 29, 4096, 4097, 65_535]));
    case 3:
      return draft.setU16(16, Math.max(0, draft.length + chance.below(9) - 4));
    default:
      draft.length = Math.max(1, chance.below(draft.length));
  }
}

/**
 * One change to a stretch of type-length-values. The lengths around the stretch are the caller's.
 *
 * @returns By how many octets the stretch grew.
 */
export function damageTlvs(
  bench: Bench,
  span: { start: number; end: number },
  form: TlvForm,
): number {
  const { draft, chance, list } = bench;
  list.scan(draft, span, form);
  const before = draft.length;
  if (list.count === 0 || chance.once(8)) insertRandom(bench, span, form);
  else chance.from(TLV_WAYS)(bench, chance.below(list.count), form);
  return draft.length - before;
}

type TlvWay = (bench: Bench, index: number, form: TlvForm) => void;

const TLV_WAYS: readonly TlvWay[] = [
  lieAboutLength,
  setType,
  setFlags,
  setValue,
  resizeValue,
  resizeValue,
  emptyValue,
  duplicate,
  remove,
  swap,
  borrow,
  borrow,
];

function insertRandom(bench: Bench, span: { start: number; end: number }, form: TlvForm): void {
  const { draft, chance, list } = bench;
  const isLong = form === 'attribute' && chance.once(12);
  const length = isLong
    ? chance.from([255, 256, 2000, 4000, 8200])
    : Math.min(255, chance.length());
  const head =
    isLong || (form === 'attribute' && chance.once(4)) ? 4 : form === 'attribute' ? 3 : 2;
  const index = chance.below(list.count + 1);
  const at = index === list.count ? span.end : list.starts[index]!;
  if (!draft.resize(at, 0, head + length)) return;
  const { octets } = draft;
  const type = chance.once(3) ? chance.octet() : 1 + chance.below(41);
  if (form === 'attribute') {
    const flags = chance.from([0x40, 0x80, 0xc0, 0xe0, 0x00]);
    octets[at] = head === 4 ? flags | 0x10 : flags;
    octets[at + 1] = type;
    if (head === 4) draft.setU16(at + 2, length);
    else octets[at + 2] = length;
  } else {
    octets[at] = type;
    octets[at + 1] = length;
  }
  chance.fill(octets, at + head, at + head + length);
}

/** Offset of the low octet of the length. */
function lengthAt({ list }: Bench, index: number): number {
  return list.values[index]! - 1;
}

function lieAboutLength(bench: Bench, index: number): void {
  const { draft, chance } = bench;
  const at = lengthAt(bench, index);
  const value = draft.octets[at]!;
  draft.octets[at] = chance.from([
    0,
    1,
    255,
    value + 1,
    value - 1,
    value ^ 0x80,
    chance.below(256),
  ]);
}

function setType(bench: Bench, index: number, form: TlvForm): void {
  const at = bench.list.starts[index]! + (form === 'attribute' ? 1 : 0);
  bench.draft.octets[at] = bench.chance.once(2) ? bench.chance.octet() : 1 + bench.chance.below(41);
}

function setFlags(bench: Bench, index: number): void {
  bench.draft.octets[bench.list.starts[index]!]! ^= 1 << (4 + bench.chance.below(4));
}

function setValue(bench: Bench, index: number): void {
  const { draft, chance, list } = bench;
  const from = list.values[index]!;
  const length = list.ends[index]! - from;
  if (length === 0) return;
  const at = from + chance.below(length);
  draft.octets[at] = chance.octet();
  if (length < 4 || chance.once(2)) return;
  const value = chance.number();
  const aligned = from + (chance.below(length - 3) & ~3);
  draft.setU16(aligned, value >>> 16);
  draft.setU16(aligned + 2, value & 0xffff);
}

/** Longer or shorter, and its own length says so where it can. */
function resizeValue(bench: Bench, index: number): void {
  const { draft, chance, list } = bench;
  const from = list.values[index]!;
  const old = list.ends[index]! - from;
  const grows = chance.once(2);
  const room = grows ? old + 1 + chance.below(chance.once(8) ? 230 : 8) : chance.below(old + 1);
  if (!draft.resize(from, old, room)) return;
  if (grows) chance.fill(draft.octets, from + old, from + room);
  tellLength(bench, index, room);
}

function emptyValue(bench: Bench, index: number): void {
  const from = bench.list.values[index]!;
  bench.draft.resize(from, bench.list.ends[index]! - from, 0);
  tellLength(bench, index, 0);
}

function tellLength(bench: Bench, index: number, length: number): void {
  const { draft, list } = bench;
  const isWide = list.values[index]! - list.starts[index]! === 4;
  if (isWide) draft.setU16(list.values[index]! - 2, length);
  else draft.octets[lengthAt(bench, index)] = length;
}

function duplicate(bench: Bench, index: number): void {
  const { draft, chance, list } = bench;
  const copy = draft.octets.slice(list.starts[index]!, list.ends[index]!);
  draft.splice(list.starts[chance.below(list.count)]!, 0, copy);
}

function remove(bench: Bench, index: number): void {
  const start = bench.list.starts[index]!;
  bench.draft.resize(start, bench.list.ends[index]! - start, 0);
}

function swap(bench: Bench, index: number): void {
  const { draft, chance, list } = bench;
  const other = chance.below(list.count);
  const [first, second] = other < index ? [other, index] : [index, other];
  if (first === second) return;
  const { starts, ends } = list;
  const a = draft.octets.slice(starts[first], ends[first]);
  const between = draft.octets.slice(ends[first], starts[second]);
  const b = draft.octets.slice(starts[second], ends[second]);
  const at = starts[first]!;
  draft.octets.set(b, at);
  draft.octets.set(between, at + b.length);
  draft.octets.set(a, at + b.length + between.length);
}

/** One of another message. */
function borrow(bench: Bench, index: number): void {
  const { draft, donor, donorList, chance, list } = bench;
  if (donorList.count === 0) return;
  const from = chance.below(donorList.count);
  const piece = donor.octets.subarray(donorList.starts[from]!, donorList.ends[from]!);
  const start = list.starts[index]!;
  draft.splice(start, chance.once(2) ? 0 : list.ends[index]! - start, piece);
}
