/**
 * `npm run fuzz -- --minutes N [--seed S]`: damaged messages against framer, decoder, tables and speaker, until the
 * time is over or something is found. A finding is written to a file, with the one line that repeats it; exit code 1.
 * `--case FILE` plays such a file; `--jobs N` is N processes of it.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refuseArguments } from '../arguments.ts';
import { cacheDir } from '../cache-dir.ts';
import { decodeCase, encodeCase, TARGETS } from './action.ts';
import { readSeeds } from './corpus.ts';
import { sideBySide } from './jobs.ts';
import { MemoryWatch } from './memory-watch.ts';
import { HELP, type Options, optionsFrom } from './options.ts';
import { type Found, play, Run } from './run.ts';
import { Watchdog } from './watchdog.ts';

/** Part of the CPU time that goes to the whole speaker, which is slower by far. */
const SPEAKER_SHARE = 0.1;
const REPORT_EVERY_MS = 10_000;
/** What takes more CPU is said to hang: a thousand times of what a step may take, and the end of a round too. */
const HANG_MS = 20_000;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = optionsFrom(args);
  } catch (error) {
    return refuseArguments(error instanceof Error ? error.message : String(error), HELP);
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (options.case !== undefined) return replay(options.case);
  return options.jobs > 1 ? sideBySide(options, args) : fuzz(options);
}

async function replay(file: string): Promise<number> {
  const problem = await play(decodeCase(readFileSync(file, 'utf8')));
  process.stdout.write(`${problem ?? 'ok: nothing goes wrong any more'}\n`);
  return problem === undefined ? 0 : 1;
}

/** A run and the milliseconds that it has had: by the clock, and of CPU, which others who are busy here do not change. */
interface Turn {
  readonly run: Run;
  readonly share: number;
  spent: number;
  used: number;
}

async function fuzz(options: Options): Promise<number> {
  const { seed } = options;
  // Every damaged header is a ProtocolError, and a stack trace each would take most of the time.
  Error.stackTraceLimit = 0;
  const { seeds, fromFiles } = readSeeds();
  say(`${seeds.length} messages to begin with, ${fromFiles} from files; seed ${seed}`);
  const watchdog = new Watchdog({ folder: cacheDir('fuzz'), seed, patience: HANG_MS });
  const turns = TARGETS.filter((name) => name === (options.target ?? name)).map((name): Turn => {
    const share = name === 'speaker' ? SPEAKER_SHARE : 1 - SPEAKER_SHARE;
    return { run: new Run(name, seeds, { seed, watchdog }), share, spent: 0, used: 0 };
  });
  const memory = new MemoryWatch();
  const begun = performance.now();
  for (let told = begun; !isOver(options, begun, turns); ) {
    const found = await take(turns.reduce((a, b) => (b.used / b.share < a.used / a.share ? b : a)));
    if (found !== undefined) return tell(found);
    if (performance.now() - told < REPORT_EVERY_MS) continue;
    told = performance.now();
    const growth = memory.look();
    report(turns, memory);
    if (growth !== undefined) return fail(`FOUND: ${growth}`);
  }
  memory.look();
  report(turns, memory);
  return 0;
}

function isOver({ minutes, messages }: Options, begun: number, turns: readonly Turn[]): boolean {
  if (performance.now() - begun >= minutes * 60_000) return true;
  return sum(turns, ({ run }) => run.messages) >= messages;
}

async function take(turn: Turn): Promise<Found | undefined> {
  const from = performance.now();
  const before = process.cpuUsage();
  const found = await turn.run.round();
  turn.spent += performance.now() - from;
  const { user, system } = process.cpuUsage(before);
  turn.used += (user + system) / 1000;
  return found;
}

function report(turns: readonly Turn[], memory: MemoryWatch): void {
  for (const { run, spent, used } of turns) {
    const { messages, rounds, clock, corpus, pardoned, target } = run;
    const { what, ms } = clock.longest;
    say(
      `${target}: ${messages} messages in ${rounds} rounds, ${rates(messages, spent, used)}, ${corpus.signatures} ways taken; ` +
        `steps p50 ${clock.quantile(0.5).toFixed(3)} ms, p99.9 ${clock.quantile(0.999).toFixed(2)} ms, ` +
        `longest ${ms.toFixed(1)} ms (${what}); over 10 ms ${clock.heldUp} held up by others, ${pardoned} not again`,
    );
  }
  const [messages, spent, used] = [
    sum(turns, ({ run }) => run.messages),
    sum(turns, (turn) => turn.spent),
    sum(turns, (turn) => turn.used),
  ];
  say(`all: ${messages} messages, ${rates(messages, spent, used)}; ${memory.text}`);
}

function rates(messages: number, spent: number, used: number): string {
  const rate = Math.round(messages / (spent / 1000));
  return `${rate} a second (${Math.round(messages / (used / 1000))} a CPU second)`;
}

function sum(turns: readonly Turn[], of: (turn: Turn) => number): number {
  return turns.reduce((total, turn) => total + of(turn), 0);
}

function tell(found: Found): number {
  const folder = cacheDir('fuzz');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${found.target}-${found.seed}-${found.round}.json`);
  writeFileSync(file, encodeCase(found));
  say(`FOUND in round ${found.round} of ${found.target}: ${found.problem}`);
  return fail(
    found.alone
      ? `repeat with: npm run fuzz -- --case ${file}`
      : `it needs the rounds before; repeat with: npm run fuzz -- --seed ${found.seed} --target ${found.target} --jobs 1`,
  );
}

function fail(text: string): number {
  say(text);
  return 1;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
