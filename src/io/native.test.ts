import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What `body` answers, in a process of its own that has all pages of its start. */
function inAProcess<T>(body: string): T {
  const program = `
    import { readdirSync, readFileSync } from 'node:fs';
    import { nativeSockets } from ${JSON.stringify(join(import.meta.dirname, 'native.ts'))};
    const resident = (what) =>
      Number(new RegExp('^' + what + ':\\\\s+(\\\\d+) kB$', 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1]);
    const sleeping = new Int32Array(new SharedArrayBuffer(4));
    const sleep = (ms) => Atomics.wait(sleeping, 0, 0, ms);
    const spin = (ms) => { for (const end = performance.now() + ms; performance.now() < end; ); };
    const works = () => JSON.parse(JSON.stringify(Array.from({ length: 1000 }, (_, i) => [i]))).length;
    console.log(JSON.stringify((() => {${body}})()));`;
  const argv = ['--expose-gc', '--input-type=module', '--eval', program];
  return JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8' })) as T;
}

describe('the shim', () => {
  it('gives back what malloc holds free', () => {
    const { result, before, after } = inAProcess<{ result: number; before: number; after: number }>(
      `
      // Below the size that has a mapping of its own, and the last one stays: what lies before it is kept by malloc.
      let blocks = Array.from({ length: 600 }, () => new Uint8Array(new ArrayBuffer(100_000)).fill(1));
      const last = blocks.at(-1);
      blocks = undefined;
      gc(); gc(); sleep(50);
      const before = resident('RssAnon');
      const result = nativeSockets().trim();
      return { result, before, after: resident('RssAnon') + (last.length > 0 ? 0 : 1) };`,
    );
    expect(result).toBe(0);
    expect(before - after).toBeGreaterThan(30_000);
  });

  // It sleeps meanwhile: work would want the pages again.
  it('lets go of the pages of the program, which goes on', () => {
    const answer = inAProcess<{ result: number; kept: number; works: number }>(`
      const before = resident('RssFile');
      const result = nativeSockets().forgetProgram();
      let least = before;
      for (let i = 0; i < 100 && least >= before / 2; i++) {
        sleep(i);
        least = Math.min(least, resident('RssFile'));
      }
      return { result, kept: least / before, works: works() };`);
    expect(answer).toMatchObject({ result: 0, works: 1000 });
    expect(answer.kept).toBeLessThan(0.5);
  });

  it('keeps the pages of a program that works below a limit, and never wakes one that rests', () => {
    const answer = inAProcess<{ results: number[]; kept: number; works: number; woken: number }>(`
      const shim = nativeSockets();
      const before = resident('RssFile');
      const results = [shim.keepProgramBelow(-1, 1), shim.keepProgramBelow(1, 0), shim.keepProgramBelow(4_194_304, 10)];
      let least = before;
      for (let i = 0; i < 200 && least >= before / 2; i++) {
        spin(10);
        least = Math.min(least, resident('RssFile'));
      }
      results.push(shim.keepProgramBelow(1_000_000, 10));
      spin(30);
      const thread = readdirSync('/proc/self/task').find(
        (id) => readFileSync('/proc/self/task/' + id + '/comm', 'utf8') === 'godwit-memory\\n');
      const runs = () => Number(readFileSync('/proc/self/task/' + thread + '/schedstat', 'utf8').split(' ')[2]);
      const ran = runs();
      sleep(300);
      return { results, kept: least / before, works: works(), woken: runs() - ran };`);
    expect(answer).toMatchObject({ results: [-22, -22, 0, 0], works: 1000 });
    expect(answer.woken).toBeLessThan(3); // 30 by the wall; V8's own threads may end something
    expect(answer.kept).toBeLessThan(0.5);
  });

  // A fault takes back nothing beyond its area; what that saves is in docs/performance.md, and too little to be told from
  // what V8's own threads want on a busy machine.
  it('has the code of the program in areas of 8 KiB, once its pages have a limit', () => {
    const { before, after } = inAProcess<{ before: number; after: number }>(`
      const areas = () => readFileSync('/proc/self/maps', 'utf8').split('\\n').filter(
        (line) => line.includes(' r-xp ') && line.endsWith(process.execPath));
      const before = areas().length;
      nativeSockets().keepProgramBelow(1_000_000_000, 10_000);
      const octets = (line) => line.split(' ')[0].split('-').map((at) => parseInt(at, 16)).reduce((start, end) => end - start);
      return { before, after: areas().filter((line) => octets(line) === 8192).length };`);
    expect(before).toBeLessThan(20);
    expect(after).toBeGreaterThan(1000);
  });
});
