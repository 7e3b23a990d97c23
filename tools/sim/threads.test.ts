/** Parts in threads are the parts side by side: the same course of events. */

import { describe, expect, it } from 'vitest';
import { coldStartHere } from '../../src/sim/cold-start.ts';
import { coldStartInThreads } from './threads.ts';

const CLUSTER = { seed: 5, nodes: 8 };

describe('a cluster in threads', () => {
  it('takes the same course with 1 and 2 threads as in this one', async () => {
    const here = coldStartHere(CLUSTER, 1);
    expect(here.problems).toEqual([]);
    expect(await coldStartInThreads(CLUSTER, 1)).toEqual(here);
    expect(await coldStartInThreads(CLUSTER, 2)).toEqual(here);
  }, 60_000);

  it('ends with what a part has thrown', async () => {
    await expect(coldStartInThreads({ seed: 1, nodes: 5000 }, 2)).rejects.toThrow(
      '5000 nodes: a cluster in parts has at most 4096',
    );
  }, 60_000);
});
