/**
 * The state directory: the last good snapshot, for a boot at which the datastore is away.
 *
 * Mode 0700, files 0600 (the snapshot may hold passwords); written beside and renamed, so that a crash leaves the
 * old file or the new one, never half of one. Ages are by wall clock: the monotonic one does not survive a boot.
 */

import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { SystemError } from '../base/errors.ts';
import { type Millis, millis } from '../base/units.ts';
import type { LastGood } from '../datastore/good-resource.ts';

const SNAPSHOT = 'last-good.json';

interface StoredSnapshot {
  readonly node: string;
  readonly savedAt: string;
  readonly lastGood: LastGood;
}

export interface LoadedSnapshot {
  readonly lastGood: LastGood;
  readonly savedAt: Date;
  readonly ageMs: Millis;
}

export class StateDir {
  readonly path: string;
  readonly #node: string;
  /** Saves follow each other; the newest that waits replaces those that were not begun. */
  #saving: Promise<void> = Promise.resolve();
  #waiting: LastGood | undefined;

  constructor(path: string, node: string) {
    this.path = path;
    this.#node = node;
  }

  /** Makes the directory, or narrows its mode. */
  async prepare(): Promise<SystemError | undefined> {
    try {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
      await chmod(this.path, 0o700);
      return undefined;
    } catch (error) {
      return systemError('mkdir', error, this.path);
    }
  }

  /** Undefined when there is none, it is another node's, or it is not one of ours. */
  async load(now: Date): Promise<LoadedSnapshot | undefined> {
    let text: string;
    try {
      text = await readFile(join(this.path, SNAPSHOT), 'utf8');
    } catch {
      return undefined; // a first start; what else is wrong shows when it is written
    }
    const stored = parseStored(text);
    if (stored === undefined || stored.node !== this.#node) return undefined;
    const savedAt = new Date(stored.savedAt);
    const ageMs = millis(Math.max(0, now.getTime() - savedAt.getTime()));
    return { lastGood: stored.lastGood, savedAt, ageMs };
  }

  /** Writes `lastGood`; the error is a value, since routing goes on without. */
  async save(lastGood: LastGood, now: Date): Promise<SystemError | undefined> {
    this.#waiting = lastGood;
    await this.#saving;
    if (this.#waiting !== lastGood) return undefined; // a newer one has been written or waits
    this.#waiting = undefined;
    const stored: StoredSnapshot = { node: this.#node, savedAt: now.toISOString(), lastGood };
    const writing = writeAtomically(join(this.path, SNAPSHOT), JSON.stringify(stored));
    this.#saving = writing.then(nothing, nothing);
    try {
      await writing;
      return undefined;
    } catch (error) {
      return systemError('rename', error, join(this.path, SNAPSHOT));
    }
  }
}

/** Content reaches the disk before the name does. */
async function writeAtomically(path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
}

function parseStored(text: string): StoredSnapshot | undefined {
  try {
    const value = JSON.parse(text) as StoredSnapshot;
    const { lastGood } = value;
    const usable =
      lastGood?.format === 1 &&
      Array.isArray(lastGood.resources) &&
      !Number.isNaN(Date.parse(value.savedAt));
    return usable ? value : undefined;
  } catch {
    return undefined; // not JSON: as good as none
  }
}

function nothing(): undefined {
  return undefined;
}

function systemError(call: string, error: unknown, detail: string): SystemError {
  const errno = (error as NodeJS.ErrnoException).code ?? 'EIO';
  return { kind: 'SystemError', call, errno, detail };
}
