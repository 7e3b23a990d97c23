/**
 * What import must not use of a peer's paths, from its settings: the guard of the RIB (`rib/import-guard.ts`), and
 * what became of it, counted in prefixes.
 */

import { settingsOf } from '../datastore/peer-settings.ts';
import { type ImportGuard, refusalText } from '../rib/import-guard.ts';
import type { Core } from './core.ts';
import type { Peer, PeerFamily } from './peer.ts';
import { peerRoleOf } from './roles.ts';

/** A peer's refused UPDATEs are all counted; at most one in this many milliseconds is told. */
const REPEATED_EVENT_MS = 10_000;

/** After an `announce` of `count` prefixes. */
export function noteNotUsed(core: Core, { peer, family }: PeerFamily, count: number): void {
  const { refusal } = core.ribs[family];
  if (refusal === undefined) return;
  core.importRefusals.set(refusal, (core.importRefusals.get(refusal) ?? 0) + count);
  const told = peer.notUsedPublished;
  if (told !== undefined && core.now - told < REPEATED_EVENT_MS) return;
  peer.notUsedPublished = core.now;
  const reason = refusalText(refusal, importGuardOf(peer));
  core.publish({ event: 'routes-not-used', peer: peer.plan.name, family, routes: count, reason });
}

export function importGuardOf(peer: Peer): ImportGuard {
  const { asSets, limits = {} } = settingsOf(peer.plan);
  const { asPathLength, communities, pathsPerPrefix } = limits;
  const peerRole = peerRoleOf(peer);
  return {
    rejectsAsSets: asSets === 'reject',
    ...(peerRole === undefined ? {} : { peerRole }),
    ...(asPathLength === undefined ? {} : { asPathLengthMax: asPathLength }),
    ...(communities === undefined ? {} : { communitiesMax: communities }),
    ...(pathsPerPrefix === undefined ? {} : { pathsPerPrefixMax: pathsPerPrefix }),
  };
}
