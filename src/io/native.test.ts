import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nativeSockets } from './native.ts';

/** Resident pages of files in kB: those of the program, its libraries and the shim. */
function residentOfFiles(): number {
  return Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
}

/** Parses, compiles and collects: wants again what is let go. */
function work(): number {
  return JSON.parse(JSON.stringify(Array.from({ length: 1000 }, (_, i) => [i]))).length;
}

describe('trim', () => {
  it('lets go of the pages of the program, which goes on', () => {
    work();
    const before = residentOfFiles();
    expect(nativeSockets().trim()).toBe(0);
    expect(residentOfFiles()).toBeLessThan(before / 2);
    expect(work()).toBe(1000);
    expect(residentOfFiles()).toBeLessThan(before);
  });
});

describe('forgetProgram', () => {
  it('does so on another thread', () => {
    work();
    const before = residentOfFiles();
    expect(nativeSockets().forgetProgram()).toBe(0);
    const end = performance.now() + 5000;
    let least = before;
    while (least > before * 0.8 && performance.now() < end) {
      least = Math.min(least, residentOfFiles());
    }
    expect(least).toBeLessThan(before * 0.8);
  });
});
