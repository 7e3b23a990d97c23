import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * What `call` answers in a process that has all pages of its start, and which part of its resident pages of files (the
 * program, its libraries, the shim) it has afterwards. It sleeps meanwhile: work would want the pages again.
 */
function keptAfter(call: 'trim' | 'forgetProgram'): {
  result: number;
  kept: number;
  works: number;
} {
  const program = `
    import { readFileSync } from 'node:fs';
    import { nativeSockets } from ${JSON.stringify(join(import.meta.dirname, 'native.ts'))};
    const residentOfFiles = () =>
      Number(/^RssFile:\\s+(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
    const sleeping = new Int32Array(new SharedArrayBuffer(4));
    const before = residentOfFiles();
    const result = nativeSockets().${call}();
    let least = before;
    for (let i = 0; i < 100 && least >= before / 2; i++) {
      Atomics.wait(sleeping, 0, 0, i);
      least = Math.min(least, residentOfFiles());
    }
    const works = JSON.parse(JSON.stringify(Array.from({ length: 1000 }, (_, i) => [i]))).length;
    console.log(JSON.stringify({ result, kept: least / before, works }));`;
  const argv = ['--input-type=module', '--eval', program];
  return JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8' }));
}

describe('the shim', () => {
  it.each([
    ['on this thread', 'trim'],
    ['on another', 'forgetProgram'],
  ] as const)('lets go of the pages of the program, which goes on: %s', (_where, call) => {
    const { result, kept, works } = keptAfter(call);
    expect({ result, works }).toEqual({ result: 0, works: 1000 });
    expect(kept).toBeLessThan(0.5);
  });
});
