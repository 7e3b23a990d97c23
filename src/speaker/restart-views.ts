/** Staleness and draining as the snapshot shows them. */

import type { Millis } from '../base/units.ts';
import type { Core } from './core.ts';
import { alternatives } from './drain.ts';
import type { PeerFamily } from './peer.ts';
import type { NeighborFamilyView, StatusView } from './snapshot.ts';

export function staleFacts(
  { stale, refreshUntil }: PeerFamily,
  now: Millis,
): Pick<NeighborFamilyView, 'staleLeftMs' | 'longLived' | 'refreshing'> {
  const until = Math.min(
    stale?.until ?? Number.POSITIVE_INFINITY,
    refreshUntil ?? Number.POSITIVE_INFINITY,
  );
  return {
    ...(until === Number.POSITIVE_INFINITY ? {} : { staleLeftMs: Math.max(0, until - now) }),
    longLived: stale?.longLivedUntil !== undefined,
    refreshing: refreshUntil !== undefined,
  };
}

export function drainPart(core: Core): Pick<StatusView, 'drain'> {
  const { drain, now } = core;
  if (drain === undefined) return {};
  const { phase, since, limit } = drain;
  const leftMs = phase === 'drained' ? 0 : Math.max(0, limit - now);
  return { drain: { phase, sinceMs: now - since, leftMs, ...alternatives(core) } };
}
