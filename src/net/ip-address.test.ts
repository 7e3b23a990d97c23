/** One spelling for every address: RFC 5952 §4 for IPv6, plain dotted decimal for IPv4. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareIp,
  ip,
  ipFamily,
  ipFromOctets,
  ipToOctets,
  ipv4FromU32,
  ipv4ToU32,
  isLinkLocal,
  parseIpAddress,
} from './ip-address.ts';

describe('parsing IP addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::1', '2001:db8::1'], // RFC 5952 §4.3: lower case
    ['2001:0db8:0000::0001', '2001:db8::1'], // §4.1: no leading zeros
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // §4.2.2: one group is not shortened
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'], // §4.2.3: the longest run
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // §4.2.3: the first of equal runs
    ['2001:db8::', '2001:db8::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'], // §5
    ['::ffff:c000:201', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is %s', (text, canonical) => {
    expect(parseIpAddress(text)).toBe(canonical);
    expect(ip(canonical)).toBe(canonical);
  });

  it.each([
    '',
    '10.0.0',
    '10.0.0.0.1',
    '10.0.0.256',
    '10.0.0.01',
    '10.0.0.-1',
    ' 10.0.0.1',
    '10.0.0.1/24',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '::1.2.3',
    '1.2.3.4::',
    '::1.2.3.4:5',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
  ])('%j is no address', (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
    expect(() => ip(text)).toThrow(TypeError);
  });

  it('reads back whatever it wrote, as octets and as text', () => {
    const octets = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      // Runs of zeros are where IPv6 text goes wrong.
      fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(octets, (given) => {
        const address = ipFromOctets(Uint8Array.from(given));
        expect([...ipToOctets(address)]).toEqual([...given]);
        expect(parseIpAddress(address)).toBe(address);
        expect(ipFamily(address)).toBe(given.length === 4 ? 4 : 6);
      }),
      { seed: 5952 },
    );
  });

  it('refuses octets of any other length', () => {
    for (const length of [0, 3, 5, 15, 17]) {
      expect(() => ipFromOctets(new Uint8Array(length))).toThrow(TypeError);
    }
  });
});

describe('comparing and converting', () => {
  it('orders by family, then by number and not by text', () => {
    const sorted = ['9.0.0.0', '10.0.0.0', '200.0.0.1', '::', '9::', '10::', 'fe80::'].map(ip);
    expect([...sorted].reverse().sort(compareIp)).toEqual(sorted);
    expect(compareIp(ip('10.0.0.1'), ip('10.0.0.1'))).toBe(0);
  });

  it('IPv4 addresses are unsigned 32-bit numbers and back', () => {
    expect(ipv4ToU32(ip('255.0.0.1'))).toBe(0xff000001);
    expect(ipv4FromU32(0xff000001)).toBe('255.0.0.1');
    expect(() => ipv4ToU32(ip('::1'))).toThrow(TypeError);
  });

  it.each([
    ['fe80::1', true],
    ['febf::1', true],
    ['fec0::1', false],
    ['2001:db8::1', false],
    ['169.254.0.1', false],
  ])('%s link-local: %s', (address, expected) => {
    expect(isLinkLocal(ip(address))).toBe(expected);
  });
});
