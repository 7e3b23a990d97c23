/** Virtual time. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimClock } from './clock.ts';

describe('appointments', () => {
  it('run in the order of their instants, and those of one instant in the order in which they were made', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }), (instants) => {
        const clock = new SimClock();
        const ran: [number, number][] = [];
        instants.forEach((at, index) => {
          clock.at(at, () => ran.push([clock.now, index]));
        });
        clock.runUntil(20);
        const expected = instants.map((at, index): [number, number] => [at, index]);
        expect(ran).toEqual(expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]));
      }),
    );
  });

  it('of the past are now, and time never runs backwards', () => {
    const clock = new SimClock();
    clock.runUntil(100);
    const at: number[] = [];
    clock.at(5, () => at.push(clock.now));
    clock.runUntil(50);
    expect(clock.now).toBe(100);
    expect(clock.tick()).toBe(true);
    expect(at).toEqual([100]);
    expect(clock.tick()).toBe(false);
  });

  it('that are cancelled do not run and are not waited for', () => {
    const clock = new SimClock();
    const ran: string[] = [];
    const kept = clock.after(10, () => ran.push('kept'));
    clock.after(5, () => ran.push('cancelled')).cancel();
    expect(clock.next()).toBe(kept.at);
    clock.runUntil(20);
    expect(ran).toEqual(['kept']);
    expect(clock.next()).toBeUndefined();
  });
});

describe('ticks', () => {
  it('gather what is due, and let one lane after the other do it, each in the order asked for', () => {
    const clock = new SimClock(10);
    const ran: string[] = [];
    const note = (what: string, lane: number): void => {
      clock.at(1 + ran.length, () => ran.push(`${what} at ${clock.now}`), lane);
    };
    for (const what of ['a', 'b']) for (const lane of [2, 0, 1]) note(`${lane}${what}`, lane);
    clock.runUntil(30);
    expect(ran).toEqual(['0a', '0b', '1a', '1b', '2a', '2b'].map((what) => `${what} at 10`));
  });

  it('go round again for what a lane gets when its turn is over, and stand still meanwhile', () => {
    const clock = new SimClock(10);
    const ran: string[] = [];
    const note = (what: string) => (): void => {
      ran.push(`${what} at ${clock.now}`);
    };
    clock.at(5, note('first'), 1);
    clock.at(
      5,
      () => {
        clock.after(0, note('again'), 0);
        clock.after(1, note('later'), 0);
        clock.after(0, note('same'), 2);
      },
      2,
    );
    clock.runUntil(100);
    expect(ran).toEqual(['first at 10', 'same at 10', 'again at 10', 'later at 20']);
  });

  it('round no instant down, and leave what is due now where it is', () => {
    const clock = new SimClock(10);
    clock.runUntil(15);
    const at: number[] = [];
    for (const when of [15, 20, 20.1]) clock.at(when, () => at.push(clock.now));
    clock.runUntil(100);
    expect(at).toEqual([15, 20, 30]);
  });
});
