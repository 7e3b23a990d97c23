/**
 * Medians → tables for people. The machine is noisy: what counts is the ratio of rivals within one run, and the spread
 * is shown with it.
 */

import { BASE, type Judgement, judge } from './goals.ts';
import { type LoopWindow, loopReport } from './loop-delay.ts';
import { type Cell, GENERATOR_CPU, type Summary } from './summary.ts';

export interface LoopRound {
  readonly scenario: string;
  readonly loop: LoopWindow;
}

export interface Failure {
  readonly scenario: string;
  readonly rival: string;
  readonly reason: string;
}

/** A Markdown table: a line a figure, a column a rival; then the ratio, what the figure is held to, how it stands. */
export function formatReport(summaries: readonly Summary[], rivals: readonly string[]): string {
  const head = ['scenario', 'figure', ...rivals, 'godwit ÷ bird2', 'floor', 'goal', 'verdict'];
  const rows = summaries.filter(isShown).map((summary) => {
    const { scenario, figure, rivals: by, ratio } = summary;
    return [
      scenario,
      figure,
      ...rivals.map((rival) => formatCell(by[rival])),
      ratio === undefined ? '–' : `${ratio.toFixed(2)}×`,
      ...formatJudgement(judge(summary, summaries)),
    ];
  });
  return formatTable(head, rows);
}

function isShown({ figure }: Summary): boolean {
  return figure !== BASE && !figure.endsWith(GENERATOR_CPU);
}

function formatJudgement(judgement: Judgement | undefined): string[] {
  if (judgement === undefined) return ['', '', ''];
  const { floor, goal, verdict } = judgement;
  return [short(floor), Number.isFinite(goal) ? short(goal) : '–', verdict];
}

/** godwit's own event loop, all rounds of a scenario together. */
export function formatLoops(rounds: readonly LoopRound[]): string {
  const names = [...new Set(rounds.map(({ scenario }) => scenario))];
  const head = [
    'scenario',
    'turns',
    'delay p50 ms',
    'p99',
    'p99.9',
    'max',
    'p99.9 own CPU ms',
    'longest step, CPU ms',
    'steps > 10 ms',
  ];
  const rows = names.map((name) => {
    const windows = rounds.filter(({ scenario }) => scenario === name).map(({ loop }) => loop);
    const { longest, longestMs, ...loop } = loopReport(windows);
    return [
      name,
      short(loop.turns),
      short(loop.p50),
      short(loop.p99),
      short(loop.p999),
      short(loop.max),
      short(loop.ownP999),
      `${short(longestMs)} (${longest})`,
      short(loop.slowSteps),
    ];
  });
  return formatTable(head, rows);
}

function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((word, i) => Math.max(word.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function formatCell(cell: Cell | undefined): string {
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
