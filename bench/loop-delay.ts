/**
 * godwit's own word on its loop: histograms of /metrics, before and after, to percentiles. Only what happened in
 * between counts. Rounds are counted together: of the hundred turns of one round 99 % are all but the longest.
 */

interface Bucket {
  /** Seconds; the last is +Infinity. */
  readonly bound: number;
  /** Observations that are not above it. */
  readonly count: number;
}

export interface LoopSample {
  readonly delays: readonly Bucket[];
  /** CPU of our own in each of those delays. */
  readonly turns: readonly Bucket[];
  /** Since the sample before, in seconds. */
  readonly delayMax: number;
  /** By input: the longest step since the sample before in CPU seconds, and steps over 10 ms so far. */
  readonly steps: Readonly<Record<string, { readonly max: number; readonly slow: number }>>;
}

/** What happened between two samples. */
export interface LoopWindow {
  readonly delays: readonly Bucket[];
  readonly turns: readonly Bucket[];
  readonly delayMax: number;
  readonly longest: string;
  readonly longestSeconds: number;
  readonly slowSteps: number;
}

export interface LoopReport {
  /** Milliseconds: 50 %, 99 %, 99.9 % of all delays are below (the bound of the bucket), and the longest. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly turns: number;
  /** 99.9 % of the delays had not more than so many milliseconds of our own CPU. */
  readonly ownP999: number;
  /** Input of the longest step, its CPU milliseconds, and how many steps used more than 10 ms. */
  readonly longest: string;
  readonly longestMs: number;
  readonly slowSteps: number;
}

/** Reads Prometheus' text format as godwit writes it. */
export function parseLoopSample(text: string): LoopSample {
  const lines = text.split('\n');
  const delays = bucketsOf(lines, 'godwit_loop_delay_seconds');
  if (delays.length === 0) throw new Error('godwit serves no godwit_loop_delay_seconds');
  const steps: Record<string, { max: number; slow: number }> = {};
  const step = (input: string): { max: number; slow: number } => {
    steps[input] ??= { max: 0, slow: 0 };
    return steps[input];
  };
  let delayMax = 0;
  for (const line of lines) {
    const [, name, input, le, value] = SAMPLE.exec(line) ?? [];
    if (name === 'godwit_loop_lag_seconds_max') delayMax = Number(value);
    if (name === 'godwit_step_cpu_seconds_max') step(input!).max = Number(value);
    if (name === 'godwit_step_cpu_seconds_bucket' && le === SLOW_STEP) {
      step(input!).slow -= Number(value);
    }
    if (name === 'godwit_step_cpu_seconds_count') step(input!).slow += Number(value);
  }
  return { delays, turns: bucketsOf(lines, 'godwit_loop_turn_cpu_seconds'), delayMax, steps };
}

/** Name, input, le, value. */
const SAMPLE = /^(\w+)(?:\{(?:input="(\w+)")?,?(?:le="([^"]+)")?\})? (\S+)$/;
const SLOW_STEP = '0.01';

function bucketsOf(lines: readonly string[], metric: string): Bucket[] {
  return lines.flatMap((line) => {
    const [, name, , le, value] = SAMPLE.exec(line) ?? [];
    if (name !== `${metric}_bucket`) return [];
    return [{ bound: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), count: Number(value) }];
  });
}

export function loopWindow(before: LoopSample, after: LoopSample): LoopWindow {
  const slow = ({ steps }: LoopSample): number =>
    Object.values(steps).reduce((sum, step) => sum + step.slow, 0);
  const [longest, { max }] = Object.entries(after.steps).reduce(
    (most, step) => (step[1].max > most[1].max ? step : most),
    ['none', { max: 0, slow: 0 }],
  );
  return {
    delays: between(before.delays, after.delays),
    turns: between(before.turns, after.turns),
    delayMax: after.delayMax,
    longest,
    longestSeconds: max,
    slowSteps: slow(after) - slow(before),
  };
}

/** Of all `windows` together, of which there is one at least. */
export function loopReport(windows: readonly LoopWindow[]): LoopReport {
  const delay = quantiles(windows.map(({ delays }) => delays));
  const turn = quantiles(windows.map(({ turns }) => turns));
  const delayMax = Math.max(...windows.map((window) => window.delayMax));
  const slowest = windows.reduce((most, one) =>
    one.longestSeconds > most.longestSeconds ? one : most,
  );
  // A bucket above the longest delay says less than that delay itself.
  const shown = (share: number): number => Math.min(delay(share), delayMax) * 1000;
  return {
    p50: shown(0.5),
    p99: shown(0.99),
    p999: shown(0.999),
    max: delayMax * 1000,
    turns: windows.reduce((sum, { delays }) => sum + (delays.at(-1)?.count ?? 0), 0),
    ownP999: Math.min(turn(0.999), delayMax) * 1000,
    longest: slowest.longest,
    longestMs: slowest.longestSeconds * 1000,
    slowSteps: Math.max(...windows.map(({ slowSteps }) => slowSteps)),
  };
}

function between(before: readonly Bucket[], after: readonly Bucket[]): Bucket[] {
  return after.map(({ bound, count }, i) => ({ bound, count: count - (before[i]?.count ?? 0) }));
}

/** From a share of the observations of all histograms to the bound, in seconds, that they do not exceed. */
function quantiles(histograms: readonly (readonly Bucket[])[]): (share: number) => number {
  const counts = histograms[0]!.map(({ bound }, i) => ({
    bound,
    count: histograms.reduce((sum, buckets) => sum + (buckets[i]?.count ?? 0), 0),
  }));
  const all = counts.at(-1)?.count ?? 0;
  return (share) => counts.find(({ count }) => count >= share * all)?.bound ?? 0;
}
