/**
 * What we wrote to the kernel, as octets that survive us: so that after a crash our routes are told from a stock
 * BIRD's, which uses protocol 12 too.
 *
 * Entry: 1 op · 1 family · 1 length · 4 metric · 4 table · 4 shape hash · ⌈length/8⌉ prefix octets · 1 checksum,
 * integers big-endian. An intent is on disk before its request is sent, its outcome follows. After a crash between
 * the two, the route is ours only where its shape is the intended one: a stock BIRD may have had the key already.
 * Invariant: a torn tail is noticed, and what stands before it is used.
 */

import { ByteReader } from '../base/byte-reader.ts';
import { ByteWriter } from '../base/byte-writer.ts';
import { type Prefix, prefixFrom } from '../net/prefix.ts';

const OP_INTENDS = 0x49; // I
const OP_WROTE = 0x57; // W
const OP_REMOVED = 0x52; // R
const FIXED_OCTETS = 15;

/** A key of ours; `address` is borrowed. */
export interface JournalKey {
  readonly family: 4 | 6;
  readonly address: Uint8Array;
  readonly length: number;
  readonly metric: number;
  readonly table: number;
}

export class JournalWriter {
  readonly #out = new ByteWriter(256);

  /** A request that adds the key is about to be sent. */
  intends(key: JournalKey, shapeHash: number): void {
    this.#entry(OP_INTENDS, key, shapeHash);
  }

  /** The key is in the kernel, by us. */
  wrote(key: JournalKey): void {
    this.#entry(OP_WROTE, key, 0);
  }

  /** The key is not in the kernel, or not ours. */
  removed(key: JournalKey): void {
    this.#entry(OP_REMOVED, key, 0);
  }

  /** What was written since the last call, lent until the next entry; undefined when nothing was. */
  take(): Uint8Array | undefined {
    if (this.#out.length === 0) return undefined;
    const octets = this.#out.view(); // a copy a batch was 2 MB of garbage in 100,000 routes
    this.#out.reset();
    return octets;
  }

  /** Two entries a route installed: written in place, the sum taken on the way. */
  #entry(op: number, key: JournalKey, shapeHash: number): void {
    const out = this.#out;
    const size = (key.length + 7) >>> 3;
    let at = out.reserve(FIXED_OCTETS + size + 1);
    const { octets } = out;
    const start = at;
    octets[at++] = op;
    octets[at++] = key.family;
    octets[at++] = key.length;
    at = putU32(octets, at, key.metric);
    at = putU32(octets, at, key.table);
    at = putU32(octets, at, shapeHash);
    for (let i = 0; i < size; i++) octets[at++] = key.address[i]!;
    octets[at] = checksum(octets, start, at);
  }
}

function putU32(octets: Uint8Array, at: number, value: number): number {
  octets[at] = value >>> 24;
  octets[at + 1] = value >>> 16;
  octets[at + 2] = value >>> 8;
  octets[at + 3] = value;
  return at + 4;
}

export interface JournalEntry {
  readonly op: 'intends' | 'wrote' | 'removed';
  readonly prefix: Prefix;
  readonly metric: number;
  readonly table: number;
  /** Of the shape intended; 0 in other entries. */
  readonly shapeHash: number;
}

/** Reads entries in order, up to the end or the first damaged one. */
export function readJournal(
  octets: Uint8Array,
  visit: (entry: JournalEntry) => void,
): { readonly entries: number; readonly damaged: boolean } {
  const reader = new ByteReader(octets);
  let entries = 0;
  while (reader.remaining > 0) {
    if (reader.remaining < FIXED_OCTETS) return { entries, damaged: true };
    const start = reader.offset;
    const op = OPS.get(reader.u8());
    const family = reader.u8();
    const length = reader.u8();
    const metric = reader.u32();
    const table = reader.u32();
    const shapeHash = reader.u32();
    const size = (length + 7) >>> 3;
    const width = family === 4 ? 4 : 16;
    const family4or6 = family === 4 || family === 6;
    if (op === undefined || !family4or6 || length > width * 8 || reader.remaining < size + 1)
      return { entries, damaged: true };
    const address = new Uint8Array(width);
    address.set(reader.take(size));
    const sum = checksum(octets, start, reader.offset);
    if (reader.u8() !== sum) return { entries, damaged: true };
    visit({ op, prefix: prefixFrom(address, length), metric, table, shapeHash });
    entries++;
  }
  return { entries, damaged: false };
}

const OPS: ReadonlyMap<number, JournalEntry['op']> = new Map([
  [OP_INTENDS, 'intends'],
  [OP_WROTE, 'wrote'],
  [OP_REMOVED, 'removed'],
]);

/** Position-dependent, so that shifted octets are noticed as well as changed ones. */
function checksum(octets: Uint8Array, start: number, end: number): number {
  let sum = 0x5a;
  for (let at = start; at < end; at++) sum = (Math.imul(sum, 31) + octets[at]!) & 0xff;
  return sum;
}
