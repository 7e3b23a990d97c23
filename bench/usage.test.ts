/** Figures about processes: read from the kernel's text and from this very process. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { cpuSeconds, familyOf, memoryOf, parseMemory } from './usage.ts';

describe('usage', () => {
  it('reads resident memory and its peak in MB of a million octets', () => {
    const status = 'Name:\tbird\nVmPeak:\t  9 kB\nVmHWM:\t  1000 kB\nVmRSS:\t   500 kB\n';
    expect(parseMemory(status)).toEqual({ peak: 1.024, now: 0.512 });
    expect(() => parseMemory('Name:\tgone\n')).toThrow('No VmRSS');
  });

  it('counts children to a process', async () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    try {
      await once(child, 'spawn');
      expect(familyOf(process.pid)).toContain(child.pid);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('sees this process work', () => {
    const before = cpuSeconds(process.pid);
    let sum = 0;
    const end = performance.now() + 50;
    while (performance.now() < end) sum += Math.sqrt(sum + 1);
    const used = cpuSeconds(process.pid) - before;
    expect(sum).toBeGreaterThan(0);
    expect(used).toBeGreaterThan(0.01);
    expect(used).toBeLessThan(5);
    expect(memoryOf(process.pid).peak).toBeGreaterThan(10);
  });
});
