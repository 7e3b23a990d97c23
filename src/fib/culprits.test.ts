import { expect, it } from 'vitest';
import { culpritName, culpritRemedy } from './culprits.ts';

it('A program that flushes routes of others has its full name, and the setting that stops it', () => {
  expect(culpritName('systemd-network')).toBe('systemd-networkd');
  expect(culpritRemedy('systemd-network')).toMatch(/^; set ManageForeignRoutes=no/);
  expect(culpritRemedy('NetworkManager')).toContain('unmanaged-devices');
});

it('A program of which nothing is known has its own name and no remedy', () => {
  expect([culpritName('ip'), culpritRemedy('ip'), culpritRemedy(undefined)]).toEqual([
    'ip',
    '',
    '',
  ]);
});
