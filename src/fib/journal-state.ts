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

/** Every key that we wrote, or are about to, and that may be in the kernel. */
export function exportJournal(rec: Reconciler): Uint8Array {
  const out = new JournalWriter();
  for (const table of rec.tables) {
    table.prefixes.forEach((row) => {
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
    });
  }
  return out.take() ?? new Uint8Array(0);
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
