/** Between the journal's octets and the columns: what we wrote before, and all that we have written now. */

import { type Prefix, prefixFamily } from '../net/prefix.ts';
import { type FibTable, HELD, IN_FLIGHT, RECORDED } from './fib-table.ts';
import { JournalWriter, readJournal } from './journal.ts';
import type { Reconciler } from './reconciler.ts';
import { NO_SHAPE } from './route-shape.ts';

/** Records of other tables are passed over: a daemon with another `kernel.table` wrote them. */
export function loadJournal(
  rec: Reconciler,
  octets: Uint8Array,
): { readonly entries: number; readonly damaged: boolean } {
  /** By prefix and metric: the hash of an intent without outcome, or undefined. */
  const written = new Map<Prefix, Map<number, number | undefined>>();
  const outcome = readJournal(octets, ({ op, prefix, metric, table, shapeHash }) => {
    if (table !== rec.table) return;
    const metrics = written.get(prefix) ?? new Map<number, number | undefined>();
    written.set(prefix, metrics);
    if (op === 'removed') metrics.delete(metric);
    else metrics.set(metric, op === 'intends' ? shapeHash : undefined);
  });
  for (const [prefix, metrics] of written) {
    const table = rec.tables[prefixFamily(prefix) === 4 ? 0 : 1];
    for (const [metric, shapeHash] of metrics) {
      const row = table.internText(prefix);
      if (row === 0) return outcome;
      remember(rec, row, { table, metric });
      if (shapeHash !== undefined) rec.intend(rec.refOf(table, row), { metric, shapeHash });
    }
  }
  return outcome;
}

function remember(
  rec: Reconciler,
  row: number,
  { table, metric }: { readonly table: Reconciler['tables'][number]; readonly metric: number },
): void {
  const flags = table.flags[row]!;
  if ((flags & (RECORDED | HELD)) === 0) {
    table.heldMetric[row] = metric;
    table.flags[row] = flags | RECORDED;
  } else {
    const ref = rec.refOf(table, row);
    rec.addExtra(ref, { metric, shape: NO_SHAPE, recorded: true, epoch: -1 });
  }
}

/** Rows looked at in one slice: few beside what a step may cost. */
const ROWS_PER_SLICE = 4096;

/**
 * Every key that we wrote, or are about to, and that may be in the kernel; a slice of the rows.
 *
 * @param cursor  0 to begin, then `next`, which is absent at the end.
 */
export function exportJournal(
  rec: Reconciler,
  cursor: number,
): { readonly octets: Uint8Array; readonly next?: number } {
  const out = new JournalWriter();
  const table = rec.tables[cursor & 1]!;
  const first = Math.max(1, cursor >>> 1);
  const end = Math.min(table.prefixes.top + 1, first + ROWS_PER_SLICE);
  for (let row = first; row < end; row++) {
    if (table.prefixes.isLive(row)) exportRow(rec, out, { table, row });
  }
  const octets = out.take() ?? new Uint8Array(0);
  if (end <= table.prefixes.top) return { octets, next: end * 2 + (cursor & 1) };
  return (cursor & 1) === 0 ? { octets, next: FIRST_OF_IPV6 } : { octets };
}

/** As refs are: row × 2 + (1 for IPv6). */
const FIRST_OF_IPV6 = 3;

function exportRow(
  rec: Reconciler,
  out: JournalWriter,
  { table, row }: { readonly table: FibTable; readonly row: number },
): void {
  const flags = table.flags[row]!;
  const held = table.heldMetric[row]!;
  const sent = table.sentMetric[row]!;
  const recorded = (flags & RECORDED) !== 0;
  if (recorded) exportKey(rec, out, { table, row, metric: held });
  for (const extra of rec.extras.get(rec.refOf(table, row)) ?? []) {
    if (extra.recorded) exportKey(rec, out, { table, row, metric: extra.metric });
  }
  if ((flags & IN_FLIGHT) === 0 || (recorded && held === sent)) return;
  out.intends(rec.journalKey(table, row, sent), rec.shapes.hash(table.sentShape[row]!));
}

function exportKey(
  rec: Reconciler,
  out: JournalWriter,
  where: { readonly table: FibTable; readonly row: number; readonly metric: number },
): void {
  const { table, row, metric } = where;
  const key = rec.journalKey(table, row, metric);
  const intent = rec.intents.get(rec.refOf(table, row))?.find((other) => other.metric === metric);
  if (intent === undefined) out.wrote(key);
  else out.intends(key, intent.shapeHash);
}
