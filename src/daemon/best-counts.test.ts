import { describe, expect, it } from 'vitest';
import type { SpeakerView } from '../speaker/snapshot.ts';
import { BestCounts } from './best-counts.ts';

/** A table of three slices a family, all by one neighbor; `decisions` moves as it is told. */
function table() {
  const asked: number[] = [];
  const state = { decisions: 1 };
  const view = {
    counters: () => ({ decisions: state.decisions }),
    countBest: ({ cursor, into }: Parameters<SpeakerView['countBest']>[0]) => {
      asked.push(cursor);
      into.set('tor', (into.get('tor') ?? 0) + 10);
      return cursor < 2 ? cursor + 1 : undefined;
    },
  } as unknown as SpeakerView;
  return { view, asked, state };
}

describe('best paths by neighbor', () => {
  it('are counted slice by slice', async () => {
    const { view, asked } = table();
    const counts = await new BestCounts().of(view, 0);
    expect(counts.get('ipv4-unicast')).toEqual(new Map([['tor', 30]]));
    expect(asked).toEqual([0, 1, 2, 0, 1, 2]);
  });

  it('are not counted again while nothing was decided, nor at every scrape', async () => {
    const { view, asked, state } = table();
    const best = new BestCounts();
    await best.of(view, 0);
    await best.of(view, 60_000);
    expect(asked).toHaveLength(6);
    state.decisions++;
    await best.of(view, 5_000);
    expect(asked).toHaveLength(6);
    await best.of(view, 60_000);
    expect(asked).toHaveLength(12);
  });
});
