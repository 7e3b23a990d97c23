/** Medians, ratios and the table that people read. */

import { describe, expect, it } from 'vitest';
import { formatLoops, formatReport } from './report.ts';
import { median, type Round, summarise } from './summary.ts';

const round = (rival: string, seconds: number): Round => ({
  scenario: 'table-1m',
  rival,
  figures: { 'announce s': seconds },
});

describe('report', () => {
  it('takes the median, of an even number the mean of the middle two', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 7])).toBe(6);
    expect(() => median([])).toThrow('No values');
  });

  it('divides our median by that of BIRD 2', () => {
    const rounds = [round('bird2', 2), round('bird2', 4), round('bird2', 3), round('godwit', 1.5)];
    expect(summarise(rounds)).toEqual([
      {
        scenario: 'table-1m',
        figure: 'announce s',
        rivals: {
          bird2: { median: 3, min: 2, max: 4 },
          godwit: { median: 1.5, min: 1.5, max: 1.5 },
        },
        ratio: 0.5,
      },
    ]);
  });

  it('has no ratio where one of the two is missing', () => {
    expect(summarise([round('bird2', 2)])[0]?.ratio).toBeUndefined();
  });

  it('shows how godwit stands to floor and goal, and hides what only serves to judge', () => {
    const rounds = [round('bird2', 2), round('godwit', 1.2)];
    rounds.push({ scenario: 'table-1m', rival: 'godwit', figures: { 'base MB': 1 } });
    const text = formatReport(summarise(rounds), ['bird2', 'godwit']);
    expect(text).toContain('| 0.60×          | 1.40  | 0.800 | met floor |');
    expect(text).not.toContain('base');
  });

  it('shows of the loop all rounds together, the longest delay and the longest step of any', () => {
    const buckets = [0.001, 0.01, Number.POSITIVE_INFINITY].map((bound) => ({ bound, count: 4 }));
    const loop = {
      ...{ delays: buckets, turns: buckets, longest: 'wake', longestSeconds: 0.004 },
      ...{ slowSteps: 1 },
    };
    const loops = [5, 7, 6].map((max) => ({
      scenario: 'flap',
      loop: { ...loop, delayMax: max / 1000 },
    }));
    expect(formatLoops(loops).split('\n').at(-1)).toMatch(
      /^\| flap +\| 12.0 +\| 1.00 +\| 1.00 \| 1.00 +\| 7.00 \| 1.00 +\| 4.00 \(wake\) +\| 1.00/,
    );
  });

  it('shows the spread beside the median, and a dash for who did not take part', () => {
    const text = formatReport(summarise([round('bird2', 0.1234), round('bird2', 0.2)]), [
      'relay',
      'bird2',
    ]);
    expect(text).toContain('| table-1m | announce s | –     | 0.162 (0.123–0.200) |');
  });
});
