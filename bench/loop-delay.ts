/**
 * godwit's own word on its loop: histograms of /metrics, before and after, to percentiles. Only what happened in
 * between counts.
 */

export interface LoopSample {
  /** Upper bounds in seconds, ascending, the last +Infinity; how many observations are not above each. */
  readonly delays: readonly { readonly bound: number; readonly count: number }[];
  /** Since the sample before, in seconds. */
  readonly delayMax: number;
  /** Longest step of each input since the sample before, in CPU seconds. */
  readonly steps: Readonly<Record<string, number>>;
}

export interface LoopReport {
  /** Milliseconds: 50 %, 99 %, 99.9 % of all delays are below (the bound of the bucket), and the longest. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly turns: number;
  /** Input of the longest step, and its CPU milliseconds. */
  readonly longest: string;
  readonly longestMs: number;
}

/** Reads Prometheus' text format as godwit writes it. */
export function parseLoopSample(text: string): LoopSample {
  const delays: { bound: number; count: number }[] = [];
  const steps: Record<string, number> = {};
  let delayMax = 0;
  for (const line of text.split('\n')) {
    const bucket = /^godwit_loop_delay_seconds_bucket\{le="([^"]+)"\} (\S+)$/.exec(line);
    if (bucket !== null) {
      const bound = bucket[1] === '+Inf' ? Number.POSITIVE_INFINITY : Number(bucket[1]);
      delays.push({ bound, count: Number(bucket[2]) });
    }
    const lag = /^godwit_loop_lag_seconds_max (\S+)$/.exec(line);
    if (lag !== null) delayMax = Number(lag[1]);
    const step = /^godwit_step_cpu_seconds_max\{input="([^"]+)"\} (\S+)$/.exec(line);
    if (step !== null) steps[step[1]!] = Number(step[2]);
  }
  if (delays.length === 0) throw new Error('godwit serves no godwit_loop_delay_seconds');
  return { delays, delayMax, steps };
}

export function loopReport(before: LoopSample, after: LoopSample): LoopReport {
  const counts = after.delays.map(({ bound, count }, i) => ({
    bound,
    count: count - (before.delays[i]?.count ?? 0),
  }));
  const turns = counts.at(-1)?.count ?? 0;
  const [longest, seconds] = Object.entries(after.steps).reduce(
    (most, step) => (step[1] > most[1] ? step : most),
    ['none', 0],
  );
  const quantile = (share: number): number => {
    // A bucket above the longest delay says less than that delay itself.
    const bound = counts.find(({ count }) => count >= share * turns)?.bound ?? 0;
    return Math.min(bound, after.delayMax) * 1000;
  };
  return {
    p50: quantile(0.5),
    p99: quantile(0.99),
    p999: quantile(0.999),
    max: after.delayMax * 1000,
    turns,
    longest,
    longestMs: seconds * 1000,
  };
}
