/**
 * The last octets of each peer, by chunk as they came from its sockets: what goes with the report of a bug that they
 * bring out (DESIGN 3.4). The chunk at hand alone often says nothing; what led to it does.
 *
 * All trails lie in pieces of a common store, each chunk behind a header of its own: a note is one copy and makes no
 * object. A quiet peer of a large mesh costs one or two pieces; what grows is given back when the peer goes.
 */

import type { Millis } from '../base/units.ts';
import type { PeerId } from '../rib/ids.ts';
import type { ConnectionId } from './inputs.ts';

/** Octets kept of a peer, headers included: two messages of 4,096 octets at least. For 5,000 peers 80 MB at worst. */
const TRAIL_OCTETS_MAX = 16_384;
/** Of a larger chunk the last part is kept. */
const CHUNK_OCTETS_MAX = 8192;
/** Chunks of a trail; KEEPALIVEs alone must not make the list long. */
const CHUNKS_MAX = 64;

export interface TrailLimits {
  /** At least a header and the largest chunk, or 0: nothing is kept. */
  readonly octetsMax: number;
  readonly chunksMax: number;
}

export const TRAIL: TrailLimits = { octetsMax: TRAIL_OCTETS_MAX, chunksMax: CHUNKS_MAX };

/** OPEN, KEEPALIVE, an UPDATE and End-of-RIB fit one: all that a node of a mesh says until it is up. */
const PIECE_OCTETS = 256;
const SLAB_PIECES = 256;
/** Time and connection (float64 each), length (uint16). */
const HEADER_OCTETS = 18;
const CONNECTION_AT = 8;
const LENGTH_AT = 16;
/** Below this a loop copies faster than two views and `set`. */
const COPY_BY_LOOP_MAX = 64;

export interface TrailChunk {
  readonly at: Millis;
  readonly connection: ConnectionId;
  readonly octets: Uint8Array;
}

export class Trails {
  readonly #limits: TrailLimits;
  readonly #slabs: Uint8Array[] = [];
  /** By piece: the next one of its trail, or the next free one. Piece 0 is none. */
  #next = new Int32Array(1024);
  #pieces = 1;
  #free = 0;
  // By peer: where its trail begins and ends, and how much there is. The first piece is 0 where it has none.
  #firstPiece = new Int32Array(16);
  #firstOffset = new Int32Array(16);
  #lastPiece = new Int32Array(16);
  #lastOffset = new Int32Array(16);
  #octets = new Int32Array(16);
  #chunks = new Int32Array(16);
  // Where reading goes on.
  #piece = 0;
  #offset = 0;
  readonly #header = new Uint8Array(HEADER_OCTETS);
  readonly #fields = new DataView(this.#header.buffer);

  constructor(limits: TrailLimits) {
    this.#limits = limits;
  }

  /** @param chunk  Its octets are borrowed. */
  note(peer: PeerId, { at, connection, octets }: TrailChunk): void {
    if (this.#limits.octetsMax === 0) return;
    const from = Math.max(0, octets.length - CHUNK_OCTETS_MAX);
    const size = HEADER_OCTETS + octets.length - from;
    this.#ensure(peer);
    const { octetsMax, chunksMax } = this.#limits;
    while (this.#octets[peer]! + size > octetsMax || this.#chunks[peer]! >= chunksMax) {
      this.#dropOldest(peer);
    }
    this.#fields.setFloat64(0, at);
    this.#fields.setFloat64(CONNECTION_AT, connection);
    this.#fields.setUint16(LENGTH_AT, octets.length - from);
    this.#append(peer, this.#header, 0);
    this.#append(peer, octets, from);
    this.#octets[peer]! += size;
    this.#chunks[peer]!++;
  }

  /** Copies, oldest first. */
  of(peer: PeerId): TrailChunk[] {
    const chunks: TrailChunk[] = [];
    this.#piece = this.#firstPiece[peer] ?? 0;
    this.#offset = this.#firstOffset[peer] ?? 0;
    for (let left = this.#chunks[peer] ?? 0; left > 0; left--) {
      this.#read(this.#header);
      const octets = new Uint8Array(this.#fields.getUint16(LENGTH_AT));
      this.#read(octets);
      const at = this.#fields.getFloat64(0);
      chunks.push({ at, connection: this.#fields.getFloat64(CONNECTION_AT), octets });
    }
    return chunks;
  }

  /** The peer is gone: its id may be another's next. */
  forget(peer: PeerId): void {
    while ((this.#chunks[peer] ?? 0) > 0) this.#dropOldest(peer);
  }

  /** Octets that all trails take, rounded up to pieces. */
  get octetsHeld(): number {
    let free = 0;
    for (let piece = this.#free; piece !== 0; piece = this.#next[piece]!) free++;
    return (this.#pieces - 1 - free) * PIECE_OCTETS;
  }

  #dropOldest(peer: PeerId): void {
    this.#piece = this.#firstPiece[peer]!;
    this.#offset = this.#firstOffset[peer]!;
    this.#read(this.#header);
    const length = this.#fields.getUint16(LENGTH_AT);
    this.#skip(length);
    this.#octets[peer]! -= HEADER_OCTETS + length;
    const isLast = --this.#chunks[peer]! === 0;
    const end = isLast ? 0 : this.#piece;
    for (let piece = this.#firstPiece[peer]!; piece !== end; ) {
      const next = this.#next[piece]!;
      this.#next[piece] = this.#free;
      this.#free = piece;
      piece = next;
    }
    this.#firstPiece[peer] = end;
    this.#firstOffset[peer] = this.#offset;
  }

  #append(peer: PeerId, octets: Uint8Array, start: number): void {
    let from = start;
    while (from < octets.length) {
      if (this.#firstPiece[peer] === 0 || this.#lastOffset[peer] === PIECE_OCTETS) {
        this.#addPiece(peer);
      }
      const offset = this.#lastOffset[peer]!;
      const count = Math.min(PIECE_OCTETS - offset, octets.length - from);
      const slab = this.#slabOf(this.#lastPiece[peer]!);
      const to = startOf(this.#lastPiece[peer]!) + offset;
      if (count > COPY_BY_LOOP_MAX) slab.set(octets.subarray(from, from + count), to);
      else for (let i = 0; i < count; i++) slab[to + i] = octets[from + i]!;
      this.#lastOffset[peer] = offset + count;
      from += count;
    }
  }

  #addPiece(peer: PeerId): void {
    const piece = this.#takePiece();
    if (this.#firstPiece[peer] === 0) {
      this.#firstPiece[peer] = piece;
      this.#firstOffset[peer] = 0;
    } else this.#next[this.#lastPiece[peer]!] = piece;
    this.#next[piece] = 0;
    this.#lastPiece[peer] = piece;
    this.#lastOffset[peer] = 0;
  }

  #takePiece(): number {
    const free = this.#free;
    if (free !== 0) {
      this.#free = this.#next[free]!;
      return free;
    }
    const piece = this.#pieces++;
    this.#next = withRow(this.#next, piece);
    if (piece >= this.#slabs.length * SLAB_PIECES) {
      this.#slabs.push(new Uint8Array(SLAB_PIECES * PIECE_OCTETS));
    }
    return piece;
  }

  #read(out: Uint8Array): void {
    for (let i = 0; i < out.length; i++) {
      if (this.#offset === PIECE_OCTETS) this.#advance();
      out[i] = this.#slabOf(this.#piece)[startOf(this.#piece) + this.#offset++]!;
    }
  }

  #skip(octets: number): void {
    this.#offset += octets;
    while (this.#offset > PIECE_OCTETS) {
      const beyond = this.#offset - PIECE_OCTETS;
      this.#advance();
      this.#offset = beyond;
    }
  }

  #advance(): void {
    this.#piece = this.#next[this.#piece]!;
    this.#offset = 0;
  }

  #slabOf(piece: number): Uint8Array {
    return this.#slabs[Math.floor(piece / SLAB_PIECES)]!;
  }

  #ensure(peer: PeerId): void {
    if (peer < this.#firstPiece.length) return;
    this.#firstPiece = withRow(this.#firstPiece, peer);
    this.#firstOffset = withRow(this.#firstOffset, peer);
    this.#lastPiece = withRow(this.#lastPiece, peer);
    this.#lastOffset = withRow(this.#lastOffset, peer);
    this.#octets = withRow(this.#octets, peer);
    this.#chunks = withRow(this.#chunks, peer);
  }
}

/** Of a piece in its slab. */
function startOf(piece: number): number {
  return (piece % SLAB_PIECES) * PIECE_OCTETS;
}

function withRow(column: Int32Array<ArrayBuffer>, row: number): Int32Array<ArrayBuffer> {
  if (row < column.length) return column;
  const larger = new Int32Array(Math.max(row + 1, column.length * 2));
  larger.set(column);
  return larger;
}
