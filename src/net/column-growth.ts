/**
 * The columns of one table, grown one after the other and ahead of need: each is copied and reserved in a fraction of a
 * millisecond, all of a table's in one step would hold the loop for some. And their pages are written before they are
 * read (decision 0044): Linux answers the first read of a page with one of zeros that all share, and the first write
 * with a second fault, which takes that page away from every processor that runs a thread of ours.
 *
 * Invariant: every column has room for all rows that `ensure` was asked for. Who owns them asks for a row before it first
 * writes to it, or it might be cleared.
 */

import { type Column, capacityFor, grown, ROWS_MAX } from './columns.ts';

export interface GrowingColumn {
  /** Gives it room for so many rows. */
  grow(rows: number): void;
  /** Writes 0 to a row that was never used, if there is room for it. */
  touch(row: number): void;
}

/** The columns that `table` has under these names, each a typed array with an element a row. */
export function columnsOf<T extends Readonly<Record<N, Column>>, N extends keyof T>(
  table: T,
  names: readonly N[],
): GrowingColumn[] {
  return names.map((name) => ({
    grow: (rows) => {
      table[name] = grown(table[name], rows);
    },
    touch: (row) => {
      const column: Column = table[name];
      if (row < column.length) column[row] = 0;
    },
  }));
}

/** The share of a stage, as a shift, that lies between the copies of two columns: of 1024 rows 16, of 8,192 128. */
const APART_SHIFT = 6;
/** Rows of 4 octets in a page: as far ahead as columns are touched, which is at most one page of each. */
const TOUCH_ROWS = 1024;

export class ColumnGrowth {
  readonly #columns: readonly GrowingColumn[];
  readonly #touched: readonly GrowingColumn[];
  /** Rows that every column has room for. */
  #rows = 0;
  /** Columns that have the next stage already. */
  #ahead = 0;
  /** The row at which the next column is to grow. */
  #growAt = 0;
  /** The row at which all are to be touched. */
  #touchAt = 0;
  /** The lesser of the two. */
  #due = 0;

  /**
   * @param columns  At most 64, or they would begin before a stage is used at all.
   * @param seldom  Further columns in which most rows stay as they are: their pages are left alone.
   */
  constructor(columns: readonly GrowingColumn[], seldom: readonly GrowingColumn[] = []) {
    this.#columns = [...columns, ...seldom];
    this.#touched = columns;
  }

  /** Makes room for `row`: with one copy of one column at most, where rows come one by one. */
  ensure(row: number): void {
    if (row >= this.#due) this.#prepare(row);
  }

  #prepare(row: number): void {
    if (row >= this.#growAt) this.#grow(row);
    if (row >= this.#touchAt) {
      for (const column of this.#touched) column.touch(row + TOUCH_ROWS);
      this.#touchAt = row + TOUCH_ROWS;
    }
    this.#due = Math.min(this.#growAt, this.#touchAt);
  }

  #grow(row: number): void {
    const columns = this.#columns;
    if (row >= this.#rows) {
      this.#rows = capacityFor(row);
      for (const column of columns) column.grow(this.#rows);
      this.#ahead = 0;
    } else {
      const next = capacityFor(this.#rows);
      columns[this.#ahead++]!.grow(next);
      if (this.#ahead === columns.length) {
        this.#rows = next;
        this.#ahead = 0;
      }
    }
    const apart = this.#rows >>> APART_SHIFT;
    // The last stage has no next.
    const isLast = this.#rows > ROWS_MAX;
    this.#growAt = isLast ? this.#rows : this.#rows - (columns.length - this.#ahead) * apart;
  }
}
