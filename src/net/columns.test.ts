/** Columns grow in few, wide stages and keep what they hold. */

import { describe, expect, it } from 'vitest';
import { capacityFor, grown, grownForAWhile, ROWS_MAX } from './columns.ts';

describe('columns', () => {
  it('reserve a stage that holds the row asked for', () => {
    for (const row of [0, 1, 1023, 1024, 65_535, 65_536, ROWS_MAX]) {
      expect(capacityFor(row)).toBeGreaterThan(row);
    }
    expect(new Set([0, 500, 1023].map(capacityFor)).size).toBe(1);
    expect(() => capacityFor(ROWS_MAX + 1)).toThrow(/ROWS_MAX/);
  });

  it('grow into the same kind of array, with what was there', () => {
    const column = Uint16Array.of(1, 2, 3);
    const larger = grown(column, 3, 4);
    expect(larger).toBeInstanceOf(Uint16Array);
    expect(larger).toHaveLength(12);
    expect([...larger.subarray(0, 4)]).toEqual([1, 2, 3, 0]);
    expect(grown(larger, 2, 4)).toBe(larger);
  });

  it('are as easily read, written and cut when they are large', () => {
    const column = grown(Uint32Array.of(7, 8), 1 << 22);
    column[(1 << 22) - 1] = 9;
    expect([column[1], column.at(-1), column.length]).toEqual([8, 9, 1 << 22]);
    expect([...column.subarray(0, 3)]).toEqual([7, 8, 0]);
    expect(grownForAWhile(Uint8Array.of(1), 1 << 22).buffer).toBeInstanceOf(ArrayBuffer);
  });
});
