/** Reading NLRI: lengths, Path Identifiers, host bits, and what cannot be located. */
import { describe, expect, it } from 'vitest';
import { checkNlri, decodeNlri, type NlriField, nlriField } from './nlri.ts';
import { hex } from './testing/fixtures.ts';

function field(octets: Uint8Array, width: 32 | 128, addPath = false): NlriField {
  return { ...nlriField(), end: octets.length, width, addPath };
}

describe('NLRI (RFC 4271 §4.3)', () => {
  it('is read in order, with host bits cleared', () => {
    const octets = hex('00 08 0a 18 c0a801 19 c0a801ff 20 01020304');
    expect(checkNlri(octets, field(octets, 32))).toBe(5);
    expect(decodeNlri(octets, field(octets, 32)).map((one) => one.prefix)).toEqual([
      '0.0.0.0/0',
      '10.0.0.0/8',
      '192.168.1.0/24',
      '192.168.1.128/25',
      '1.2.3.4/32',
    ]);
  });

  it('has a Path Identifier in front of each prefix with ADD-PATH (RFC 7911 §3)', () => {
    const octets = hex('fffffffe 18 c0a801 00000001 00');
    expect(checkNlri(octets, field(octets, 32, true))).toBe(2);
    expect(decodeNlri(octets, field(octets, 32, true))).toEqual([
      { prefix: '192.168.1.0/24', pathId: 0xfffffffe },
      { prefix: '0.0.0.0/0', pathId: 1 },
    ]);
  });

  it('cannot be located after a length beyond the width or the field', () => {
    for (const [text, width, addPath] of [
      ['21 0102030405', 32, false],
      ['81 00000000000000000000000000000000 00', 128, false],
      ['ff', 32, false],
      ['18 c0a8', 32, false],
      ['08 0a 01', 32, false],
      ['000000', 32, true],
      ['00000001', 32, true],
    ] as const) {
      const octets = hex(text);
      expect(checkNlri(octets, field(octets, width, addPath))).toBe(-1);
    }
  });

  it('never looks outside its field', () => {
    const octets = hex('ff 18 c0a801 ff');
    const inside: NlriField = { ...nlriField(), start: 1, end: 5, width: 32 };
    expect(checkNlri(octets, inside)).toBe(1);
    expect(decodeNlri(octets, inside).map((one) => one.prefix)).toEqual(['192.168.1.0/24']);
  });
});
