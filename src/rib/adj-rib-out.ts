/**
 * Adj-RIB-Out of an update group as columns by PrefixId: which set was announced, and from whom it came.
 *
 * Member m has been told `advertised[p]` unless `sources[p]` is m, in which case it has been told nothing. Invariant:
 * an entry is a reference to its attribute set; counters equal what the columns say.
 */

import { capacityFor, grown } from '../net/columns.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import type { AttributeTable } from './attribute-table.ts';
import type { AttributesId, PeerId } from './ids.ts';

export class AdjRibOut {
  /** 0 = nothing is announced. */
  advertised = new Uint32Array(capacityFor(0));
  /** Meaningful where `advertised` is not 0. */
  sources = new Uint16Array(capacityFor(0));
  readonly #sets: AttributeTable;
  #count = 0;
  #bySource: number[] = [];

  constructor(sets: AttributeTable) {
    this.#sets = sets;
  }

  /** Prefixes announced to members that are not their source. */
  get count(): number {
    return this.#count;
  }

  ensure(top: PrefixId): void {
    if (top < this.advertised.length) return;
    const rows = capacityFor(top);
    this.advertised = grown(this.advertised, rows);
    this.sources = grown(this.sources, rows);
  }

  get(prefix: PrefixId): AttributesId {
    return prefix < this.advertised.length ? this.advertised[prefix]! : 0;
  }

  source(prefix: PrefixId): PeerId {
    return prefix < this.sources.length ? this.sources[prefix]! : 0;
  }

  /** What `member` has been told: the group's set, or nothing where it is the source itself. */
  told(prefix: PrefixId, member: PeerId): AttributesId {
    const set = this.get(prefix);
    return set !== 0 && this.sources[prefix] === member ? 0 : set;
  }

  /** Prefixes that `member` has been told. */
  countFor(member: PeerId): number {
    return this.#count - (this.#bySource[member] ?? 0);
  }

  set(prefix: PrefixId, set: AttributesId, source: PeerId): void {
    const old = this.advertised[prefix]!;
    if (old !== set) {
      if (set !== 0) this.#sets.retain(set);
      this.advertised[prefix] = set;
      if (old !== 0) this.#sets.release(old);
    }
    if (old !== 0) {
      this.#count--;
      this.#bySource[this.sources[prefix]!]!--;
    }
    this.sources[prefix] = set === 0 ? 0 : source;
    if (set !== 0) {
      this.#count++;
      this.#bySource[source] = (this.#bySource[source] ?? 0) + 1;
    }
  }

  /** The same announcements, counted anew. */
  clone(): AdjRibOut {
    const copy = new AdjRibOut(this.#sets);
    copy.advertised = this.advertised.slice();
    copy.sources = this.sources.slice();
    copy.#count = this.#count;
    copy.#bySource = this.#bySource.slice();
    const { advertised } = copy;
    for (let id = 1; id < advertised.length && copy.#count > 0; id++) {
      if (advertised[id] !== 0) this.#sets.retain(advertised[id]!);
    }
    return copy;
  }

  /** Gives up entries from `from` on, `budget` ids at most. @returns Where to go on; 0 when done. */
  dissolve(from: PrefixId, budget: number): PrefixId {
    const end = Math.min(from + budget, this.advertised.length);
    for (let id = from; id < end; id++) if (this.advertised[id] !== 0) this.set(id, 0, 0);
    return end === this.advertised.length || this.#count === 0 ? 0 : end;
  }
}
