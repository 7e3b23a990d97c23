/**
 * What the tables of one family take, in octets: rows ever used times what a row has. Columns reserve more, which the
 * system backs with memory only once it is written.
 */

import type { Rib } from './rib.ts';

/** Octets of a path row that every path has, and of what a prefix has beside its entry in the prefix table. */
const PATH_OCTETS = 16;
const PREFIX_OCTETS = 5;
/** Attribute set and order, by prefix. */
const TOLD_OCTETS = 8;

export function tableOctets(rib: Rib): Record<'prefixes' | 'paths' | 'adj-rib-out', number> {
  const { prefixes, tables } = rib;
  const { paths } = tables;
  const optional =
    (paths.hasAccepted ? 4 : 0) + (paths.hasIdentifiers ? 4 : 0) + (paths.hasPreferences ? 2 : 0);
  return {
    prefixes: prefixes.octetsInUse + prefixes.top * PREFIX_OCTETS,
    paths: paths.top * (PATH_OCTETS + optional),
    'adj-rib-out': rib.groupCount * prefixes.top * TOLD_OCTETS,
  };
}
