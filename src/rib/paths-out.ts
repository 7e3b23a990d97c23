/**
 * Adj-RIB-Out of an update group with ADD-PATH (RFC 7911): announcements as rows in a list a prefix.
 *
 * A row is one path: where it comes from (peer, identifier as received), which set was announced in which way and to
 * whom not (`Withheld`), and the identifier it was given. A row without a set is a ghost: its path is withdrawn, but a member that is out of step may
 * still know the identifier, and only a withdrawal that names it takes it back.
 * RFC 7911 §2: the identifier is ours, and names one path of its prefix.
 * Invariant: a row with a set is a reference to the set and to its order; identifiers of a prefix are distinct.
 *
 * Memory: 4 octets a prefix, 26 a path.
 */

import { assertShared } from '../base/assert.ts';
import { capacityForAWhile, grownForAWhile, ROWS_MAX } from '../net/columns.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import { type How, orderOf, sourceOf } from './adj-rib-out.ts';
import type { GroupOut, ToldPath } from './announcer.ts';
import type { AttributeTable } from './attribute-table.ts';
import type { ExportOrders } from './export-orders.ts';
import type { AttributesId, PeerId } from './ids.ts';

/** A row; 0 = none. */
export type OutId = number;

/** Whose path a row tells of. */
export interface PathKey {
  readonly source: PeerId;
  /** Identifier as received, or the source of an own path. */
  readonly received: number;
}

export class PathsOut implements GroupOut {
  heads = new Uint32Array(capacityForAWhile(0));
  /** Next row of the prefix; link of the free list in a free row. */
  next = new Uint32Array(capacityForAWhile(0));
  /** As accepted on import; 0 = a ghost. */
  sets = new Uint32Array(capacityForAWhile(0));
  /** Order, and the peer that is not told; the order is 0 in a ghost. */
  how = new Uint32Array(capacityForAWhile(0));
  sources = new Uint16Array(capacityForAWhile(0));
  received = new Uint32Array(capacityForAWhile(0));
  identifiers = new Uint32Array(capacityForAWhile(0));
  readonly #table: AttributeTable;
  readonly #orders: ExportOrders;
  #top = 0;
  #free: OutId = 0;
  /** Kept by whoever announces: a row does not know its prefix. */
  prefixes = 0;
  #count = 0;
  #changes = 0;
  #rows = 0;
  #byWithheld = new Uint32Array(16); // rows with a set, by the PeerId that is not told

  constructor(table: AttributeTable, orders: ExportOrders) {
    this.#table = table;
    this.#orders = orders;
  }

  get count(): number {
    return this.#count;
  }

  get changes(): number {
    return this.#changes;
  }

  /** Ghosts among the rows, for tests and metrics. */
  get ghosts(): number {
    return this.#rows - this.#count;
  }

  get top(): PrefixId {
    return this.heads.length - 1;
  }

  has(prefix: PrefixId): boolean {
    return this.head(prefix) !== 0;
  }

  head(prefix: PrefixId): OutId {
    return prefix < this.heads.length ? this.heads[prefix]! : 0;
  }

  isAnnounced(prefix: PrefixId): boolean {
    let row = this.head(prefix);
    while (row !== 0 && this.sets[row] === 0) row = this.next[row]!;
    return row !== 0;
  }

  isTold(prefix: PrefixId, member: PeerId): boolean {
    for (let row = this.head(prefix); row !== 0; row = this.next[row]!) {
      if (this.isToldRow(row, member)) return true;
    }
    return false;
  }

  isToldRow(row: OutId, member: PeerId): boolean {
    return this.sets[row] !== 0 && sourceOf(this.how[row]!) !== member;
  }

  forEachTold(prefix: PrefixId, member: PeerId, visit: (told: ToldPath) => void): void {
    const told = { set: 0, order: 0, source: 0, identifier: 0 };
    for (let row = this.head(prefix); row !== 0; row = this.next[row]!) {
      if (this.isToldRow(row, member)) visit(this.read(row, told));
    }
  }

  countFor(member: PeerId): number {
    return this.#count - (member < this.#byWithheld.length ? this.#byWithheld[member]! : 0);
  }

  /** Fills `into` and gives it back. */
  read(row: OutId, into: ToldPath): ToldPath {
    into.set = this.sets[row]!;
    into.order = orderOf(this.how[row]!);
    into.source = this.sources[row]!;
    into.identifier = this.identifiers[row]!;
    return into;
  }

  find(prefix: PrefixId, source: PeerId, received: number): OutId {
    let row = this.head(prefix);
    while (row !== 0 && (this.sources[row] !== source || this.received[row] !== received)) {
      row = this.next[row]!;
    }
    return row;
  }

  findIdentifier(prefix: PrefixId, identifier: number): OutId {
    let row = this.head(prefix);
    while (row !== 0 && this.identifiers[row] !== identifier) row = this.next[row]!;
    return row;
  }

  /** A ghost of the prefix; 0 when it has none. */
  findGhost(prefix: PrefixId): OutId {
    let row = this.head(prefix);
    while (row !== 0 && this.sets[row] !== 0) row = this.next[row]!;
    return row;
  }

  ghostsOf(prefix: PrefixId): number {
    let count = 0;
    for (let row = this.head(prefix); row !== 0; row = this.next[row]!) {
      if (this.sets[row] === 0) count++;
    }
    return count;
  }

  /** A new row, a ghost until `set`. */
  add(prefix: PrefixId, key: PathKey, identifier: number): OutId {
    if (prefix >= this.heads.length)
      this.heads = grownForAWhile(this.heads, capacityForAWhile(prefix));
    let row = this.#free;
    if (row !== 0) this.#free = this.next[row]!;
    else {
      assertShared(this.#top < ROWS_MAX, 'an update group announces as many paths as there are');
      row = ++this.#top;
      if (row >= this.next.length) this.#grow(capacityForAWhile(row));
    }
    this.#rows++;
    this.next[row] = this.heads[prefix]!;
    this.heads[prefix] = row;
    this.identifiers[row] = identifier;
    this.rename(row, key);
    return row;
  }

  /** A ghost becomes another path's row; its identifier stays. */
  rename(row: OutId, { source, received }: PathKey): void {
    this.sources[row] = source;
    this.received[row] = received;
  }

  /** `set` 0 makes it a ghost of the same path. */
  set(row: OutId, set: AttributesId, how: How): void {
    const oldSet = this.sets[row]!;
    const oldHow = this.how[row]!;
    this.#changes++;
    if (set !== 0) {
      this.#table.retain(set);
      this.#orders.retain(orderOf(how));
      this.#tally(sourceOf(how), 1);
    }
    this.sets[row] = set;
    this.how[row] = how;
    if (oldSet === 0) return;
    this.#table.release(oldSet);
    this.#orders.release(orderOf(oldHow));
    this.#tally(sourceOf(oldHow), -1);
  }

  remove(prefix: PrefixId, row: OutId): void {
    if (this.sets[row] !== 0) this.set(row, 0, 0);
    if (this.heads[prefix] === row) this.heads[prefix] = this.next[row]!;
    else {
      let before = this.heads[prefix]!;
      while (this.next[before] !== row) before = this.next[before]!;
      this.next[before] = this.next[row]!;
    }
    this.next[row] = this.#free;
    this.#free = row;
    this.#rows--;
  }

  /**
   * The same rows, counted anew, for another group. Ghosts stay behind: they are for members of this one, and who goes
   * over is told of them on the way.
   */
  clone(): PathsOut {
    const copy = new PathsOut(this.#table, this.#orders);
    copy.heads = this.heads.slice();
    copy.next = this.next.slice();
    copy.sets = this.sets.slice();
    copy.how = this.how.slice();
    copy.sources = this.sources.slice();
    copy.received = this.received.slice();
    copy.identifiers = this.identifiers.slice();
    copy.#top = this.#top;
    copy.#free = this.#free;
    copy.prefixes = this.prefixes;
    copy.#count = this.#count;
    copy.#rows = this.#rows;
    copy.#byWithheld = this.#byWithheld.slice();
    for (let row = 1; row <= this.#top; row++) {
      if (this.sets[row] === 0) continue;
      this.#table.retain(this.sets[row]!);
      this.#orders.retain(orderOf(this.how[row]!));
    }
    if (copy.ghosts > 0) copy.#dropGhosts();
    return copy;
  }

  #dropGhosts(): void {
    for (let prefix = 0; prefix < this.heads.length; prefix++) {
      for (let ghost = this.findGhost(prefix); ghost !== 0; ghost = this.findGhost(prefix)) {
        this.remove(prefix, ghost);
      }
    }
  }

  dissolve(from: PrefixId, budget: number): PrefixId {
    const end = Math.min(from + budget, this.heads.length);
    for (let id = from; id < end; id++)
      while (this.heads[id] !== 0) this.remove(id, this.heads[id]!);
    return end === this.heads.length || this.#rows === 0 ? 0 : end;
  }

  #tally(withheld: PeerId, by: 1 | -1): void {
    if (withheld >= this.#byWithheld.length) {
      this.#byWithheld = grownForAWhile(this.#byWithheld, withheld * 2);
    }
    this.#byWithheld[withheld]! += by;
    this.#count += by;
  }

  #grow(rows: number): void {
    this.next = grownForAWhile(this.next, rows);
    this.sets = grownForAWhile(this.sets, rows);
    this.how = grownForAWhile(this.how, rows);
    this.sources = grownForAWhile(this.sources, rows);
    this.received = grownForAWhile(this.received, rows);
    this.identifiers = grownForAWhile(this.identifiers, rows);
  }
}
