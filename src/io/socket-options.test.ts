import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { encodeMd5Key, familyOption } from './socket-options.ts';

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
