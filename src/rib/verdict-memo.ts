/**
 * What policies do to attribute sets, remembered: a set that was rewritten one way once is not rewritten so again.
 *
 * `Modifications` numbers the distinct changes verdicts ask for; `RewriteMemo` maps (set, key) to the resulting set.
 * Invariant: nothing here counts references, so everything is forgotten when the table's `epoch` moves.
 */

import type { AttributeTable } from './attribute-table.ts';
import type { AttributesId } from './ids.ts';
import type { PolicyVerdict } from './policy-port.ts';

export interface Modification {
  readonly localPref: number | undefined;
  readonly prepend: readonly number[];
  readonly addCommunities: readonly number[];
  readonly addLargeCommunities: readonly (readonly [number, number, number])[];
}

export const NO_MODIFICATION: Modification = {
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
  indexOf(verdict: PolicyVerdict): number {
    if (
      verdict.localPref === undefined &&
      verdict.prepend.length === 0 &&
      verdict.addCommunities.length === 0 &&
      verdict.addLargeCommunities.length === 0
    ) {
      return 0;
    }
    const known = this.#known;
    for (let i = 1; i < known.length; i++) if (isSame(known[i]!, verdict)) return i;
    if (known.length >= MODIFICATIONS_MAX) return -1;
    known.push({
      localPref: verdict.localPref,
      prepend: verdict.prepend.slice(),
      addCommunities: verdict.addCommunities.slice(),
      addLargeCommunities: verdict.addLargeCommunities.slice(),
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

const ENTRIES = 1024; // a power of two

/** Direct-mapped. Values: an AttributesId, 0 for "not exported", −1 for "not remembered". */
export class RewriteMemo {
  readonly #table: AttributeTable;
  readonly #sets = new Int32Array(ENTRIES);
  readonly #keys = new Int32Array(ENTRIES);
  readonly #values = new Int32Array(ENTRIES);
  #epoch = -1;

  constructor(table: AttributeTable) {
    this.#table = table;
  }

  get(set: AttributesId, key: number): number {
    if (this.#epoch !== this.#table.epoch) {
      this.clear();
      return -1;
    }
    const at = slot(set, key);
    return this.#sets[at] === set && this.#keys[at] === key ? this.#values[at]! : -1;
  }

  put(set: AttributesId, key: number, value: number): void {
    if (this.#epoch !== this.#table.epoch) this.clear();
    const at = slot(set, key);
    this.#sets[at] = set;
    this.#keys[at] = key;
    this.#values[at] = value;
  }

  clear(): void {
    this.#sets.fill(0);
    this.#epoch = this.#table.epoch;
  }
}

function slot(set: number, key: number): number {
  return (set ^ Math.imul(key, 0x9e3779b1)) & (ENTRIES - 1);
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
