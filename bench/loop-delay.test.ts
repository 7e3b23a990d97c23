/** Percentiles from Prometheus' cumulative buckets. */

import { describe, expect, it } from 'vitest';
import { loopReport, loopWindow, parseLoopSample } from './loop-delay.ts';

const text = (counts: readonly number[], max: number) =>
  [
    ...['0.001', '0.01', '+Inf'].map(
      (le, i) => `godwit_loop_delay_seconds_bucket{le="${le}"} ${counts[i]}`,
    ),
    ...['0.001', '0.01', '+Inf'].map(
      (le, i) =>
        `godwit_loop_turn_cpu_seconds_bucket{le="${le}"} ${counts[2 - i] === 0 ? 0 : counts[2]}`,
    ),
    `godwit_loop_lag_seconds_max ${max}`,
    `godwit_step_cpu_seconds_bucket{input="wake",le="0.01"} ${counts[0]}`,
    `godwit_step_cpu_seconds_count{input="wake"} ${counts[2]}`,
    'godwit_step_cpu_seconds_max{input="wake"} 0.004',
    'godwit_step_cpu_seconds_max{input="transmit"} 0.009',
    '',
  ].join('\n');

describe('loop delay', () => {
  it('counts only what happened between two samples', () => {
    const before = parseLoopSample(text([1000, 1000, 1000], 3));
    const after = parseLoopSample(text([1990, 1999, 2000], 0.05));
    expect(loopReport([loopWindow(before, after)])).toEqual({
      p50: 1,
      p99: 1,
      p999: 10,
      max: 50,
      turns: 1000,
      longest: 'transmit',
      longestMs: 9,
      ownP999: 1,
      slowSteps: 10,
    });
  });

  it('never shows more than the longest delay that there was', () => {
    const none = parseLoopSample(text([0, 0, 0], 0));
    const { p999 } = loopReport([loopWindow(none, parseLoopSample(text([0, 0, 4], 0.03)))]);
    expect(p999).toBe(30);
  });

  it('counts all rounds together: one long delay of a hundred is not 99 % of three hundred', () => {
    const none = parseLoopSample(text([0, 0, 0], 0));
    const quiet = loopWindow(none, parseLoopSample(text([100, 100, 100], 0.001)));
    const loud = loopWindow(none, parseLoopSample(text([97, 100, 100], 0.02)));
    expect(loopReport([loud])).toMatchObject({ turns: 100, p99: 10, max: 20 });
    expect(loopReport([quiet, loud, quiet])).toMatchObject({ turns: 300, p99: 1, max: 20 });
  });

  it('does not take a page without the histogram for a quiet loop', () => {
    expect(() => parseLoopSample('up 1\n')).toThrow('serves no');
  });
});
