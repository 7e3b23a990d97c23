/** Columns have room for every row that was asked for, and are never copied together. */

import { describe, expect, it } from 'vitest';
import { ColumnGrowth } from './column-growth.ts';
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
