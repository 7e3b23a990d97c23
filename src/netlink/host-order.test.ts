import { describe, expect, it } from 'vitest';
import { readI32, readU16, readU32, writeU16, writeU32 } from './host-order.ts';

describe('Integers in host order', () => {
  it('are written lowest octet first and read back the same', () => {
    const octets = new Uint8Array(6);
    writeU16(octets, 0, 0x1234);
    writeU32(octets, 2, 0xfedc_ba98);
    expect([...octets]).toEqual([0x34, 0x12, 0x98, 0xba, 0xdc, 0xfe]);
    expect(readU16(octets, 0)).toBe(0x1234);
    expect(readU32(octets, 2)).toBe(0xfedc_ba98);
    expect(readI32(octets, 2)).toBe(0xfedc_ba98 - 2 ** 32);
  });
});
