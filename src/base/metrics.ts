/**
 * Counters, gauges and histograms as plain cells, declared by the module that feeds them.
 *
 * No registry and no text format here: `api/metrics.ts` collects the tables and renders them. Names follow
 * `bgp_<thing>_<unit>` (or `godwit_…` for the process itself), units are SI base units, label values are bounded.
 */

interface Common {
  readonly help: string;
  readonly labels?: readonly string[];
}
export interface CounterSpec extends Common {
  readonly type: 'counter';
}
export interface GaugeSpec extends Common {
  readonly type: 'gauge';
}
export interface HistogramSpec extends Common {
  readonly type: 'histogram';
  readonly buckets: readonly number[];
}
export type MetricSpec = CounterSpec | GaugeSpec | HistogramSpec;

export const counter = (spec: Common): CounterSpec => ({ type: 'counter', ...spec });
export const gauge = (spec: Common): GaugeSpec => ({ type: 'gauge', ...spec });
export const histogram = (spec: Common & { buckets: readonly number[] }): HistogramSpec => ({
  type: 'histogram',
  ...spec,
});

/** Bucket bounds `from, from×factor, …`, `count` of them. */
export function powers(spec: { from: number; factor: number; count: number }): number[] {
  return Array.from({ length: spec.count }, (_, i) => spec.from * spec.factor ** i);
}

/** One observed distribution: counts a bucket (the last is +Inf), their sum and number. */
export class HistogramCell {
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    // The step stands before the look: code that has met small values only would be compiled without it.
    let i = -1;
    do i++;
    while (i < this.bounds.length && value > this.bounds[i]!);
    this.counts[i]!++;
    this.sum += value;
    this.count++;
  }
}

/** Keys are the exported metric names. */
export function defineMetrics<const T extends Record<string, MetricSpec>>(table: T): T {
  return table;
}
