/** A recording on disk: whole lines in order, bounded in parts, never waited for. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchDirectory } from '../../test/support/scratch-directory.ts';
import type { SystemError } from '../base/errors.ts';
import { RecordingFile } from './recording-file.ts';
import { recordingLines } from './recording-lines.ts';

const LINE = 'x'.repeat(99);

function open(
  path: string,
  octetsMax = 1e9,
  run = 'r',
): { file: RecordingFile; failed: SystemError[] } {
  const failed: SystemError[] = [];
  const file = RecordingFile.open({
    path,
    octetsMax,
    headerOf: (part) => `${run} ${part}`,
    onFailed: (error) => failed.push(error),
  });
  if ('kind' in file) throw new Error(file.errno);
  return { file, failed };
}

function place(): string {
  return join(scratchDirectory('recording'), 'recording.jsonl');
}

async function linesOf(path: string): Promise<string[]> {
  const all: string[] = [];
  const runOf = (header: string): string => header.split(' ')[0]!;
  for await (const { text } of recordingLines(path, runOf)) all.push(text);
  return all;
}

/** Until what waits has been written: a turn of the loop for each write. */
async function drained(file: RecordingFile, octets: number): Promise<void> {
  while (file.octets < octets) await new Promise((resolve) => setImmediate(resolve));
}

describe('a recording file', () => {
  it('has a header and every line in order, for its owner only', async () => {
    const path = place();
    const { file } = open(path);
    for (let i = 0; i < 5000; i++) file.write(`${i} ${LINE}`);
    await file.close();
    const lines = await linesOf(path);
    expect(lines).toEqual(['r 0', ...Array.from({ length: 5000 }, (_, i) => `${i} ${LINE}`)]);
    expect(file.octets).toBe(statSync(path).size);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('keeps four parts of a quarter of its limit, each with a header', async () => {
    const path = place();
    const { file } = open(path, 4000);
    for (let i = 0; i < 100; i++) {
      file.write(LINE);
      await drained(file, (i + 1) * 100);
    }
    await file.close();
    expect(existsSync(`${path}.3`)).toBe(true);
    expect(existsSync(`${path}.4`)).toBe(false);
    for (const part of [`${path}.1`, `${path}.2`, `${path}.3`]) {
      expect(statSync(part).size).toBeLessThanOrEqual(1000 + 200);
      expect(readFileSync(part, 'utf8')).toMatch(/^r \d+\nx/);
    }
    const headers = (await linesOf(path)).filter((line) => line.startsWith('r'));
    const last = Number(headers.at(-1)!.split(' ')[1]);
    expect(headers).toEqual([3, 2, 1, 0].map((older) => `r ${last - older}`));
  });

  it('leaves what an earlier run recorded, and keeps apart what belongs together', async () => {
    const path = place();
    const first = open(path);
    first.file.write('first');
    await first.file.close();
    const second = open(path, 1e9, 's');
    second.file.write('second');
    await second.file.close();
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('r 0\nfirst\n');
    expect(await linesOf(path)).toEqual(['s 0', 'second']);
    expect(await linesOf(`${path}.1`)).toEqual(['r 0', 'first']);
  });

  it('has no room while too much waits for the disk, and room again afterwards', async () => {
    const path = place();
    const { file } = open(path);
    const large = 'y'.repeat(1_000_000);
    let written = 0;
    for (; file.hasRoom && written < 100; written++) file.write(large);
    expect(written).toBe(17);
    await drained(file, written * 1_000_001);
    expect(file.hasRoom).toBe(true);
    await file.close();
    expect(file.hasRoom).toBe(false);
  });

  it('that cannot be opened says why; one that fails later says so once and takes no more', async () => {
    const options = { octetsMax: 1e9, headerOf: () => '', onFailed: () => undefined };
    const refused = RecordingFile.open({ path: '/dev/null/recording', ...options });
    expect(refused).toMatchObject({ kind: 'SystemError', errno: 'ENOTDIR' });
    const path = place();
    let failing = false;
    const failed: SystemError[] = [];
    const file = RecordingFile.open({
      ...options,
      path,
      octetsMax: 400,
      headerOf: () => {
        if (failing) throw Object.assign(new Error('full'), { code: 'ENOSPC', syscall: 'open' });
        return 'h';
      },
      onFailed: (error) => failed.push(error),
    }) as RecordingFile;
    failing = true;
    file.write(LINE);
    file.write(LINE);
    await file.close();
    expect(failed).toMatchObject([{ call: 'open', errno: 'ENOSPC', detail: path }]);
    expect(file.hasRoom).toBe(false);
    file.write(LINE);
    await file.close();
  });
});
