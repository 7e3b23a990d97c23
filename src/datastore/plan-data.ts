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

/** Pairs of objects already found equal: the sessions of a plan share their policies. */
export type KnownPairs = Map<object, object>;

/** Equality by value of plain data; a key that is absent equals one that is undefined. */
export function sameData(a: unknown, b: unknown, known: KnownPairs = new Map()): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (known.get(a) === b) return true;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const x = a as Record<string, unknown>;
  const y = b as Record<string, unknown>;
  for (const key in x) if (!sameData(x[key], y[key], known)) return false;
  for (const key in y) if (x[key] === undefined && y[key] !== undefined) return false;
  known.set(a, b);
  return true;
}
