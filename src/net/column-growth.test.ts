/** Columns have room for every row that was asked for, and are never copied together. */

import { describe, expect, it } from 'vitest';
import { ColumnGrowth, columnsOf } from './column-growth.ts';
import { ROWS_MAX } from './columns.ts';

/** Columns that are not there, and only say how long they are, and how many of them were copied since `take`. */
function lengthsOnly(count: number) {
  const lengths = new Array<number>(count).fill(0);
  let copies = 0;
  const growth = new ColumnGrowth(
    lengths.map((_, i) => ({
      grow: (rows: number) => {
        if (rows > lengths[i]!) copies++;
        lengths[i] = Math.max(lengths[i]!, rows);
      },
      touch: () => undefined,
    })),
  );
  const take = () => {
    const taken = copies;
    copies = 0;
    return taken;
  };
  return { lengths, growth, take };
}

describe('ColumnGrowth', () => {
  it('copies one column at a time while rows come one by one, and always has room', () => {
    const { lengths, growth, take } = lengthsOnly(17);
    growth.ensure(0);
    expect(take()).toBe(17);
    let most = 0;
    for (let row = 1; row < 200_000; row++) {
      growth.ensure(row);
      most = Math.max(most, take());
      if (row % 997 === 0 || row === 65_536) expect(Math.min(...lengths)).toBeGreaterThan(row);
    }
    expect(most).toBe(1);
  });

  it('writes to a page of each column before a row of it is asked for, never to one in use, and not to columns of few rows', () => {
    const touched: number[] = [];
    let largest = 0;
    const column = (touch: (row: number) => void) => ({
      grow: () => undefined,
      touch,
    });
    const used = column((row) => {
      expect(row).toBeGreaterThan(largest);
      touched.push(row);
    });
    const seldom = column(() => expect.fail('a column of few rows is left alone'));
    const growth = new ColumnGrowth([used], [seldom]);
    for (let row = 0; row < 100_000; row++) {
      growth.ensure(row);
      largest = row;
      // 1,024 rows of four octets are a page.
      const before = touched.filter((at) => at <= row + 1024 && at > row - 1024);
      if (row % 509 === 0) expect(before.length).toBeGreaterThan(0);
    }
    expect(touched).toHaveLength(98);
  });

  it('touches columns of a table as far as they reach, with a 0', () => {
    const table = { narrow: new Uint8Array(1024), wide: new Uint32Array(1024) };
    const growth = new ColumnGrowth(columnsOf(table, ['narrow', 'wide']));
    for (let row = 0; row < 20_000; row++) {
      growth.ensure(row);
      expect([table.narrow[row], table.wide[row]]).toEqual([0, 0]);
      table.narrow[row] = 7;
      table.wide[row] = row;
    }
    expect(table.wide.subarray(0, 20_000)).toEqual(
      Uint32Array.from({ length: 20_000 }, (_, i) => i),
    );
  });

  it('has room for a row far behind the last', () => {
    const { lengths, growth } = lengthsOnly(3);
    growth.ensure(1000);
    growth.ensure(70_000);
    expect(Math.min(...lengths)).toBeGreaterThan(70_000);
    growth.ensure(69_999);
  });

  it('comes to the last row of all and stays there', () => {
    const { lengths, growth, take } = lengthsOnly(2);
    growth.ensure(1 << 22);
    growth.ensure(ROWS_MAX);
    take();
    growth.ensure(ROWS_MAX);
    expect(take()).toBe(0);
    expect(Math.min(...lengths)).toBe(ROWS_MAX + 1);
  });
});
