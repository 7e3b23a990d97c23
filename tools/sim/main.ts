/**
 * `npm run sim -- [--scenario NAME|all] [--seed N] [--seeds N] [--nodes N] [--threads N]`: seeded courses of events on
 * simulated clusters. A run that fails prints the one line that repeats it; exit code 1.
 */

import { availableParallelism } from 'node:os';
import {
  isInParts,
  repeatLine,
  runScenario,
  SCENARIOS,
  type ScenarioName,
  type ScenarioOptions,
  type ScenarioResult,
} from '../../src/sim/scenarios.ts';
import { refuseArguments, toolArguments } from '../arguments.ts';
import { coldStartInThreads } from './threads.ts';

const OPTIONS = {
  scenario: { type: 'string', default: 'mix' },
  seed: { type: 'string', default: '1' },
  nodes: { type: 'string' },
  seeds: { type: 'string', default: '1' },
  threads: { type: 'string', default: String(availableParallelism()) },
} as const;

/** Nodes where none are asked for: drawn from the seed, so that many seeds see many sizes. */
const NODES_MIN = 3;
const NODES_DRAWN = 4;

/** Lines of a story and problems printed of one run; a large cluster that fails has thousands. */
const PRINTED_MAX = 40;

const USAGE = `npm run sim -- [options]

Seeded courses of events on simulated clusters in virtual time. Exit code 1: something did not hold, with the line that
repeats it. What each scenario does: docs/simulator.md

  --scenario NAME  all, or one of ${SCENARIOS.join(', ')} (default mix)
  --seed N         the first seed (default 1)
  --seeds N        so many seeds, one after the other (default 1)
  --nodes N        nodes of the cluster (default: drawn from the seed)
  --threads N      of a large cluster: its parts run beside each other (default: all cores)
  --help           this text
`;

const { values } = toolArguments({ usage: USAGE, options: OPTIONS });
const refuse = (why: string): never => refuseArguments(why, USAGE);

function whole(name: 'seed' | 'nodes' | 'seeds' | 'threads', least: number): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least) return value;
  return refuse(`--${name} ${values[name]}: write a whole number of at least ${least}`);
}

function chosen(): readonly ScenarioName[] {
  if (values.scenario === 'all') return SCENARIOS;
  const found = SCENARIOS.find((name) => name === values.scenario);
  return found === undefined
    ? refuse(`--scenario ${values.scenario}: write all, or one of ${SCENARIOS.join(', ')}`)
    : [found];
}

function print(lines: readonly string[]): void {
  for (const line of lines.slice(0, PRINTED_MAX)) process.stdout.write(`${line}\n`);
  if (lines.length > PRINTED_MAX) {
    process.stdout.write(`  and ${lines.length - PRINTED_MAX} more\n`);
  }
}

/** A large cluster in a thread for each core, all others in this one. */
async function run(options: ScenarioOptions): Promise<ScenarioResult> {
  if (!isInParts(options)) return runScenario(options);
  const threads = Math.min(whole('threads', 1), options.nodes);
  return { ...(await coldStartInThreads(options, threads)), story: [] };
}

/** @returns whether all held. */
async function runOne(scenario: ScenarioName, seed: number): Promise<boolean> {
  const nodes = values.nodes === undefined ? NODES_MIN + (seed % NODES_DRAWN) : whole('nodes', 2);
  const options = { scenario, seed, nodes };
  const begun = performance.now();
  let problems: readonly string[];
  let told = '';
  try {
    const result = await run(options);
    problems = result.problems;
    const seconds = (result.virtualMs / 1000).toFixed(0);
    told = `${nodes} nodes, ${result.sessions} sessions, ${result.steps} steps, ${seconds} s of virtual time`;
    if (result.digest !== undefined) told += `, digest ${result.digest}`;
    if (problems.length > 0) print(result.story);
  } catch (error) {
    problems = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
  const verdict = problems.length === 0 ? 'ok' : 'FAILED';
  const spent = (performance.now() - begun).toFixed(0);
  process.stdout.write(`${verdict} ${scenario} seed ${seed}: ${told} in ${spent} ms\n`);
  if (problems.length === 0) return true;
  print(problems.map((problem) => `  ${problem}`));
  process.stdout.write(`  repeat with: ${repeatLine(options)}\n`);
  return false;
}

const first = whole('seed', 0);
const seeds = whole('seeds', 1);
const failed: string[] = [];
let ran = 0;
for (const scenario of chosen()) {
  for (let seed = first; seed < first + seeds; seed++) {
    ran++;
    if (!(await runOne(scenario, seed))) failed.push(`${scenario} ${seed}`);
  }
}
const { user, system } = process.cpuUsage();
const cpu = ((user + system) / 1e6).toFixed(1);
const verdict = failed.length === 0 ? 'all held' : `${failed.length} failed: ${failed.join(', ')}`;
process.stdout.write(`${ran} runs, ${verdict}; ${cpu} s of CPU\n`);
process.exit(failed.length === 0 ? 0 : 1);
