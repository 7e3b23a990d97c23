/** Cells of metrics: bucket bounds are inclusive, as Prometheus reads them. */

import { describe, expect, it } from 'vitest';
import { counter, defineMetrics, gauge, HistogramCell, histogram, powers } from './metrics.ts';

describe('metrics', () => {
  it('powers() gives bounds that grow by a factor', () => {
    expect(powers({ from: 0.5, factor: 4, count: 3 })).toEqual([0.5, 2, 8]);
  });

  it('a histogram counts a value in the first bucket whose bound it does not exceed', () => {
    const cell = new HistogramCell([1, 10]);
    for (const value of [0, 1, 1.5, 10, 11]) cell.observe(value);
    expect([...cell.counts]).toEqual([2, 2, 1]);
    expect(cell.count).toBe(5);
    expect(cell.sum).toBe(23.5);
  });

  it('a table keeps kind, help, labels and buckets by name', () => {
    const table = defineMetrics({
      bgp_a_total: counter({ help: 'a', labels: ['peer'] }),
      bgp_b: gauge({ help: 'b' }),
      bgp_c_seconds: histogram({ help: 'c', buckets: [1] }),
    });
    expect(table).toEqual({
      bgp_a_total: { type: 'counter', help: 'a', labels: ['peer'] },
      bgp_b: { type: 'gauge', help: 'b' },
      bgp_c_seconds: { type: 'histogram', help: 'c', buckets: [1] },
    });
  });
});
