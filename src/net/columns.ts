/**
 * Capacity of typed-array columns: few, wide stages instead of doubling.
 *
 * Pages of a typed array that were never written cost no memory, so a column reserves address space far ahead and is
 * copied seldom, and only while it is small: 256 KiB at 65,536 rows takes 0.2 ms, where doubling at a million rows
 * takes 3 ms a column. Resizable buffers and chunks of chunks avoid the copy too, but cost 60–80 % on every access
 * (docs/decisions/0004-the-rib-is-columns.md).
 */

import { assert } from '../base/assert.ts';

/** Rows at each stage; the last is the most that an `IdIndex` can name. */
const STAGES = [1 << 10, 1 << 12, 1 << 16, 1 << 22, 1 << 24] as const;

/** Most rows of any table: identifiers have 24 bits. */
export const ROWS_MAX = (1 << 24) - 1;

export type Column = Int32Array | Uint32Array | Uint16Array | Uint8Array | Float64Array;

/** Capacity to reserve so that row `row` exists. */
export function capacityFor(row: number): number {
  for (const stage of STAGES) if (row < stage) return stage;
  assert(false, `row ${row} is within ROWS_MAX`);
  return 0;
}

/** `column` with room for `rows` rows of `width` elements; the same array when it has it already. */
export function grown<T extends Column>(column: T, rows: number, width = 1): T {
  if (column.length >= rows * width) return column;
  const larger = new (column.constructor as new (length: number) => T)(rows * width);
  larger.set(column);
  return larger;
}
