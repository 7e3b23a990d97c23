/**
 * `npm test`: the quick checks, the tests on real kernels and peers, the demonstration fabric and the other
 * topologies with their proofs, some rounds of chaos, and the real IP-in-IP device in user-mode Linux. The last line
 * counts test cases; a failure, or in CI a skipped test, fails it.
 * `--report NAME=FILE` counts in what vitest wrote on another Node. `npm test -- NAME…` runs the system tests whose
 * files have NAME in their path, and nothing else: `datastore` is the contract suite of all datastores.
 */

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PEER_NAMES } from '../test/support/peers.ts';
import { toolArguments } from './arguments.ts';
import { cacheDir, REPOSITORY } from './cache-dir.ts';
import { quickChecks } from './checks.ts';
import { addResults, NO_RESULTS, type Results, readResults, summarize } from './results.ts';
import { runStep, type Step, vitestRun } from './steps.ts';

/** `sysexits.h`: how a program says that this machine does not let it. */
const EX_UNAVAILABLE = 69;
const EX_NOPERM = 77;

const USAGE = `npm test -- [options] [NAME…]

Everything: the quick checks, real kernels and peers, the demonstration fabric, chaos, IP-in-IP. As root for all of it;
what cannot run here is named. With NAMEs only the system tests whose
files have one in their path: datastore is the contract suite of all datastores.

  --report NAME=FILE  count what vitest wrote into FILE as well; may be given several times
  --help              this text
`;

const { values, positionals: names } = toolArguments({
  usage: USAGE,
  options: { report: { type: 'string', multiple: true } },
  allowPositionals: true,
});
const some = names.length > 0;
const others = otherReports(values.report ?? []);
const quick = some ? NO_RESULTS : await quickChecks();
const peers = await runStep({
  name: 'real peers',
  args: ['tools/peers/fetch.ts', ...PEER_NAMES],
});
if (!peers.ok) console.log('    the tests that need them are reported as skipped');
const system = await systemTests(names);
const rest = some ? [] : await wholePrograms();
const results = addResults(...others, quick, system, ...rest);
for (const line of summarize(results)) console.log(line);
const skippedFails = process.env['CI'] === 'true' && results.skipped.length > 0;
process.exitCode = results.failed.length > 0 || skippedFails ? 1 : 0;

async function wholePrograms(): Promise<Results[]> {
  const fabrics: Results[] = [];
  // One after the other: what they promise is partly in milliseconds.
  for (const datastore of ['file', 'etcd']) {
    fabrics.push(await fabricCheck(datastore, ['--datastore', datastore]));
  }
  for (const name of otherTopologies()) {
    fabrics.push(await fabricCheck(name, ['--topology', `config/containerlab/${name}.clab.yml`]));
  }
  return [...fabrics, ...(await Promise.all([chaosCheck(), ipipCheck()]))];
}

function otherReports(written: readonly string[]): Results[] {
  return written.map((argument) => {
    const at = argument.indexOf('=');
    return readResults(argument.slice(0, at), argument.slice(at + 1));
  });
}

async function systemTests(names: readonly string[]): Promise<Results> {
  const report = join(cacheDir('reports'), 'system.json');
  rmSync(report, { force: true }); // never count the report of an earlier run
  const { ok } = await runStep({
    name: 'system tests',
    args: [...vitestRun('system', 'default', report), ...names],
    live: true,
  });
  const results = readResults('system tests', report);
  const explained = ok || results.failed.length > 0;
  const failed = [{ name: 'system tests', reason: 'vitest failed with no failed test' }];
  return explained ? results : { ...results, failed };
}

/** Every topology of the tree but the demonstration, by the name of its file. */
function otherTopologies(): string[] {
  return readdirSync(join(REPOSITORY, 'config/containerlab'))
    .filter((file) => file.endsWith('.clab.yml') && file !== 'godwit.clab.yml')
    .map((file) => file.replace('.clab.yml', ''));
}

async function fabricCheck(what: string, choice: readonly string[]): Promise<Results> {
  const args = [...choice, '--check'];
  const command = `npm start -- ${args.join(' ')}`;
  return oneResult(`${command} proves the fabric`, {
    name: `fabric, ${what}`,
    program: 'sh',
    args: ['tools/launch', ...args],
    remedy: command,
  });
}

/** Some rounds with a fixed seed; many minutes with many seeds are `npm run chaos`. */
function chaosCheck(): Promise<Results> {
  const args = ['--seed', '7', '--minutes', '0.3'];
  const command = `npm run chaos -- ${args.join(' ')}`;
  return oneResult(`${command}: kernel = Loc-RIB at every quiet point`, {
    name: 'chaos',
    args: ['tools/chaos/main.ts', ...args],
    remedy: command,
  });
}

function ipipCheck(): Promise<Results> {
  return oneResult("npm run test:ipip: pods reach each other through the kernel's own tunl0", {
    name: 'ipip',
    args: ['tools/ipip/main.ts'],
    remedy: 'npm run test:ipip',
  });
}

/** A program that proves one thing, and says by its exit status when this machine does not let it. */
async function oneResult(name: string, step: Step): Promise<Results> {
  const { ok, exitCode, output } = await runStep(step);
  if (ok) return { ...NO_RESULTS, passed: 1 };
  const cannot = exitCode === EX_UNAVAILABLE || exitCode === EX_NOPERM;
  // What is missing here is the last thing that it says; what went wrong needs more than a line.
  const reason = cannot ? (output.trim().split('\n').at(-1) ?? '') : 'see above';
  return { ...NO_RESULTS, [cannot ? 'skipped' : 'failed']: [{ name, reason }] };
}
