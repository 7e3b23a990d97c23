/**
 * The routes that godwit has written to the kernel, on disk: what may be adopted and swept after a restart.
 *
 * Appended before the batch is sent (by the writer's thread, see `part`), so that no route of ours is ever unknown;
 * rewritten in slices when it has grown, while what is appended goes to both files.
 * Not synced to the medium: after a power cut the kernel's routes are gone as well.
 */

import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SystemError } from '../base/errors.ts';
import type { JournalPart } from './netlink-writer.ts';

const JOURNAL = 'kernel-routes.journal';
/** Left behind by a daemon that runs or was ended without leaving: the next start is a restart (RFC 4724 §3). */
const MARKER = 'running';
/** The journal is rewritten past this many octets, and past twice what the last rewriting left. */
const COMPACT_OCTETS = 16 * 1024 * 1024;

/** A part of the whole, as the core gives it. */
export interface JournalSlice {
  readonly octets: Uint8Array;
  /** Where to go on; absent at the end. */
  readonly next?: number;
}

/** A rewriting under way: its file, what it holds, and where it goes on. */
interface Rewriting {
  readonly fd: number;
  size: number;
  cursor: number;
}

export class RouteJournal {
  readonly #file: string;
  readonly #marker: string;
  #size: number;
  /** Octets that cannot be spared, as far as is known. */
  #compact = 0;
  /** Opened with the first octets. */
  #fd: number | undefined;
  #rewriting: Rewriting | undefined;

  constructor(directory: string) {
    this.#file = join(directory, JOURNAL);
    this.#marker = join(directory, MARKER);
    this.#size = existsSync(this.#file) ? statSync(this.#file).size : 0;
  }

  read(): Uint8Array {
    return existsSync(this.#file) ? readFileSync(this.#file) : new Uint8Array(0);
  }

  append(octets: Uint8Array): SystemError | undefined {
    const part = this.part(octets);
    return 'kind' in part ? part : attempt(() => writeAll(part.fd, octets));
  }

  /** For somebody else to append, at once: counted as written. */
  part(octets: Uint8Array): JournalPart | SystemError {
    const failed = attempt(() => {
      this.#fd ??= openSync(this.#file, 'a', 0o600);
      this.#size += octets.length;
    });
    const also = this.#alsoRewritten(octets);
    return failed ?? also ?? { octets, fd: this.#fd! };
  }

  /** The journal is larger than it need be, or is being rewritten. */
  get wantsRewriting(): boolean {
    // A journal of live routes alone may be larger than any fixed limit: it must not be rewritten at every batch.
    const tooLarge = this.#size > Math.max(COMPACT_OCTETS, this.#compact * 2);
    return tooLarge || this.#rewriting !== undefined;
  }

  /**
   * One slice of a whole that replaces what is there, once it is complete.
   *
   * @param slice  The state from `cursor` (0 to begin); what changed since the first slice was, or will be, appended.
   */
  rewriteSome(slice: (cursor: number) => JournalSlice): SystemError | undefined {
    const failed = attempt(() => {
      const fresh = `${this.#file}.new`;
      this.#rewriting ??= { fd: openSync(fresh, 'w', 0o600), size: 0, cursor: 0 };
      const rewriting = this.#rewriting;
      const { octets, next } = slice(rewriting.cursor);
      writeAll(rewriting.fd, octets);
      rewriting.size += octets.length;
      if (next === undefined) this.#replace(fresh, rewriting);
      else rewriting.cursor = next;
    });
    if (failed !== undefined) this.#giveUpRewriting();
    return failed;
  }

  #replace(fresh: string, { fd, size }: Rewriting): void {
    renameSync(fresh, this.#file);
    // Who was given a part has a descriptor of its own.
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = fd;
    this.#size = size;
    this.#compact = size;
    this.#rewriting = undefined;
  }

  #alsoRewritten(octets: Uint8Array): SystemError | undefined {
    const rewriting = this.#rewriting;
    if (rewriting === undefined) return undefined;
    const failed = attempt(() => {
      writeAll(rewriting.fd, octets);
      rewriting.size += octets.length;
    });
    if (failed !== undefined) this.#giveUpRewriting();
    return failed;
  }

  /** What is there stays; not tried again before it has doubled. */
  #giveUpRewriting(): void {
    if (this.#rewriting !== undefined) closeSync(this.#rewriting.fd);
    this.#rewriting = undefined;
    this.#compact = this.#size;
  }

  /** Whether the daemon before us ended without saying goodbye. */
  get hasRestartMarker(): boolean {
    return existsSync(this.#marker);
  }

  /** From now on we run: a start after us is a restart unless we leave for good. */
  setRestartMarker(): SystemError | undefined {
    return attempt(() => writeFileSync(this.#marker, '', { mode: 0o600 }));
  }

  /** Nothing of ours is in the kernel any more, and the next start is no restart. */
  erase(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#size = 0;
    attempt(() => rmSync(this.#file, { force: true }));
    this.dropRestartMarker();
  }

  /** We leave for good: the next start is no restart. */
  dropRestartMarker(): void {
    attempt(() => rmSync(this.#marker, { force: true }));
  }
}

function writeAll(fd: number, octets: Uint8Array): void {
  for (let at = 0; at < octets.length; ) at += writeSync(fd, octets, at);
}

function attempt(act: () => void): SystemError | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    return { kind: 'SystemError', call: syscall ?? 'write', errno: code ?? 'EIO', detail: message };
  }
}
