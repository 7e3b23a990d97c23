import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LoopMeter } from './loop-meter.ts';

let cpu: number;
let meter: LoopMeter;

/** A step of so many milliseconds, all of them our own. */
function step(ms: number): void {
  meter.begin();
  hold(ms);
  meter.end('wake');
}

/** Time passes without a turn of the loop. */
function hold(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
  cpu += ms / 1000;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  cpu = 0;
  meter = new LoopMeter(
    () => cpu,
    () => Date.now(),
  );
});

afterEach(() => vi.useRealTimers());

describe('LoopMeter', () => {
  it('counts what began the work as the delay of one that was due when it began', () => {
    step(7);
    expect([meter.delays.count, meter.delays.sum]).toEqual([1, expect.closeTo(0.007)]);
    expect(meter.takeDelayMax()).toBeCloseTo(0.007);
    expect(meter.takeDelayMax()).toBe(0);
  });

  it('looks how late a timer comes as long as there is work, and how much of that is our own', () => {
    step(1);
    step(5); // in the same turn
    cpu -= 0.003; // of which others had the processor for three
    vi.advanceTimersByTime(2);
    expect(meter.delays.count).toBe(2);
    expect(meter.takeDelayMax()).toBeCloseTo(0.005);
    expect(meter.turns.sum).toBeCloseTo(0.001 + 0.002);
    vi.advanceTimersByTime(2); // the step above is the work that it goes on for
    expect(meter.delays.count).toBe(3);
    vi.advanceTimersByTime(60_000);
    expect(meter.delays.count).toBe(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('wakes nobody for steps that are not worth it', () => {
    for (let i = 0; i < 50; i++) step(0.2);
    expect([meter.delays.count, vi.getTimerCount()]).toEqual([0, 0]);
  });
});
