/**
 * `npm run bench [SCENARIO…]`: godwit beside its rivals in one run, rounds in turn; medians, ratios and how each figure
 * stands to its floor and goal at the end.
 *
 * Needs root, iproute2 and a C compiler; a rival that is not here is named and left out (`npm run peers -- NAME…`
 * brings it). Options: `--rivals a,b`, `--rounds N`, `--json FILE`, `--list`.
 */

import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { refuseArguments, toolArguments } from '../tools/arguments.ts';
import { checkGenerator } from './generator-check.ts';
import { judge } from './goals.ts';
import { type BenchLab, buildLoad } from './lab.ts';
import { measure, unfit } from './measure.ts';
import { type Failure, formatLoops, formatReport, type LoopRound } from './report.ts';
import { BIRD1 } from './rivals/bird1.ts';
import { BIRD2 } from './rivals/bird2.ts';
import { FRR } from './rivals/frr.ts';
import { GOBGP } from './rivals/gobgp.ts';
import { GODWIT } from './rivals/godwit.ts';
import { C_WRITER, IP_BATCH } from './rivals/kernel-writers.ts';
import { OPENBGPD } from './rivals/openbgpd.ts';
import { RELAY } from './rivals/relay.ts';
import type { Rival } from './rivals/rival.ts';
import { rowsOf, SCENARIOS, type Scenario } from './scenarios.ts';
import { type Round, summarise } from './summary.ts';

const RIVALS: readonly Rival[] = [
  RELAY,
  C_WRITER,
  IP_BATCH,
  BIRD2,
  BIRD1,
  GOBGP,
  FRR,
  OPENBGPD,
  GODWIT,
];
/** Rounds of every scenario; the median of three hides one bad moment of the machine. */
const ROUNDS_DEFAULT = 3;

const USAGE = `npm run bench -- [SCENARIO …] [options]

godwit beside its rivals in one run, rounds in turn; medians, ratios and how each figure stands to its floor and goal.
Without a scenario all are run, which takes half an hour; a prefix of a name (kernel) stands for all that begin with it.

  --rivals a,b    only these: ${RIVALS.map(({ name }) => name).join(', ')}
  --rounds N      rounds of each scenario (default ${ROUNDS_DEFAULT})
  --json FILE     write everything there as well
  --list          the scenarios
  --help          this text
`;

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
  const results: Results = { rounds: [], loops: [], failures: [] };
  for (const scenario of order.scenarios) {
    console.error(`\n${scenario.name}: ${scenario.what}`);
    // Rivals take turns, so that a slow minute of the machine falls on all of them.
    for (let round = 1; round <= order.rounds; round++) {
      for (const rival of order.rivals) {
        const failed = results.failures.some(
          (f) => f.rival === rival.name && f.scenario === scenario.name,
        );
        if (!failed) await runOnce({ rival, scenario, load, round }, results);
      }
    }
  }
  publish(order, results);
  return results.failures.some(({ rival }) => rival === GODWIT.name) ? 1 : 0;
}

interface Turn {
  readonly rival: Rival;
  readonly scenario: Scenario;
  readonly load: string;
  readonly round: number;
}

interface Results {
  readonly rounds: Round[];
  readonly loops: LoopRound[];
  readonly failures: Failure[];
}

async function runOnce(turn: Turn, results: Results): Promise<void> {
  const { rival, scenario, load, round } = turn;
  if (stopping) return;
  const reason = unfit(rival, scenario);
  if (reason !== undefined) {
    results.failures.push({ scenario: scenario.name, rival: rival.name, reason: `n/a: ${reason}` });
    return;
  }
  try {
    const onLab = (lab: BenchLab | undefined): void => {
      current = lab;
    };
    const { rows, loop } = await measure({ rival, scenario, load, onLab });
    for (const [row, figures] of rows) {
      results.rounds.push({ scenario: row, rival: rival.name, figures });
      const shown = Object.entries(figures).map(
        ([name, value]) => `${name} ${value.toPrecision(3)}`,
      );
      console.error(`  ${round} ${rival.name.padEnd(8)} ${row}: ${shown.join(' · ')}`);
    }
    if (loop !== undefined) results.loops.push({ scenario: scenario.name, loop });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    results.failures.push({ scenario: scenario.name, rival: rival.name, reason: why });
    console.error(`  ${round} ${rival.name.padEnd(8)} failed: ${why}`);
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

function publish(order: Order, { rounds, loops, failures }: Results): void {
  const summaries = summarise(rounds);
  const names = order.rivals.map(({ name }) => name);
  const machine = `${availableParallelism()} CPUs, load ${loadavg()[0]!.toFixed(1)} at the end`;
  const versions = order.rivals.flatMap(({ version }) => version?.() ?? []);
  const generator = checkGenerator(summaries);
  console.log(`\n${formatReport(summaries, names)}\n`);
  if (loops.length > 0) console.log(`${formatLoops(loops)}\n`);
  for (const line of generator) console.log(line);
  const beside = [`Node ${process.version}`, ...versions].join(', ');
  console.log(`\n${machine}; medians of ${order.rounds} (least–greatest); ${beside}.`);
  for (const { scenario, rival, reason } of failures) {
    console.log(`${scenario}, ${rival}: ${reason}`);
  }
  if (order.json === undefined) return;
  const node = process.version;
  const judged = summaries.map((one) => ({ ...one, judgement: judge(one, summaries) }));
  const about = { rounds: order.rounds, node, versions, machine, generator };
  const record = { ...about, summaries: judged, loops, failures, raw: rounds };
  writeFileSync(order.json, `${JSON.stringify(record, undefined, 2)}\n`);
}

function readOrder(): Order | undefined {
  const { values, positionals } = toolArguments({
    usage: USAGE,
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
  if (!Number.isInteger(rounds) || rounds < 1) {
    return refuseArguments('--rounds is a whole number from 1', USAGE);
  }
  return {
    scenarios: pick(SCENARIOS, { wanted: positionals, what: 'scenario', namesOf: rowsOf }),
    rivals: pick(RIVALS, {
      wanted: values.rivals?.split(',') ?? [],
      what: 'rival',
      namesOf: ({ name }) => [name],
    }),
    rounds,
    json: values.json,
  };
}

interface Choice<T> {
  readonly wanted: readonly string[];
  /** A word for the message. */
  readonly what: string;
  readonly namesOf: (one: T) => readonly string[];
}

/** Those named, also by a prefix (`kernel` for `kernel-100k` …), in the order of the list; all when none is named. */
function pick<T>(all: readonly T[], { wanted, what, namesOf }: Choice<T>): readonly T[] {
  const names = all.flatMap(namesOf);
  const unknown = wanted.find((word) => !names.some((name) => isNamed(name, word)));
  if (unknown !== undefined) {
    return refuseArguments(`No ${what} ${unknown}; there are ${names.join(', ')}`, USAGE);
  }
  if (wanted.length === 0) return all;
  return all.filter((one) =>
    namesOf(one).some((name) => wanted.some((word) => isNamed(name, word))),
  );
}

function isNamed(name: string, word: string): boolean {
  return name === word || name.startsWith(`${word}-`);
}

process.exitCode = await main();
