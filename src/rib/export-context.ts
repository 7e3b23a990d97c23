/** The tables that the export side of one family reads; types only. */

import type { AfiSafi } from '../net/afi-safi.ts';
import type { PrefixTable } from '../net/prefix-table.ts';
import type { AttributeTable } from './attribute-table.ts';
import type { ExportOrders } from './export-orders.ts';
import type { Exported } from './exported.ts';
import type { PathId } from './ids.ts';
import type { InstallGate } from './install-gate.ts';
import type { LocRib } from './loc-rib.ts';
import type { PathTable } from './path-table.ts';
import type { PeerTable } from './peer-table.ts';
import type { RibSizes } from './rib-sizes.ts';

export interface ExportContext {
  readonly family: AfiSafi;
  readonly prefixes: PrefixTable;
  readonly paths: PathTable;
  readonly peers: PeerTable;
  readonly sets: AttributeTable;
  readonly sizes: RibSizes;
  readonly locRib: LocRib;
  readonly orders: ExportOrders;
  readonly exported: Exported;
  /** Set while routes of others are announced only once they are in the kernel. */
  readonly gate: { ask: InstallGate | undefined };
  /** Outgoing interface of a path; asked for only by policies on interfaces. */
  readonly interfaceOfPath: (path: PathId) => string | undefined;
}
