import { describe, expect, it } from 'vitest';
import {
  hasHostBits,
  parseAsNumber,
  parseCommunity,
  parseDuration,
  parseHostPort,
  parseNodeAddress,
} from './scalars.ts';

describe('AS numbers', () => {
  it('are read as numbers, decimal texts and dotted texts', () => {
    expect(parseAsNumber(64512)).toBe(64512);
    expect(parseAsNumber('64512')).toBe(64512);
    expect(parseAsNumber('1.10')).toBe(65546);
    expect(parseAsNumber('65535.65535')).toBe(4294967295);
    expect(parseAsNumber(4294967295)).toBe(4294967295);
  });

  it('are refused outside 32 bits, as fractions and in any other form', () => {
    for (const bad of [4294967296, -1, 1.1, '65536.1', '1.65536', 'AS1', '', '1.2.3', true, null]) {
      expect(parseAsNumber(bad)).toBeUndefined();
    }
  });
});

describe('Go durations', () => {
  it('are rounded to whole seconds', () => {
    expect(parseDuration('90s')).toBe(90);
    expect(parseDuration('1m30s')).toBe(90);
    expect(parseDuration('1.5h')).toBe(5400);
    expect(parseDuration('1499ms')).toBe(1);
    expect(parseDuration('1500ms')).toBe(2);
    expect(parseDuration('.5m')).toBe(30);
    expect(parseDuration('0')).toBe(0);
  });

  it('need a unit and nothing else', () => {
    for (const bad of ['90', '', 's', '1m30', '1 m', '-5s', '1d']) {
      expect(parseDuration(bad)).toBeUndefined();
    }
  });
});

describe('communities', () => {
  it('are standard with two parts and large with three', () => {
    expect(parseCommunity('65000:1')).toEqual({ kind: 'standard', value: 0xfde80001 });
    expect(parseCommunity('4294967295:0:7')).toEqual({ kind: 'large', value: [4294967295, 0, 7] });
  });

  it('are refused where a part is too large', () => {
    for (const bad of ['65536:1', '1:65536', '1:2:4294967296', '1', '1:', 'a:b', '1:2:3:4']) {
      expect(parseCommunity(bad)).toBeUndefined();
    }
  });
});

describe('addresses', () => {
  it('of a node keep their subnet, and are their own subnet without a length', () => {
    expect(parseNodeAddress('10.0.0.5/24')).toEqual({
      address: '10.0.0.5',
      network: '10.0.0.0/24',
    });
    expect(parseNodeAddress('10.0.0.5')).toEqual({ address: '10.0.0.5', network: '10.0.0.5/32' });
    expect(parseNodeAddress('10.0.0.5/33')).toBeUndefined();
  });

  it('with a port are written with brackets for IPv6 alone', () => {
    expect(parseHostPort('10.0.0.1')).toEqual({ address: '10.0.0.1', port: undefined });
    expect(parseHostPort('10.0.0.1:1179')).toEqual({ address: '10.0.0.1', port: 1179 });
    expect(parseHostPort('FD00::1')).toEqual({ address: 'fd00::1', port: undefined });
    expect(parseHostPort('[fd00::1]:179')).toEqual({ address: 'fd00::1', port: 179 });
    for (const bad of ['[10.0.0.1]:179', '10.0.0.1:0', '10.0.0.1:65536', 'fe80::1%eth0', 'tor']) {
      expect(parseHostPort(bad)).toBeUndefined();
    }
  });

  it('know whether bits behind the length are set', () => {
    expect(hasHostBits('10.0.0.1/24')).toBe(true);
    expect(hasHostBits('10.0.0.0/24')).toBe(false);
    expect(hasHostBits('fd00::1/64')).toBe(true);
  });
});
