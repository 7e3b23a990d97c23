/** Evidence of a bug is kept for its owner only, and does not fill the disk. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchDirectory } from '../../test/support/scratch-directory.ts';
import { EVIDENCE_FILES_MAX, EvidenceFiles } from './evidence.ts';

const WHEN = new Date('2026-01-02T03:04:05.678Z');

describe('evidence', () => {
  it('is a file of lines that only its owner may read', () => {
    const files = new EvidenceFiles(scratchDirectory('evidence'));
    const path = files.keep('Mesh_10_0_0_2', ['{"a":1}', '{"b":2}'], WHEN) as string;
    expect(path).toMatch(/\/evidence\/2026-01-02T03-04-05\.678Z-Mesh_10_0_0_2\.jsonl$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toBe('{"a":1}\n{"b":2}\n');
  });

  it('keeps a bounded number of occasions, the newest', () => {
    const stateDir = scratchDirectory('evidence');
    const files = new EvidenceFiles(stateDir);
    for (let i = 0; i < EVIDENCE_FILES_MAX + 3; i++) {
      files.keep('p', ['{}'], new Date(WHEN.getTime() + i));
    }
    const names = readdirSync(join(stateDir, 'evidence')).sort();
    expect(names).toHaveLength(EVIDENCE_FILES_MAX);
    expect(names[0]).toBe('2026-01-02T03-04-05.681Z-p.jsonl');
  });

  it('says why when it cannot be kept', () => {
    const refused = new EvidenceFiles('/dev/null').keep('p', ['{}'], WHEN);
    expect(refused).toMatchObject({ kind: 'SystemError', errno: 'ENOTDIR' });
  });
});
