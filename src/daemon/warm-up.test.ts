import { describe, expect, it } from 'vitest';
import { warmUp } from './warm-up.ts';

describe('warmUp', () => {
  it('goes the whole way of an UPDATE until its time is over', () => {
    let now = 0;
    expect(warmUp(() => now++ * 100)).toBe(2);
  });

  it('runs no round where no time is left', () => {
    let now = 0;
    expect(warmUp(() => (now += 1000))).toBe(0);
  });
});
