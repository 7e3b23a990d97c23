/**
 * Whether routes have come to be in the kernel as wished, for whoever announces them only then.
 */

import { type FibTable, Kind } from './fib-table.ts';
import type { RoutePrefix } from './types.ts';

/** `none`: nothing is wished for the prefix. */
export type InstallState = 'installed' | 'coming' | 'failed' | 'none';

export function installStateOf(table: FibTable, prefix: RoutePrefix): InstallState {
  const row = table.find(prefix);
  if (row === 0) return 'none';
  switch (table.kind[row]) {
    case Kind.installed:
      return 'installed';
    case Kind.pending:
      return 'coming';
    case Kind.parked:
    case Kind.refused:
    case Kind.heldBack:
    case Kind.foreign:
      return 'failed';
    default:
      return 'none';
  }
}
