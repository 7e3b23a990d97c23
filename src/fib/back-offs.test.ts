import { describe, expect, it } from 'vitest';
import { millis } from '../base/units.ts';
import { BACK_OFFS_MAX, BackOffs, FIGHT_PACE, REFUSAL_PACE } from './back-offs.ts';

describe('BackOffs', () => {
  it('A fight is answered at once, then with doubling delays up to the longest', () => {
    const backOffs = new BackOffs();
    let now = 0;
    const delays: number[] = [];
    for (let i = 0; i < 14; i++) {
      const delay = backOffs.strike(7, FIGHT_PACE, millis(now));
      delays.push(delay);
      now += delay;
    }
    expect(delays.slice(0, 5)).toEqual([0, 100, 200, 400, 800]);
    expect(delays.at(-1)).toBe(FIGHT_PACE.longest);
  });

  it('After calm a strike counts as the first', () => {
    const backOffs = new BackOffs();
    backOffs.strike(7, FIGHT_PACE, millis(0));
    backOffs.strike(7, FIGHT_PACE, millis(1));
    expect(backOffs.strike(7, FIGHT_PACE, millis(61_000))).toBe(0);
  });

  it('A refusal runs a timer that names the row, and forgetting stops it', () => {
    const backOffs = new BackOffs();
    backOffs.strike(3, REFUSAL_PACE, millis(0));
    backOffs.strike(4, REFUSAL_PACE, millis(0));
    backOffs.forget(4);
    expect(backOffs.nextDeadline()).toBe(1000);
    expect(backOffs.takeDue(millis(999))).toBeUndefined();
    expect([backOffs.takeDue(millis(1000)), backOffs.takeDue(millis(1000))]).toEqual([
      3,
      undefined,
    ]);
  });

  it('The number of records is bounded; the oldest goes first', () => {
    const backOffs = new BackOffs();
    for (let ref = 0; ref <= BACK_OFFS_MAX; ref++) backOffs.strike(ref, FIGHT_PACE, millis(0));
    expect(backOffs.size).toBe(BACK_OFFS_MAX);
    expect([backOffs.attempts(0), backOffs.attempts(1)]).toEqual([0, 1]);
  });
});
