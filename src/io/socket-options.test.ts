import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { encodeAoKey, encodeAoRemoval, encodeMd5Key, familyOption } from './socket-options.ts';

describe('struct tcp_md5sig', () => {
  it('names the peer, and the key with its length', () => {
    const octets = encodeMd5Key(ip('10.0.0.1'), new TextEncoder().encode('secret'));
    expect(octets.length).toBe(216);
    expect([...octets.subarray(0, 8)]).toEqual([2, 0, 0, 0, 10, 0, 0, 1]);
    expect([...octets.subarray(128, 136)]).toEqual([0, 0, 6, 0, 0, 0, 0, 0]);
    expect(Buffer.from(octets.subarray(136, 143)).toString('latin1')).toBe('secret\0');
  });

  it('of a prefix has the flag and the length', () => {
    const octets = encodeMd5Key(prefix('fd00::/64'), new Uint8Array(80).fill(1));
    expect([...octets.subarray(128, 132)]).toEqual([1, 64, 80, 0]);
    expect(octets[215]).toBe(1);
  });
});

describe('Socket options', () => {
  it('are those of the address’s family', () => {
    expect(familyOption('minTtl', ip('10.0.0.1'))).toEqual({ level: 0, name: 21 });
    expect(familyOption('minTtl', prefix('fd00::/64'))).toEqual({ level: 41, name: 73 });
  });
});

describe('struct tcp_ao_add', () => {
  it('has address, algorithm, numbers and key where include/uapi/linux/tcp.h puts them', () => {
    const value = encodeAoKey(ip('192.0.2.7'), Buffer.from('secret'));
    expect(value.length).toBe(288);
    expect([...value.subarray(0, 8)]).toEqual([2, 0, 0, 0, 192, 0, 2, 7]);
    expect(Buffer.from(value.subarray(128, 140)).toString('latin1')).toBe('hmac(sha1)\0\0');
    expect([...value.subarray(192, 202)]).toEqual(Array(10).fill(0));
    expect([...value.subarray(202, 208)]).toEqual([32, 1, 1, 0, 0, 6]);
    expect(Buffer.from(value.subarray(208, 215)).toString('latin1')).toBe('secret\0');
  });

  it('has its counterpart that removes the key of an IPv6 peer', () => {
    const value = encodeAoRemoval(ip('fd00::1'));
    expect(value.length).toBe(144);
    expect([...value.subarray(138, 144)]).toEqual([128, 1, 1, 0, 0, 0]);
  });
});
