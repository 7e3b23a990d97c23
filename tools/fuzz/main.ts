/**
 * `npm run fuzz -- --minutes N [--seed S]`: damaged messages against framer, decoder, tables and speaker, until the
 * time is over or something is found. A finding is written to a file, with the one line that repeats it; exit code 1.
 * `--case FILE` plays such a file.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cacheDir } from '../cache-dir.ts';
import { decodeCase, encodeCase } from './action.ts';
import { readSeeds } from './corpus.ts';
import { MemoryWatch } from './memory-watch.ts';
import { type Found, play, Run } from './run.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
  },
});

/** Part of the time that goes to the whole speaker, which is slower by far. */
const SPEAKER_SHARE = 0.2;
const REPORT_EVERY_MS = 10_000;

process.exitCode = values.case === undefined ? await fuzz() : await replay(values.case);

function positive(name: 'minutes' | 'seed'): number {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value > 0) return value;
  process.stderr.write(`--${name} ${values[name]}: write a number above 0\n`);
  process.exit(2);
}

async function replay(file: string): Promise<number> {
  const problem = await play(decodeCase(readFileSync(file, 'utf8')));
  process.stdout.write(`${problem ?? 'ok: nothing goes wrong any more'}\n`);
  return problem === undefined ? 0 : 1;
}

async function fuzz(): Promise<number> {
  const minutes = positive('minutes');
  const seed = positive('seed');
  // Every damaged header is a ProtocolError, and a stack trace each would take most of the time.
  Error.stackTraceLimit = 0;
  const { seeds, fromFiles } = readSeeds();
  say(`${seeds.length} messages to begin with, ${fromFiles} from files; seed ${seed}`);
  const runs = [new Run('tables', seeds, seed), new Run('speaker', seeds, seed)] as const;
  const spent = [0, 0];
  const used = [0, 0];
  const memory = new MemoryWatch();
  const begun = performance.now();
  for (let told = begun; performance.now() - begun < minutes * 60_000; ) {
    const turn = spent[1]! < (spent[0]! + spent[1]!) * SPEAKER_SHARE ? 1 : 0;
    const from = performance.now();
    const { user, system } = process.cpuUsage();
    const found = await runs[turn].round();
    spent[turn]! += performance.now() - from;
    const cpu = process.cpuUsage();
    used[turn]! += (cpu.user + cpu.system - user - system) / 1000;
    if (found !== undefined) return tell(found);
    if (performance.now() - told < REPORT_EVERY_MS) continue;
    told = performance.now();
    const growth = memory.look();
    report(runs, { spent, used }, memory);
    if (growth !== undefined) return fail(growth);
  }
  memory.look();
  report(runs, { spent, used }, memory);
  return 0;
}

/** Milliseconds of each run: by the clock, and of CPU, which does not depend on who else is busy here. */
interface Times {
  readonly spent: readonly number[];
  readonly used: readonly number[];
}

function report(runs: readonly Run[], { spent, used }: Times, memory: MemoryWatch): void {
  runs.forEach((run, index) => {
    const { messages, rounds, clock, corpus, pardoned, target } = run;
    const rate = Math.round(messages / (spent[index]! / 1000));
    const perCpu = Math.round(messages / (used[index]! / 1000));
    const { what, ms } = clock.longest;
    say(
      `${target}: ${messages} messages in ${rounds} rounds, ${rate} a second (${perCpu} a CPU second), ${corpus.signatures} ways taken; ` +
        `steps p50 ${clock.quantile(0.5).toFixed(3)} ms, p99.9 ${clock.quantile(0.999).toFixed(2)} ms, ` +
        `longest ${ms.toFixed(1)} ms (${what}); over 10 ms ${clock.heldUp} held up by others, ${pardoned} not again`,
    );
  });
  say(memory.text);
}

function tell(found: Found): number {
  const folder = join(cacheDir('fuzz'));
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${found.target}-${found.seed}-${found.round}.json`);
  writeFileSync(file, encodeCase(found));
  say(`FOUND in round ${found.round} of ${found.target}: ${found.problem}`);
  return fail(
    found.alone
      ? `repeat with: npm run fuzz -- --case ${file}`
      : `it needs the rounds before; repeat with: npm run fuzz -- --seed ${found.seed} --minutes ${values.minutes}`,
  );
}

function fail(text: string): number {
  say(text);
  return 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
