/**
 * What a peer sent when it brought out a bug of ours, kept for the bug report: one file an occasion, in the state
 * directory, as text that names the peer, the error, and the octets in hex. Bounded; the oldest make room.
 */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SystemError } from '../base/errors.ts';

/** Occasions kept: each is at most some 130 KB. */
export const EVIDENCE_FILES_MAX = 16;

export interface Evidence {
  readonly peer: string;
  readonly reason: string;
  /** As they came from the socket. */
  readonly octets: Uint8Array;
}

export class EvidenceFiles {
  readonly #directory: string;

  constructor(stateDir: string) {
    this.#directory = join(stateDir, 'evidence');
  }

  /** @param now  Names the file; later ones sort behind earlier ones. @returns its path, or why there is none. */
  keep(evidence: Evidence, now: Date): string | SystemError {
    const name = `${now.toISOString().replaceAll(':', '-')}-${evidence.peer}.txt`;
    const path = join(this.#directory, name);
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      writeFileSync(path, textOf(evidence), { mode: 0o600 });
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

function textOf({ peer, reason, octets }: Evidence): string {
  const hex = Buffer.from(octets).toString('hex');
  const lines = hex.match(/.{1,64}/g) ?? [];
  return [`peer ${peer}`, `error ${reason}`, `octets ${octets.length}`, ...lines, ''].join('\n');
}
