/** The timer heap against a plain map: whatever is set, moved and cleared, it says the same. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { TimerTable } from './timer-table.ts';
import { millis } from './units.ts';

const KEYS = 200; // more than the first capacity of 64, so that growing is met
// Mostly few keys, so that timers are moved and cleared in the middle of the heap.
const key = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 25 }) },
  { weight: 1, arbitrary: fc.integer({ min: 26, max: KEYS }) },
);
const time = fc.integer({ min: 0, max: 50 });
const operation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ op: fc.constant('set' as const), key, time }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('clear' as const), key, time }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('expire' as const), key, time }) },
);

/** Takes what is due at `now` from both and compares. */
function expire(table: TimerTable, model: Map<number, number>, now: number): void {
  let previous = Number.NEGATIVE_INFINITY;
  for (;;) {
    const expired = table.takeExpired(millis(now));
    if (expired === undefined) break;
    const deadline = model.get(expired);
    expect(deadline).toBeLessThanOrEqual(now);
    expect(deadline).toBeGreaterThanOrEqual(previous); // earliest first
    previous = deadline!;
    model.delete(expired);
  }
  expect([...model.values()].every((deadline) => deadline > now)).toBe(true);
}

describe('TimerTable', () => {
  it('agrees with a map of deadlines after any sequence of operations', () => {
    fc.assert(
      fc.property(
        fc.array(operation, { minLength: 1, maxLength: 300, size: 'max' }),
        (operations) => {
          const table = new TimerTable();
          const model = new Map<number, number>();
          for (const step of operations) {
            if (step.op === 'set') {
              table.set(step.key, millis(step.time));
              model.set(step.key, step.time);
            } else if (step.op === 'clear') {
              table.clear(step.key);
              model.delete(step.key);
            } else expire(table, model, step.time);
            expect(table.size).toBe(model.size);
            expect(table.isRunning(step.key)).toBe(model.has(step.key));
            expect(table.deadlineOf(step.key)).toBe(model.get(step.key));
            const next = model.size === 0 ? undefined : Math.min(...model.values());
            expect(table.nextDeadline()).toBe(next);
          }
          expire(table, model, 50);
          expect(table.size).toBe(0);
        },
      ),
      runs(200),
    );
  });

  it('takes a timer at its deadline, not before it, and once', () => {
    const table = new TimerTable();
    table.set(3, millis(10));
    expect(table.takeExpired(millis(9.99))).toBeUndefined();
    expect(table.takeExpired(millis(10))).toBe(3);
    expect(table.takeExpired(millis(10))).toBeUndefined();
  });

  it('knows nothing of a key that was never set, however large', () => {
    const table = new TimerTable();
    expect(table.isRunning(1_000_000)).toBe(false);
    expect(table.deadlineOf(1_000_000)).toBeUndefined();
    expect(() => table.clear(1_000_000)).not.toThrow();
  });
});
