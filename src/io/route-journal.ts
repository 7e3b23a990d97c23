/**
 * The routes that godwit has written to the kernel, on disk: what may be adopted and swept after a restart.
 *
 * Appended before the batch is sent, so that no route of ours is ever unknown; rewritten whole when it has grown.
 * Not synced to the medium: after a power cut the kernel's routes are gone as well.
 */

import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SystemError } from '../base/errors.ts';

const JOURNAL = 'kernel-routes.journal';
/** Left behind by a daemon that runs or was ended without leaving: the next start is a restart (RFC 4724 §3). */
const MARKER = 'running';
/** The journal is rewritten past this many octets, and past twice what the last rewriting left. */
const COMPACT_OCTETS = 16 * 1024 * 1024;

export class RouteJournal {
  readonly #file: string;
  readonly #marker: string;
  #size: number;
  /** Octets that cannot be spared, as far as is known. */
  #compact = 0;

  constructor(directory: string) {
    this.#file = join(directory, JOURNAL);
    this.#marker = join(directory, MARKER);
    this.#size = existsSync(this.#file) ? statSync(this.#file).size : 0;
  }

  read(): Uint8Array {
    return existsSync(this.#file) ? readFileSync(this.#file) : new Uint8Array(0);
  }

  append(octets: Uint8Array): SystemError | undefined {
    return attempt(() => {
      appendFileSync(this.#file, octets, { mode: 0o600 });
      this.#size += octets.length;
    });
  }

  get wantsCompaction(): boolean {
    // A journal of live routes alone may be larger than any fixed limit: it must not be rewritten at every batch.
    return this.#size > Math.max(COMPACT_OCTETS, this.#compact * 2);
  }

  /** Replaces the whole by `octets`. */
  rewrite(octets: Uint8Array): SystemError | undefined {
    return attempt(() => {
      writeFileSync(`${this.#file}.new`, octets, { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
      this.#size = octets.length;
      this.#compact = octets.length;
    });
  }

  /** Whether the daemon before us ended without saying goodbye. */
  get hasRestartMarker(): boolean {
    return existsSync(this.#marker);
  }

  /** From now on we run: a start after us is a restart unless we leave for good. */
  setRestartMarker(): SystemError | undefined {
    return attempt(() => writeFileSync(this.#marker, '', { mode: 0o600 }));
  }

  /** We leave for good: the next start is no restart. */
  dropRestartMarker(): void {
    attempt(() => rmSync(this.#marker, { force: true }));
  }
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
