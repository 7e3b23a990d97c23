/** What only metrics show: distributions, rejections by clause, ages of queues and the memory of tables. */

import { AFI_SAFIS } from '../net/afi-safi.ts';
import { tableOctets } from '../rib/table-octets.ts';
import type { Core } from './core.ts';
import type { MeasuresView } from './snapshot.ts';

export function measures(core: Core): MeasuresView {
  const { lags, decisionTimes, policies, programmer, now } = core;
  const tables = { prefixes: 0, paths: 0, 'adj-rib-out': 0 };
  for (const family of AFI_SAFIS) {
    const octets = tableOctets(core.ribs[family]);
    for (const table of ['prefixes', 'paths', 'adj-rib-out'] as const) {
      tables[table] += octets[table];
    }
  }
  return {
    changeToKernel: lags.kernel,
    changeToPeers: lags.peers,
    decisions: decisionTimes.cells,
    departed: core.departed,
    rejections: policies.rejections(),
    tables: {
      ...tables,
      attributes: core.sets.table.octetsInUse,
      kernel: programmer.octetsInUse,
    },
    kernelOwedMs: lags.kernelOwedSince === undefined ? 0 : now - lags.kernelOwedSince,
  };
}
