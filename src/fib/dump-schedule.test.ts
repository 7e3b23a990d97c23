import { describe, expect, it } from 'vitest';
import { millis } from '../base/units.ts';
import { DumpSchedule, FULL_CHECK_INTERVAL } from './dump-schedule.ts';

function dumpAt(schedule: DumpSchedule, now: number): void {
  expect(schedule.take(millis(now))).toBeDefined();
  schedule.started(millis(now));
  expect(schedule.done(millis(now))).toBe(true);
}

describe('DumpSchedule', () => {
  it('Many doubts are one dump, with the first reason, asked for once', () => {
    const schedule = new DumpSchedule();
    schedule.need('one');
    schedule.need('two');
    expect(schedule.take(millis(0))).toBe('one');
    expect(schedule.take(millis(0))).toBeUndefined();
  });

  it('Doubts that come again and again are answered ever more slowly', () => {
    const schedule = new DumpSchedule();
    const times: number[] = [];
    for (let now = 0; now < 10_000; now++) {
      schedule.need('again');
      if (schedule.take(millis(now)) === undefined) continue;
      schedule.started(millis(now));
      schedule.done(millis(now));
      times.push(now);
    }
    expect(times.slice(0, 4)).toEqual([0, 50, 150, 350]);
    expect(times.length).toBeLessThan(10);
  });

  it('A doubt raised while a dump runs asks for another one', () => {
    const schedule = new DumpSchedule();
    schedule.need('start');
    schedule.take(millis(0));
    schedule.started(millis(0));
    schedule.need('meanwhile');
    schedule.done(millis(1));
    expect(schedule.take(millis(1000))).toBe('meanwhile');
  });

  it('A dump that failed does not count, and a silent one is asked for again', () => {
    const schedule = new DumpSchedule();
    schedule.need('start');
    schedule.take(millis(0));
    schedule.started(millis(0));
    schedule.failed();
    expect(schedule.done(millis(1))).toBe(false);
    expect(schedule.syncedOnce).toBe(false);
    schedule.need('start');
    expect(schedule.take(millis(2))).toBe('start');
    expect(schedule.take(millis(59_000))).toBeUndefined();
    expect(schedule.take(millis(60_002))).toBe('start');
  });

  it('Without any doubt there is a rare full check', () => {
    const schedule = new DumpSchedule();
    schedule.need('start');
    dumpAt(schedule, 0);
    expect(schedule.take(millis(FULL_CHECK_INTERVAL - 1))).toBeUndefined();
    expect(schedule.take(millis(FULL_CHECK_INTERVAL))).toBe('Full check');
  });
});
