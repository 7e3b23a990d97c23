/**
 * Child processes of the fabric and of the system tests: run to the end, or keep and stop.
 *
 * Invariant: a process is only ever signalled when its pid still belongs to the process that was
 * started, which the kernel's start time of the pid proves; names are never used.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface RunOptions {
  /** Text written to the program's standard input. */
  readonly input?: string;
  /** The program is killed after this long; the result then has `timedOut`. */
  readonly timeoutMs?: number;
  readonly env?: NodeJS.ProcessEnv;
}

export interface RunResult {
  /** Exit status; 128 + signal number is not used: `undefined` when a signal ended the program. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** A program that could not be started, or that failed where success was needed. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly argv: readonly string[];
  readonly result: RunResult | undefined;

  constructor(argv: readonly string[], detail: string, result?: RunResult) {
    super(`\`${argv.join(' ')}\` failed: ${detail}`);
    this.argv = argv;
    this.result = result;
  }
}

/** Runs `argv` and collects what it says. Rejects only when it cannot be started at all. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [file, ...args] = argv;
  if (file === undefined) throw new TypeError('run() needs a program name');
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: 'pipe', env: options.env ?? process.env });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.timeoutMs ?? RUN_TIMEOUT_MS);
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', (cause) => {
      clearTimeout(timer);
      reject(new CommandError(argv, cause.message));
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      const stdout = Buffer.concat(out).toString('utf8');
      const stderr = Buffer.concat(err).toString('utf8');
      resolve({ code: code ?? undefined, stdout, stderr, timedOut });
    });
    // A program that exits without reading its input is no fault of ours: EPIPE is expected then.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** Like {@link run}, but an exit status other than 0 is a {@link CommandError}. */
export async function runOk(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(argv, options);
  if (result.code === 0) return result.stdout;
  const said = (result.stderr.trim() || result.stdout.trim() || 'it said nothing').slice(0, 2_000);
  const how = result.timedOut ? 'timed out' : `exit status ${result.code ?? 'none (signal)'}`;
  throw new CommandError(argv, `${how}: ${said}`, result);
}

export interface StartOptions {
  readonly name: string;
  readonly argv: readonly string[];
  /** File that receives what the program prints; appended to. */
  readonly logPath: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A program that keeps running until it is stopped. */
export interface Running {
  readonly name: string;
  readonly pid: number;
  /** Clock ticks since boot, as /proc/PID/stat has it: with the pid it names one process for good. */
  readonly startTime: string;
  readonly logPath: string;
  /** Settles when the program has ended: its exit status, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** What `exited` will say, once known. */
  ended: number | string | undefined;
}

/** Starts a program in a process group of its own, so that Ctrl-C reaches only the fabric itself. */
export async function startProcess(options: StartOptions): Promise<Running> {
  const [file, ...args] = options.argv;
  if (file === undefined) throw new TypeError('startProcess() needs a program name');
  const log = openSync(options.logPath, 'a');
  const stdio: ['ignore', number, number] = ['ignore', log, log];
  const child = spawn(file, args, { stdio, detached: true, env: options.env ?? process.env });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new CommandError(options.argv, cause.message)));
  });
  const pid = child.pid ?? 0;
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  const { name, logPath } = options;
  const startTime = processStartTime(pid) ?? '';
  const running: Running = { name, pid, startTime, logPath, exited, ended: undefined };
  void exited.then((how) => {
    running.ended = how;
  });
  return running;
}

/** Ends a program: `signal` first, SIGKILL after `graceMs`. Returns how it ended. */
export async function stopProcess(
  running: Running,
  { signal = 'SIGTERM', graceMs = 3_000 }: { signal?: NodeJS.Signals; graceMs?: number } = {},
): Promise<number | string> {
  if (running.ended !== undefined) return running.ended;
  signalProcess(running, signal);
  const timer = setTimeout(() => signalProcess(running, 'SIGKILL'), graceMs);
  const how = await running.exited;
  clearTimeout(timer);
  return how;
}

export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
}

/** Sends `signal` when the pid is still that process; says whether it was. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    // ESRCH: it ended between the look and the signal, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Whether exactly this process (not another with its number) runs and is no zombie. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identity.startTime !== '' && processStartTime(identity.pid) === identity.startTime;
}

/** Start time of `pid` in clock ticks since boot; `undefined` when there is no such process. */
export function processStartTime(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // ENOENT or ESRCH: no such process, which is the answer
  }
  // The second field is the program's name in parentheses and may hold anything, also ")".
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

/** The last lines of a log, for messages about a program that failed. */
export function logTail(logPath: string, lines = 12): string {
  try {
    return readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch (error) {
    return `(no log: ${(error as Error).message})`;
  }
}

/** Resolves after `ms`. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Nothing that is waited for here takes longer; a hung tool must not hang the fabric. */
const RUN_TIMEOUT_MS = 30_000;
