/**
 * What a fabric has made, on disk while it runs, so that the next start can clear away after one
 * that was killed: namespaces by their prefix, processes by pid and start time, one directory.
 */
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { listNamespaces, Namespace, removeNamespace } from './netns.ts';
import {
  delay,
  isAlive,
  type ProcessIdentity,
  processStartTime,
  signalProcess,
} from './process.ts';
import { MissingError } from './programs.ts';

export interface FabricState {
  readonly checkout: string;
  readonly fabric: ProcessIdentity;
  readonly processes: (ProcessIdentity & { readonly name: string })[];
}

/** A fabric of this checkout is running: there can be only one. Exit status 73 (EX_CANTCREAT). */
export class RunningError extends Error {
  override readonly name = 'RunningError';
}

/** Where the fabric keeps sockets, resources, logs: /run for root, the temporary folder for others. */
export function fabricDir(id: string, outsideUid: number): string {
  if (outsideUid === 0) return join('/run/godwit', id);
  return join(tmpdir(), `godwit-${outsideUid}`, id);
}

export class StateFile {
  readonly dir: string;
  readonly #state: FabricState;

  /** Takes the directory: throws {@link RunningError} when the fabric that has it is alive. */
  constructor(dir: string, checkout: string) {
    this.dir = dir;
    const startTime = processStartTime(process.pid) ?? '';
    this.#state = { checkout, fabric: { pid: process.pid, startTime }, processes: [] };
    const old = readState(dir);
    if (old !== undefined && isAlive(old.fabric)) {
      throw new RunningError(
        `The fabric of this checkout is running already (process ${old.fabric.pid}); ` +
          `stop it with Ctrl-C there, or: kill ${old.fabric.pid}`,
      );
    }
  }

  /**
   * Removes everything an earlier run left. Returns what was found, for one line to the user; the
   * directory is empty and ours afterwards.
   */
  async clearLeftovers(prefix: string): Promise<string[]> {
    const found: string[] = [];
    for (const left of readState(this.dir)?.processes ?? []) {
      if (await endProcess(left)) found.push(`process ${left.pid} (${left.name})`);
    }
    for (const name of await listNamespaces(prefix)) {
      await removeNamespace(new Namespace(name));
      found.push(`namespace ${name}`);
    }
    rmSync(this.dir, { recursive: true, force: true });
    makeOwnFolder(dirname(this.dir));
    mkdirSync(this.dir, { recursive: true });
    this.#write();
    return found;
  }

  /** To be called as soon as a process runs: what is not recorded is not cleaned. */
  recordProcess(process: ProcessIdentity & { readonly name: string }): void {
    const { pid, startTime, name } = process;
    this.#state.processes.push({ pid, startTime, name });
    this.#write();
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
    try {
      rmdirSync(dirname(this.dir));
    } catch (error) {
      // ENOTEMPTY: the fabric of another checkout, or a daemon of the machine's own, lives there.
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    }
  }

  #write(): void {
    const path = statePath(this.dir);
    // Renamed into place: a kill in the middle of the write must not cost the record.
    writeFileSync(`${path}.new`, `${JSON.stringify(this.#state, undefined, 2)}\n`);
    renameSync(`${path}.new`, path);
  }
}

/** The folder above ours has a known name in a place where others may write: it must be our own. */
function makeOwnFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const found = lstatSync(folder);
  if (found.isDirectory() && found.uid === process.getuid?.()) return;
  throw new MissingError(`${folder} belongs to somebody else; have it removed`);
}

async function endProcess(identity: ProcessIdentity): Promise<boolean> {
  if (!signalProcess(identity, 'SIGTERM')) return false;
  for (let waited = 0; waited < LEFTOVER_GRACE_MS; waited += 50) {
    if (!isAlive(identity)) return true;
    await delay(50);
  }
  signalProcess(identity, 'SIGKILL');
  return true;
}

function readState(dir: string): FabricState | undefined {
  let text: string;
  try {
    text = readFileSync(statePath(dir), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as FabricState;
  } catch {
    return undefined; // cut short by a machine that died: the namespaces are found by their prefix
  }
}

function statePath(dir: string): string {
  return join(dir, 'state.json');
}

/** A daemon that does not end on SIGTERM within this time is killed. */
const LEFTOVER_GRACE_MS = 2_000;
