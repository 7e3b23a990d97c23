/**
 * The place of one run: two namespaces on one wire, a scratch folder, the daemon in one namespace and the load
 * generator in the other. Nothing of it outlives the run.
 */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cacheDir } from '../tools/cache-dir.ts';
import { addNamespace, type Namespace, removeNamespace } from '../tools/fabric/netns.ts';
import {
  logTail,
  type Running,
  runOk,
  startProcess,
  stopProcess,
} from '../tools/fabric/process.ts';
import { NETWORK, type Speaker } from './scenarios.ts';

const LOAD_SOURCES = join(import.meta.dirname, 'load');

/** Compiles bgpload when it is missing or older than its sources; returns its path. */
export async function buildLoad(): Promise<string> {
  const sources = readdirSync(LOAD_SOURCES).map((name) => join(LOAD_SOURCES, name));
  const binary = join(cacheDir('bench'), 'bgpload');
  const built = statSync(binary, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (sources.every((source) => statSync(source).mtimeMs < built)) return binary;
  const units = sources.filter((source) => source.endsWith('.c'));
  const compiler = process.env['CC'] ?? 'cc';
  await runOk([compiler, '-O2', '-std=gnu11', '-Wall', '-Wextra', '-o', binary, ...units]);
  return binary;
}

export class BenchLab {
  readonly daemonSide: Namespace;
  readonly loadSide: Namespace;
  readonly dir: string;
  #running: Running | undefined;
  #destroyed: Promise<void> | undefined;

  private constructor(daemonSide: Namespace, loadSide: Namespace) {
    this.daemonSide = daemonSide;
    this.loadSide = loadSide;
    this.dir = mkdtempSync(join(tmpdir(), 'godwit-bench-'));
  }

  /** @param interfaces  More of them for the daemon's machine to look at; in pairs. */
  static async make(speakers: readonly Speaker[], interfaces = 0): Promise<BenchLab> {
    const prefix = `gb-${randomBytes(3).toString('hex')}`;
    const lab = new BenchLab(await addNamespace(`${prefix}-d`), await addNamespace(`${prefix}-l`));
    const { daemonSide, loadSide } = lab;
    const wire = ['link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0'];
    await daemonSide.ip(...wire, 'netns', loadSide.name);
    const { daemonAddress, prefixLength } = NETWORK;
    await daemonSide.batch([
      `address add ${daemonAddress}/${prefixLength} dev eth0`,
      'link set eth0 up',
    ]);
    await loadSide.batch([
      ...speakers.map(({ address }) => `address add ${address}/${prefixLength} dev eth0`),
      'link set eth0 up',
    ]);
    const pairs = Array.from({ length: interfaces / 2 }, (_, i) => i);
    await daemonSide.batch(
      pairs.flatMap((i) => [
        `link add more${i} type veth peer name ends${i}`,
        `link set more${i} up`,
        `link set ends${i} up`,
      ]),
    );
    return lab;
  }

  /** Starts the daemon under test and waits until it listens on port 179. */
  async startDaemon(name: string, argv: readonly string[]): Promise<Running> {
    const logPath = join(this.dir, `${name}.log`);
    const running = await startProcess({ name, argv: this.daemonSide.enter(argv), logPath });
    this.#running = running;
    const deadline = performance.now() + LISTEN_TIMEOUT_MS;
    for (;;) {
      if (running.ended !== undefined)
        throw new Error(`${name} ended: ${logTail(logPath, LOG_LINES)}`);
      const listening = await this.daemonSide.run(['ss', '-Hltn', 'sport', '=', ':179']);
      if (listening.stdout.includes(':179')) return running;
      if (performance.now() > deadline)
        throw new Error(`${name} does not listen: ${logTail(logPath, LOG_LINES)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends everything, once, however often it is asked for. */
  destroy(): Promise<void> {
    this.#destroyed ??= this.#tearDown();
    return this.#destroyed;
  }

  async #tearDown(): Promise<void> {
    if (this.#running !== undefined) await stopProcess(this.#running);
    await removeNamespace(this.daemonSide);
    await removeNamespace(this.loadSide);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** What bgpload answers to a command. */
export type LoadAnswer = Readonly<Record<string, number | string>>;

/** The running load generator: one command, one answer. */
export class Load {
  readonly #child: ReturnType<typeof spawn>;
  readonly #lines: AsyncIterator<string>;
  #complaint = '';

  private constructor(child: ReturnType<typeof spawn>) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    child.stderr!.on('data', (chunk: Buffer) => {
      this.#complaint += chunk.toString('utf8');
    });
    // A write to a generator that has given up fails here; its complaint is what counts.
    child.stdin!.on('error', () => undefined);
  }

  /** `words`: what follows `bgpload run`. */
  static async start(
    binary: string,
    namespace: Namespace,
    words: readonly string[],
  ): Promise<Load> {
    const [file, ...args] = namespace.enter([binary, 'run', ...words]);
    const load = new Load(spawn(file!, args, { stdio: 'pipe' }));
    await load.#answer('its start');
    return load;
  }

  async command(line: string): Promise<LoadAnswer> {
    this.#child.stdin!.write(`${line}\n`);
    return this.#answer(line);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }

  async #answer(line: string): Promise<LoadAnswer> {
    const next = await this.#lines.next();
    if (next.done === true)
      throw new Error(`bgpload gave up in "${line}": ${this.#complaint.trim()}`);
    return JSON.parse(next.value) as LoadAnswer;
  }
}

/** Lines of a log that a failure shows. */
const LOG_LINES = 6;
/** Milliseconds; a daemon that starts from files needs far less. */
const LISTEN_TIMEOUT_MS = 20_000;
