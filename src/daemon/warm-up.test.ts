import { describe, expect, it } from 'vitest';
import { warmUp } from './warm-up.ts';

describe('warmUp', () => {
  it('goes the whole way of an UPDATE until its time is over', () => {
    const times = [0, 1, 2];
    expect(warmUp(() => times.shift() ?? 1e6)).toBe(2);
  });

  it('runs no round where no time is left', () => {
    let now = 0;
    expect(warmUp(() => (now += 1000))).toBe(0);
  });
});
