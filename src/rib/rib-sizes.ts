/**
 * How much the export side of one family deals with at once. All in one place and not constants where they are used, so
 * that tests can make them small: what goes wrong between two slices needs a table of several slices to show.
 */

export interface RibSizes {
  /** Ids of an Adj-RIB-Out that one poll looks through for a member that is owed all of it. */
  readonly owedIds: number;
  /** Paths up to which all is packed once, for whoever comes while nothing changes; at most `PACK_BATCH`. */
  readonly welcomePaths: number;
  /** Marks of a member that left, or names that one is to forget, that one slice deals with. */
  readonly marks: number;
  /** Names of a log that one slice turns into marks for members that were cut off: half a millisecond. */
  readonly names: number;
  /** Ids that moves of members between groups look at in one slice, at least one member: 20 to 30 ns each. */
  readonly moveIds: number;
  /** Entries of a group that ended, given up by one slice. */
  readonly dissolveIds: number;
  /** Attribute sets freed and prefix ids given back by one slice. */
  readonly frees: number;
  /**
   * Prefixes that one poll exports at most: 2 to 3 µs each where all misses the cache, a tenth where nothing does. Those
   * that are only withdrawn cost so little that their octets are the limit: in many small writes a table takes a third
   * longer.
   */
  readonly pollExports: number;
  /** Marked prefixes that one batch looks at; at most what is packed together (`PACK_BATCH`). */
  readonly batch: number;
  /**
   * Batches, of which nothing may come for who asks: 8192 withdrawals are half of the 64 KiB that a socket
   * asks for, and 3 to 6 ms where all misses the cache. Twice as many took a step of 12 ms.
   */
  readonly pollBatches: number;
  /** Chunks the slowest member may lag behind: 1 MiB of UPDATEs, a second of a 10 Mbit/s peer. */
  readonly logChunks: number;
  /**
   * Octets of a chunk of the log while a table is being sent: fewer, larger writes (prototype: 8 → 64 KiB saves 30 % on
   * fan-out).
   */
  readonly chunkOctets: number;
}

export const RIB_SIZES: RibSizes = {
  owedIds: 16_384,
  welcomePaths: 2048,
  marks: 4096,
  names: 16_384,
  moveIds: 65_536,
  dissolveIds: 65_536,
  frees: 2048,
  pollExports: 2048,
  batch: 1024,
  pollBatches: 8,
  logChunks: 16,
  chunkOctets: 65_536,
};

/** For tests and simulations: a table of a dozen prefixes takes several slices of everything, and a log holds a few UPDATEs. */
export const SMALL_SIZES: RibSizes = {
  owedIds: 3,
  welcomePaths: 4,
  marks: 2,
  names: 2,
  moveIds: 8,
  dissolveIds: 4,
  frees: 3,
  pollExports: 3,
  pollBatches: 2,
  batch: 3,
  logChunks: 3,
  chunkOctets: 128,
};
