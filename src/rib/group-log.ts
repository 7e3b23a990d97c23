/**
 * Encoded UPDATEs of an update group, once for all members: chunks that are only appended to, and readers in them.
 *
 * A chunk is cut into runs by audience, so that a peer never reads its own routes back (RFC 4271 §9.1.3 forbids to
 * advertise them to it). Views of a chunk are handed to sockets: its octets are never overwritten, it is simply
 * forgotten when the last reader has left. Invariant: readers only move forward.
 */

import { grownForAWhile } from '../net/columns.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import type { PeerId } from './ids.ts';
import { RIB_SIZES } from './rib-sizes.ts';

/** For whom a run is: 0 all; p > 0 all but peer p; p < 0 only peer −p. */
export type Audience = number;

/** Octets of the first chunk: a small table never needs another. */
const SMALL_CHUNK_OCTETS = 8192;
/** Octets of the first chunk of a log of one member: an UPDATE or a few of a small table, then it is in step. */
const OWN_CHUNK_OCTETS = 2048;
/** Offset of the length field in a message header. */
const LENGTH_AT = 16;

const NO_PREFIXES = new Int32Array(0);
const NO_IDENTIFIERS = new Uint32Array(0);

/** What is noted of the NLRI in a chunk, for members that are cut off: nothing, prefixes, or path identifiers as well. */
export type Names = 'none' | 'prefixes' | 'paths';

export class Chunk {
  readonly octets: Uint8Array;
  /** Octets written to the log before this chunk. */
  readonly start: number;
  used = 0;
  /** End offset and audience, alternating. */
  readonly runs: number[] = [];
  /** Prefixes named in it, for members that are cut off before they read it. */
  prefixes = NO_PREFIXES;
  prefixCount = 0;
  /** By the same index as `prefixes`; empty where identifiers are not noted. */
  identifiers = NO_IDENTIFIERS;
  /** Members that are in this chunk. */
  readers = 0;
  following: Chunk | undefined;

  constructor(octets: number, start: number) {
    this.octets = new Uint8Array(octets);
    this.start = start;
  }

  /** What was written up to `end` is complete. */
  commit(end: number, audience: Audience): void {
    const { runs } = this;
    if (runs.length > 0 && runs[runs.length - 1] === audience) runs[runs.length - 2] = end;
    else runs.push(end, audience);
    this.used = end;
  }

  name(prefix: PrefixId): void {
    if (this.prefixCount === this.prefixes.length) {
      this.prefixes = grownForAWhile(this.prefixes, Math.max(16, this.prefixCount * 2));
    }
    this.prefixes[this.prefixCount++] = prefix;
  }

  /** As `name`, with a path identifier (RFC 7911). */
  namePath(prefix: PrefixId, identifier: number): void {
    this.name(prefix);
    this.identifiers = grownForAWhile(this.identifiers, this.prefixes.length);
    this.identifiers[this.prefixCount - 1] = identifier;
  }
}

/** A place in a log. */
export class Reader {
  chunk: Chunk;
  offset: number;
  run = 0;

  constructor(chunk: Chunk) {
    this.chunk = chunk;
    this.offset = 0;
  }

  get position(): number {
    return this.chunk.start + this.offset;
  }

  /** Another one at the same place. */
  twin(): Reader {
    const twin = new Reader(this.chunk);
    twin.offset = this.offset;
    twin.run = this.run;
    this.chunk.readers++;
    return twin;
  }
}

export class GroupLog {
  #first: Chunk;
  #last: Chunk;
  #chunks = 1;
  /** A log of one member needs none. */
  readonly names: Names;
  readonly #chunkOctets: number;
  #isSealed = false;

  constructor(options: { names: Names; chunkOctets?: number }) {
    this.names = options.names;
    this.#chunkOctets = options.chunkOctets ?? RIB_SIZES.chunkOctets;
    const first = options.names !== 'none' ? SMALL_CHUNK_OCTETS : OWN_CHUNK_OCTETS;
    this.#first = new Chunk(Math.min(first, this.#chunkOctets), 0);
    this.#last = this.#first;
  }

  /** Several members read it, and it says what it says. */
  get isSealed(): boolean {
    return this.#isSealed;
  }

  seal(): void {
    this.#isSealed = true;
  }

  get first(): Chunk {
    return this.#first;
  }

  get last(): Chunk {
    return this.#last;
  }

  get chunkCount(): number {
    return this.#chunks;
  }

  /** Octets ever written. */
  get written(): number {
    return this.#last.start + this.#last.used;
  }

  /** A reader that has read everything. */
  readerAtEnd(): Reader {
    const reader = new Reader(this.#last);
    reader.offset = this.#last.used;
    // The last run, not the one behind it: the next commit may lengthen it.
    reader.run = Math.max(0, this.#last.runs.length / 2 - 1);
    this.#last.readers++;
    return reader;
  }

  leave(reader: Reader): void {
    reader.chunk.readers--;
    this.#trim();
  }

  isAtEnd(reader: Reader): boolean {
    return reader.chunk === this.#last && reader.offset === this.#last.used;
  }

  /** A chunk with at least `octets` free. */
  room(octets: number): Chunk {
    const last = this.#last;
    if (last.octets.length - last.used >= octets) return last;
    const chunk = new Chunk(Math.max(this.#chunkOctets, octets), last.start + last.used);
    last.following = chunk;
    this.#last = chunk;
    this.#chunks++;
    this.#trim();
    return chunk;
  }

  /**
   * The next whole messages for `peer`: about `budget` octets, at least one message; undefined at the end.
   * Runs for others are skipped.
   */
  read(reader: Reader, peer: PeerId, budget: number): Uint8Array | undefined {
    for (;;) {
      const { chunk } = reader;
      if (reader.offset === chunk.used) {
        if (chunk.following === undefined) return undefined;
        this.#advance(reader, chunk.following);
        continue;
      }
      while (chunk.runs[reader.run * 2]! <= reader.offset) reader.run++;
      const end = this.#endOfReadable(reader, peer);
      if (end === reader.offset) {
        reader.offset = chunk.runs[reader.run * 2]!;
        continue;
      }
      const from = reader.offset;
      reader.offset = cutAtMessage(chunk.octets, { from, end, budget });
      return chunk.octets.subarray(from, reader.offset);
    }
  }

  /** Appends what `peer` has not read of `from`; its reader there is at the end then. For a log of one member. */
  copyRest(from: GroupLog, reader: Reader, peer: PeerId): void {
    for (;;) {
      const octets = from.read(reader, peer, this.#chunkOctets);
      if (octets === undefined) return;
      const chunk = this.room(octets.length);
      chunk.octets.set(octets, chunk.used);
      chunk.commit(chunk.used + octets.length, 0);
    }
  }

  /** Where the runs that `peer` may read end, from the reader on; the reader's offset when the first is not for it. */
  #endOfReadable(reader: Reader, peer: PeerId): number {
    const { runs } = reader.chunk;
    let end = reader.offset;
    for (let run = reader.run; run * 2 < runs.length; run++) {
      const audience = runs[run * 2 + 1]!;
      const isFor = audience >= 0 ? audience === 0 || audience !== peer : -audience === peer;
      if (!isFor) break;
      end = runs[run * 2]!;
    }
    return end;
  }

  #advance(reader: Reader, following: Chunk): void {
    reader.chunk.readers--;
    reader.chunk = following;
    reader.offset = 0;
    reader.run = 0;
    following.readers++;
    this.#trim();
  }

  /** Chunks without readers before the first reader are forgotten. */
  #trim(): void {
    while (this.#first.readers === 0 && this.#first.following !== undefined) {
      this.#first = this.#first.following;
      this.#chunks--;
    }
  }
}

function cutAtMessage(
  octets: Uint8Array,
  span: { from: number; end: number; budget: number },
): number {
  const { from, end, budget } = span;
  if (end - from <= budget) return end;
  let at = from;
  while (at < end) {
    const next = at + ((octets[at + LENGTH_AT]! << 8) | octets[at + LENGTH_AT + 1]!);
    if (next - from > budget && at > from) break;
    at = next;
  }
  return at;
}
