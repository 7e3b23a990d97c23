import { mkdirSync, mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RouteJournal } from './route-journal.ts';

const MEBIBYTE = 1024 * 1024;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'godwit-journal-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('RouteJournal', () => {
  it('holds what was appended since it was last rewritten', () => {
    const journal = new RouteJournal(directory);
    expect(journal.append(Uint8Array.of(1, 2))).toBeUndefined();
    expect(journal.rewriteSome(() => ({ octets: Uint8Array.of(2) }))).toBeUndefined();
    expect(journal.append(Uint8Array.of(3))).toBeUndefined();
    expect([...new RouteJournal(directory).read()]).toEqual([2, 3]);
  });

  it('is rewritten in slices, loses nothing appended meanwhile, and is whole before and after', () => {
    const journal = new RouteJournal(directory);
    journal.append(Uint8Array.of(1));
    const cursors: number[] = [];
    const slice = (cursor: number) => {
      cursors.push(cursor);
      const octets = Uint8Array.of(10 + cursor);
      return cursor === 0 ? { octets, next: 7 } : { octets };
    };
    journal.rewriteSome(slice);
    expect(journal.wantsRewriting).toBe(true);
    journal.append(Uint8Array.of(2));
    expect([...new RouteJournal(directory).read()]).toEqual([1, 2]);
    journal.rewriteSome(slice);
    expect(journal.wantsRewriting).toBe(false);
    journal.append(Uint8Array.of(3));
    expect([...new RouteJournal(directory).read()]).toEqual([10, 2, 17, 3]);
    expect(cursors).toEqual([0, 7]);
  });

  it('goes on as it was where it cannot be rewritten, and says why', () => {
    const journal = new RouteJournal(directory);
    journal.append(Uint8Array.of(1));
    mkdirSync(join(directory, 'kernel-routes.journal.new'));
    expect(journal.rewriteSome(() => ({ octets: Uint8Array.of(2) }))).toMatchObject({
      call: 'open',
      errno: 'EISDIR',
    });
    expect(journal.append(Uint8Array.of(3))).toBeUndefined();
    expect([...new RouteJournal(directory).read()]).toEqual([1, 3]);
    expect(journal.wantsRewriting).toBe(false);
  });

  it('gives out a part for another to write, in a file that is its own', () => {
    const journal = new RouteJournal(directory);
    const part = journal.part(Uint8Array.of(5));
    if ('kind' in part) throw new Error(part.errno);
    writeSync(part.fd, part.octets);
    expect([...new RouteJournal(directory).read()]).toEqual([5]);
  });

  it('is rewritten when it has doubled, not at every batch once its live routes are many', () => {
    const journal = new RouteJournal(directory);
    journal.append(new Uint8Array(17 * MEBIBYTE));
    expect(journal.wantsRewriting).toBe(true);
    journal.rewriteSome(() => ({ octets: new Uint8Array(17 * MEBIBYTE) }));
    expect(journal.wantsRewriting).toBe(false);
    journal.append(new Uint8Array(18 * MEBIBYTE));
    expect(journal.wantsRewriting).toBe(true);
  });

  it('knows a start after a death from one after leaving', () => {
    const first = new RouteJournal(directory);
    expect(first.hasRestartMarker).toBe(false);
    expect(first.setRestartMarker()).toBeUndefined();
    const second = new RouteJournal(directory);
    expect(second.hasRestartMarker).toBe(true);
    second.dropRestartMarker();
    expect(new RouteJournal(directory).hasRestartMarker).toBe(false);
  });
});
