/**
 * How many prefixes go by each neighbor, for metrics: counted by a walk over the best paths in slices, so that deciding
 * costs nothing for it. Counted again only when something was decided since, and not for every scrape.
 */

import { AFI_SAFIS, type AfiSafi } from '../net/afi-safi.ts';
import type { SpeakerView } from '../speaker/snapshot.ts';

export type BestByNeighbor = ReadonlyMap<AfiSafi, ReadonlyMap<string, number>>;

/** Milliseconds for which a count stands: a million prefixes take some 50 ms of walking, in slices of half of one. */
const FRESH_MS = 10_000;

export class BestCounts {
  #counts: BestByNeighbor = new Map();
  #countedAt: number | undefined;
  #decisions = 0;

  /** One at a time, as scrapes are. @param now  Monotonic milliseconds. */
  async of(view: SpeakerView, now: number): Promise<BestByNeighbor> {
    const { decisions } = view.counters();
    const isSame = this.#countedAt !== undefined && decisions === this.#decisions;
    if (isSame || (this.#countedAt !== undefined && now - this.#countedAt < FRESH_MS)) {
      return this.#counts;
    }
    this.#countedAt = now;
    this.#decisions = decisions;
    this.#counts = await count(view);
    return this.#counts;
  }
}

async function count(view: SpeakerView): Promise<BestByNeighbor> {
  const counts = new Map<AfiSafi, Map<string, number>>();
  for (const family of AFI_SAFIS) {
    const into = new Map<string, number>();
    counts.set(family, into);
    for (let cursor: number | undefined = 0; cursor !== undefined; ) {
      cursor = view.countBest({ family, cursor, into });
      if (cursor !== undefined) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return counts;
}
