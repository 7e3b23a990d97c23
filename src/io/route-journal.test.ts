import { mkdtempSync, rmSync } from 'node:fs';
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
    expect(journal.rewrite(Uint8Array.of(2))).toBeUndefined();
    expect(journal.append(Uint8Array.of(3))).toBeUndefined();
    expect([...new RouteJournal(directory).read()]).toEqual([2, 3]);
  });

  it('is rewritten when it has doubled, not at every batch once its live routes are many', () => {
    const journal = new RouteJournal(directory);
    journal.append(new Uint8Array(17 * MEBIBYTE));
    expect(journal.wantsCompaction).toBe(true);
    journal.rewrite(new Uint8Array(17 * MEBIBYTE));
    expect(journal.wantsCompaction).toBe(false);
    journal.append(new Uint8Array(18 * MEBIBYTE));
    expect(journal.wantsCompaction).toBe(true);
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
