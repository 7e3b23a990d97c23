/**
 * Adj-RIB-Out of an update group as columns by PrefixId: which set was announced in which way, and from whom it came.
 *
 * Member m has been told `sets[p]`, rewritten by an order, unless m is its source: then it has been told nothing.
 * Order and source share a word, `how[p]` (see `howOf`). Invariant: an entry is a reference to its attribute set and to
 * its order; counters equal what the columns say.
 */

import { capacityForAWhile, grownForAWhile } from '../net/columns.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import type { GroupOut, ToldPath } from './announcer.ts';
import type { AttributeTable } from './attribute-table.ts';
import type { ExportOrders, OrderId } from './export-orders.ts';
import type { AttributesId, PeerId } from './ids.ts';

/** Order and source of an announcement in one word of 32 bits. */
export type How = number;

export function howOf(order: OrderId, source: PeerId): How {
  return ((order << 16) | source) >>> 0;
}

export const orderOf = (how: How): OrderId => how >>> 16;
export const sourceOf = (how: How): PeerId => how & 0xffff;

export class AdjRibOut implements GroupOut {
  /** As accepted on import; 0 = nothing is announced. */
  sets = new Uint32Array(capacityForAWhile(0));
  /** Meaningful where `sets` is not 0. */
  how = new Uint32Array(capacityForAWhile(0));
  readonly #table: AttributeTable;
  readonly #orders: ExportOrders;
  #count = 0;
  #changes = 0;
  #bySource = new Uint32Array(16); // by PeerId

  constructor(table: AttributeTable, orders: ExportOrders) {
    this.#table = table;
    this.#orders = orders;
  }

  /** Prefixes announced to members that are not their source. */
  get count(): number {
    return this.#count;
  }

  get prefixes(): number {
    return this.#count;
  }

  isAnnounced(prefix: PrefixId): boolean {
    return this.has(prefix);
  }

  get changes(): number {
    return this.#changes;
  }

  get top(): PrefixId {
    return this.sets.length - 1;
  }

  ensure(top: PrefixId): void {
    if (top < this.sets.length) return;
    const rows = capacityForAWhile(top);
    this.sets = grownForAWhile(this.sets, rows);
    this.how = grownForAWhile(this.how, rows);
  }

  get(prefix: PrefixId): AttributesId {
    return prefix < this.sets.length ? this.sets[prefix]! : 0;
  }

  has(prefix: PrefixId): boolean {
    return this.get(prefix) !== 0;
  }

  /** Fills `into` with what is announced, which is something, and gives it back. */
  read<T extends { set: AttributesId; order: OrderId }>(prefix: PrefixId, into: T): T {
    into.set = this.sets[prefix]!;
    into.order = orderOf(this.how[prefix]!);
    return into;
  }

  /** Whether `member` has been told of it: not where it is the source itself. */
  isTold(prefix: PrefixId, member: PeerId): boolean {
    return this.get(prefix) !== 0 && sourceOf(this.how[prefix]!) !== member;
  }

  forEachTold(prefix: PrefixId, member: PeerId, visit: (told: ToldPath) => void): void {
    if (!this.isTold(prefix, member)) return;
    const told = { set: 0, order: 0, source: sourceOf(this.how[prefix]!), identifier: 0 };
    visit(this.read(prefix, told));
  }

  /** Prefixes that `member` has been told. */
  countFor(member: PeerId): number {
    return this.#count - (member < this.#bySource.length ? this.#bySource[member]! : 0);
  }

  /** `how` is 0 where `set` is. */
  set(prefix: PrefixId, set: AttributesId, how: How): void {
    const oldSet = this.sets[prefix]!;
    const oldHow = this.how[prefix]!;
    this.#changes++;
    if (set !== 0) {
      this.#table.retain(set);
      this.#orders.retain(orderOf(how));
      this.#count++;
      const source = sourceOf(how);
      if (source >= this.#bySource.length) {
        this.#bySource = grownForAWhile(this.#bySource, source * 2);
      }
      this.#bySource[source]!++;
    }
    this.sets[prefix] = set;
    this.how[prefix] = how;
    if (oldSet === 0) return;
    this.#table.release(oldSet);
    this.#orders.release(orderOf(oldHow));
    this.#count--;
    this.#bySource[sourceOf(oldHow)]!--;
  }

  /** The same announcements, counted anew. */
  clone(): AdjRibOut {
    const copy = new AdjRibOut(this.#table, this.#orders);
    copy.sets = this.sets.slice();
    copy.how = this.how.slice();
    copy.#count = this.#count;
    copy.#bySource = this.#bySource.slice();
    const { sets, how } = copy;
    for (let id = 1, left = copy.#count; id < sets.length && left > 0; id++) {
      if (sets[id] === 0) continue;
      this.#table.retain(sets[id]!);
      this.#orders.retain(orderOf(how[id]!));
      left--;
    }
    return copy;
  }

  /** Gives up entries from `from` on, `budget` ids at most. @returns Where to go on; 0 when done. */
  dissolve(from: PrefixId, budget: number): PrefixId {
    const end = Math.min(from + budget, this.sets.length);
    for (let id = from; id < end; id++) if (this.sets[id] !== 0) this.set(id, 0, 0);
    return end === this.sets.length || this.#count === 0 ? 0 : end;
  }
}
