/**
 * Which paths of a prefix are told where several may be (RFC 7911): every usable one, those that share the traffic, or
 * the best N. The best is always among them.
 */

import type { PrefixId } from '../net/prefix-table.ts';
import type { PathId } from './ids.ts';
import type { LocRib } from './loc-rib.ts';
import { PathFlag, type PathTable } from './path-table.ts';

/** Every usable path, the ECMP set, or the best N. */
export type AddPathSend = 'all' | 'ecmp' | number;

/** Paths told of one prefix at most: a node has some ToRs and reflectors, and a fabric's groups are not larger. */
export const PATHS_TOLD_MAX = 64;

export interface ChoiceTables {
  readonly paths: PathTable;
  readonly locRib: LocRib;
}

/** @returns How many paths stand in `into`, which has room for `PATHS_TOLD_MAX`; the best first. */
export function choosePaths(
  { paths, locRib }: ChoiceTables,
  asked: { readonly prefix: PrefixId; readonly send: AddPathSend },
  into: Uint32Array,
): number {
  const { prefix, send } = asked;
  const best = paths.best(prefix);
  if (best === 0) return 0;
  into[0] = best;
  if (paths.next[best] === 0) return 1;
  if (typeof send === 'number') return locRib.rank(prefix, Math.min(send, PATHS_TOLD_MAX), into);
  let count = 1;
  for (let path: PathId = paths.next[best]!; path !== 0; path = paths.next[path]!) {
    if (send === 'ecmp') {
      if ((paths.flags[path]! & PathFlag.Multipath) === 0) continue;
    } else if (!locRib.isFeasible(path)) continue;
    // Rare, and then which of them are told must not depend on the order in which they came.
    if (count === PATHS_TOLD_MAX) return locRib.rank(prefix, PATHS_TOLD_MAX, into);
    into[count++] = path;
  }
  return count;
}
