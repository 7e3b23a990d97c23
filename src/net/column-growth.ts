/**
 * The columns of one table, grown one after the other and ahead of need: each is copied and reserved in a fraction of a
 * millisecond, all of a table's in one step would hold the loop for some.
 *
 * Invariant: every column has room for all rows that `ensure` was asked for.
 */

import { type Column, capacityFor, grown, ROWS_MAX } from './columns.ts';

/** Gives one column room for so many rows. */
type GrowColumn = (rows: number) => void;

/** The columns that `table` has under these names, each a typed array with an element a row. */
export function columnsOf<T extends Readonly<Record<N, Column>>, N extends keyof T>(
  table: T,
  names: readonly N[],
): GrowColumn[] {
  return names.map((name) => (rows) => {
    table[name] = grown(table[name], rows);
  });
}

/** The share of a stage, as a shift, that lies between the copies of two columns: of 1024 rows 16, of 8,192 128. */
const APART_SHIFT = 6;

export class ColumnGrowth {
  readonly #columns: readonly GrowColumn[];
  /** Rows that every column has room for. */
  #rows = 0;
  /** Columns that have the next stage already. */
  #ahead = 0;
  /** The row at which the next column is due. */
  #due = 0;

  /** @param columns  At most 64, or they would begin before a stage is used at all. */
  constructor(columns: readonly GrowColumn[]) {
    this.#columns = columns;
  }

  /** Makes room for `row`: with one copy of one column at most, where rows come one by one. */
  ensure(row: number): void {
    if (row >= this.#due) this.#grow(row);
  }

  #grow(row: number): void {
    const columns = this.#columns;
    if (row >= this.#rows) {
      this.#rows = capacityFor(row);
      for (const grow of columns) grow(this.#rows);
      this.#ahead = 0;
    } else {
      const next = capacityFor(this.#rows);
      columns[this.#ahead++]!(next);
      if (this.#ahead === columns.length) {
        this.#rows = next;
        this.#ahead = 0;
      }
    }
    const apart = this.#rows >>> APART_SHIFT;
    // The last stage has no next.
    const isLast = this.#rows > ROWS_MAX;
    this.#due = isLast ? this.#rows : this.#rows - (columns.length - this.#ahead) * apart;
  }
}
