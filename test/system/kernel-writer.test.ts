/**
 * The thread that writes routes, with the route programmer in front of it and the running kernel behind: the loop is
 * not held, and whatever fails or interferes while a batch is under way, the kernel ends as wished.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeWith } from '../support/requirements.ts';

const SCENARIOS = join(import.meta.dirname, 'kernel-writer-scenarios.ts');
const SCENARIO_MS_MAX = 110_000;

// biome-ignore lint/suspicious/noExplicitAny: the scenarios' results are checked by the expectations
function run(name: string): any {
  const command = ['--net', process.execPath, SCENARIOS, name];
  // The test's own limit of time is of no use while this thread waits.
  const limits = { timeout: SCENARIO_MS_MAX, killSignal: 'SIGKILL' } as const;
  const ended = spawnSync('unshare', command, { encoding: 'utf8', ...limits });
  const { status, signal, stdout, stderr } = ended;
  if (status !== 0) throw new Error(`${name} ended with ${status ?? signal}: ${stderr}`);
  return JSON.parse(stdout);
}

describeWith(['netns', 'native', 'ip', 'veth'], 'The kernel writer', () => {
  it('writes 100,000 routes off the loop, whose steps stay below 10 ms of CPU', () => {
    const { held, writer, p99 } = run('free');
    expect(held).toBe(100_000);
    expect(p99).toBeLessThan(10);
    expect(writer).toBeGreaterThan(100); // ms; the kernel's own cost, 350 where it was measured
  });

  it('is replaced with back-off when its socket fails, and what it owed is written', () => {
    const { unavailable, held, moved } = run('death');
    expect(unavailable).toContain('EBADF');
    expect(unavailable.length).toBeLessThan(4);
    expect({ held, moved }).toEqual({ held: 3000, moved: 500 });
  });

  it('ends as wished when events are lost while it writes', () => {
    const { overruns, held } = run('overrun');
    expect(overruns).toBeGreaterThanOrEqual(1);
    expect(held).toBe(40_000);
  });

  it('ends as wished when somebody deletes a route of the batch that is under way', () => {
    const { deleted, held } = run('foreignDelete');
    expect(deleted).toBeGreaterThan(10); // of 20 rounds; in some a dump comes first
    expect(held).toBe(12_000);
  });
});
