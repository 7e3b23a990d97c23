import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BirdStage } from '../api/testing/bird.ts';
import type { Log } from '../io/log.ts';
import { NodeStatusWriter } from './node-status.ts';
import type { ToPlanner } from './planner.ts';

const PLAN = { name: 's', classes: ['BGP'], periodSeconds: 60 } as const;

let writer: NodeStatusWriter;
let posted: ToPlanner[];
let warnings: string[];
let takes: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  [posted, warnings, takes] = [[], [], true];
  writer = new NodeStatusWriter({
    port: new BirdStage(),
    problems: () => [],
    post: (message) => {
      posted.push(message);
      return takes;
    },
    log: { warn: (_: object, text: string) => warnings.push(text) } as unknown as Log,
  });
});

afterEach(() => {
  writer.stop();
  vi.useRealTimers();
});

/** Each write is answered at once. */
async function run(seconds: number, error = ''): Promise<number> {
  const before = posted.length;
  for (let i = 0; i < seconds * 2; i++) {
    const { length } = posted;
    await vi.advanceTimersByTimeAsync(500);
    if (posted.length > length && takes) writer.onWritten('s', error);
  }
  return posted.length - before;
}

describe('CalicoNodeStatus', () => {
  it('is written soon after it was asked for, and then once a period', async () => {
    writer.onPlan([PLAN]);
    expect(await run(2)).toBe(1);
    expect(posted[0]).toMatchObject({ type: 'writeStatus', name: 's', periodSeconds: 60 });
    expect(await run(50)).toBe(0);
    expect(await run(600)).toBe(10);
  });

  it('with a period of zero is written once, and again when it is asked for otherwise', async () => {
    writer.onPlan([{ ...PLAN, periodSeconds: 0 }]);
    expect(await run(600)).toBe(1);
    writer.onPlan([{ ...PLAN, periodSeconds: 0 }]);
    expect(await run(600)).toBe(0);
    writer.onPlan([{ ...PLAN, periodSeconds: 0, classes: ['Agent'] }]);
    expect(await run(600)).toBe(1);
  });

  it('that cannot be written is tried with doubling delays, and said once', async () => {
    writer.onPlan([{ ...PLAN, periodSeconds: 1 }]);
    // 5, 10, 20 … 300 s: seven in ten minutes, where one a second was asked for.
    expect(await run(600, 'forbidden')).toBeLessThanOrEqual(8);
    expect(warnings).toEqual(['CalicoNodeStatus/s is not written: forbidden']);
    expect(await run(600)).toBeGreaterThan(100);
  });

  it('that nobody asks for any more is not written', async () => {
    writer.onPlan([PLAN]);
    await run(2);
    writer.onPlan([]);
    expect(await run(600)).toBe(0);
  });

  it('goes on after the planner has died with a write under way', async () => {
    writer.onPlan([PLAN]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(posted.length).toBe(1);
    writer.onPlannerDied();
    expect(await run(60)).toBe(1);
  });

  it('waits where there is no planner to take it', async () => {
    takes = false;
    writer.onPlan([PLAN]);
    expect(await run(100)).toBeLessThan(6);
    expect(warnings).toHaveLength(1);
  });
});
