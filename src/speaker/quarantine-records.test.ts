/** How long quarantines last, how they add up, and how they are forgiven. */

import { describe, expect, it } from 'vitest';
import { QuarantineRecords } from './quarantine-records.ts';

const HOUR = 3_600_000;

describe('quarantines of a neighbor', () => {
  it('double from a minute to an hour', () => {
    const records = new QuarantineRecords([], 0);
    let now = 0;
    const stays = Array.from({ length: 9 }, () => {
      const { seconds, until } = records.begin('p', 'r', now);
      now = until;
      return seconds;
    });
    expect(stays).toEqual([60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
  });

  it('take back one doubling for each six hours without trouble', () => {
    const records = new QuarantineRecords([], 0);
    records.begin('p', 'r', 0);
    const { until } = records.begin('p', 'r', 0);
    expect(records.timesOf('p', until + 6 * HOUR - 1)).toBe(2);
    expect(records.timesOf('p', until + 6 * HOUR)).toBe(1);
    expect(records.begin('p', 'r', until + 6 * HOUR).seconds).toBe(120);
    const long = new QuarantineRecords([], 0);
    for (let i = 0; i < 50; i++) long.begin('p', 'r', 0);
    // What counts is bounded: a weekend forgives everything.
    expect(long.timesOf('p', HOUR + 42 * HOUR)).toBe(0);
    expect(long.stored(HOUR + 42 * HOUR)).toEqual([]);
  });

  it('are each their own, and end before their time without being forgiven', () => {
    const records = new QuarantineRecords([], 0);
    records.begin('p', 'r', 0);
    expect(records.current('p', 59_999)?.times).toBe(1);
    expect(records.current('p', 60_000)).toBeUndefined();
    expect(records.current('q', 0)).toBeUndefined();
    records.end('p', 1000);
    expect(records.current('p', 1000)).toBeUndefined();
    expect(records.begin('p', 'r', 1000).seconds).toBe(120);
  });

  it('go on in another run where they were, on its clock', () => {
    const before = new QuarantineRecords([], 0);
    before.begin('p', 'why', 1000);
    before.begin('p', 'why', 1000);
    const stored = before.stored(31_000);
    expect(stored).toEqual([{ peer: 'p', reason: 'why', times: 2, endsInMs: 90_000 }]);
    const after = new QuarantineRecords(stored, 5_000_000);
    expect(after.current('p', 5_089_999)).toMatchObject({ reason: 'why', times: 2 });
    expect(after.current('p', 5_090_000)).toBeUndefined();
    expect(after.stored(5_000_000)).toEqual(stored);
  });

  it('are never longer than their stay, whatever a wall clock says', () => {
    const stored = [{ peer: 'p', reason: 'r', times: 1, endsInMs: 1000 * HOUR }];
    expect(new QuarantineRecords(stored, 0).current('p', 60_000)).toBeUndefined();
  });

  it('are remembered of a bounded number of neighbors, those that ended last', () => {
    const records = new QuarantineRecords([], 0);
    for (let i = 0; i < 1100; i++) records.begin(`p${i}`, 'r', i);
    const stored = records.stored(1100);
    expect(stored).toHaveLength(1024);
    expect(stored.some(({ peer }) => peer === 'p0')).toBe(false);
    expect(stored.some(({ peer }) => peer === 'p1099')).toBe(true);
  });
});
