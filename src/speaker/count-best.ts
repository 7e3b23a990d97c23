/** How many prefixes go by each neighbor: one sliced pass over the best paths, without allocation a prefix. */

import type { Core } from './core.ts';
import type { SpeakerView } from './snapshot.ts';

/** Prefixes looked at in one slice: about half a millisecond. */
const COUNTED_PER_SLICE_MAX = 20_000;

export function countBest(
  core: Core,
  { family, cursor, into }: Parameters<SpeakerView['countBest']>[0],
): number | undefined {
  const rib = core.ribs[family];
  const from = Math.max(1, cursor);
  const end = Math.min(rib.prefixes.top + 1, from + COUNTED_PER_SLICE_MAX);
  const counts = new Map<number, number>();
  for (let id = from; id < end; id++) {
    const best = rib.best(id);
    if (best === 0) continue;
    const peer = rib.peerOf(best);
    counts.set(peer, (counts.get(peer) ?? 0) + 1);
  }
  for (const [peer, count] of counts) {
    const name = peer === 0 ? 'local' : core.peerName(peer);
    into.set(name, (into.get(name) ?? 0) + count);
  }
  return end > rib.prefixes.top ? undefined : end;
}
