/**
 * Kernel routes of one family as columns: wished, sent, acknowledged, held, and why they differ. A row is a prefix.
 *
 * Shapes: every column is indexed by PrefixId. Memory: 47 octets a row besides the prefix table. `WANTED` guards the
 * wanted columns, `HELD` the held ones, `IN_FLIGHT` the sent ones. Metrics are the kernel's (IPv6: never 0).
 * Invariant: `RECORDED` (the journal names prefix and held metric) without `HELD` only until the next dump is done.
 */

import { ColumnGrowth, columnsOf } from '../net/column-growth.ts';
import type { Prefix } from '../net/prefix.ts';
import { type PrefixId, PrefixTable } from '../net/prefix-table.ts';
import type { RoutePrefix } from './types.ts';

export const WANTED = 1 << 0;
/** Held back: neither written nor deleted; `note` says why. */
export const HOLD = 1 << 1;
/** Found in the kernel, ours by right, not wished for yet. */
export const ADOPTED = 1 << 2;
/** Waits for a link or an address. */
export const PARKED = 1 << 3;
/** The kernel refused; `errno` says how. Waits for its timer or a dump. */
export const REFUSED = 1 << 4;
/** Another program owns prefix and wanted metric. */
export const FOREIGN = 1 << 5;
export const IN_FLIGHT = 1 << 6;
export const QUEUED_UPDATE = 1 << 7;
export const QUEUED_DELETE = 1 << 8;
export const RECORDED = 1 << 9;
/** An event spoke of this row while a dump ran: the dump's word is older. */
export const TOUCHED = 1 << 10;
/** Waits for its timer. */
export const BACKOFF = 1 << 11;
export const HELD = 1 << 12;
/** The next write repairs what someone else did. */
export const RESTORING = 1 << 13;
/** More routes of ours to this prefix, with other metrics. */
export const EXTRAS = 1 << 14;
/** The key is taken and we do not know by whom: a dump will tell. */
export const UNEXPLAINED = 1 << 15;

/** Bits of the `proof` column: the look under way saw the row as held; the row was touched since it began. */
export const PROVEN = 1 << 0;
export const UNPROVABLE = 1 << 1;

/** What a row counts as; index into the counters. */
export const Kind = {
  none: 0,
  installed: 1,
  pending: 2,
  parked: 3,
  refused: 4,
  heldBack: 5,
  foreign: 6,
  adopted: 7,
  leaving: 8,
} as const;
export const KINDS = 9;

/** Octets of a row, without its entry in the prefix table. */
export const ROW_OCTETS = 47;

export class FibTable {
  readonly family: 4 | 6;
  readonly prefixes: PrefixTable;
  readonly #scratch: Uint8Array;
  flags = new Uint16Array(0);
  wantedShape = new Uint32Array(0);
  wantedMetric = new Uint32Array(0);
  sentShape = new Uint32Array(0);
  sentMetric = new Uint32Array(0);
  /** 1 where the last request was a delete. */
  sentDelete = new Uint8Array(0);
  /** What the kernel last acknowledged of ours; `NO_SHAPE` after a delete, and for what was adopted. */
  ackedShape = new Uint32Array(0);
  ackedMetric = new Uint32Array(0);
  heldShape = new Uint32Array(0);
  heldMetric = new Uint32Array(0);
  /** Milliseconds, truncated, of the wish that is not fulfilled yet. */
  since = new Uint32Array(0);
  /** Text numbers: where the wish comes from; why it is held back or was disturbed. */
  origin = new Uint16Array(0);
  note = new Uint16Array(0);
  errno = new Uint8Array(0);
  /** The dump, modulo 256, that saw the held route last. */
  epoch = new Uint8Array(0);
  kind = new Uint8Array(0);
  proof = new Uint8Array(0);
  readonly #growth = new ColumnGrowth(
    columnsOf(this, [
      'flags',
      'wantedShape',
      'wantedMetric',
      'sentShape',
      'sentMetric',
      'sentDelete',
      'ackedShape',
      'ackedMetric',
      'heldShape',
      'heldMetric',
      'since',
      'origin',
      'errno',
      'epoch',
      'kind',
    ]),
    columnsOf(this, ['note', 'proof']),
  );

  constructor(family: 4 | 6, seed: number) {
    this.family = family;
    this.prefixes = new PrefixTable(family === 4 ? 32 : 128, seed);
    this.#scratch = new Uint8Array(family === 4 ? 4 : 16);
  }

  find(prefix: RoutePrefix): PrefixId {
    return this.prefixes.find(prefix.octets, prefix.octetsAt, prefix.length);
  }

  /** The row of `prefix`, a new and empty one when there is none; 0 when the table is full. */
  intern(prefix: RoutePrefix): PrefixId {
    return this.#ready(this.prefixes.intern(prefix.octets, prefix.octetsAt, prefix.length));
  }

  internText(prefix: Prefix): PrefixId {
    return this.#ready(this.prefixes.internPrefix(prefix));
  }

  /** A row that nothing keeps any more. */
  release(row: PrefixId): void {
    this.flags[row] = 0;
    this.kind[row] = 0;
    this.origin[row] = 0;
    this.note[row] = 0;
    this.errno[row] = 0;
    this.heldMetric[row] = 0;
    this.sentShape[row] = 0;
    this.ackedShape[row] = 0;
    this.prefixes.release(row);
  }

  /** The address, valid until the next call. */
  address(row: PrefixId): Uint8Array {
    this.prefixes.writeAddress(row, this.#scratch);
    return this.#scratch;
  }

  /**
   * What tells a row from its neighbors in the kernel's table, in its last bits: of a /24 and of longer ones their own,
   * of a shorter one those that a /24 has there. IPv6 routes are in a tree of another kind, which takes them best as they come: 0.
   */
  nearOf(row: PrefixId): number {
    if (this.family === 6) return 0;
    const { prefixes } = this;
    return prefixes.addressOf(row) >>> (32 - Math.max(24, prefixes.lengthOf(row)));
  }

  #ready(row: PrefixId): PrefixId {
    this.#growth.ensure(row);
    return row;
  }
}
