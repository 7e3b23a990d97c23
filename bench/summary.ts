/** Rounds → medians with their spread, a row for each figure of each scenario. */

/** Figures of one rival in one round of one scenario: name → value, unit in the name. */
export type Figures = Readonly<Record<string, number>>;

export interface Round {
  /** Row of the report. */
  readonly scenario: string;
  readonly rival: string;
  readonly figures: Figures;
}

export interface Cell {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Summary {
  readonly scenario: string;
  readonly figure: string;
  /** By rival: median, least and greatest of its rounds. */
  readonly rivals: Readonly<Record<string, Cell>>;
  /** Median of godwit over that of BIRD 2; undefined when one of them is missing. */
  readonly ratio: number | undefined;
}

/** Ends the name of a figure that is the load generator's: kept in the JSON, judged apart, no row. */
export const GENERATOR_CPU = ', generator CPU s';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) throw new RangeError('No values');
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function summarise(rounds: readonly Round[]): Summary[] {
  const groups = new Map<string, Map<string, number[]>>();
  for (const { scenario, rival, figures } of rounds) {
    for (const [figure, value] of Object.entries(figures)) {
      const key = `${scenario}\t${figure}`;
      const byRival = groups.get(key) ?? new Map<string, number[]>();
      groups.set(key, byRival);
      byRival.set(rival, [...(byRival.get(rival) ?? []), value]);
    }
  }
  return [...groups].map(([key, byRival]) => {
    const [scenario, figure] = key.split('\t') as [string, string];
    const rivals = Object.fromEntries(
      [...byRival].map(([rival, values]) => [
        rival,
        { median: median(values), min: Math.min(...values), max: Math.max(...values) },
      ]),
    );
    const ours = rivals['godwit']?.median;
    const theirs = rivals['bird2']?.median;
    const ratio =
      ours === undefined || theirs === undefined || theirs === 0 ? undefined : ours / theirs;
    return { scenario, figure, rivals, ratio };
  });
}
