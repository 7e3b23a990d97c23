/**
 * Answers to "why": what became of each path of a prefix, and why a peer is not told of one.
 *
 * Computed when somebody asks, with the readable decision (`decision.ts`), never kept.
 */

import type { PrefixId, PrefixTable } from '../net/prefix-table.ts';
import type { AttributeTable } from './attribute-table.ts';
import { selectBest } from './decision.ts';
import type { NotExported } from './export-filter.ts';
import { LOCAL_PEER, type PathId } from './ids.ts';
import { type ImportFilter, loopOf } from './import-filter.ts';
import type { LocRib } from './loc-rib.ts';
import { PathFlag, type PathTable } from './path-table.ts';
import type { PeerTable } from './peer-table.ts';
import type { Member } from './update-group.ts';

export interface ViewTables {
  readonly prefixes: PrefixTable;
  readonly paths: PathTable;
  readonly peers: PeerTable;
  readonly sets: AttributeTable;
  readonly locRib: LocRib;
  readonly filter: ImportFilter;
}

export interface PathReason {
  readonly path: PathId;
  readonly best: boolean;
  /** Shares the traffic with others. */
  readonly multipath: boolean;
  readonly state: 'usable' | 'rejected' | 'unresolvable' | 'looped';
  /** Why it is not the best, or no candidate at all; absent for the best. */
  readonly because?: string;
  /** Index of the import policy's statement that rejected it; −1 = none did, its `otherwise` holds. */
  readonly statement?: number;
}

export interface ExportReason {
  readonly reason: NotExported | 'no best path' | 'not packed yet';
  /** Index of the export policy's statement that decided; −1 = its `otherwise`. */
  readonly statement?: number;
}

export function explainPrefix(tables: ViewTables, prefix: PrefixId): PathReason[] {
  const { paths, locRib } = tables;
  const rows: PathId[] = [];
  for (let path = paths.heads[prefix] ?? 0; path !== 0; path = paths.next[path]!) rows.push(path);
  const candidates = rows
    .filter((path) => locRib.isFeasible(path))
    .map((path) => locRib.candidate(path));
  const lost = new Map<PathId, string>();
  if (candidates.length > 0) {
    for (const [candidate, reason] of selectBest(candidates).lost) lost.set(candidate.path, reason);
  }
  const reasons: PathReason[] = [];
  for (const path of rows) {
    const flags = paths.flags[path]!;
    if (!tables.peers.isLive(paths.peer[path]!, flags & PathFlag.Generation)) continue;
    if ((flags & PathFlag.Rejected) !== 0) reasons.push(rejected(tables, path));
    else if ((flags & PathFlag.Looped) !== 0) reasons.push(looped(tables, path));
    else reasons.push(usable(tables, path, lost.get(path)));
  }
  return reasons;
}

export function explainExport(
  tables: ViewTables,
  member: Member,
  prefix: PrefixId,
): ExportReason | undefined {
  const { paths } = tables;
  if (member.group.out.isTold(prefix, member.peer)) return undefined;
  const best = paths.best(prefix);
  if (best === 0) return { reason: 'no best path' };
  // RFC 4271 §9.1.3: a route is not sent back to where it came from.
  if (paths.peer[best] === member.peer) return { reason: 'own route of the peer' };
  const { filter, keepsBack } = member.group;
  const order = filter.export(prefix, best);
  if (order !== 0 && filter.withheld.from(best, order) === member.peer) {
    return { reason: 'next hop is the peer itself' };
  }
  const explained = filter.explain(prefix, best);
  if (explained !== undefined) return explained;
  return { reason: keepsBack ? 'maxPrefixesOut is reached' : 'not packed yet' };
}

function usable(tables: ViewTables, path: PathId, because: string | undefined): PathReason {
  const { paths, locRib } = tables;
  const best = paths.best(paths.prefix[path]!) === path;
  const multipath = (paths.flags[path]! & PathFlag.Multipath) !== 0;
  const isResolvable = locRib.isResolvable(path);
  const state = isResolvable ? 'usable' : 'unresolvable';
  if (best) {
    return isResolvable
      ? { path, best, multipath, state }
      : { path, best, multipath, state, because: 'next hop unreachable' };
  }
  return { path, best, multipath, state, because: because ?? 'not decided yet' };
}

function rejected(tables: ViewTables, path: PathId): PathReason {
  const { paths, peers, filter } = tables;
  const config = peers.configs[paths.peer[path]!];
  const base = { path, best: false, multipath: false, state: 'rejected' } as const;
  if (config === undefined) return { ...base, because: 'import policy' };
  const verdict = filter.verdict(config, paths.attributes[path]!, paths.prefix[path]!);
  if (typeof verdict === 'string') return { ...base, because: verdict };
  return { ...base, because: 'import policy', statement: verdict.statement };
}

function looped(tables: ViewTables, path: PathId): PathReason {
  const { paths, peers, sets } = tables;
  const peer = paths.peer[path]!;
  const config = peer === LOCAL_PEER ? undefined : peers.configs[peer];
  const set = paths.attributes[path]!;
  const reason = config === undefined ? undefined : loopOf(config, sets, set);
  return { path, best: false, multipath: false, state: 'looped', because: reason ?? 'AS loop' };
}
