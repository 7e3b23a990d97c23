/**
 * What a peer sent when it brought out a bug of ours, kept for the bug report: one file an occasion, in the state
 * directory, a recording that `godwitd --replay` takes. Bounded; the oldest make room.
 */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SystemError } from '../base/errors.ts';

/** Occasions kept: each is some 300 KB at most, a chunk and what came before it in hex. */
export const EVIDENCE_FILES_MAX = 16;

export class EvidenceFiles {
  readonly #directory: string;

  constructor(stateDir: string) {
    this.#directory = join(stateDir, 'evidence');
  }

  /**
   * @param lines  Of the recording.
   * @param now  Names the file; later ones sort behind earlier ones.
   * @returns its path, or why there is none.
   */
  keep(peer: string, lines: readonly string[], now: Date): string | SystemError {
    const name = `${now.toISOString().replaceAll(':', '-')}-${peer}.jsonl`;
    const path = join(this.#directory, name);
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 });
      const files = readdirSync(this.#directory).sort();
      for (const old of files.slice(0, -EVIDENCE_FILES_MAX)) rmSync(join(this.#directory, old));
      return path;
    } catch (error) {
      const { code, syscall, message } = error as NodeJS.ErrnoException;
      const call = syscall ?? 'write';
      return { kind: 'SystemError', call, errno: code ?? 'EIO', detail: message };
    }
  }
}
