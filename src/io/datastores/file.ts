/**
 * The `file` datastore: a directory of YAML, read whole after every change and delivered as one snapshot.
 *
 * Follows the directory by inotify (`fs.watch`: no dependency, and one directory needs no more) and, since not every
 * mount reports changes, by a slow look at names, sizes and times. A directory that vanished, cannot be read or
 * suddenly holds nothing is *lost*, never *everything deleted*.
 */

import { type Dirent, type FSWatcher, watch } from 'node:fs';
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigError } from '../../base/errors.ts';
import type { BrokenFile, RawDocument, RawSnapshot } from '../../datastore/documents.ts';
import { errnoOf, FileCache, type ListedFile } from './file-cache.ts';
import type { DatastoreListener } from './listener.ts';

/** Largest file read: a thousand resources; more is not configuration. */
export const RESOURCE_FILE_OCTETS_MAX = 4 * 1024 * 1024;

/** Most files in the directory: bounds the time and memory of one reading. */
const RESOURCE_FILES_MAX = 4096;

/** Editors write a file in several steps; reading starts this long after the last of them. */
const SETTLE_MS = 60;

/** A directory that never falls silent is read nevertheless. */
const SETTLE_MAX_MS = 300;

/** Looks for changes that inotify does not tell, and for a directory that is away. */
const POLL_MS = 1000;

/**
 * The same where inotify tells all: a local file system, no links. Only for what nobody expects, e.g. a parent that is
 * renamed; once a second it would be two thirds of what an idle daemon costs.
 */
const POLL_RARE_MS = 15_000;

/** File systems on which every change is one of this machine's: ext, xfs, btrfs, tmpfs, overlay, f2fs, zfs. */
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0xf2f52010, 0x2fc12fc1,
]);

const EXTENSIONS = ['.yaml', '.yml', '.json'];

export class FileDatastore {
  readonly #directory: string;
  readonly #listener: DatastoreListener;
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
  /** Inotify tells of every change. */
  #told = false;
  /** The directory that the last reading found under the name. */
  #watched = '';
  readonly #cache = new FileCache();

  constructor(directory: string, listener: DatastoreListener) {
    this.#directory = directory;
    this.#listener = listener;
  }

  /** Reads at once and then follows; resolves after the first snapshot or loss was delivered. */
  async start(): Promise<void> {
    this.#follow();
    await this.#read();
    this.#lookLater();
  }

  /** Whether only a rare look is taken beside inotify. */
  get trustsInotify(): boolean {
    return this.#told && this.#watcher !== undefined && this.#lostBecause === undefined;
  }

  #lookLater(): void {
    if (this.#stopped) return;
    clearTimeout(this.#poll);
    const wait = this.trustsInotify ? POLL_RARE_MS : POLL_MS;
    this.#poll = setTimeout(() => void this.#look(), wait).unref();
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
    clearTimeout(this.#poll);
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
    this.#lookLater();
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
    if (!this.#reading && this.#changedAt === undefined) {
      const listed = await listFiles(this.#directory);
      const signature = 'error' in listed ? listed.error : listed.signature;
      if (signature !== this.#signature) this.#onChange();
    }
    this.#lookLater();
  }

  async #read(): Promise<void> {
    if (this.#stopped) return;
    if (this.#reading) return this.#onChange(); // one reading at a time; come again
    this.#reading = true;
    this.#running = this.#readAll();
    await this.#running;
  }

  async #readAll(): Promise<void> {
    const seenAt = this.#changedAt;
    this.#changedAt = undefined;
    try {
      const listed = await listFiles(this.#directory);
      this.#signature = 'error' in listed ? listed.error : listed.signature;
      if ('error' in listed) {
        this.#unfollow(); // a new directory of this name has another inode
        this.#lose(listed.error);
      } else {
        // A directory made anew under the same name is another one, and the old one never says a word again.
        if (listed.identity !== this.#watched) this.#unfollow();
        this.#watched = listed.identity;
        this.#follow();
        this.#told = !listed.hasLinks && (await isLocal(this.#directory));
        this.#lookLater();
        this.#deliver(await readSnapshot(listed, this.#cache), seenAt);
      }
    } finally {
      this.#reading = false;
    }
  }

  #deliver(snapshot: RawSnapshot, seenAt: number | undefined): void {
    if (this.#stopped) return;
    if (snapshot.documents.length === 0 && this.#holdsNothing(snapshot)) return;
    this.#delivered = true;
    this.#lostBecause = undefined;
    this.#listener.onSnapshot(snapshot, seenAt);
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
  /** Within the limits, sorted by name. */
  readonly files: readonly ListedFile[];
  readonly broken: readonly BrokenFile[];
  readonly signature: string;
  /** Some file is a link: inotify does not follow it. */
  readonly hasLinks: boolean;
  /** Of the directory: its number alone may be given to another one at once. */
  readonly identity: string;
}

async function isLocal(directory: string): Promise<boolean> {
  try {
    const { type } = await statfs(directory);
    return LOCAL_FILE_SYSTEMS.has(type);
  } catch {
    return false; // gone meanwhile: the look each second finds out
  }
}

/** One reading of `directory`, for `--check`: the snapshot, or why there is none. */
export async function readDirectoryOnce(
  directory: string,
): Promise<RawSnapshot | { readonly error: string }> {
  const listed = await listFiles(directory);
  return 'error' in listed ? listed : readSnapshot(listed, new FileCache());
}

async function listFiles(directory: string): Promise<Listed | { readonly error: string }> {
  let entries: Dirent[];
  let identity: string;
  try {
    const { dev, ino, birthtimeMs } = await stat(directory);
    identity = `${dev} ${ino} ${birthtimeMs}`;
    entries = await readdir(directory, { withFileTypes: true });
  } catch (error) {
    return { error: `${directory} cannot be read: ${errnoOf(error)}` };
  }
  const resources = entries.filter(({ name }) => isResourceFile(name));
  const names = resources.map(({ name }) => name).sort();
  const hasLinks = resources.some((entry) => !entry.isFile());
  const broken: BrokenFile[] = [];
  const kept: ListedFile[] = [];
  const marks: string[] = [];
  for (const name of names) {
    const file = join(directory, name);
    if (kept.length === RESOURCE_FILES_MAX) {
      broken.push(unusable(file, `More than ${RESOURCE_FILES_MAX} files`));
      continue;
    }
    try {
      const { size, mtimeMs, ctimeMs, ino } = await stat(file);
      const mark = `${size} ${mtimeMs} ${ctimeMs} ${ino}`;
      marks.push(`${name} ${mark}`);
      if (size > RESOURCE_FILE_OCTETS_MAX) {
        broken.push(unusable(file, `Larger than ${RESOURCE_FILE_OCTETS_MAX} octets`));
      } else {
        kept.push({ path: file, mark, changedMs: Math.max(mtimeMs, ctimeMs) });
      }
    } catch (error) {
      // Deleted since it was listed: gone. A link to nothing, or no permission: cannot be read.
      marks.push(`${name} ${errnoOf(error)}`);
      broken.push(unusable(file, `Cannot be read: ${errnoOf(error)}`));
    }
  }
  return { files: kept, broken, signature: [identity, ...marks].join('\n'), hasLinks, identity };
}

/** Hidden files are editors' swap files and the halves of an atomic save. */
function isResourceFile(name: string): boolean {
  return !name.startsWith('.') && EXTENSIONS.some((extension) => name.endsWith(extension));
}

async function readSnapshot(listed: Listed, cache: FileCache): Promise<RawSnapshot> {
  const documents: RawDocument[] = [];
  const broken: BrokenFile[] = [...listed.broken];
  for (const file of listed.files) {
    const parsed = await cache.read(file);
    if ('errno' in parsed) broken.push(unusable(file.path, `Cannot be read: ${parsed.errno}`));
    else if ('empty' in parsed) broken.push(emptyFile(file.path));
    else if (parsed.ok) documents.push(...parsed.documents);
    else broken.push({ file: file.path, error: parsed.error });
  }
  cache.keepOnly(listed.files);
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
