/**
 * `npm run sim -- --scenario mesh|flap|restart|partition|edit --seed N --nodes N [--runs N]`: seeded courses of events on
 * simulated clusters. A run that fails prints the one line that repeats it; exit code 1.
 */

import { parseArgs } from 'node:util';
import { repeatLine, runScenario, SCENARIOS, type ScenarioName } from '../src/sim/scenarios.ts';

const OPTIONS = {
  scenario: { type: 'string' },
  seed: { type: 'string', default: '1' },
  nodes: { type: 'string', default: '5' },
  runs: { type: 'string', default: '1' },
} as const;

const values = read();

function read(): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'] {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}

function whole(name: 'seed' | 'nodes' | 'runs', least: number): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least) return value;
  process.stderr.write(`--${name} ${values[name]}: write a whole number of at least ${least}\n`);
  process.exit(2);
}

function chosen(): readonly ScenarioName[] {
  if (values.scenario === undefined) return SCENARIOS;
  const found = SCENARIOS.find((name) => name === values.scenario);
  if (found !== undefined) return [found];
  process.stderr.write(`--scenario ${values.scenario}: write one of ${SCENARIOS.join(', ')}\n`);
  process.exit(2);
}

const first = whole('seed', 0);
const nodes = whole('nodes', 2);
const runs = whole('runs', 1);
let failed = 0;
for (const scenario of chosen()) {
  for (let seed = first; seed < first + runs; seed++) {
    const options = { scenario, seed, nodes };
    const begun = performance.now();
    let problems: readonly string[];
    let told = '';
    try {
      const result = runScenario(options);
      problems = result.problems;
      const seconds = (result.virtualMs / 1000).toFixed(0);
      told = `${result.sessions} sessions, ${result.steps} steps, ${seconds} s of virtual time`;
      if (problems.length > 0) process.stdout.write(`${result.story.join('\n')}\n`);
    } catch (error) {
      problems = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
    }
    const verdict = problems.length === 0 ? 'ok' : 'FAILED';
    const spent = (performance.now() - begun).toFixed(0);
    process.stdout.write(`${verdict} ${scenario} seed ${seed}: ${told} in ${spent} ms\n`);
    if (problems.length === 0) continue;
    failed++;
    for (const problem of problems) process.stdout.write(`  ${problem}\n`);
    process.stdout.write(`  repeat with: ${repeatLine(options)}\n`);
  }
}
process.exit(failed === 0 ? 0 : 1);
