/**
 * Octet strings of attribute sets in large chunks, with free lists by size class.
 *
 * A reference is the place in units of 8 octets, so 32 bits name 32 GiB. A freed piece goes to the list of its class
 * and is given to the next set of that class; attribute sets of one table cluster in few classes. Invariant: a piece
 * never crosses a chunk, never moves, and growth copies nothing.
 */

import { assert } from '../base/assert.ts';

/** Where octets stand: a chunk index and an offset, packed. 0 = none. */
export type ArenaRef = number;

const CHUNK_OCTETS = 1 << 20;
const UNITS_PER_CHUNK_BITS = 17; // 2^20 octets / 8
const UNIT_MASK = (1 << UNITS_PER_CHUNK_BITS) - 1;
/** Pieces up to here have classes of 8 octets; larger ones of 512. */
const FINE_MAX = 512;
/** Longest piece: an extended message (RFC 8654) whose 2-octet AS numbers all became 4-octet ones. */
const PIECE_OCTETS_MAX = 1 << 17;

export class OctetArena {
  #chunks: Uint8Array[] = [];
  #words: Int32Array[] = []; // the same memory, for the links of free lists
  #at = CHUNK_OCTETS; // next free octet of the last chunk
  readonly #free = new Uint32Array(FINE_MAX / 8 + 1 + PIECE_OCTETS_MAX / 512 + 1);
  #held = 0;

  /** Octets in use, rounded up to their classes. */
  get held(): number {
    return this.#held;
  }

  /** Copies `octets[start..end)` in. */
  store(octets: Uint8Array, start: number, end: number): ArenaRef {
    const size = sizeOf(end - start);
    const ref = this.#take(size);
    this.#held += size;
    const chunk = this.#chunks[ref >>> UNITS_PER_CHUNK_BITS]!;
    let to = (ref & UNIT_MASK) << 3;
    for (let from = start; from < end; from++) chunk[to++] = octets[from]!;
    return ref;
  }

  free(ref: ArenaRef, length: number): void {
    const size = sizeOf(length);
    this.#held -= size;
    this.#link(ref, size);
  }

  /** The chunk that `ref` points into; the octets start at `offsetOf(ref)`. */
  chunkOf(ref: ArenaRef): Uint8Array {
    return this.#chunks[ref >>> UNITS_PER_CHUNK_BITS]!;
  }

  offsetOf(ref: ArenaRef): number {
    return (ref & UNIT_MASK) << 3;
  }

  view(ref: ArenaRef, length: number): Uint8Array {
    const offset = (ref & UNIT_MASK) << 3;
    return this.#chunks[ref >>> UNITS_PER_CHUNK_BITS]!.subarray(offset, offset + length);
  }

  equals(ref: ArenaRef, other: Uint8Array, span: { start: number; end: number }): boolean {
    const chunk = this.#chunks[ref >>> UNITS_PER_CHUNK_BITS]!;
    let at = (ref & UNIT_MASK) << 3;
    for (let i = span.start; i < span.end; i++) if (chunk[at++] !== other[i]) return false;
    return true;
  }

  #take(size: number): ArenaRef {
    const kind = classOf(size);
    const head = this.#free[kind]!;
    if (head !== 0) {
      this.#free[kind] =
        this.#words[head >>> UNITS_PER_CHUNK_BITS]![(head & UNIT_MASK) << 1]! >>> 0;
      return head;
    }
    if (this.#at + size > CHUNK_OCTETS) this.#addChunk();
    const ref = ((this.#chunks.length - 1) << UNITS_PER_CHUNK_BITS) | (this.#at >>> 3);
    this.#at += size;
    return ref >>> 0;
  }

  #addChunk(): void {
    assert(this.#chunks.length < 1 << 15, 'attribute octets stay below 32 GiB');
    // Shared with nobody, but not counted as garbage to come (`net/columns.ts`).
    const buffer = new SharedArrayBuffer(CHUNK_OCTETS);
    this.#chunks.push(new Uint8Array(buffer));
    this.#words.push(new Int32Array(buffer));
    this.#at = this.#chunks.length === 1 ? 8 : 0; // reference 0 means none
  }

  #link(ref: ArenaRef, size: number): void {
    const kind = classOf(size);
    this.#words[ref >>> UNITS_PER_CHUNK_BITS]![(ref & UNIT_MASK) << 1] = this.#free[kind]! | 0;
    this.#free[kind] = ref;
  }
}

/** Octets a piece takes: at least 8, so that the link of a free list fits. */
function sizeOf(length: number): number {
  assert(length <= PIECE_OCTETS_MAX, 'an attribute set fits a piece');
  if (length <= FINE_MAX) return Math.max(8, (length + 7) & ~7);
  return (length + 511) & ~511;
}

function classOf(size: number): number {
  return size <= FINE_MAX ? size >>> 3 : FINE_MAX / 8 + (size >>> 9);
}
