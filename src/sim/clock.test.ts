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
