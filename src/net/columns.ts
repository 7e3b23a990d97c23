/**
 * Capacity of typed-array columns: few, wide stages instead of doubling.
 *
 * Pages of a typed array that were never written cost no memory, so a column reserves address space far ahead and is
 * copied seldom, and only while it is small, 32 KiB at 8,192 rows: doubling at a million rows takes 3 ms a column, and
 * what was copied is garbage that is not collected while a table loads. Resizable buffers and chunks of chunks avoid the copy too, but cost 60–80 % on every access
 * (docs/decisions/0004-the-rib-is-columns.md).
 */

import { assert } from '../base/assert.ts';

/**
 * Rows at each stage; the last is the most that an `IdIndex` can name. The second is more than the warm-up fills: a column
 * of the third that is freed teaches glibc to serve its size from the heap, cleared and so resident (decision 0040).
 */
const STAGES = [1 << 10, 1 << 13, 1 << 22, 1 << 24] as const;

/**
 * For what comes and goes, whose memory V8 counts as it is reserved, touched or not: at 8,193 rows the stages above
 * would be 36 MB an update group, and begin a collection of the whole heap in the middle of a table.
 */
const STAGES_FOR_A_WHILE = [1 << 10, 1 << 13, 1 << 18, 1 << 20, 1 << 22, 1 << 24] as const;

/** Most rows of any table: identifiers have 24 bits. */
export const ROWS_MAX = (1 << 24) - 1;

export type Column = Int32Array | Uint32Array | Uint16Array | Uint8Array | Float64Array;

/** Capacity to reserve so that row `row` exists. */
export function capacityFor(row: number): number {
  return stageFor(row, STAGES);
}

/** As `capacityFor`, for `grownForAWhile`. */
export function capacityForAWhile(row: number): number {
  return stageFor(row, STAGES_FOR_A_WHILE);
}

function stageFor(row: number, stages: readonly number[]): number {
  for (const stage of stages) if (row < stage) return stage;
  assert(false, `row ${row} is within ROWS_MAX`);
  return 0;
}

/**
 * `column` with room for `rows` rows of `width` elements; the same array when it has it already. For tables that live
 * as long as the process.
 *
 * Large ones stand in shared memory, though nobody shares it: V8 does not count that as garbage to come. Counted, the
 * address space that all columns reserve at 8,192 rows, 450 MB of it untouched, makes V8 begin a collection of the
 * whole heap in the middle of a table (24 ms in one step; `bench/rib.bench.ts`).
 */
export function grown<T extends Column>(column: T, rows: number, width = 1): T {
  return larger(column, { length: rows * width, isShared: rows > COUNTED_ROWS_MAX });
}

/** As `grown`, for what comes and goes (an update group): memory that V8 counts, and so collects in time. */
export function grownForAWhile<T extends Column>(column: T, rows: number): T {
  return larger(column, { length: rows, isShared: false });
}

/** Rows of the last stage that is small enough to be counted. */
const COUNTED_ROWS_MAX = 1 << 13;

type ColumnConstructor = {
  new (length: number): Column;
  new (buffer: SharedArrayBuffer): Column;
  readonly BYTES_PER_ELEMENT: number;
};

function larger<T extends Column>(column: T, to: { length: number; isShared: boolean }): T {
  if (column.length >= to.length) return column;
  const kind = column.constructor as ColumnConstructor;
  const copy = to.isShared
    ? new kind(new SharedArrayBuffer(to.length * kind.BYTES_PER_ELEMENT))
    : new kind(to.length);
  copy.set(column);
  return copy as T;
}
