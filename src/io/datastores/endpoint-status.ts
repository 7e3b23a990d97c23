/**
 * Felix's directory `endpoint-status`: one JSON file a workload endpoint, of which some ask for a BGP session. Each file
 * becomes a LocalWorkload document beside those of the datastore (`datastore/kinds/local-workload.ts`).
 *
 * Follows the directory by inotify and looks every half minute besides. A directory that is not there holds nothing:
 * without Felix there are no such sessions. A file that is half written is read again soon, and keeps its last good
 * version meanwhile like any resource.
 */

import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BrokenFile,
  plainDocument,
  type RawDocument,
  type RawSnapshot,
} from '../../datastore/documents.ts';
import { errnoOf } from './file-cache.ts';
import type { DatastoreListener } from './listener.ts';

/** Felix writes a file in a few steps, and several files at once. */
const SETTLE_MS = 50;
/** For what inotify does not tell, and a directory that is not there yet (calico model 2.6). */
const POLL_MS = 30_000;
/** Endpoints of one node: Kubernetes allows some hundred pods. */
const FILES_MAX = 4096;

interface KnownFile {
  readonly text: string;
  readonly document: RawDocument | BrokenFile;
}

export class EndpointStatus {
  readonly #directory: string;
  readonly #listener: DatastoreListener;
  #watcher: FSWatcher | undefined;
  #settle: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  #own: RawSnapshot = { documents: [], broken: [] };
  /** By file, with the text that it was made of: what has not changed is the same object. */
  #known = new Map<string, KnownFile>();
  #datastore: RawSnapshot | undefined;

  /** @param listener  Told of both: snapshots of the datastore come by way of {@link around}. */
  constructor(directory: string, listener: DatastoreListener) {
    this.#directory = directory;
    this.#listener = listener;
  }

  /** What the datastore is to tell instead of the listener: each of its snapshots gets the workloads added. */
  around(): DatastoreListener {
    return {
      onSnapshot: (snapshot, seenAt) => {
        this.#datastore = snapshot;
        this.#tell(seenAt);
      },
      onLost: (reason) => {
        this.#datastore = undefined;
        this.#listener.onLost(reason);
      },
    };
  }

  /** Resolves after the first look: nothing is planned before it (calico model 2.6). */
  async start(): Promise<void> {
    await this.#read();
    this.#lookLater();
  }

  stop(): void {
    clearTimeout(this.#settle);
    clearTimeout(this.#poll);
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #lookLater(): void {
    this.#poll = setTimeout(() => {
      void this.#read().then(() => this.#lookLater());
    }, POLL_MS).unref();
  }

  #follow(): void {
    if (this.#watcher !== undefined) return;
    try {
      const watcher = watch(this.#directory, { persistent: false });
      watcher.on('change', () => this.#soon());
      watcher.on('error', () => {
        watcher.close();
        this.#watcher = undefined;
      });
      this.#watcher = watcher;
    } catch {
      this.#watcher = undefined; // not there yet: the slow look comes back here
    }
  }

  #soon(): void {
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => void this.#read(), SETTLE_MS);
  }

  async #read(): Promise<void> {
    this.#follow();
    const names = await namesIn(this.#directory);
    const known = new Map<string, KnownFile>();
    for (const name of names.slice(0, FILES_MAX)) {
      const file = join(this.#directory, name);
      let text: string;
      try {
        text = await readFile(file, 'utf8');
      } catch (error) {
        // Gone since it was listed; anything else keeps what was known.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
          known.set(file, { text: '', document: broken(file, errnoOf(error)) });
        }
        continue;
      }
      const before = this.#known.get(file);
      const same = before !== undefined && before.text === text;
      known.set(file, same ? before : { text, document: documentOf(file, name, text) });
    }
    const changed =
      known.size !== this.#known.size ||
      [...known].some(([file, one]) => this.#known.get(file) !== one);
    this.#known = known;
    if (!changed) return;
    const all = [...known.values()].map((one) => one.document);
    this.#own = {
      documents: all.filter((one): one is RawDocument => !('error' in one)),
      broken: all.filter((one): one is BrokenFile => 'error' in one),
    };
    // Half a file is no event when the other half comes.
    if (this.#own.broken.length > 0) this.#soon();
    this.#tell();
  }

  #tell(seenAt?: number): void {
    if (this.#datastore === undefined) return;
    const { documents, broken: lost } = this.#datastore;
    const snapshot = {
      documents: [...documents, ...this.#own.documents],
      broken: [...lost, ...this.#own.broken],
    };
    this.#listener.onSnapshot(snapshot, seenAt);
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory);
    return names.filter((name) => !name.startsWith('.')).sort();
  } catch {
    return []; // no Felix, or none that tells of endpoints
  }
}

function documentOf(file: string, name: string, text: string): RawDocument | BrokenFile {
  try {
    const spec: unknown = JSON.parse(text);
    const apiVersion = 'godwit.dev/v1';
    return plainDocument(file, { apiVersion, kind: 'LocalWorkload', metadata: { name }, spec });
  } catch {
    return broken(file, 'not JSON');
  }
}

function broken(file: string, why: string): BrokenFile {
  return {
    file,
    error: {
      kind: 'ConfigError',
      severity: 'warning',
      code: 'UnreadableFile',
      file,
      message: `Felix's word about an endpoint cannot be read: ${why}`,
    },
  };
}
