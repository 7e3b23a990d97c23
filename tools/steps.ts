/**
 * Runs the steps of a check side by side and says of each how long it took; what a step printed is
 * shown only when it failed. Invariant: a step that could not be started has failed.
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { giveToOwner, REPOSITORY } from './cache-dir.ts';

export interface Step {
  readonly name: string;
  /** Arguments of this same Node, or of the program named first when `program` is given. */
  readonly args: readonly string[];
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Show its output while it runs instead of keeping it. */
  readonly live?: boolean;
  /** The command that a reader runs to see or mend just this. */
  readonly remedy?: string;
}

export interface StepResult {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
  readonly exitCode: number | undefined;
  /** stdout and stderr in the order of their arrival; empty for a live step. */
  readonly output: string;
}

/** What steps write to in the checkout; whoever owns it must be able to clean up after root. */
const WRITTEN = ['.cache', 'build', 'dist'];
const BIN = 'node_modules';
export const TOOL = {
  biome: `${BIN}/@biomejs/biome/bin/biome`,
  tsc: `${BIN}/typescript/bin/tsc`,
  vitest: `${BIN}/vitest/vitest.mjs`,
} as const;

/** Arguments of Node for one project of vitest, with a report in JSON at `report`. */
export function vitestRun(project: string, reporter: string, report: string): string[] {
  // `native`: vitest would otherwise write its bundled configuration into node_modules, which may
  // not be ours to write to.
  const loader = ['--configLoader', 'native'];
  const reporters = [`--reporter=${reporter}`, '--reporter=json', `--outputFile.json=${report}`];
  return [TOOL.vitest, 'run', '--project', project, ...loader, ...reporters];
}

/** All at once: they are few, and the longest of them decides anyway. */
export async function runSideBySide(steps: readonly Step[]): Promise<StepResult[]> {
  return Promise.all(steps.map(runStep));
}

/** Runs one step to its end and prints its line, and its output when it failed. */
export async function runStep(step: Step): Promise<StepResult> {
  const started = performance.now();
  const { output, exitCode } = await run(step);
  const seconds = (performance.now() - started) / 1000;
  for (const folder of WRITTEN) giveToOwner(join(REPOSITORY, folder));
  const ok = exitCode === 0;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${step.name.padEnd(12)} ${seconds.toFixed(1)} s`);
  if (!ok) {
    const body = output.trimEnd();
    if (body !== '') console.log(body.replaceAll(/^/gm, '    '));
    if (step.remedy !== undefined) console.log(`    → ${step.remedy}`);
  }
  return { name: step.name, ok, seconds, exitCode, output };
}

function run(step: Step): Promise<{ output: string; exitCode: number | undefined }> {
  const program = step.program ?? process.execPath;
  return new Promise((resolve) => {
    const child = spawn(program, step.args, {
      cwd: REPOSITORY,
      env: { ...process.env, ...(step.live ? {} : { NO_COLOR: '1' }), ...step.env },
      stdio: step.live ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', (error) => {
      resolve({ output: `${output}${program}: ${error.message}\n`, exitCode: undefined });
    });
    child.on('close', (code) => resolve({ output, exitCode: code ?? undefined }));
  });
}
