/**
 * Paths as columns; a row is one (prefix, peer, path identifier), RFC 4271 §3.2 and RFC 7911 §3.
 *
 * Shapes: path columns are indexed by PathId, `heads` and `prefixFlags` by PrefixId. The paths of a prefix are a list;
 * while `PrefixFlag.HasBest` is set its head is the settled best. Memory: 16 octets a path, 5 a prefix; `accepted`,
 * `identifiers` and `preferences` take memory only where they are ever used.
 * The columns are public to this folder, because a getter a prefix is what the hot path has no time for.
 */

import { assertShared } from '../base/assert.ts';
import { ColumnGrowth, columnsOf } from '../net/column-growth.ts';
import { capacityFor, ROWS_MAX } from '../net/columns.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import { IdQueue } from './id-queue.ts';
import type { AttributesId, PathId, PeerId } from './ids.ts';

/** Bits of `flags`. The two lowest are the generation. */
export const PathFlag = {
  Generation: 3,
  Rejected: 4,
  Looped: 8,
  /** In the ECMP set of a prefix whose set has several members. */
  Multipath: 16,
  Used: 32,
  /** Three bits: index into `SOURCES`. */
  SourceShift: 6,
  /** Only while `LocRib.rank` looks for the next best. */
  SetAside: 512,
} as const;
export const INFEASIBLE = PathFlag.Rejected | PathFlag.Looped | PathFlag.SetAside;
const SOURCE_MASK = 7;

/** Bits of `prefixFlags`. */
export const PrefixFlag = {
  /** In the dirty queue. */
  Dirty: 1,
  /** The best path or a member of the ECMP set changed or went: consumers are told whatever the decision. */
  Touched: 2,
  HasBest: 4,
  /** In the queue of prefixes that may be freed. */
  Grave: 8,
} as const;

const PREFERENCE_DEFAULT = 100;
/** Paths of a family over all peers. */
const PATH_ROWS_MAX = ROWS_MAX;

export class PathTable {
  /** PathId of the next path of the same prefix; link of the free list in a free row. */
  next = new Uint32Array(capacityFor(0));
  prefix = new Uint32Array(capacityFor(0));
  peer = new Uint16Array(capacityFor(0));
  flags = new Uint16Array(capacityFor(0));
  /** As received. */
  attributes = new Uint32Array(capacityFor(0));
  /** After import policy, where that differs; 0 = as received. */
  accepted = new Uint32Array(capacityFor(0));
  /** 0 where ADD-PATH was not negotiated. Local paths: their source. */
  identifiers = new Uint32Array(capacityFor(0));
  /** 0 = `PREFERENCE_DEFAULT`. */
  preferences = new Uint16Array(capacityFor(0));
  /** Whether the three lazy columns hold anything but 0; until then they are not even read. */
  hasAccepted = false;
  hasIdentifiers = false;
  hasPreferences = false;
  /** Somebody is told of other paths than the best: a prefix is dirty whichever of its paths changes. */
  isEachWatched = false;

  heads = new Uint32Array(capacityFor(0));
  prefixFlags = new Uint8Array(capacityFor(0));
  readonly dirty = new IdQueue();

  readonly #growth = new ColumnGrowth(
    columnsOf(this, ['next', 'prefix', 'peer', 'flags', 'attributes']),
    columnsOf(this, ['accepted', 'identifiers', 'preferences']),
  );
  readonly #growthByPrefix = new ColumnGrowth(columnsOf(this, ['heads', 'prefixFlags']));

  #top = 0;
  #free = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Largest PathId ever given. */
  get top(): number {
    return this.#top;
  }

  get isFull(): boolean {
    return this.#free === 0 && this.#top >= PATH_ROWS_MAX;
  }

  /** Room for the columns by prefix. */
  ensurePrefix(id: PrefixId): void {
    this.#growthByPrefix.ensure(id);
  }

  /** A new row in the list of `prefix`, never before its settled best. */
  add(prefix: PrefixId, peer: PeerId): PathId {
    let path = this.#free;
    if (path !== 0) this.#free = this.next[path]!;
    else {
      assertShared(this.#top < PATH_ROWS_MAX, 'the path table has a free row');
      path = ++this.#top;
      this.#growth.ensure(path);
    }
    this.#count++;
    this.prefix[path] = prefix;
    this.peer[path] = peer;
    const head = this.heads[prefix]!;
    if (head !== 0 && (this.prefixFlags[prefix]! & PrefixFlag.HasBest) !== 0) {
      this.next[path] = this.next[head]!;
      this.next[head] = path;
    } else {
      this.next[path] = head;
      this.heads[prefix] = path;
    }
    return path;
  }

  /** The row of this peer and identifier; 0 when there is none. */
  find(prefix: PrefixId, peer: PeerId, identifier: number): PathId {
    const { next, peer: peers } = this;
    let path = this.heads[prefix]!;
    if (!this.hasIdentifiers) {
      while (path !== 0 && peers[path] !== peer) path = next[path]!;
      return path;
    }
    while (path !== 0 && (peers[path] !== peer || this.identifiers[path] !== identifier)) {
      path = next[path]!;
    }
    return path;
  }

  /** Takes the row out of its list and frees it. */
  remove(path: PathId): void {
    const prefix = this.prefix[path]!;
    const following = this.next[path]!;
    const head = this.heads[prefix]!;
    if (head === path) {
      this.heads[prefix] = following;
      this.prefixFlags[prefix]! &= ~PrefixFlag.HasBest;
    } else {
      let before = head;
      while (this.next[before] !== path) before = this.next[before]!;
      this.next[before] = following;
    }
    this.flags[path] = 0;
    if (this.hasAccepted) this.accepted[path] = 0;
    if (this.hasIdentifiers) this.identifiers[path] = 0;
    if (this.hasPreferences) this.preferences[path] = 0;
    this.next[path] = this.#free;
    this.#free = path;
    this.#count--;
  }

  /** Moves `path` to the front of its list: it is the best. */
  toFront(path: PathId): void {
    const prefix = this.prefix[path]!;
    const head = this.heads[prefix]!;
    if (head === path) return;
    let before = head;
    while (this.next[before] !== path) before = this.next[before]!;
    this.next[before] = this.next[path]!;
    this.next[path] = head;
    this.heads[prefix] = path;
  }

  /** Attributes that count: after import policy. */
  effective(path: PathId): AttributesId {
    if (this.hasAccepted) {
      const accepted = this.accepted[path]!;
      if (accepted !== 0) return accepted;
    }
    return this.attributes[path]!;
  }

  preference(path: PathId): number {
    if (!this.hasPreferences) return PREFERENCE_DEFAULT;
    return this.preferences[path]! || PREFERENCE_DEFAULT;
  }

  source(path: PathId): number {
    return (this.flags[path]! >>> PathFlag.SourceShift) & SOURCE_MASK;
  }

  /** The settled best; 0 when there is none. */
  best(prefix: PrefixId): PathId {
    return (this.prefixFlags[prefix]! & PrefixFlag.HasBest) !== 0 ? this.heads[prefix]! : 0;
  }

  /** Puts the prefix into the dirty queue once. `touched`: its best path or ECMP set changed for certain. */
  markDirty(prefix: PrefixId, touched: boolean): void {
    const flags = this.prefixFlags[prefix]!;
    if ((flags & PrefixFlag.Dirty) === 0) this.dirty.push(prefix);
    this.prefixFlags[prefix] = flags | PrefixFlag.Dirty | (touched ? PrefixFlag.Touched : 0);
  }
}
