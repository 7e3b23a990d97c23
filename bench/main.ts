/**
 * `npm run bench [SCENARIO…]`: godwit beside its rivals in one run, rounds in turn, medians and ratios at the end.
 *
 * Needs root, iproute2, a C compiler and BIRD 2; what cannot take part is named. Options: `--rivals a,b`,
 * `--rounds N`, `--json FILE`, `--list`.
 */

import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { BenchLab, buildLoad, Load, type LoadAnswer } from './lab.ts';
import { type Failure, type Figures, formatReport, type Round, summarise } from './report.ts';
import { BIRD2 } from './rivals/bird2.ts';
import { GODWIT } from './rivals/godwit.ts';
import { C_WRITER, IP_BATCH } from './rivals/kernel-writers.ts';
import { RELAY } from './rivals/relay.ts';
import type { Rival } from './rivals/rival.ts';
import { SCENARIOS, type Scenario, type Step, speakersOf } from './scenarios.ts';
import { cpuSeconds, memoryOf } from './usage.ts';

const RIVALS: readonly Rival[] = [RELAY, C_WRITER, IP_BATCH, BIRD2, GODWIT];
/** Rounds of every scenario; the median of three hides one bad moment of the machine. */
const ROUNDS_DEFAULT = 3;

interface Order {
  readonly scenarios: readonly Scenario[];
  readonly rivals: readonly Rival[];
  readonly rounds: number;
  readonly json: string | undefined;
}

async function main(): Promise<number> {
  const order = readOrder();
  if (order === undefined) return 0;
  if (process.getuid?.() !== 0) {
    console.error('The benchmarks make network namespaces: run them as root.');
    return 77;
  }
  const load = await buildLoad();
  const rounds: Round[] = [];
  const failures: Failure[] = [];
  for (const scenario of order.scenarios) {
    console.error(`\n${scenario.name}: ${scenario.what}`);
    // Rivals take turns, so that a slow minute of the machine falls on all of them.
    for (let round = 1; round <= order.rounds; round++) {
      for (const rival of order.rivals) {
        const failed = failures.some((f) => f.rival === rival.name && f.scenario === scenario.name);
        if (failed) continue;
        await runOnce({ rival, scenario, load, round }, rounds, failures);
      }
    }
  }
  publish(order, rounds, failures);
  return failures.some(({ rival }) => rival === GODWIT.name) ? 1 : 0;
}

interface Run {
  readonly rival: Rival;
  readonly scenario: Scenario;
  readonly load: string;
  readonly round: number;
}

async function runOnce(run: Run, rounds: Round[], failures: Failure[]): Promise<void> {
  const { rival, scenario, round } = run;
  if (stopping) return;
  const unfit = rival.unfit(scenario);
  if (unfit !== undefined) {
    failures.push({ scenario: scenario.name, rival: rival.name, reason: `n/a: ${unfit}` });
    return;
  }
  try {
    const figures = await measure(run);
    rounds.push({ scenario: scenario.name, rival: rival.name, figures });
    const shown = Object.entries(figures).map(([name, value]) => `${name} ${value.toPrecision(3)}`);
    console.error(`  ${round} ${rival.name.padEnd(7)} ${shown.join(' · ')}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    failures.push({ scenario: scenario.name, rival: rival.name, reason });
    console.error(`  ${round} ${rival.name.padEnd(7)} failed: ${reason}`);
  }
}

/** One rival, one round: a fresh lab, a fresh daemon, every step of the scenario. */
async function measure({ rival, scenario, load: binary }: Run): Promise<Figures> {
  const speakers = speakersOf(scenario);
  const lab = await BenchLab.make(speakers);
  current = lab;
  let load: Load | undefined;
  try {
    const argv = rival.prepare({ lab, scenario, speakers, load: binary });
    const { pid } = await lab.startDaemon(rival.name, argv);
    load = await Load.start(binary, lab, scenario);
    const figures: Record<string, number> = {};
    for (const step of scenario.steps) {
      const before = cpuSeconds(pid);
      const answer = await load.command(step.command);
      const cpu = cpuSeconds(pid) - before;
      if (step.figure !== undefined) Object.assign(figures, figuresOf(step, answer, cpu));
    }
    return { ...figures, 'peak MB': memoryOf(pid).peak };
  } finally {
    await load?.stop();
    current = undefined;
    await lab.destroy();
  }
}

/** The lab that stands now; Ctrl-C takes it down with everything in it. */
let current: BenchLab | undefined;
let stopping = false;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    const lab = current;
    current = undefined;
    stopping = true;
    void Promise.resolve(lab?.destroy()).finally(() => process.exit(130));
  });
}

function figuresOf({ figure = '' }: Step, answer: LoadAnswer, cpu: number): Figures {
  const seconds = Number(answer['seconds'] ?? 0);
  if (figure === 'flap') {
    return {
      'announce p50 µs': Number(answer['announceP50']),
      'announce p99 µs': Number(answer['announceP99']),
      'withdraw p50 µs': Number(answer['withdrawP50']),
      'withdraw p99 µs': Number(answer['withdrawP99']),
      'flap CPU s': cpu,
    };
  }
  if (figure === 'idle') return { 'idle % of a core': (cpu / seconds) * 100 };
  return { [`${figure} s`]: seconds, [`${figure} CPU s`]: cpu };
}

function publish(order: Order, rounds: readonly Round[], failures: readonly Failure[]): void {
  const summaries = summarise(rounds);
  const names = order.rivals.map(({ name }) => name);
  const machine = `${availableParallelism()} CPUs, load ${loadavg()[0]!.toFixed(1)} at the end`;
  console.log(`\n${formatReport(summaries, names)}\n\n${machine}; medians of ${order.rounds}.`);
  for (const { scenario, rival, reason } of failures) {
    console.log(`${scenario}, ${rival}: ${reason}`);
  }
  if (order.json === undefined) return;
  const node = process.version;
  const record = { rounds: order.rounds, node, machine, summaries, failures, raw: rounds };
  writeFileSync(order.json, `${JSON.stringify(record, undefined, 2)}\n`);
}

function readOrder(): Order | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rivals: { type: 'string' },
      rounds: { type: 'string', default: String(ROUNDS_DEFAULT) },
      json: { type: 'string' },
      list: { type: 'boolean', default: false },
    },
  });
  if (values.list) {
    for (const { name, what } of SCENARIOS) console.log(`${name.padEnd(20)} ${what}`);
    return undefined;
  }
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError('--rounds is a number from 1');
  return {
    scenarios: pick(SCENARIOS, positionals, 'scenario'),
    rivals: pick(RIVALS, values.rivals?.split(',') ?? [], 'rival'),
    rounds,
    json: values.json,
  };
}

/** Those named, also by a prefix (`kernel` for `kernel-100k` …), in the order of the list; all when none is named. */
function pick<T extends { readonly name: string }>(
  all: readonly T[],
  wanted: readonly string[],
  what: string,
): readonly T[] {
  for (const name of wanted) {
    if (all.some((one) => isNamed(one.name, name))) continue;
    throw new RangeError(`No ${what} ${name}; there are ${all.map((one) => one.name).join(', ')}`);
  }
  if (wanted.length === 0) return all;
  return all.filter(({ name }) => wanted.some((word) => isNamed(name, word)));
}

function isNamed(name: string, word: string): boolean {
  return name === word || name.startsWith(`${word}-`);
}

process.exitCode = await main();
