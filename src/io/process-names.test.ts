import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ProcessNames } from './process-names.ts';

const OWN = readFileSync('/proc/self/comm', 'utf8').trim();

it('A port that is a process has its name; the kernel and nobody have none', () => {
  const names = new ProcessNames(() => 0);
  expect(names.of(process.pid)).toBe(OWN);
  expect(names.of(0)).toBeUndefined();
  expect(names.of(2 ** 31)).toBeUndefined();
});

it('Look-ups are bounded by the second, and what is remembered costs none', () => {
  let now = 0;
  const names = new ProcessNames(() => now);
  expect(names.of(process.pid)).toBe(OWN);
  for (let i = 0; i < 100; i++) names.of(2 ** 31 + i);
  expect(names.of(process.pid)).toBe(OWN); // remembered
  expect(names.of(process.ppid)).toBeUndefined(); // no look-up left
  now = 1_000;
  expect(names.of(process.ppid)).toMatch(/\S/);
});
