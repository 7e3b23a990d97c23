import { describe, expect, it } from 'vitest';
import { prefix } from '../net/prefix.ts';
import { compareText, originatedKey, sameData } from './plan-data.ts';

describe('plain data', () => {
  it('is equal by value, and an absent key equals one that is undefined', () => {
    expect(sameData({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toBe(true);
    expect(sameData({ a: 1 }, { a: 1, b: undefined })).toBe(true);
    expect(sameData({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  });

  it('is not equal where a value, a key, a length or a type differs', () => {
    const different: readonly [unknown, unknown][] = [
      [{ a: 1 }, { a: 2 }],
      [{ a: 1 }, { a: 1, b: 2 }],
      [[1, 2], [1]],
      [[1], [1, 2]],
      [{}, []],
      [{ a: 1 }, undefined],
      ['1', 1],
    ];
    for (const [a, b] of different) expect(sameData(a, b)).toBe(false);
  });

  it('found equal once is equal to that object alone', () => {
    const shared = { x: 1 };
    const same = { x: 1 };
    expect(sameData([shared, shared], [same, { x: 2 }])).toBe(false);
    expect(sameData([shared, shared], [same, same])).toBe(true);
  });

  it('texts are ordered by code unit', () => {
    expect(['b', 'B', 'a', '10', '9'].sort(compareText)).toEqual(['10', '9', 'B', 'a', 'b']);
    expect(compareText('a', 'a')).toBe(0);
  });

  it('an originated prefix is known by prefix and source', () => {
    const item = { prefix: prefix('10.0.0.0/26'), blackhole: true, origin: 'x' };
    expect(originatedKey({ ...item, source: 'block' })).not.toBe(
      originatedKey({ ...item, source: 'service' }),
    );
  });
});
