/** Verdicts of the report, and that every goal is about something that is measured. */

import { describe, expect, it } from 'vitest';
import { BASE, GOALS, judge, PEAK } from './goals.ts';
import { rowsOf, SCENARIOS } from './scenarios.ts';
import { type Round, summarise } from './summary.ts';

function verdict(scenario: string, figure: string, values: Readonly<Record<string, number>>) {
  const rounds: Round[] = Object.entries(values).map(([rival, value]) => ({
    scenario,
    rival,
    figures: { [figure]: value },
  }));
  const all = summarise(rounds);
  return judge(all[0]!, all)?.verdict;
}

describe('judge', () => {
  it('holds a figure to a factor of a rival in the same run', () => {
    const table = (godwit: number) => verdict('table-1m', 'announce s', { bird2: 2, godwit });
    expect([table(0.8), table(1.4), table(1.5)]).toEqual(['met goal', 'met floor', 'missed']);
  });

  it('holds a figure to a number', () => {
    expect(verdict('flap', 'announce p99 µs', { godwit: 251 })).toBe('met floor');
  });

  it('holds a figure to the strictest of several rivals, and to nothing when one of them is missing', () => {
    const remove = { 'c-writer': 1, bird2: 3 };
    expect(verdict('kernel-1m', 'remove s', { ...remove, godwit: 1.25 })).toBe('met floor');
    expect(verdict('kernel-1m', 'remove s', { ...remove, godwit: 1.3 })).toBe('missed');
    expect(verdict('kernel-1m', 'remove s', { bird2: 3, godwit: 1 })).toBeUndefined();
  });

  it('meets no goal whose measure did not run, and says nothing without a floor', () => {
    expect(verdict('fanout', 'announce s', { bird2: 2, godwit: 0.001 })).toBe('met floor');
    expect(verdict('flap', 'announce p50 µs', { bird2: 2, godwit: 1 })).toBeUndefined();
    expect(verdict('table-1m', 'announce CPU s', { bird2: 2, godwit: 1 })).toBeUndefined();
    expect(verdict('table-1m', 'announce s', { bird2: 2 })).toBeUndefined();
  });

  it('holds memory to what BIRD 2 grows by', () => {
    const memory = (godwit: number) => {
      const rounds: Round[] = [
        { scenario: 'table-1m', rival: 'bird2', figures: { [BASE]: 10, [PEAK]: 110 } },
        { scenario: 'table-1m', rival: 'godwit', figures: { [PEAK]: godwit } },
      ];
      const all = summarise(rounds);
      return judge(all.find(({ figure }) => figure === PEAK)!, all);
    };
    expect(memory(160)).toEqual({ floor: 200, goal: 160, verdict: 'met goal' });
    expect(memory(201)?.verdict).toBe('missed');
  });

  it('has goals only for rows and figures that scenarios give', () => {
    const rows = SCENARIOS.flatMap(rowsOf);
    expect(GOALS.flatMap((goal) => goal.rows).filter((row) => !rows.includes(row))).toEqual([]);
    const given = SCENARIOS.flatMap(({ steps }) => steps.map(({ figure }) => figure));
    const stems = GOALS.flatMap(({ figures }) => figures).map((figure) => figure.split(' ')[0]!);
    const flap = ['announce', 'withdraw'];
    const unknown = stems.filter(
      (stem) => !flap.includes(stem) && !given.some((one) => one?.startsWith(stem)),
    );
    expect(unknown).toEqual([]);
  });
});
