import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LastGood } from '../datastore/good-resource.ts';
import { StateDir } from './state-dir.ts';

let root: string;
let state: StateDir;
const SAVED = new Date('2026-01-01T00:00:00Z');
const LATER = new Date('2026-01-01T00:01:00Z');

function lastGood(key: string): LastGood {
  return { format: 1, resources: [{ key, file: 'a.yaml', value: { kind: 'IPPool' } }] };
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'godwit-state-'));
  state = new StateDir(join(root, 'state'), 'node-a');
  expect(await state.prepare()).toBeUndefined();
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('the state directory', () => {
  it('gives back what was saved, with its age', async () => {
    await state.save(lastGood('IPPool/a'), SAVED);
    expect(await state.load(LATER)).toEqual({
      lastGood: lastGood('IPPool/a'),
      savedAt: SAVED,
      ageMs: 60_000,
    });
  });

  it('is for the owner alone, and leaves no half-written file', async () => {
    await state.save(lastGood('IPPool/a'), SAVED);
    expect(statSync(state.path).mode & 0o777).toBe(0o700);
    expect(readdirSync(state.path)).toEqual(['last-good.json']);
    expect(statSync(join(state.path, 'last-good.json')).mode & 0o777).toBe(0o600);
  });

  it('of many saves at once the last one stays', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `IPPool/${i}`);
    await Promise.all(keys.map((key) => state.save(lastGood(key), SAVED)));
    expect((await state.load(LATER))?.lastGood).toEqual(lastGood('IPPool/19'));
  });

  it('holds nothing at first, and nothing that is another node’s or not ours', async () => {
    expect(await state.load(LATER)).toBeUndefined();
    await state.save(lastGood('IPPool/a'), SAVED);
    expect(await new StateDir(state.path, 'node-b').load(LATER)).toBeUndefined();
    for (const text of [
      '{',
      'null',
      '{}',
      '{"node":"node-a","savedAt":"never","lastGood":{"format":1,"resources":[]}}',
    ]) {
      writeFileSync(join(state.path, 'last-good.json'), text);
      expect(await state.load(LATER)).toBeUndefined();
    }
  });

  it('gives an error as a value when it cannot be written', async () => {
    writeFileSync(join(root, 'file'), '');
    const below = new StateDir(join(root, 'file', 'state'), 'node-a');
    expect(await below.prepare()).toMatchObject({ kind: 'SystemError', errno: 'ENOTDIR' });
    expect(await below.save(lastGood('IPPool/a'), SAVED)).toMatchObject({ errno: 'ENOTDIR' });
  });
});
