/** Defaults and jitter. */

import { describe, expect, it } from 'vitest';
import { Prng } from '../base/prng.ts';
import { between, CONNECT_TIMEOUT_MIN, jittered, resolveTimers, TIMER_DEFAULTS } from './timers.ts';

describe('timers', () => {
  it('jitters to 75–100 % of the span (RFC 4271 §10)', () => {
    const prng = new Prng(1);
    const spans = Array.from({ length: 1_000 }, () => jittered(10, prng));
    expect(Math.min(...spans)).toBeGreaterThanOrEqual(7_500);
    expect(Math.min(...spans)).toBeLessThan(7_600);
    expect(Math.max(...spans)).toBeLessThanOrEqual(10_000);
    expect(Math.max(...spans)).toBeGreaterThan(9_900);
  });

  it('draws from the whole of a range, and stands a range turned round', () => {
    const prng = new Prng(1);
    const spans = Array.from({ length: 1_000 }, () => between(2, 5, prng));
    expect(Math.min(...spans)).toBeGreaterThanOrEqual(2_000);
    expect(Math.max(...spans)).toBeGreaterThan(4_900);
    expect(Math.max(...spans)).toBeLessThanOrEqual(5_000);
    expect(between(5, 2, prng)).toBe(5_000);
  });

  it('fills in every default and keeps what is given', () => {
    const timers = resolveTimers({ holdTime: 30 });
    expect(timers).toMatchObject({ holdTime: 30, connectRetryMin: 2, connectRetryMax: 5 });
    for (const [name, { value }] of Object.entries(TIMER_DEFAULTS)) {
      if (name !== 'holdTime') expect(timers[name as keyof typeof timers], name).toBe(value);
    }
  });

  it('never lets a TCP attempt last less than a second', () => {
    expect(resolveTimers({ connectTimeout: 0 }).connectTimeout).toBe(CONNECT_TIMEOUT_MIN);
  });
});
