/**
 * What policies do to attribute sets, remembered: a set that was rewritten one way once is not rewritten so again.
 *
 * `Modifications` numbers the distinct changes verdicts ask for; `RewriteMemo` maps (set, key) to the resulting set on
 * import, `OrderMemo` to an order on export. Invariant: what is remembered goes when the set goes that led to it.
 */

import { capacityFor, capacityForAWhile, grown, grownForAWhile } from '../net/columns.ts';
import type { AttributeTable } from './attribute-table.ts';
import type { OrderId } from './export-orders.ts';
import type { AttributesId } from './ids.ts';
import type { PolicyVerdict } from './policy-port.ts';

export interface Modification {
  readonly localPref: number | undefined;
  readonly prepend: readonly number[];
  readonly addCommunities: readonly number[];
  readonly addLargeCommunities: readonly (readonly [number, number, number])[];
  /** OTC where there is none (RFC 9234 §5); absent or 0 = it is not touched. */
  readonly otc?: number;
}

const NO_MODIFICATION: Modification = {
  localPref: undefined,
  prepend: [],
  addCommunities: [],
  addLargeCommunities: [],
};

/** Distinct modifications remembered at a time; a policy with more starts over. */
const MODIFICATIONS_MAX = 64;

export class Modifications {
  #known: Modification[] = [NO_MODIFICATION];

  /** 0 for a verdict that changes nothing; otherwise a number, and whether it is new in `isReset`. */
  indexOf(verdict: PolicyVerdict, otc = 0): number {
    if (
      otc === 0 &&
      verdict.localPref === undefined &&
      verdict.prepend.length === 0 &&
      verdict.addCommunities.length === 0 &&
      verdict.addLargeCommunities.length === 0
    ) {
      return 0;
    }
    const known = this.#known;
    for (let i = 1; i < known.length; i++) {
      if ((known[i]!.otc ?? 0) === otc && isSame(known[i]!, verdict)) return i;
    }
    if (known.length >= MODIFICATIONS_MAX) return -1;
    known.push({
      localPref: verdict.localPref,
      prepend: verdict.prepend.slice(),
      addCommunities: verdict.addCommunities.slice(),
      addLargeCommunities: verdict.addLargeCommunities.slice(),
      ...(otc === 0 ? {} : { otc }),
    });
    return known.length - 1;
  }

  at(index: number): Modification {
    return this.#known[index]!;
  }

  reset(): void {
    this.#known.length = 1;
  }
}

/**
 * Columns by AttributesId: the last key asked for and what came of it. Values: an AttributesId, or 0 for "not
 * exported". Holds a reference to each value and gives it up when the set that led to it goes.
 */
export class RewriteMemo {
  readonly #table: AttributeTable;
  readonly #onFree = (set: AttributesId): void => this.#forget(set);
  #keys = new Int32Array(capacityFor(0)); // key + 1; 0 = nothing is remembered
  #values = new Uint32Array(capacityFor(0));
  #top = 0; // largest set that something was remembered for

  constructor(table: AttributeTable) {
    this.#table = table;
    table.onFree.add(this.#onFree);
  }

  /** −1 when not remembered. */
  get(set: AttributesId, key: number): number {
    return set < this.#keys.length && this.#keys[set] === key + 1 ? this.#values[set]! : -1;
  }

  put(set: AttributesId, key: number, value: AttributesId): void {
    if (set >= this.#keys.length) {
      this.#keys = grown(this.#keys, capacityFor(set));
      this.#values = grown(this.#values, capacityFor(set));
    }
    // Its own set is not counted: it would never go.
    if (value !== 0 && value !== set) this.#table.retain(value);
    this.#forget(set);
    if (set > this.#top) this.#top = set;
    this.#keys[set] = key + 1;
    this.#values[set] = value;
  }

  clear(): void {
    // Columns reserve millions of rows ahead: only those that were used are walked.
    for (let set = 1; set <= this.#top; set++) this.#forget(set);
    this.#top = 0;
  }

  /** Gives up everything for good. */
  dispose(): void {
    this.clear();
    this.#table.onFree.delete(this.#onFree);
  }

  #forget(set: AttributesId): void {
    if (set >= this.#keys.length || this.#keys[set] === 0) return;
    const value = this.#values[set]!;
    this.#keys[set] = 0;
    if (value !== 0 && value !== set) this.#table.release(value);
  }
}

/** Columns by AttributesId: the last key asked for and the order that came of it, 0 for "not exported". */
export class OrderMemo {
  readonly #table: AttributeTable;
  readonly #onFree = (set: AttributesId): void => {
    if (set < this.#keys.length) this.#keys[set] = 0;
  };
  #keys = new Int32Array(capacityFor(0)); // key + 1; 0 = nothing is remembered
  #orders = new Uint16Array(capacityFor(0));
  #top = 0; // largest set that something was remembered for

  constructor(table: AttributeTable) {
    this.#table = table;
    table.onFree.add(this.#onFree);
  }

  /** −1 when not remembered. */
  get(set: AttributesId, key: number): number {
    return set < this.#keys.length && this.#keys[set] === key + 1 ? this.#orders[set]! : -1;
  }

  put(set: AttributesId, key: number, order: OrderId): void {
    if (set >= this.#keys.length) {
      this.#keys = grownForAWhile(this.#keys, capacityForAWhile(set));
      this.#orders = grownForAWhile(this.#orders, capacityForAWhile(set));
    }
    if (set > this.#top) this.#top = set;
    this.#keys[set] = key + 1;
    this.#orders[set] = order;
  }

  clear(): void {
    this.#keys.fill(0, 0, this.#top + 1);
    this.#top = 0;
  }

  /** Gives up everything for good. */
  dispose(): void {
    this.#table.onFree.delete(this.#onFree);
  }
}

function isSame(known: Modification, verdict: PolicyVerdict): boolean {
  if (known.localPref !== verdict.localPref) return false;
  if (!isSameList(known.prepend, verdict.prepend)) return false;
  if (!isSameList(known.addCommunities, verdict.addCommunities)) return false;
  const a = known.addLargeCommunities;
  const b = verdict.addLargeCommunities;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!isSameList(a[i]!, b[i]!)) return false;
  return true;
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
