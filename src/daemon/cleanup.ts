/**
 * `godwitd --cleanup`: removes from the kernel all that godwit ever wrote, and nothing else, while no daemon runs.
 *
 * Ours is what the journal of `state.dir` names, and protocol 12 inside the pools of the cluster (as the datastore, or
 * the last good snapshot, has them). The daemon's own adoption and sweep do the work, one table at a time. Invariant:
 * nothing is deleted before the kernel has been read whole, and every delete names protocol and metric.
 */

import { existsSync } from 'node:fs';
import { formatConfigError } from '../base/errors.ts';
import { collect } from '../datastore/collect.ts';
import { planFor } from '../datastore/plan.ts';
import { SettleMemo } from '../datastore/settle-memo.ts';
import { readJournal } from '../fib/journal.ts';
import type { KernelRules } from '../fib/kernel-rules.ts';
import { ExitCode } from '../io/exit-codes.ts';
import { readLinks } from '../io/read-links.ts';
import { RouteJournal } from '../io/route-journal.ts';
import { StateDir } from '../io/state-dir.ts';
import { lockStateDir } from '../io/state-lock.ts';
import { checkResources } from './check.ts';
import { type LoadOptions, loadSettings, type Settings } from './config.ts';
import { sweepTable } from './kernel-sweep.ts';

export interface CleanupOptions extends LoadOptions {
  /** Only say what would be removed. */
  readonly list: boolean;
}

interface Streams {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/** @returns the exit code of `godwitd --cleanup`. */
export async function runCleanup(options: CleanupOptions, streams: Streams): Promise<number> {
  const { settings, problems } = await loadSettings(options);
  if (settings === undefined) {
    for (const problem of problems) streams.err(`error: ${formatConfigError(problem)}`);
    return ExitCode.Config;
  }
  // A list needs no lock: it changes nothing, and whoever asks may want to know while the daemon runs.
  if (options.list) return clean(settings, true, streams);
  // Without a directory no daemon ran here with this configuration, and there is no journal.
  if (!existsSync(settings.stateDir)) return clean(settings, options.list, streams);
  const lock = lockStateDir(settings.stateDir, settings.nodeName);
  if ('kind' in lock) {
    const who = lock.detail === undefined ? 'A daemon' : `A daemon (${lock.detail})`;
    streams.err(
      lock.errno === 'EAGAIN'
        ? `${who} runs and would write its routes again: stop it for good first, or use godwit cleanup --shut`
        : `The state directory ${settings.stateDir} cannot be locked (${lock.errno})`,
    );
    return lock.errno === 'EAGAIN' ? ExitCode.Unavailable : ExitCode.CannotCreate;
  }
  try {
    return await clean(settings, options.list, streams);
  } finally {
    lock.release();
  }
}

async function clean(settings: Settings, list: boolean, streams: Streams): Promise<number> {
  const journal = new RouteJournal(settings.stateDir);
  const octets = journal.read();
  const own = await ownTable(settings.kernel, streams);
  const tables = new Set(own === undefined ? [] : [own]);
  readJournal(octets, ({ table }) => tables.add(table));
  // Here a table is swept, whoever else it may belong to.
  const { vrf: _vrf, ...rules } = await rulesOf(settings, streams);
  let removed = 0;
  let failed = 0;
  for (const table of tables) {
    // Pools say nothing of tables that we were once told to write to: there the journal alone counts.
    const pools = table === own ? rules.pools : [];
    const outcome = await sweepTable({ rules: { ...rules, table, pools }, journal: octets, list });
    for (const line of outcome.routes) streams.out(`${list ? 'would remove' : 'removed'} ${line}`);
    for (const line of outcome.trouble) streams.err(line);
    removed += outcome.routes.length;
    failed += outcome.trouble.length;
  }
  if (failed === 0 && !list) journal.erase();
  const what = removed === 1 ? '1 route' : `${removed} routes`;
  if (list) streams.out(`${what} would be removed`);
  else streams.out(failed === 0 ? `${what} removed; nothing of godwit is left` : `${what} removed`);
  return failed === 0 ? ExitCode.Done : ExitCode.Refused;
}

/** The table that the daemon would write to; undefined while the VRF that says it is not there. */
async function ownTable(
  { table, vrf }: Settings['kernel'],
  { err }: Streams,
): Promise<number | undefined> {
  if (vrf === undefined) return table;
  const links = await readLinks();
  const found = Array.isArray(links) ? links.find(({ name }) => name === vrf) : undefined;
  if (found?.vrfTable === undefined)
    err(`There is no VRF ${vrf}: only tables of the journal are looked at`);
  return found?.vrfTable;
}

/** Which pools there are: by the datastore, else by the last good snapshot, else none. */
async function rulesOf(settings: Settings, { err }: Streams): Promise<KernelRules> {
  const now = await checkResources(settings);
  if (now.plan !== undefined) return now.plan.kernel;
  const stored = await new StateDir(settings.stateDir, settings.nodeName).load(new Date());
  if (stored !== undefined) {
    const memo = new SettleMemo();
    const entries = stored.lastGood.resources.flatMap((good) => memo.reread(good) ?? []);
    const { plan } = planFor(settings.nodeName, collect(entries), settings.plan);
    if (plan !== undefined) {
      err(`The datastore cannot be used; pools are those of ${stored.savedAt.toISOString()}`);
      return plan.kernel;
    }
  }
  err('The pools are not known: only what the journal of state.dir names is removed');
  const { table, tunnelDevice } = settings.kernel;
  return { table, tunnelDevice, ownSubnet: {}, pools: [], rejected: [], metric: { mode: 'none' } };
}
