/**
 * Rounds → medians → a table for people and JSON for history. The machine is noisy: what counts is the ratio of
 * rivals within one run, and the spread is shown with it.
 */

/** Figures of one rival in one round of one scenario: name → value, unit in the name. */
export type Figures = Readonly<Record<string, number>>;

export interface Round {
  readonly scenario: string;
  readonly rival: string;
  readonly figures: Figures;
}

export interface Failure {
  readonly scenario: string;
  readonly rival: string;
  readonly reason: string;
}

export interface Summary {
  readonly scenario: string;
  readonly figure: string;
  /** By rival: median, least and greatest of its rounds. */
  readonly rivals: Readonly<Record<string, { median: number; min: number; max: number }>>;
  /** Median of godwit over that of BIRD 2; undefined when one of them is missing. */
  readonly ratio: number | undefined;
}

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

/** A Markdown table: a line a figure, a column a rival, the ratio last. */
export function formatReport(summaries: readonly Summary[], rivals: readonly string[]): string {
  const head = ['scenario', 'figure', ...rivals, 'godwit ÷ bird2'];
  const rows = summaries.map(({ scenario, figure, rivals: by, ratio }) => [
    scenario,
    figure,
    ...rivals.map((rival) => formatCell(by[rival])),
    ratio === undefined ? '–' : `${ratio.toFixed(2)}×`,
  ]);
  const widths = head.map((word, i) => Math.max(word.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function formatCell(cell: { median: number; min: number; max: number } | undefined): string {
  if (cell === undefined) return '–';
  const { median: middle, min, max } = cell;
  return min === max ? short(middle) : `${short(middle)} (${short(min)}–${short(max)})`;
}

/** Three significant digits. */
function short(value: number): string {
  if (value === 0) return '0';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 6));
}
