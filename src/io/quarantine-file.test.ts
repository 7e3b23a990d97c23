/** Quarantines survive the process; a broken file costs no more than what cannot be read of it. */

import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchDirectory } from '../../test/support/scratch-directory.ts';
import { QuarantineFile } from './quarantine-file.ts';

const NOW = new Date('2026-01-02T03:04:05.000Z');
const later = (ms: number): Date => new Date(NOW.getTime() + ms);
const ONE = { peer: 'Mesh_10_0_0_2', reason: 'AssertionError: x', times: 3, endsInMs: 240_000 };

function file(text?: string): QuarantineFile {
  const made = new QuarantineFile(scratchDirectory('quarantines'));
  if (text !== undefined) writeFileSync(made.path, text);
  return made;
}

describe('the file of quarantines', () => {
  it('gives back what was written, less the time that has passed', () => {
    const kept = file();
    expect(kept.write([ONE], NOW)).toBeUndefined();
    expect(kept.read(later(60_000))).toEqual({ quarantines: [{ ...ONE, endsInMs: 180_000 }] });
    expect(kept.read(later(300_000)).quarantines[0]?.endsInMs).toBe(-60_000);
    expect(statSync(kept.path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(kept.path, '..'))).toEqual(['quarantines.json']);
  });

  it('is nothing before the first quarantine', () => {
    expect(file().read(NOW)).toEqual({ quarantines: [] });
  });

  it.each([
    ['is empty', '', 'it is not JSON'],
    ['was cut', '{"format":1,"quarantines":[{"pe', 'it is not JSON'],
    ['is of another format', '{"format":2,"quarantines":[]}', 'it is not of format 1'],
    ['holds null', 'null', 'it is not of format 1'],
  ])('that %s is said to be broken, and counts as none', (_what, text, broken) => {
    expect(file(text).read(NOW)).toEqual({ quarantines: [], broken });
  });

  it('of which an entry is broken gives the others', () => {
    const good = { peer: 'p', reason: 'r', times: 1, endsAt: later(1000).toISOString() };
    const rows = [
      { ...good, times: -1 },
      good,
      null,
      { ...good, endsAt: 'soon' },
      { ...good, peer: 4 },
    ];
    const text = JSON.stringify({ format: 1, quarantines: rows });
    expect(file(text).read(NOW)).toEqual({
      quarantines: [{ peer: 'p', reason: 'r', times: 1, endsInMs: 1000 }],
      broken: '4 entries of it',
    });
  });

  it('says why it could not be written', () => {
    const refused = new QuarantineFile('/dev/null').write([ONE], NOW);
    expect(refused).toMatchObject({ kind: 'SystemError', errno: 'ENOTDIR' });
  });
});
