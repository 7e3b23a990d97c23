/** A real directory and a real clock: what is saved is delivered well within a second. */

import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RawSnapshot } from '../../datastore/documents.ts';
import { FileDatastore, RESOURCE_FILE_OCTETS_MAX, readDirectoryOnce } from './file.ts';

const POOL = `apiVersion: projectcalico.org/v3
kind: IPPool
metadata: { name: default }
spec: { cidr: 10.244.0.0/16 }
`;

type Told = { readonly snapshot: RawSnapshot } | { readonly lost: string };

let root: string;
let directory: string;
let store: FileDatastore;
let told: Told[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'godwit-file-'));
  directory = join(root, 'resources');
  mkdirSync(directory);
  told = [];
  store = new FileDatastore(directory, {
    onSnapshot: (snapshot) => told.push({ snapshot }),
    onLost: (reason) => told.push({ lost: reason }),
  });
});

afterEach(() => {
  store.stop();
  rmSync(root, { recursive: true, force: true });
});

function save(name: string, text: string): void {
  writeFileSync(join(directory, name), text);
}

/** The next thing told after `count`, and how long it took in milliseconds. */
async function next(count: number): Promise<{ told: Told; took: number }> {
  const begin = performance.now();
  while (told.length <= count) {
    if (performance.now() - begin > 4000) throw new Error('Nothing was told within 4 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { told: told[count]!, took: performance.now() - begin };
}

function snapshotOf(one: Told): RawSnapshot {
  if ('lost' in one) throw new Error(`Lost: ${one.lost}`);
  return one.snapshot;
}

describe('the file datastore', () => {
  it('reads at once when it is asked to, also while a reading runs', async () => {
    save('a.yaml', POOL);
    await store.start();
    save('b.yaml', POOL.replace('default', 'second'));
    await store.readNow();
    expect(told.map((one) => snapshotOf(one).documents.length)).toEqual([1, 2]);
    const first = store.readNow();
    save('c.yaml', POOL.replace('default', 'third'));
    await Promise.all([first, store.readNow()]);
    expect(snapshotOf(told.at(-1)!).documents).toHaveLength(3);
  });

  it('delivers what is there before start resolves, with several documents a file', async () => {
    save('a.yaml', `${POOL}---\n${POOL}---\n`);
    save('b.json', JSON.stringify({ kind: 'Node' }));
    save('.hidden.yaml', 'kind: Secret');
    save('notes.txt', 'kind: Secret');
    await store.start();
    const { documents, broken } = snapshotOf(told[0]!);
    expect(documents.map((item) => [item.file, item.documentIndex])).toEqual([
      [join(directory, 'a.yaml'), 0],
      [join(directory, 'a.yaml'), 1],
      [join(directory, 'b.json'), 0],
    ]);
    expect(broken).toEqual([]);
    expect(documents[1]!.positionOf(['spec', 'cidr'])).toEqual({ line: 9, column: 15 });
    expect(documents[1]!.positionOf(['spec', 'nothing', 3])).toEqual({ line: 9, column: 1 });
  });

  it('delivers a save, a rename over a file and a deletion within half a second', async () => {
    save('a.yaml', POOL);
    await store.start();
    save('b.yaml', POOL);
    const saved = await next(1);
    expect(snapshotOf(saved.told).documents).toHaveLength(2);
    expect(saved.took).toBeLessThan(500);
    save('.b.yaml.swp', `${POOL}---\n${POOL}`);
    renameSync(join(directory, '.b.yaml.swp'), join(directory, 'b.yaml'));
    expect(snapshotOf((await next(2)).told).documents).toHaveLength(3);
    unlinkSync(join(directory, 'b.yaml'));
    expect(snapshotOf((await next(3)).told).documents).toHaveLength(1);
  });

  it('names a file that is half written, and delivers the others', async () => {
    save('a.yaml', POOL);
    await store.start();
    save('b.yaml', 'kind: IPPool\nmetadata: { name: x\n');
    const { documents, broken } = snapshotOf((await next(1)).told);
    expect(documents).toHaveLength(1);
    expect(broken).toEqual([
      {
        file: join(directory, 'b.yaml'),
        error: expect.objectContaining({ code: 'Syntax', line: expect.any(Number) }),
      },
    ]);
  });

  it('takes an empty file for one that is being written, not for one that says nothing', async () => {
    save('a.yaml', POOL);
    await store.start();
    save('a.yaml', '');
    const { broken } = snapshotOf((await next(1)).told);
    expect(broken.map((item) => item.error.code)).toEqual(['EmptyFile']);
  });

  it('a directory that goes away is lost, and found again when it is back', async () => {
    save('a.yaml', POOL);
    await store.start();
    renameSync(directory, `${directory}.away`);
    expect((await next(1)).told).toEqual({
      lost: `${directory} cannot be read: it does not exist (ENOENT)`,
    });
    renameSync(`${directory}.away`, directory);
    expect(snapshotOf((await next(2)).told).documents).toHaveLength(1);
    save('b.yaml', POOL); // the new directory is followed as the old one was
    expect(snapshotOf((await next(3)).told).documents).toHaveLength(2);
  });

  it('a directory that suddenly holds nothing is lost, not emptied', async () => {
    save('a.yaml', POOL);
    await store.start();
    unlinkSync(join(directory, 'a.yaml'));
    expect((await next(1)).told).toEqual({ lost: `${directory} holds no resources any more` });
    save('a.yaml', POOL);
    expect(snapshotOf((await next(2)).told).documents).toHaveLength(1);
  });

  it('a directory made anew under its name is followed like the old one', async () => {
    save('a.yaml', POOL);
    await store.start();
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    expect((await next(1)).told).toEqual({ lost: `${directory} holds no resources any more` });
    save('a.yaml', POOL);
    expect(snapshotOf((await next(2)).told).documents).toHaveLength(1);
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    save('a.yaml', `${POOL}---\n${POOL}`);
    expect(snapshotOf((await next(3)).told).documents).toHaveLength(2);
    save('a.yaml', POOL);
    expect(snapshotOf((await next(4)).told).documents).toHaveLength(1);
  });

  it('looks seldom where inotify tells all, and each second at links, whose targets it does not tell', async () => {
    save('a.yaml', POOL);
    await store.start();
    expect(store.trustsInotify).toBe(true);
    const target = join(root, 'elsewhere.yaml');
    writeFileSync(target, POOL);
    symlinkSync(target, join(directory, 'b.yaml'));
    expect(snapshotOf((await next(1)).told).documents).toHaveLength(2);
    expect(store.trustsInotify).toBe(false);
    writeFileSync(target, `${POOL}---\n${POOL}`);
    expect(snapshotOf((await next(2)).told).documents).toHaveLength(3);
    renameSync(directory, `${directory}.away`);
    await next(3);
    expect(store.trustsInotify).toBe(false);
  });

  it('says at start that there is no directory', async () => {
    rmSync(directory, { recursive: true });
    await store.start();
    expect(told).toEqual([{ lost: `${directory} cannot be read: it does not exist (ENOENT)` }]);
  });

  it('names files that are too large or cannot be read', async () => {
    save('a.yaml', POOL);
    save('large.yaml', ' '.repeat(RESOURCE_FILE_OCTETS_MAX + 1));
    symlinkSync('/nowhere/at/all', join(directory, 'link.yaml'));
    const snapshot = await readDirectoryOnce(directory);
    if ('error' in snapshot) throw new Error(snapshot.error);
    expect(snapshot.broken.map((item) => item.error.message)).toEqual([
      `Larger than ${RESOURCE_FILE_OCTETS_MAX} octets`,
      'Cannot be read: it does not exist (ENOENT)',
    ]);
    expect(snapshot.documents).toHaveLength(1);
  });

  it('a document full of aliases is a mistake in the file, not the end of the process', async () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 0; i < 8; i++) {
      const [from, to] = [String.fromCharCode(97 + i), String.fromCharCode(98 + i)];
      bomb.push(`${to}: &${to} [${`*${from},`.repeat(10)}]`);
    }
    save('bomb.yaml', bomb.join('\n'));
    const snapshot = await readDirectoryOnce(directory);
    if ('error' in snapshot) throw new Error(snapshot.error);
    expect(snapshot.broken[0]!.error.message).toContain('alias');
  });
});
