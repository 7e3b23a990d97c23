/** Order and equality of plain data: by value, and the same on every machine. */

import type { OriginatedPrefix } from './plan-types.ts';

/** The order of `SpeakerPlan.originated` and the identity of an entry. */
export function originatedKey(item: OriginatedPrefix): string {
  return `${item.prefix} ${item.source}`;
}

/** By code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function sortedByName<T extends { readonly name: string }>(
  items: ReadonlyMap<string, T>,
): T[] {
  return [...items.values()].sort((a, b) => compareText(a.name, b.name));
}

/** Where `key` stands in a list that is in order of `keyOf`, or would stand. */
export function placeInOrder<T>(
  list: readonly T[],
  key: string,
  keyOf: (item: T) => string,
): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyOf(list[middle]!) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Pairs of objects already compared: the sessions of a plan share their policies, before and after a change of one. */
export type KnownPairs = Map<object, { readonly other: object; readonly same: boolean }>;

/** Equality by value of plain data; a key that is absent equals one that is undefined. */
export function sameData(a: unknown, b: unknown, known: KnownPairs = new Map()): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const before = known.get(a);
  if (before !== undefined && before.other === b) return before.same;
  const same = sameContent(a, b, known);
  known.set(a, { other: b, same });
  return same;
}

function sameContent(a: object, b: object, known: KnownPairs): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!sameData(a[i], b[i], known)) return false;
    return true;
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const x = a as Record<string, unknown>;
  const y = b as Record<string, unknown>;
  for (const key in x) if (!sameData(x[key], y[key], known)) return false;
  for (const key in y) if (x[key] === undefined && y[key] !== undefined) return false;
  return true;
}
