import { describe, expect, it } from 'vitest';
import { compileShellPattern } from './interface-match.ts';

describe('shell patterns on interface names', () => {
  const cases: readonly [string, string, boolean][] = [
    ['*.cali', 'wireguard.cali', true],
    ['*.cali', 'wireguard.calico', false],
    ['bpf*.cali', 'bpfin.cali', true],
    ['bpf*.cali', 'bpf.cali', true],
    ['eth?', 'eth0', true],
    ['eth?', 'eth', false],
    ['eth0', 'eth0', true],
    ['eth0', 'eth01', false],
    ['a.b', 'aXb', false],
    ['e[th]', 'et', false],
    ['e[th]', 'e[th]', true],
    ['*', 'anything', true],
  ];
  for (const [pattern, name, expected] of cases) {
    it(`${pattern} ${expected ? 'matches' : 'does not match'} ${name}`, () => {
      expect(compileShellPattern(pattern)(name)).toBe(expected);
    });
  }
});
