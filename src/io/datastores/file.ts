/**
 * The `file` datastore: a directory of YAML, read whole after every change and delivered as one snapshot.
 *
 * Follows the directory by inotify (`fs.watch`: no dependency, and one directory needs no more) and, since not every
 * mount reports changes, by a slow look at names, sizes and times. A directory that vanished, cannot be read or
 * suddenly holds nothing is *lost*, never *everything deleted*.
 */

import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigError } from '../../base/errors.ts';
import type { BrokenFile, RawDocument, RawSnapshot } from '../../datastore/documents.ts';
import { parseYamlFile } from '../yaml-documents.ts';

/** Largest file read: a thousand resources; more is not configuration. */
export const RESOURCE_FILE_OCTETS_MAX = 4 * 1024 * 1024;

/** Most files in the directory: bounds the time and memory of one reading. */
const RESOURCE_FILES_MAX = 4096;

/** Editors write a file in several steps; reading starts this long after the last of them. */
const SETTLE_MS = 60;

/** A directory that never falls silent is read nevertheless. */
const SETTLE_MAX_MS = 300;

/** Looks for changes that inotify did not tell, and for a directory that is away. */
const POLL_MS = 1000;

const EXTENSIONS = ['.yaml', '.yml', '.json'];

export interface FileDatastoreListener {
  onSnapshot(snapshot: RawSnapshot): void;
  /** Said once per loss and again when the reason changes; the next snapshot says that it is back. */
  onLost(reason: string): void;
}

export class FileDatastore {
  readonly #directory: string;
  readonly #listener: FileDatastoreListener;
  #watcher: FSWatcher | undefined;
  #settle: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  /** When the oldest change that is not read yet was noticed. */
  #changedAt: number | undefined;
  #reading = false;
  /** The reading that runs, or the last one. */
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  #signature = '';
  #delivered = false;
  #lostBecause: string | undefined;

  constructor(directory: string, listener: FileDatastoreListener) {
    this.#directory = directory;
    this.#listener = listener;
  }

  /** Reads at once and then follows; resolves after the first snapshot or loss was delivered. */
  async start(): Promise<void> {
    this.#follow();
    await this.#read();
    this.#poll = setInterval(() => void this.#look(), POLL_MS);
    this.#poll.unref();
  }

  /** Reads without waiting for a change or for edits to settle; resolves after what was found is delivered. */
  async readNow(): Promise<void> {
    // A reading that runs may have begun before what the caller wants to see.
    while (this.#reading) await this.#running;
    clearTimeout(this.#settle);
    await this.#read();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#settle);
    clearInterval(this.#poll);
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #follow(): void {
    if (this.#watcher !== undefined || this.#stopped) return;
    try {
      const watcher = watch(this.#directory, { persistent: false });
      watcher.on('change', () => this.#onChange());
      // The directory itself went away, or inotify is exhausted: the slow look goes on and tries again.
      watcher.on('error', () => this.#unfollow());
      this.#watcher = watcher;
    } catch {
      // Not there, or not allowed: `#read` says why, and `#look` comes back here.
      this.#watcher = undefined;
    }
  }

  #unfollow(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #onChange(): void {
    const now = performance.now();
    this.#changedAt ??= now;
    const wait = Math.min(SETTLE_MS, Math.max(0, this.#changedAt + SETTLE_MAX_MS - now));
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => void this.#read(), wait);
  }

  /** The slow look: reads only when names, sizes or times differ. */
  async #look(): Promise<void> {
    if (this.#reading || this.#changedAt !== undefined) return;
    const listed = await listFiles(this.#directory);
    const signature = 'error' in listed ? listed.error : listed.signature;
    if (signature !== this.#signature) this.#onChange();
  }

  async #read(): Promise<void> {
    if (this.#stopped) return;
    if (this.#reading) return this.#onChange(); // one reading at a time; come again
    this.#reading = true;
    this.#running = this.#readAll();
    await this.#running;
  }

  async #readAll(): Promise<void> {
    this.#changedAt = undefined;
    try {
      const listed = await listFiles(this.#directory);
      this.#signature = 'error' in listed ? listed.error : listed.signature;
      if ('error' in listed) {
        this.#unfollow(); // a new directory of this name has another inode
        this.#lose(listed.error);
      } else {
        this.#follow();
        this.#deliver(await readSnapshot(this.#directory, listed));
      }
    } finally {
      this.#reading = false;
    }
  }

  #deliver(snapshot: RawSnapshot): void {
    if (this.#stopped) return;
    if (snapshot.documents.length === 0 && this.#holdsNothing(snapshot)) return;
    this.#delivered = true;
    this.#lostBecause = undefined;
    this.#listener.onSnapshot(snapshot);
  }

  /** Empty is lost; only files that are all broken still are a snapshot, in which nothing is deleted. */
  #holdsNothing(snapshot: RawSnapshot): boolean {
    if (snapshot.broken.length > 0) return false;
    const suddenly = this.#delivered ? ' any more' : '';
    this.#lose(`${this.#directory} holds no resources${suddenly}`);
    return true;
  }

  #lose(reason: string): void {
    if (this.#stopped || reason === this.#lostBecause) return;
    this.#lostBecause = reason;
    this.#listener.onLost(reason);
  }
}

interface Listed {
  /** Names within the limits, sorted. */
  readonly names: readonly string[];
  readonly broken: readonly BrokenFile[];
  readonly signature: string;
}

/** One reading of `directory`, for `--check`: the snapshot, or why there is none. */
export async function readDirectoryOnce(
  directory: string,
): Promise<RawSnapshot | { readonly error: string }> {
  const listed = await listFiles(directory);
  return 'error' in listed ? listed : readSnapshot(directory, listed);
}

async function listFiles(directory: string): Promise<Listed | { readonly error: string }> {
  let entries: string[];
  try {
    entries = await readdir(directory);
  } catch (error) {
    return { error: `${directory} cannot be read: ${errnoOf(error)}` };
  }
  const names = entries.filter(isResourceFile).sort();
  const broken: BrokenFile[] = [];
  const kept: string[] = [];
  const marks: string[] = [];
  for (const name of names) {
    const file = join(directory, name);
    if (kept.length === RESOURCE_FILES_MAX) {
      broken.push(unusable(file, `More than ${RESOURCE_FILES_MAX} files`));
      continue;
    }
    try {
      const { size, mtimeMs, ino } = await stat(file);
      marks.push(`${name} ${size} ${mtimeMs} ${ino}`);
      if (size > RESOURCE_FILE_OCTETS_MAX) {
        broken.push(unusable(file, `Larger than ${RESOURCE_FILE_OCTETS_MAX} octets`));
      } else {
        kept.push(name);
      }
    } catch (error) {
      // Deleted since it was listed: gone. A link to nothing, or no permission: cannot be read.
      marks.push(`${name} ${errnoOf(error)}`);
      broken.push(unusable(file, `Cannot be read: ${errnoOf(error)}`));
    }
  }
  return { names: kept, broken, signature: marks.join('\n') };
}

/** Hidden files are editors' swap files and the halves of an atomic save. */
function isResourceFile(name: string): boolean {
  return !name.startsWith('.') && EXTENSIONS.some((extension) => name.endsWith(extension));
}

async function readSnapshot(directory: string, listed: Listed): Promise<RawSnapshot> {
  const documents: RawDocument[] = [];
  const broken: BrokenFile[] = [...listed.broken];
  for (const name of listed.names) {
    const file = join(directory, name);
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      broken.push(unusable(file, `Cannot be read: ${errnoOf(error)}`));
      continue;
    }
    if (text.trim() === '') {
      broken.push(emptyFile(file));
      continue;
    }
    const parsed = parseYamlFile(file, text);
    if (parsed.ok) documents.push(...parsed.documents);
    else broken.push({ file, error: parsed.error });
  }
  return { documents, broken };
}

function unusable(file: string, message: string): BrokenFile {
  const error: ConfigError = {
    kind: 'ConfigError',
    severity: 'error',
    code: 'UnreadableFile',
    file,
    message,
  };
  return { file, error };
}

/** What an editor leaves for a moment, and a full disk for good. */
function emptyFile(file: string): BrokenFile {
  const error: ConfigError = {
    kind: 'ConfigError',
    severity: 'warning',
    code: 'EmptyFile',
    file,
    message: 'The file is empty: the resources it held stay in force',
    remedy: 'Delete the file to delete them',
  };
  return { file, error };
}

function errnoOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'it does not exist (ENOENT)';
  if (code === 'EACCES') return 'permission denied (EACCES)';
  if (code === 'ENOTDIR') return 'it is no directory (ENOTDIR)';
  return code ?? String(error);
}
