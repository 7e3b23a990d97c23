import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mustPlan, node } from '../../test/support/resources.ts';
import type { Effect } from '../speaker/effects.ts';
import type { SpeakerInput } from '../speaker/inputs.ts';
import { Speaker } from '../speaker/speaker.ts';
import { Loop } from './loop.ts';
import { LoopMeter } from './loop-meter.ts';

const plan = mustPlan('a', [node('a', '10.0.0.1'), node('b', '10.0.0.2')]);
const PLAN: SpeakerInput = { type: 'planChanged', plan, revision: 1 };

let fatal: unknown[];
let meter: LoopMeter;

function start(perform: (effect: Effect, loop: Loop) => void): { speaker: Speaker; loop: Loop } {
  const now = (): number => performance.now();
  const options = { seed: 1, kernelEnabled: false, restarting: false, now: now() };
  const speaker = new Speaker(options);
  const loop = new Loop({
    speaker,
    now,
    onFatal: (error, input) => fatal.push(error, input.type),
    meter,
  });
  loop.handler = { perform: (effect) => perform(effect, loop) };
  return { speaker, loop };
}

beforeEach(() => {
  fatal = [];
  meter = new LoopMeter(
    () => performance.now() / 1000,
    () => performance.now(),
  );
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
  });
});

afterEach(() => vi.useRealTimers());

describe('Loop', () => {
  it('gives effects to the shells in order, and never re-enters the core from one', () => {
    const seen: string[] = [];
    let depth = 0;
    const { loop } = start((effect, own) => {
      expect(depth).toBe(0);
      depth++;
      if (effect.type === 'listen') {
        own.submit({ type: 'command', id: 7, command: { command: 'enableNeighbor', name: 'x' } });
        seen.push('submitted');
      }
      if (effect.type === 'reply') seen.push(`reply ${effect.id}`);
      depth--;
    });
    loop.submit(PLAN);
    expect(seen).toEqual(['submitted', 'reply 7']);
    loop.stop();
  });

  it('wakes the core at its deadline: a neighbor that refused is dialled again without any input', () => {
    let dials = 0;
    const { loop } = start((effect, own) => {
      if (effect.type !== 'dial') return;
      dials++;
      const error = { kind: 'SystemError', call: 'connect', errno: 'ECONNREFUSED' } as const;
      own.submit({ type: 'tcpFailed', connection: effect.connection, error });
    });
    // The side with the higher address dials.
    const own = mustPlan('b', [node('a', '10.0.0.1'), node('b', '10.0.0.2')]);
    loop.submit({ type: 'planChanged', plan: own, revision: 1 });
    vi.advanceTimersByTime(60_000);
    expect(dials).toBeGreaterThan(2);
    expect(fatal).toEqual([]);
    loop.stop();
  });

  it('sets no timer after it was stopped by an effect', () => {
    const { loop } = start((effect, own) => {
      if (effect.type === 'listen') own.stop();
    });
    loop.submit(PLAN);
    expect(vi.getTimerCount()).toBe(0);
    loop.submit({ type: 'wake' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends the process once, and names the input, when a shell or the core breaks', () => {
    const { loop } = start(() => {
      throw new Error('broken shell');
    });
    loop.submit(PLAN);
    loop.submit({ type: 'wake' });
    expect(fatal).toEqual([new Error('broken shell'), 'planChanged']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('brings the clock of an idle core up to now before somebody looks', () => {
    const { loop, speaker } = start(() => undefined);
    loop.submit(PLAN);
    const before = speaker.view.status().uptimeMs;
    vi.advanceTimersByTime(900);
    loop.freshen();
    expect(speaker.view.status().uptimeMs - before).toBeGreaterThanOrEqual(900);
    loop.stop();
  });

  it('measures the CPU of each step by the input that it took', () => {
    const { loop, speaker } = start(() => undefined);
    const step = speaker.step.bind(speaker);
    vi.spyOn(speaker, 'step').mockImplementation((input, at) => {
      vi.advanceTimersByTime(3); // the fake CPU clock is this one
      return step(input, at);
    });
    loop.submit(PLAN);
    const [cost] = meter.takeSteps();
    expect(cost).toMatchObject({ input: 'planChanged', max: expect.closeTo(0.003) });
    expect(cost!.cell.count).toBe(1);
    expect(meter.takeSteps()[0]!.max).toBe(0);
    loop.stop();
  });
});
