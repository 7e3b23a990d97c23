import { describe, expect, it } from 'vitest';
import { AttributeCursor, attributeOctets, encodeAttributes } from './attributes.ts';

const octets = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

function walk(hex: string, end = octets(hex).length): string[] {
  const cursor = new AttributeCursor(octets(hex), 0, end);
  const seen: string[] = [];
  while (cursor.next()) seen.push(`${cursor.type}:${cursor.length}`);
  return seen;
}

describe('rtattr', () => {
  it('is padded to 4 octets, and the padding does not count as value', () => {
    const encoded = encodeAttributes([
      { type: 3, value: octets('6c6f00') },
      { type: 4, value: octets('dc050000') },
    ]);
    expect(Buffer.from(encoded).toString('hex')).toBe(
      '070003006c6f00000800 0400dc050000'.replace(' ', ''),
    );
    expect(walk('070003006c6f0000 08000400dc050000')).toEqual(['3:3', '4:4']);
    expect(attributeOctets(3)).toBe(8);
  });

  it('loses its flag bits: a nested type is the same type', () => {
    expect(walk('08 00 12 80 00000000')).toEqual(['18:4']);
  });

  it('ends the walk at a length that is too short, too long, or cut off', () => {
    expect(walk('0300 0300 08000400dc050000')).toEqual([]);
    expect(walk('ff00 0300 08000400dc050000')).toEqual([]);
    expect(walk('08000400dc050000 0800')).toEqual(['4:4']);
  });

  it('does not see what lies behind its end, nor behind the buffer', () => {
    expect(walk('08000400dc050000 08000500dc050000', 8)).toEqual(['4:4']);
    expect(walk('08000400dc050000', 4096)).toEqual(['4:4']);
  });

  it('reads values only where they are long enough', () => {
    const cursor = new AttributeCursor(octets('0500 0100 07000000 0400 0200'), 0, 12);
    cursor.next();
    expect([cursor.u8(), cursor.u32(), cursor.ip(4)]).toEqual([7, undefined, undefined]);
    cursor.next();
    expect([cursor.u8(), cursor.text()]).toEqual([undefined, '']);
  });
});
