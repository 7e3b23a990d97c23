/**
 * Floors and goals: what each figure of godwit is held to, as a factor of a rival's in the same run or as a number.
 * The report judges by them, so that nobody has to look them up. Figures without a row are only shown.
 */

import type { Summary } from './summary.ts';

/** `value` times the figure of `of`; `of` absent: `value` itself, in the figure's own unit. */
export interface Bound {
  readonly value: number;
  readonly of?: 'bird2' | 'relay' | 'c-writer';
}

interface Goal {
  /** Names of rows of the report, and the figures in them. */
  readonly rows: readonly string[];
  readonly figures: readonly string[];
  readonly floor: Bound | readonly Bound[];
  /** Of several the strictest counts. */
  readonly goal: Bound | readonly Bound[];
}

const bird = (value: number): Bound => ({ value, of: 'bird2' });
const relay = (value: number): Bound => ({ value, of: 'relay' });
const cWriter = (value: number): Bound => ({ value, of: 'c-writer' });

const TABLES = ['table-100k', 'table-1m', 'table-1m-scattered', 'table-real'];
const FEEDS = ['feeds-10', 'feeds-10-shuffled', 'feeds-10-ties'];
const AGAIN = 'announce again, other attributes s';

export const GOALS: readonly Goal[] = [
  { rows: TABLES, figures: ['announce s', AGAIN], floor: bird(0.7), goal: bird(0.4) },
  { rows: TABLES, figures: ['withdraw s'], floor: bird(1), goal: bird(0.6) },
  { rows: FEEDS, figures: ['announce s', 'withdraw s'], floor: bird(1), goal: bird(0.6) },
  { rows: ['mesh-cold'], figures: ['cold s'], floor: { value: 0.1 }, goal: { value: 0.04 } },
  { rows: ['mesh-warm'], figures: ['warm s'], floor: bird(1.2), goal: bird(0.5) },
  // Level with the relay: 1.1 is what the same program shows against itself.
  { rows: ['fanout'], figures: ['announce s'], floor: bird(0.1), goal: relay(1.1) },
  {
    rows: ['flap'],
    figures: ['announce p50 µs', 'withdraw p50 µs'],
    floor: relay(5),
    goal: relay(2.5),
  },
  {
    rows: ['flap'],
    figures: ['announce p99 µs', 'withdraw p99 µs'],
    floor: { value: 1000 },
    goal: { value: 250 },
  },
  {
    rows: ['kernel-100k', 'kernel-1m'],
    figures: ['install s', 'remove s'],
    floor: [cWriter(1.25), bird(0.65)],
    goal: [cWriter(1.1), bird(0.5)],
  },
  { rows: ['idle'], figures: ['idle % of a core'], floor: { value: 0.1 }, goal: { value: 0.02 } },
  {
    rows: ['kernel-idle'],
    figures: ['idle % of a core'],
    floor: { value: 0.3 },
    goal: { value: 0.1 },
  },
  { rows: ['table-real'], figures: ['differences'], floor: { value: 0 }, goal: { value: 0 } },
];

/** Memory: so many MB, and so many times what BIRD 2 grows by. */
const MEMORY = { floor: { base: 70, growth: 1.3 }, goal: { base: 60, growth: 1 } } as const;

export interface Judgement {
  readonly floor: number;
  readonly goal: number;
  readonly verdict: 'met goal' | 'met floor' | 'missed';
}

/** What `summary` is held to and how it stands; undefined without a bound, or when a rival that it needs is missing. */
export function judge(summary: Summary, all: readonly Summary[]): Judgement | undefined {
  const ours = summary.rivals['godwit']?.median;
  if (ours === undefined) return undefined;
  const limits = summary.figure === PEAK ? memoryLimits(summary, all) : limitsOf(summary);
  if (limits === undefined) return undefined;
  const { floor, goal } = limits;
  return {
    floor,
    goal,
    verdict: ours <= goal ? 'met goal' : ours <= floor ? 'met floor' : 'missed',
  };
}

type Limits = Pick<Judgement, 'floor' | 'goal'>;

function limitsOf({ scenario, figure, rivals }: Summary): Limits | undefined {
  const row = GOALS.find(
    ({ rows, figures }) => rows.includes(scenario) && figures.includes(figure),
  );
  if (row === undefined) return undefined;
  const one = ({ value, of }: Bound): number | undefined => {
    if (of === undefined) return value;
    const theirs = rivals[of]?.median;
    return theirs === undefined ? undefined : value * theirs;
  };
  const resolve = (bounds: Bound | readonly Bound[]): number | undefined => {
    const known = [bounds].flat().map(one);
    return known.includes(undefined) ? undefined : Math.min(...known.map(Number));
  };
  const floor = resolve(row.floor);
  const goal = resolve(row.goal);
  // A goal whose measure did not run is not met; the floor still says something.
  return floor === undefined ? undefined : { floor, goal: goal ?? Number.NEGATIVE_INFINITY };
}

function memoryLimits({ scenario, rivals }: Summary, all: readonly Summary[]): Limits | undefined {
  const before = all.find((one) => one.scenario === scenario && one.figure === BASE);
  const [peak, base] = [rivals['bird2']?.median, before?.rivals['bird2']?.median];
  if (peak === undefined || base === undefined) return undefined;
  const limit = (of: { base: number; growth: number }): number =>
    of.base + of.growth * (peak - base);
  return { floor: limit(MEMORY.floor), goal: limit(MEMORY.goal) };
}

/** Resident memory before anything is announced, and at most; in MB of 10⁶ octets. */
export const BASE = 'base MB';
export const PEAK = 'peak MB';
