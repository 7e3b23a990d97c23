/** Evidence of a bug is kept as text, for its owner only, and does not fill the disk. */

import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EVIDENCE_FILES_MAX, EvidenceFiles } from './evidence.ts';

const WHEN = new Date('2026-01-02T03:04:05.678Z');

describe('evidence', () => {
  it('names the peer, the error and every octet, and only its owner may read it', () => {
    const files = new EvidenceFiles(mkdtempSync(join(tmpdir(), 'godwit-evidence-')));
    const octets = Uint8Array.from({ length: 40 }, (_, i) => i);
    const path = files.keep({ peer: 'Mesh_10_0_0_2', reason: 'AssertionError: x', octets }, WHEN);
    expect(typeof path).toBe('string');
    expect(statSync(path as string).mode & 0o777).toBe(0o600);
    expect(readFileSync(path as string, 'utf8').split('\n')).toEqual([
      'peer Mesh_10_0_0_2',
      'error AssertionError: x',
      'octets 40',
      '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
      '2021222324252627',
      '',
    ]);
  });

  it('keeps a bounded number of occasions, the newest', () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'godwit-evidence-'));
    const files = new EvidenceFiles(stateDir);
    for (let i = 0; i < EVIDENCE_FILES_MAX + 3; i++) {
      const octets = new Uint8Array(1);
      files.keep({ peer: 'p', reason: 'r', octets }, new Date(WHEN.getTime() + i));
    }
    const names = readdirSync(join(stateDir, 'evidence')).sort();
    expect(names).toHaveLength(EVIDENCE_FILES_MAX);
    expect(names[0]).toBe('2026-01-02T03-04-05.681Z-p.txt');
  });

  it('says why when it cannot be kept', () => {
    const files = new EvidenceFiles('/dev/null');
    const refused = files.keep({ peer: 'p', reason: 'r', octets: new Uint8Array(1) }, WHEN);
    expect(refused).toMatchObject({ kind: 'SystemError', errno: 'ENOTDIR' });
  });
});
