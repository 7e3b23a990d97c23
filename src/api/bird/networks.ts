/**
 * The one table that BIRD would have: paths of ours beside the kernel's routes of others and the subnets of interfaces,
 * network by network, the route in use first. Walked, never built whole; undefined between pages.
 */

import type { AfiSafi } from '../../net/afi-safi.ts';
import { ipToOctets } from '../../net/ip-address.ts';
import { type Prefix, prefixAddress, prefixFrom, prefixLength } from '../../net/prefix.ts';
import type { SpeakerView, TablePathView, TableRouteView } from '../../speaker/snapshot.ts';

export interface NetworkSource {
  readonly view: SpeakerView;
  readonly family: AfiSafi;
  /** Paths that import policy rejected, instead of those in the table. */
  readonly rejected: boolean;
}

/** Networks a page: some tenths of a millisecond. */
const NETWORKS_PER_PAGE = 32;

/** All of them. */
export function* networks(source: NetworkSource): Generator<TableRouteView | undefined> {
  const { view, family, rejected } = source;
  /** Already shown among the others'. At most as many as those are. */
  const shared = new Set<string>();
  if (!rejected) {
    let seen = 0;
    for (const foreign of view.foreignRoutes(family)) {
      const own = ownAt(source, foreign.prefix);
      if (own !== undefined) shared.add(foreign.prefix);
      yield merged(own, foreign);
      if (++seen % NETWORKS_PER_PAGE === 0) yield undefined;
    }
  }
  for (let cursor: number | undefined = 0; cursor !== undefined; ) {
    const query = { family, rejected, cursor, limit: NETWORKS_PER_PAGE };
    const page: ReturnType<SpeakerView['table']> = view.table(query);
    for (const route of page.routes) if (!shared.has(route.prefix)) yield route;
    yield undefined;
    cursor = page.next;
  }
}

/** What a neighbor has been told. */
export function* toldNetworks(
  { view, family }: NetworkSource,
  neighbor: string,
): Generator<TableRouteView | undefined> {
  for (let cursor: number | undefined = 0; cursor !== undefined; ) {
    const query = { family, toldTo: neighbor, cursor, limit: NETWORKS_PER_PAGE };
    const page: ReturnType<SpeakerView['table']> = view.table(query);
    yield* page.routes;
    yield undefined;
    cursor = page.next;
  }
}

/** Exactly this one. */
export function networkAt(source: NetworkSource, prefix: Prefix): TableRouteView | undefined {
  const [foreign] = source.rejected ? [] : source.view.foreignRoutes(source.family, prefix);
  const own = ownAt(source, prefix);
  return foreign === undefined ? own : merged(own, foreign);
}

/** The longest one that covers `prefix`: at most 129 look-ups. */
export function networkFor(source: NetworkSource, prefix: Prefix): TableRouteView | undefined {
  const octets = ipToOctets(prefixAddress(prefix));
  for (let length = prefixLength(prefix); length >= 0; length--) {
    const found = networkAt(source, prefixFrom(octets, length));
    if (found !== undefined) return found;
  }
  return undefined;
}

function ownAt({ view, family, rejected }: NetworkSource, prefix: string) {
  return view.table({ family, rejected, prefix, limit: 1 }).routes[0];
}

/** By preference, ours first among equals; only the first is in use. */
function merged(own: TableRouteView | undefined, foreign: TableRouteView): TableRouteView {
  if (own === undefined) return foreign;
  const paths = [...own.paths, ...foreign.paths].sort((a, b) => b.preference - a.preference);
  const marked = paths.map((path, at): TablePathView => ({ ...path, best: at === 0 && path.best }));
  return { prefix: foreign.prefix, paths: marked };
}
