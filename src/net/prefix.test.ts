/** One spelling for every prefix: canonical address, host bits zero. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ip } from './ip-address.ts';
import {
  hostPrefix,
  parsePrefix,
  prefix,
  prefixAddress,
  prefixContains,
  prefixCovers,
  prefixFamily,
  prefixFrom,
  prefixLength,
} from './prefix.ts';

describe('parsing prefixes', () => {
  it.each([
    ['10.244.0.77/26', '10.244.0.64/26'],
    ['10.1.2.3/0', '0.0.0.0/0'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['2001:DB8:0:FFFF::/33', '2001:db8::/33'],
    ['2001:db8::1', '2001:db8::1/128'],
    ['ffff::/1', '8000::/1'],
  ])('%s is %s', (text, canonical) => {
    expect(parsePrefix(text)).toBe(canonical);
  });

  it.each([
    '',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '::/129',
    'a/8',
  ])('%j is no prefix', (text) => {
    expect(parsePrefix(text)).toBeUndefined();
    expect(() => prefix(text)).toThrow(TypeError);
  });

  it('takes apart what it put together', () => {
    const value = prefix('10.244.0.64/26');
    expect(prefixAddress(value)).toBe('10.244.0.64');
    expect(prefixLength(value)).toBe(26);
    expect(prefixFamily(value)).toBe(4);
    expect(prefixFamily(prefix('::/0'))).toBe(6);
    expect(hostPrefix(ip('10.0.0.1'))).toBe('10.0.0.1/32');
    expect(hostPrefix(ip('fe80::1'))).toBe('fe80::1/128');
  });

  it('leaves the octets that it was given alone', () => {
    const octets = Uint8Array.of(10, 1, 2, 3);
    expect(prefixFrom(octets, 9)).toBe('10.0.0.0/9');
    expect([...octets]).toEqual([10, 1, 2, 3]);
  });
});

describe('containment', () => {
  it.each([
    ['10.244.0.0/16', '10.244.3.64/26', true],
    ['10.244.0.0/16', '10.244.0.0/16', true],
    ['10.244.0.0/16', '10.244.0.0/15', false],
    ['10.244.0.0/16', '10.245.0.0/26', false],
    ['0.0.0.0/0', '255.255.255.255/32', true],
    ['0.0.0.0/0', '::/0', false],
    ['::/0', '0.0.0.0/0', false],
    ['2001:db8::/33', '2001:db8:7fff::/48', true],
    ['2001:db8::/33', '2001:db8:8000::/48', false],
  ])('%s contains %s: %s', (outer, inner, expected) => {
    expect(prefixContains(prefix(outer), prefix(inner))).toBe(expected);
  });

  it('is the same as comparing the leading bits', () => {
    const octets = fc.uint8Array({ minLength: 4, maxLength: 4 });
    const length = fc.integer({ min: 0, max: 32 });
    const bits = (given: Uint8Array): string =>
      [...given].map((octet) => octet.toString(2).padStart(8, '0')).join('');
    fc.assert(
      fc.property(octets, length, length, fc.integer({ min: 0, max: 31 }), (a, m, n, flip) => {
        // Addresses that differ in one bit meet both answers about equally often.
        const b = a.slice();
        b[flip >> 3]! ^= 0x80 >> (flip & 7);
        const expected = m <= n && bits(a).slice(0, m) === bits(b).slice(0, m);
        expect(prefixContains(prefixFrom(a, m), prefixFrom(b, n))).toBe(expected);
      }),
      { seed: 4632 },
    );
  });

  it('covers the addresses of its own family only', () => {
    expect(prefixCovers(prefix('10.0.0.0/8'), ip('10.255.255.255'))).toBe(true);
    expect(prefixCovers(prefix('10.0.0.0/8'), ip('11.0.0.0'))).toBe(false);
    expect(prefixCovers(prefix('0.0.0.0/0'), ip('::'))).toBe(false);
  });
});
