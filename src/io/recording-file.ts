/**
 * A recording on disk: lines are kept in memory and written behind the loop's back; where the disk cannot keep up,
 * `hasRoom` says so and nobody waits.
 *
 * Bounded: parts of a quarter of the limit, FILE and three older ones FILE.1 … FILE.3; a start moves what an earlier
 * run left there in the same way, so that a crash does not cost the recording of it. Mode 0600.
 */

import { closeSync, openSync, renameSync, statSync, write } from 'node:fs';
import type { SystemError } from '../base/errors.ts';

/** Parts kept, the one that is written included. */
export const RECORDING_PARTS = 4;
/** Characters (octets: all is ASCII but names) that may wait for the disk: seconds of a table at full speed. */
const WAITING_MAX = 16 * 1024 * 1024;
/** Characters given to the kernel at once: making octets of them takes well under a millisecond. */
const WRITE_AT_ONCE = 256 * 1024;

export interface RecordingFileOptions {
  readonly path: string;
  /** Of all parts together, about: the last line of a part is finished. */
  readonly octetsMax: number;
  /** The first line of each part, without its line break. */
  readonly headerOf: (part: number) => string;
  /** The file cannot be written; it is closed, and takes no more. */
  readonly onFailed: (error: SystemError) => void;
}

export class RecordingFile {
  readonly path: string;
  readonly #options: RecordingFileOptions;
  readonly #waiting: string[] = [];
  #waitingLength = 0;
  #fd: number | undefined;
  #part = 0;
  /** Octets of the part that is written. */
  #size = 0;
  #writing = false;
  #closed: (() => void) | undefined;
  /** Octets of all parts. */
  octets = 0;

  private constructor(options: RecordingFileOptions) {
    this.path = options.path;
    this.#options = options;
  }

  static open(options: RecordingFileOptions): RecordingFile | SystemError {
    const file = new RecordingFile(options);
    try {
      file.#openPart();
      return file;
    } catch (error) {
      return systemError(error, options.path);
    }
  }

  get hasRoom(): boolean {
    return this.#fd !== undefined && this.#waitingLength < WAITING_MAX;
  }

  /** @param line  Without its line break. Dropped after a failure. */
  write(line: string): void {
    if (this.#fd === undefined) return;
    this.#waiting.push(line);
    this.#waitingLength += line.length + 1;
    this.#pump();
  }

  /** Resolves when all that was written is with the kernel. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#closed = resolve;
      if (!this.#writing) this.#end();
    });
  }

  #pump(): void {
    if (this.#writing || this.#fd === undefined) return;
    const text = this.#take();
    if (text === '') return;
    this.#writing = true;
    this.#writeAll(Buffer.from(text), 0);
  }

  #writeAll(octets: Buffer, from: number): void {
    write(this.#fd!, octets, from, octets.length - from, null, (error, written) => {
      if (error !== null) return this.#fail(error);
      if (from + written < octets.length) return this.#writeAll(octets, from + written);
      this.#writing = false;
      this.#size += octets.length;
      this.octets += octets.length;
      this.#afterWrite();
    });
  }

  #afterWrite(): void {
    try {
      if (this.#size >= this.#options.octetsMax / RECORDING_PARTS) this.#rotate();
    } catch (error) {
      return this.#fail(error as NodeJS.ErrnoException);
    }
    this.#pump();
    if (!this.#writing && this.#closed !== undefined) this.#end();
  }

  /** Whole lines, some at once. */
  #take(): string {
    let count = 0;
    let length = 0;
    while (count < this.#waiting.length && length < WRITE_AT_ONCE) {
      length += this.#waiting[count++]!.length + 1;
    }
    if (count === 0) return '';
    this.#waitingLength -= length;
    return `${this.#waiting.splice(0, count).join('\n')}\n`;
  }

  #rotate(): void {
    closeSync(this.#fd!);
    this.#fd = undefined;
    this.#part++;
    this.#openPart();
  }

  #openPart(): void {
    const { path, headerOf } = this.#options;
    makeRoom(path);
    this.#fd = openSync(path, 'ax', 0o600);
    this.#size = 0;
    const header = headerOf(this.#part);
    this.#waiting.unshift(header);
    this.#waitingLength += header.length + 1;
    this.#pump();
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#writing = false;
    this.#waiting.length = 0;
    this.#waitingLength = 0;
    this.#end();
    this.#options.onFailed(systemError(error, this.path));
  }

  #end(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#closed?.();
  }
}

/** FILE becomes FILE.1, that FILE.2, and so on; the oldest is written over. */
function makeRoom(path: string): void {
  for (let older = RECORDING_PARTS - 1; older > 0; older--) {
    const from = older === 1 ? path : `${path}.${older - 1}`;
    if (statSync(from, { throwIfNoEntry: false }) !== undefined)
      renameSync(from, `${path}.${older}`);
  }
}

function systemError(error: unknown, path: string): SystemError {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return { kind: 'SystemError', call: syscall ?? 'write', errno: code ?? 'EIO', detail: path };
}
