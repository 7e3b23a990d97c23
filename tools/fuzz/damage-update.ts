/** Damage to UPDATEs that knows where their parts stand (RFC 4271 §4.3), so that one part is wrong and the rest is not. */

import { type Bench, damageTlvs, OCTET_WAYS } from './damage.ts';
import type { Draft } from './draft.ts';

const WITHDRAWN_LENGTH_AT = 19;
const MP_REACH = 14;
const MP_UNREACH = 15;
/** Attributes that are lists: type, flags, and octets of an item. */
const LISTS: readonly (readonly [number, number, number])[] = [
  [8, 0xc0, 4],
  [10, 0x80, 4],
  [16, 0xc0, 8],
  [25, 0xc0, 20],
  [32, 0xc0, 12],
  [32, 0xc0, 12],
  [200, 0xc0, 4],
];
/** Octets of NLRI or of an AS_PATH that are written at most: beyond, messages only get slower. */
const BULK_OCTETS_MAX = 3000;

/** Where the parts stand; undefined when the lengths do not allow to tell. */
export interface Parts {
  readonly attributesStart: number;
  readonly attributesEnd: number;
}

export function partsOf(draft: Draft): Parts | undefined {
  if (draft.length < 23) return undefined;
  const lengthAt = WITHDRAWN_LENGTH_AT + 2 + draft.u16(WITHDRAWN_LENGTH_AT);
  if (lengthAt + 2 > draft.length) return undefined;
  const attributesStart = lengthAt + 2;
  const attributesEnd = attributesStart + draft.u16(lengthAt);
  return attributesEnd > draft.length ? undefined : { attributesStart, attributesEnd };
}

export function damageUpdate(bench: Bench): void {
  const { draft, chance } = bench;
  const parts = partsOf(draft);
  if (parts === undefined || chance.once(8)) chance.from(OCTET_WAYS)(bench);
  else if (chance.below(4) > 0) damageAttributes(bench, parts);
  else chance.from(PART_WAYS)(bench, parts);
}

function damageAttributes(bench: Bench, { attributesStart, attributesEnd }: Parts): void {
  const span = { start: attributesStart, end: attributesEnd };
  const grown = damageTlvs(bench, span, 'attribute');
  tellAttributes(bench.draft, { attributesStart, attributesEnd: attributesEnd + grown });
}

/** The lengths around the attributes say the truth. */
function tellAttributes(draft: Draft, { attributesStart, attributesEnd }: Parts): void {
  draft.setU16(attributesStart - 2, attributesEnd - attributesStart);
  draft.fixLength();
}

type PartWay = (bench: Bench, parts: Parts) => void;

const PART_WAYS: readonly PartWay[] = [
  lieAboutAttributes,
  lieAboutWithdrawn,
  addNlri,
  addNlri,
  damageNlri,
  dropNlri,
  withdrawNlri,
  addLongPath,
  addMpNlri,
  addMpNlri,
  fillList,
];

function near(bench: Bench, value: number): number {
  const { chance } = bench;
  return chance.from([0, 1, value + 1, value - 1, value + 4, 0xffff, chance.below(4096)]) & 0xffff;
}

function lieAboutAttributes(bench: Bench, parts: Parts): void {
  const { attributesStart, attributesEnd } = parts;
  bench.draft.setU16(attributesStart - 2, near(bench, attributesEnd - attributesStart));
}

function lieAboutWithdrawn(bench: Bench): void {
  const { draft } = bench;
  draft.setU16(WITHDRAWN_LENGTH_AT, near(bench, draft.u16(WITHDRAWN_LENGTH_AT)));
}

function addNlri(bench: Bench): void {
  const { draft, chance } = bench;
  const octets = randomPrefixes(bench, chance.once(64) ? 400 : 1 + chance.below(6));
  draft.splice(draft.length, 0, octets);
  draft.fixLength();
}

/** Within few networks, so that announcements meet. */
function randomPrefixes({ chance, pathIds }: Bench, count: number): Uint8Array {
  const octets = new Uint8Array(count * 9);
  let at = 0;
  for (let i = 0; i < count && at < BULK_OCTETS_MAX; i++) {
    if (pathIds) {
      octets[at + 3] = chance.below(4);
      at += 4;
    }
    const length = chance.once(16) ? chance.below(33) : chance.from([0, 8, 24, 26, 32]);
    octets[at++] = length;
    for (let k = (length + 7) >>> 3; k > 0; k--)
      octets[at++] = chance.once(8) ? chance.below(256) : 10;
  }
  return octets.subarray(0, at);
}

function damageNlri(bench: Bench, { attributesEnd }: Parts): void {
  const { draft, chance } = bench;
  const length = draft.length - attributesEnd;
  if (length > 0) draft.octets[attributesEnd + chance.below(length)] = chance.octet();
}

function dropNlri({ draft }: Bench, { attributesEnd }: Parts): void {
  draft.cut(attributesEnd);
  draft.fixLength();
}

/** What is announced is withdrawn as well, in the same UPDATE. */
function withdrawNlri({ draft }: Bench, { attributesEnd }: Parts): void {
  const nlri = draft.octets.slice(attributesEnd, draft.length);
  const withdrawn = draft.u16(WITHDRAWN_LENGTH_AT);
  if (!draft.splice(WITHDRAWN_LENGTH_AT + 2, 0, nlri)) return;
  draft.setU16(WITHDRAWN_LENGTH_AT, withdrawn + nlri.length);
  draft.fixLength();
}

/** IPv6 prefixes behind those of MP_REACH_NLRI or MP_UNREACH_NLRI, where there is one. */
function addMpNlri(bench: Bench, { attributesStart, attributesEnd }: Parts): void {
  const { draft, chance, list, pathIds } = bench;
  list.scan(draft, { start: attributesStart, end: attributesEnd }, 'attribute');
  for (let index = 0; index < list.count; index++) {
    const type = draft.octets[list.starts[index]! + 1];
    const isWide = list.values[index]! - list.starts[index]! === 4;
    if (type !== MP_REACH && type !== MP_UNREACH) continue;
    const octets: number[] = [];
    for (let left = 1 + chance.below(6); left > 0; left--) {
      if (pathIds) octets.push(0, 0, 0, chance.below(4));
      const length = chance.from([0, 32, 48, 64, 128, 128, chance.below(129)]);
      const address = [0x20, 0x01, 0x0d, 0xb8, 0, chance.below(4)];
      octets.push(length);
      for (let i = 0; i < (length + 7) >>> 3; i++) octets.push(address[i] ?? 0);
    }
    const length = list.ends[index]! - list.values[index]! + octets.length;
    if (!isWide && length > 255) return;
    if (!draft.splice(list.ends[index]!, 0, Uint8Array.from(octets))) return;
    if (isWide) draft.setU16(list.values[index]! - 2, length);
    else draft.octets[list.values[index]! - 1] = length;
    return tellAttributes(draft, { attributesStart, attributesEnd: attributesEnd + octets.length });
  }
}

/** A list attribute of its own length, few octets or as many as go: work must not grow with their square. */
function fillList(bench: Bench, { attributesStart, attributesEnd }: Parts): void {
  const { draft, chance, list } = bench;
  const [type, flags, size] = chance.from(LISTS);
  const length = chance.once(8) ? chance.from([1000, 3000, 30_000, 60_000]) : 260;
  const count = Math.floor(length / size);
  const value = new Uint8Array(count * size);
  const spread = chance.from([1, 4, 0x1_0000]); // equal, a few, or all different
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < size; k++) value[i * size + k] = k + 1;
    const number = (i * 7919) % spread;
    value[i * size + size - 1] = number;
    value[i * size + size - 2] = number >>> 8;
  }
  list.scan(draft, { start: attributesStart, end: attributesEnd }, 'attribute');
  let end = attributesEnd;
  for (let index = 0; index < list.count; index++) {
    const start = list.starts[index]!;
    if (draft.octets[start + 1] !== type) continue;
    end -= list.ends[index]! - start;
    draft.resize(start, list.ends[index]! - start, 0);
    break;
  }
  const head = Uint8Array.of(flags | 0x10, type, value.length >>> 8, value.length & 0xff);
  if (!draft.splice(end, 0, value)) return;
  if (draft.splice(end, 0, head)) end += head.length;
  tellAttributes(draft, { attributesStart, attributesEnd: end + value.length });
}

/** An AS_PATH of hundreds of hops, in segments of 255 (CVE-2026-49943). */
function addLongPath(bench: Bench, { attributesStart, attributesEnd }: Parts): void {
  const { draft, chance } = bench;
  const hops = chance.from([64, 255, 256, 511, 700]);
  const value: number[] = [];
  for (let left = hops; left > 0; left -= 255) {
    const count = Math.min(255, left);
    value.push(chance.from([1, 2, 2, 2, 3]), count);
    for (let i = 0; i < count; i++) value.push(0, 1, i & 0xff, chance.below(256));
  }
  const octets = Uint8Array.from([0x50, 2, value.length >>> 8, value.length & 0xff, ...value]);
  if (!draft.splice(attributesStart, 0, octets)) return;
  tellAttributes(draft, { attributesStart, attributesEnd: attributesEnd + octets.length });
}
