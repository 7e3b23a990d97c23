/**
 * Network namespaces: made with iproute2, entered with nsenter (which, unlike `ip netns exec`,
 * leaves mounts alone and keeps the pid of the program it becomes).
 *
 * Invariant: every namespace of a fabric or of a test carries that fabric's prefix, so that
 * removing "ours" can never touch another's.
 */
import { existsSync } from 'node:fs';
import { CommandError, type RunOptions, type RunResult, run, runOk } from './process.ts';

/** Where iproute2 keeps the handles of named namespaces. */
const NETNS_DIR = '/run/netns';

export class Namespace {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  get path(): string {
    return `${NETNS_DIR}/${this.name}`;
  }

  /** The command line that runs `argv` inside this namespace; the pid stays that of the program. */
  enter(argv: readonly string[]): string[] {
    return ['nsenter', `--net=${this.path}`, '--', ...argv];
  }

  run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return run(this.enter(argv), options);
  }

  runOk(argv: readonly string[], options: RunOptions = {}): Promise<string> {
    return runOk(this.enter(argv), options);
  }

  /** `ip ARGS…` in this namespace; fails loudly. */
  ip(...args: string[]): Promise<string> {
    return runOk(['ip', '-n', this.name, ...args]);
  }

  /** `ip -j ARGS…` in this namespace, parsed; an empty answer is an empty list. */
  async ipJson<T>(...args: string[]): Promise<T[]> {
    const text = (await this.ip('-j', ...args)).trim();
    return text === '' ? [] : (JSON.parse(text) as T[]).filter((row) => !isEmptyObject(row));
  }

  /** Runs lines of `ip` (without the word `ip`) as one batch; the error names the line. */
  async batch(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    const argv = ['ip', '-n', this.name, '-batch', '-'];
    const result = await run(argv, { input: `${lines.join('\n')}\n` });
    if (result.code === 0) return;
    const at = /Command failed -:(\d+)/.exec(result.stderr)?.[1];
    const line = at === undefined ? '' : ` in line "${lines[Number(at) - 1] ?? '?'}"`;
    throw new CommandError(argv, `${result.stderr.trim()}${line}`, result);
  }

  /** Sets kernel parameters of this namespace: `{'net.ipv4.ip_forward': '1'}`. */
  async sysctl(values: Readonly<Record<string, string>>): Promise<void> {
    const script = Object.entries(values)
      .map(([key, value]) => `printf %s ${value} > /proc/sys/${key.replaceAll('.', '/')}`)
      .join(' && ');
    await this.runOk(['sh', '-c', script]);
  }

  /** Processes that run inside, whoever started them. */
  async pids(): Promise<number[]> {
    const text = await runOk(['ip', 'netns', 'pids', this.name]);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
  }

  exists(): boolean {
    return existsSync(this.path);
  }
}

export async function addNamespace(name: string): Promise<Namespace> {
  await runOk(['ip', 'netns', 'add', name]);
  const namespace = new Namespace(name);
  await namespace.ip('link', 'set', 'lo', 'up');
  return namespace;
}

/** Ends what still runs inside, then removes the namespace; one that is gone already is fine. */
export async function removeNamespace(namespace: Namespace): Promise<void> {
  if (!namespace.exists()) return;
  for (const pid of await namespace.pids()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // ended by itself
    }
  }
  await runOk(['ip', 'netns', 'delete', namespace.name]);
}

/** Names of all namespaces that start with `prefix`. */
export async function listNamespaces(prefix: string): Promise<string[]> {
  const text = await runOk(['ip', 'netns', 'list']);
  return text
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name.startsWith(prefix));
}

/** One route as `ip -j route` prints it; `dst` "default" for the zero-length prefix. */
export interface IpRoute {
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly via?: { readonly family: string; readonly host: string };
  readonly dev?: string;
  readonly protocol?: string;
  readonly metric?: number;
  readonly flags?: readonly string[];
  readonly nexthops?: readonly IpNexthop[];
}

export interface IpNexthop {
  readonly gateway?: string;
  readonly dev: string;
  readonly weight: number;
  readonly flags: readonly string[];
}

/** Routes of one family whose protocol is 12 (`bird` to iproute2), sorted as the kernel has them. */
export function birdRoutes(namespace: Namespace, family: 4 | 6): Promise<IpRoute[]> {
  // By number: whether iproute2 knows the name depends on its rt_protos file.
  return namespace.ipJson<IpRoute>(`-${family}`, 'route', 'show', 'proto', '12');
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
