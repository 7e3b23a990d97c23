/** Several processes of the fuzzer side by side, each with a seed of its own and its share of the messages. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Options } from './options.ts';

/** Seeds of two jobs are so far apart, so that people may count up theirs. */
const SEED_STEP = 1_000_003;
/** Options that each job gets of its own. */
const OWN = /^--(seed|jobs|messages)(=|$)/;
/** What a job says of itself now and then (`report` in `main.ts`). */
const TOTAL = /^all: (\d+) messages, (\d+) a second \((\d+) a CPU second\)/;

interface Ended {
  readonly code: number;
  readonly messages: number;
  readonly perSecond: number;
}

/** @returns 1 when one of them has found something; the others go on to their end. */
export async function sideBySide(options: Options, args: readonly string[]): Promise<number> {
  const { seed, jobs, messages } = options;
  const shared = args.filter(
    (arg, i) => !OWN.test(arg) && !/^--(seed|jobs|messages)$/.test(args[i - 1] ?? ''),
  );
  const share = Number.isFinite(messages) ? [`--messages=${Math.ceil(messages / jobs)}`] : [];
  const ended = await Promise.all(
    Array.from({ length: jobs }, (_, job) =>
      runJob(job, [...shared, ...share, '--jobs=1', `--seed=${seed + job * SEED_STEP}`]),
    ),
  );
  const sum = (of: (one: Ended) => number): number => ended.reduce((all, one) => all + of(one), 0);
  const [made, rate] = [sum(({ messages: own }) => own), sum(({ perSecond }) => perSecond)];
  process.stdout.write(`together: ${made} messages, ${rate} a second\n`);
  return Math.max(...ended.map(({ code }) => code));
}

function runJob(job: number, args: readonly string[]): Promise<Ended> {
  let last = { messages: 0, perSecond: 0 };
  const program = [...process.execArgv, process.argv[1]!, ...args];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => {
    process.stdout.write(`job ${job}: ${line}\n`);
    const total = TOTAL.exec(line);
    if (total !== null) last = { messages: Number(total[1]), perSecond: Number(total[2]) };
  });
  return new Promise((done, failed) => {
    child.on('error', failed);
    // A signal is no end that proves anything.
    child.on('close', (code) => done({ code: code ?? 1, ...last }));
  });
}
