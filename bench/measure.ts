/**
 * One rival, one round: a fresh lab, a fresh daemon, every step of the scenario; figures out.
 *
 * A figure whose name begins with a small letter is the daemon's; what is the generator's says so.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BASE, PEAK } from './goals.ts';
import { BenchLab, Load, type LoadAnswer } from './lab.ts';
import { type LoopSample, type LoopWindow, loopWindow } from './loop-delay.ts';
import { compare, formatDifferences, receivedIn } from './real/comparison.ts';
import { type RealFiles, writeRealFiles } from './real/files.ts';
import { fullTable, type RealTable, realTablesMissing } from './real/real-table.ts';
import type { Rival } from './rivals/rival.ts';
import {
  firstLoad,
  NETWORK,
  type Scenario,
  type Speaker,
  type Step,
  speakersOf,
} from './scenarios.ts';
import { type Figures, GENERATOR_CPU } from './summary.ts';
import { cpuSeconds, memoryOf } from './usage.ts';

export interface Run {
  readonly rival: Rival;
  readonly scenario: Scenario;
  /** The compiled load generator. */
  readonly load: string;
  /** Told of the lab as soon as it stands, so that an interrupt can take it down. */
  readonly onLab: (lab: BenchLab | undefined) => void;
}

export interface Measured {
  /** By row of the report. */
  readonly rows: ReadonlyMap<string, Figures>;
  readonly loop?: LoopWindow;
}

/** Why `rival` cannot take part in `scenario` on this machine. */
export function unfit(rival: Rival, scenario: Scenario): string | undefined {
  return rival.unfit(scenario) ?? (scenario.real === true ? realTablesMissing() : undefined);
}

export async function measure({ rival, scenario, load: binary, onLab }: Run): Promise<Measured> {
  const speakers = speakersOf(scenario);
  const lab = await BenchLab.make(speakers, scenario.interfaces);
  onLab(lab);
  let load: Load | undefined;
  try {
    const argv = rival.prepare({ lab, scenario, speakers, load: binary });
    const { pid } = await lab.startDaemon(rival.name, argv);
    await sleep(rival.settlesInMs ?? 0);
    const words = loadWords({ lab, rival, scenario, speakers });
    load = await Load.start(binary, lab.loadSide, words);
    return await new Round(lab, load, { rival, pid }).run(scenario);
  } finally {
    await load?.stop();
    onLab(undefined);
    await lab.destroy();
  }
}

interface Subject {
  readonly rival: Rival;
  readonly pid: number;
}

class Round {
  readonly #lab: BenchLab;
  readonly #load: Load;
  readonly #subject: Subject;
  readonly #rows = new Map<string, Record<string, number>>();

  constructor(lab: BenchLab, load: Load, subject: Subject) {
    this.#lab = lab;
    this.#load = load;
    this.#subject = subject;
  }

  async run(scenario: Scenario): Promise<Measured> {
    const { name, steps } = scenario;
    const { rival, pid } = this.#subject;
    const base = firstLoad(scenario);
    let before: LoopSample | undefined;
    for (const step of steps) {
      if (step === base) this.#add(name, { [BASE]: memoryOf(pid).now });
      if (step.figure === undefined) {
        await this.#load.command(step.command);
        continue;
      }
      before ??= await rival.observe?.(this.#lab);
      this.#add(step.row ?? name, await this.#measured(step));
    }
    this.#add(name, { [PEAK]: memoryOf(pid).peak });
    const after = await rival.observe?.(this.#lab);
    if (before === undefined || after === undefined) return { rows: this.#rows };
    return { rows: this.#rows, loop: loopWindow(before, after) };
  }

  #add(row: string, figures: Figures): void {
    this.#rows.set(row, { ...this.#rows.get(row), ...figures });
  }

  async #measured(step: Step): Promise<Figures> {
    if (step.command === 'dump') return this.#differences(step.figure!);
    const before = cpuSeconds(this.#subject.pid);
    const answer = await this.#load.command(step.command);
    return figuresOf(step, answer, cpuSeconds(this.#subject.pid) - before);
  }

  async #differences(figure: string): Promise<Figures> {
    const path = join(this.#lab.dir, 'received.bin');
    await this.#load.command(`dump ${path}`);
    const { rival } = this.#subject;
    if (rival.name === 'relay') return {}; // it copies: of course it differs
    const differences = compare(realTable().expected, receivedIn(readFileSync(path)));
    if (differences.length > 0) {
      console.error(`  ${rival.name} differs:\n${formatDifferences(differences)}`);
    }
    return { [figure]: differences.length };
  }
}

function figuresOf({ figure = '' }: Step, answer: LoadAnswer, cpu: number): Figures {
  const seconds = Number(answer['seconds'] ?? 0);
  if (figure === 'flap') {
    return {
      'announce p50 µs': Number(answer['announceP50']),
      'announce p99 µs': Number(answer['announceP99']),
      'withdraw p50 µs': Number(answer['withdrawP50']),
      'withdraw p99 µs': Number(answer['withdrawP99']),
      flaps: Number(answer['flaps']),
      'flap CPU s': cpu,
    };
  }
  if (figure === 'idle') return { 'idle % of a core': (cpu / seconds) * 100 };
  return {
    [`${figure} s`]: seconds,
    [`${figure} CPU s`]: cpu,
    [`${figure}${GENERATOR_CPU}`]: Number(answer['cpu']),
  };
}

interface LoadOrder {
  readonly lab: BenchLab;
  readonly rival: Rival;
  readonly scenario: Scenario;
  readonly speakers: readonly Speaker[];
}

/** The command line of `bgpload run`. */
function loadWords({ lab, rival, scenario, speakers }: LoadOrder): string[] {
  const files = scenario.real === true ? realFiles(lab) : undefined;
  const feeds = speakers.filter(({ role }) => role === 'feed');
  const crowd = speakers.map((speaker) => {
    const file = speaker.role === 'feed' ? files?.feeds[feeds.indexOf(speaker)] : undefined;
    const words = [speaker.address, speaker.as, ...(file === undefined ? [] : [file])];
    return `${speaker.role}=${words.join(',')}`;
  });
  const monitor = scenario.kernel === true ? [`monitor=${lab.daemonSide.path}`] : [];
  const options = [...(scenario.options ?? []), ...(rival.loadOptions?.(scenario) ?? [])];
  const table = files?.table ?? String(scenario.prefixes);
  return [NETWORK.daemonAddress, table, ...options, ...crowd, ...monitor];
}

let real: RealTable | undefined;

/** Read once a run: it takes some seconds. */
function realTable(): RealTable {
  const octets = (dotted: string): number[] => dotted.split('.').map(Number);
  real ??= fullTable({
    as: NETWORK.localAs,
    exporter: { as: NETWORK.localAs, nextHop: Buffer.from(octets(NETWORK.daemonAddress)) },
    addressOf: (i) => Buffer.of(10, 99, 1, i + 1).readUInt32BE(),
  });
  return real;
}

function realFiles(lab: BenchLab): RealFiles {
  return writeRealFiles(realTable(), lab.dir);
}
