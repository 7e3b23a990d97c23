/** Several processes of the fuzzer side by side, each with a seed of its own and its share of the messages. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Options } from './options.ts';

/** Seeds of two jobs are so far apart, so that people may count up theirs. */
const SEED_STEP = 1_000_003;
/** Options that each job gets of its own. */
const OWN = /^--(seed|jobs|messages)(=|$)/;

/** @returns 1 when one of them has found something; the others go on to their end. */
export async function sideBySide(options: Options, args: readonly string[]): Promise<number> {
  const { seed, jobs, messages } = options;
  const shared = args.filter(
    (arg, i) => !OWN.test(arg) && !/^--(seed|jobs|messages)$/.test(args[i - 1] ?? ''),
  );
  const share = Number.isFinite(messages) ? [`--messages=${Math.ceil(messages / jobs)}`] : [];
  const codes = await Promise.all(
    Array.from({ length: jobs }, (_, job) =>
      runJob(job, [...shared, ...share, `--seed=${seed + job * SEED_STEP}`]),
    ),
  );
  return Math.max(...codes);
}

function runJob(job: number, args: readonly string[]): Promise<number> {
  const program = [...process.execArgv, process.argv[1]!, ...args];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => {
    process.stdout.write(`job ${job}: ${line}\n`);
  });
  return new Promise((done, failed) => {
    child.on('error', failed);
    // A signal is no end that proves anything.
    child.on('close', (code) => done(code ?? 1));
  });
}
