import { describe, expect, it } from 'vitest';
import { inSlices, OneAtATime } from './in-slices.ts';

/** `pieces` that take a millisecond each. */
async function* slowly(pieces: number): AsyncGenerator<undefined, number> {
  for (let i = 0; i < pieces; i++) {
    for (const end = performance.now() + 1; performance.now() < end; );
    yield;
  }
  return pieces;
}

/** Turns of the loop that went by until `work` was done. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await work;
  isDone = true;
  return turns;
}

describe('Work in slices', () => {
  it('lets whatever waits have its turn after each slice', async () => {
    expect(await turnsDuring(inSlices(slowly(20), 1))).toBeGreaterThanOrEqual(19);
  });

  it('ends a slice only once its time is over, however slow the machine is', async () => {
    const begun = performance.now();
    const turns = await turnsDuring(inSlices(slowly(60), 5));
    // Each full slice lasts 5 ms or longer; one turn before the first of them, and one after the last.
    expect(turns).toBeLessThanOrEqual((performance.now() - begun) / 5 + 2);
  });

  it('gives what the work gives, and passes its error on', async () => {
    expect(await inSlices(slowly(2), 1)).toBe(2);
    const broken = async function* (): AsyncGenerator<undefined, never> {
      yield;
      throw new Error('broken');
    };
    await expect(inSlices(broken(), 1)).rejects.toThrow('broken');
  });
});

describe('Work that is done once at a time', () => {
  it('is shared by those who ask meanwhile, and done anew for who asks later, also after an error', async () => {
    const one = new OneAtATime<number>();
    let times = 0;
    const begin = async (): Promise<number> => {
      times++;
      await new Promise((resolve) => setImmediate(resolve));
      if (times === 2) throw new Error('broken');
      return times;
    };
    expect(await Promise.all([one.do(begin), one.do(begin)])).toEqual([1, 1]);
    await expect(one.do(begin)).rejects.toThrow('broken');
    expect(await one.do(begin)).toBe(3);
  });
});
