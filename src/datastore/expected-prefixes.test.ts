import { describe, expect, it } from 'vitest';
import { prefix } from '../net/prefix.ts';
import { expectedPrefixes } from './expected-prefixes.ts';

const blocks = (count: number, deleted = false, family: 4 | 6 = 4) =>
  Array.from({ length: count }, (_, i) => ({
    cidr: prefix(family === 4 ? `10.${i >> 8}.${i & 255}.0/26` : `fd00:${i.toString(16)}::/122`),
    deleted,
  }));

describe('the prefixes that a cluster explains', () => {
  it('are not fewer than the floor, which no plan names', () => {
    expect(expectedPrefixes([], 0)).toBeUndefined();
    expect(expectedPrefixes(blocks(512), 0)).toBeUndefined();
  });

  it('are twice the blocks of the family and the services, rounded up to a power of two', () => {
    expect(expectedPrefixes(blocks(513), 0)).toEqual({ 'ipv4-unicast': 2048 });
    expect(expectedPrefixes(blocks(1024), 0)).toEqual({ 'ipv4-unicast': 2048 });
    expect(expectedPrefixes(blocks(1024), 1)?.['ipv4-unicast']).toBe(4096);
    expect(expectedPrefixes([...blocks(2000), ...blocks(600, false, 6)], 0)).toEqual({
      'ipv4-unicast': 4096,
      'ipv6-unicast': 2048,
    });
  });

  it('do not count what is deleted', () => {
    expect(expectedPrefixes(blocks(2000, true), 0)).toBeUndefined();
  });
});
