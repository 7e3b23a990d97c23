/**
 * Quarantines on disk, so that a restart does not let a neighbor bring out the same bug at once again (DESIGN 3.4).
 *
 * Written beside and renamed, in the step that changed them: what follows may end the process. Not synced to the
 * medium, which would hold the loop; a file that a power cut broke is named and begun anew. Wall-clock times, since
 * the monotonic clock does not survive a boot.
 */

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SystemError } from '../base/errors.ts';
import type { StoredQuarantine } from '../speaker/quarantine-records.ts';

const FILE = 'quarantines.json';
const FORMAT = 1;

interface Row {
  readonly peer: string;
  readonly reason: string;
  readonly times: number;
  /** RFC 3339. */
  readonly endsAt: string;
}

export interface LoadedQuarantines {
  readonly quarantines: readonly StoredQuarantine[];
  /** Why the file, or a part of it, could not be used; absent when all is well. */
  readonly broken?: string;
}

export class QuarantineFile {
  readonly path: string;

  constructor(stateDir: string) {
    this.path = join(stateDir, FILE);
  }

  read(now: Date): LoadedQuarantines {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' ? NONE : { ...NONE, broken: `it cannot be read: ${code}` };
    }
    return parse(text, now);
  }

  write(quarantines: readonly StoredQuarantine[], now: Date): SystemError | undefined {
    const rows = quarantines.map(({ peer, reason, times, endsInMs }): Row => {
      const endsAt = new Date(now.getTime() + endsInMs).toISOString();
      return { peer, reason, times, endsAt };
    });
    try {
      const text = JSON.stringify({ format: FORMAT, quarantines: rows }, undefined, 1);
      writeFileSync(`${this.path}.new`, text, { mode: 0o600 });
      renameSync(`${this.path}.new`, this.path);
      return undefined;
    } catch (error) {
      const { code, syscall, message } = error as NodeJS.ErrnoException;
      const errno = code ?? 'EIO';
      return { kind: 'SystemError', call: syscall ?? 'write', errno, detail: message };
    }
  }
}

const NONE: LoadedQuarantines = { quarantines: [] };

function parse(text: string, now: Date): LoadedQuarantines {
  let value: { readonly format?: unknown; readonly quarantines?: unknown };
  try {
    value = (JSON.parse(text) ?? {}) as typeof value;
  } catch {
    return { ...NONE, broken: 'it is not JSON' };
  }
  if (value.format !== FORMAT || !Array.isArray(value.quarantines)) {
    return { ...NONE, broken: `it is not of format ${FORMAT}` };
  }
  const rows = value.quarantines as Partial<Row>[];
  const good = rows.filter(isRow).map(({ peer, reason, times, endsAt }) => ({
    peer,
    reason,
    times,
    endsInMs: Date.parse(endsAt) - now.getTime(),
  }));
  const bad = rows.length - good.length;
  return bad === 0 ? { quarantines: good } : { quarantines: good, broken: `${bad} entries of it` };
}

function isRow(row: Partial<Row> | null): row is Row {
  return (
    typeof row?.peer === 'string' &&
    typeof row.reason === 'string' &&
    Number.isSafeInteger(row.times) &&
    row.times! > 0 &&
    typeof row.endsAt === 'string' &&
    !Number.isNaN(Date.parse(row.endsAt))
  );
}
