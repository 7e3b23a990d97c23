/**
 * The last octets of one peer, by chunk as they came from its sockets: what goes with the report of a bug that they
 * bring out (DESIGN 3.4). The chunk at hand alone often says nothing; what led to it does.
 *
 * Two halves: one is filled while the other still holds what came before, so that a note is one copy and nothing
 * moves. Grows with what a peer sends: a quiet peer of a large mesh costs some hundred octets.
 */

import type { Millis } from '../base/units.ts';
import type { ConnectionId } from './inputs.ts';

/** Octets of a half, a piece of a read: one to two are kept, which is two messages at least. For 5,000 peers 80 MB at worst. */
const HALF_OCTETS_MAX = 8192;
/** Chunks of a half; KEEPALIVEs alone must not make the list long. */
const HALF_CHUNKS_MAX = 32;
const FIRST_OCTETS = 512;

export interface TrailChunk {
  readonly at: Millis;
  readonly connection: ConnectionId;
  readonly octets: Uint8Array;
}

export class Trail {
  #filling = new Half();
  #before = new Half();

  /** @param octets  Borrowed; of a chunk larger than a half, the last part is kept. */
  note(connection: ConnectionId, octets: Uint8Array, at: Millis): void {
    const from = Math.max(0, octets.length - HALF_OCTETS_MAX);
    const kept = from === 0 ? octets : octets.subarray(from);
    if (!this.#filling.fits(kept.length)) {
      const oldest = this.#before;
      this.#before = this.#filling;
      this.#filling = oldest;
      oldest.clear();
    }
    this.#filling.add(connection, kept, at);
  }

  /** Copies, oldest first. */
  chunks(): TrailChunk[] {
    return [...this.#before.chunks(), ...this.#filling.chunks()];
  }
}

class Half {
  #octets = new Uint8Array(0);
  #length = 0;
  #ends: number[] = [];
  #connections: ConnectionId[] = [];
  #times: Millis[] = [];

  fits(octets: number): boolean {
    return this.#ends.length < HALF_CHUNKS_MAX && this.#length + octets <= HALF_OCTETS_MAX;
  }

  clear(): void {
    this.#length = 0;
    this.#ends.length = 0;
    this.#connections.length = 0;
    this.#times.length = 0;
  }

  add(connection: ConnectionId, octets: Uint8Array, at: Millis): void {
    this.#ensure(this.#length + octets.length);
    this.#octets.set(octets, this.#length);
    this.#length += octets.length;
    this.#ends.push(this.#length);
    this.#connections.push(connection);
    this.#times.push(at);
  }

  chunks(): TrailChunk[] {
    return this.#ends.map((end, i) => ({
      at: this.#times[i]!,
      connection: this.#connections[i]!,
      octets: this.#octets.slice(this.#ends[i - 1] ?? 0, end),
    }));
  }

  #ensure(length: number): void {
    if (length <= this.#octets.length) return;
    let size = Math.max(FIRST_OCTETS, this.#octets.length);
    while (size < length) size *= 2;
    const larger = new Uint8Array(Math.min(size, HALF_OCTETS_MAX));
    larger.set(this.#octets.subarray(0, this.#length));
    this.#octets = larger;
  }
}
