import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileCache, type ListedFile } from './file-cache.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'godwit-cache-'));
  path = join(folder, 'a.yaml');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function listed(changedMs = 0): ListedFile {
  const { size, ino } = statSync(path);
  return { path, mark: `${size} ${ino}`, changedMs };
}

async function values(cache: FileCache, file: ListedFile): Promise<unknown[]> {
  const content = await cache.read(file);
  if (!('ok' in content) || !content.ok) throw new Error(JSON.stringify(content));
  return content.documents.map((document) => document.value);
}

describe('the files of the datastore', () => {
  it('are not read again while their marks are the same', async () => {
    const cache = new FileCache();
    writeFileSync(path, 'a: 1\n');
    await values(cache, listed());
    writeFileSync(path, 'a: 2\n'); // of the same size: only the mark could tell
    expect(await values(cache, listed())).toEqual([{ a: 1 }]);
    utimesSync(path, 1, 1);
    expect(await values(cache, { ...listed(), mark: 'other' })).toEqual([{ a: 2 }]);
  });

  it('are read again, whatever their marks, when they were changed while the clock stood there', async () => {
    const cache = new FileCache();
    writeFileSync(path, 'a: 1\n');
    await values(cache, listed(Date.now()));
    writeFileSync(path, 'a: 2\n');
    expect(await values(cache, listed(Date.now()))).toEqual([{ a: 2 }]);
  });

  it('give the same value for a document that stands as it stood, though others changed', async () => {
    const cache = new FileCache();
    writeFileSync(path, 'a: 1\n---\nb: 1\n');
    const before = await values(cache, listed());
    writeFileSync(path, '# one more line\na: 10\n---\nb: 1\n');
    const after = await values(cache, listed());
    expect(after).toEqual([{ a: 10 }, { b: 1 }]);
    expect(after[1]).toBe(before[1]);
  });

  it('that cannot be read are tried again', async () => {
    const cache = new FileCache();
    const file = { path, mark: 'm', changedMs: 0 };
    expect(await cache.read(file)).toMatchObject({ errno: expect.stringContaining('ENOENT') });
    writeFileSync(path, 'a: 1\n');
    expect(await values(cache, file)).toEqual([{ a: 1 }]);
  });
});
