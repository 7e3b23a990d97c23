/** A reader gives numbers in network order and never an octet from outside its slice. */

import { describe, expect, it } from 'vitest';
import { ByteReader, ShortReadError } from './byte-reader.ts';

const OCTETS = Uint8Array.of(0xff, 0x01, 0x02, 0x03, 0x84, 0x05, 0x06, 0x07, 0xee);

describe('ByteReader', () => {
  it('reads unsigned big-endian numbers', () => {
    const reader = new ByteReader(OCTETS);
    expect(reader.u8()).toBe(0xff);
    expect(reader.u16()).toBe(0x0102);
    expect(reader.offset).toBe(3);
    expect(reader.u32()).toBe(0x03840506);
    expect(reader.remaining).toBe(2);
    expect(new ByteReader(Uint8Array.of(0xff, 0xff, 0xff, 0xff)).u32()).toBe(0xffff_ffff);
  });

  it.each([
    ['u8', 0, (reader: ByteReader) => reader.u8()],
    ['u16', 1, (reader: ByteReader) => reader.u16()],
    ['u32', 3, (reader: ByteReader) => reader.u32()],
    ['take(4)', 3, (reader: ByteReader) => reader.take(4)],
    ['sub(4)', 3, (reader: ByteReader) => reader.sub(4)],
    ['skip(4)', 3, (reader: ByteReader) => reader.skip(4)],
    ['take(-1)', 3, (reader: ByteReader) => reader.take(-1)],
  ])('%s refuses %i octets and does not move', (_name, length, read) => {
    // The buffer goes on behind the slice: what is there must not be reached.
    const reader = new ByteReader(OCTETS, 2, 2 + length);
    expect(() => read(reader)).toThrow(ShortReadError);
    expect(reader.remaining).toBe(length);
    expect(reader.offset).toBe(2);
  });

  it('sub() narrows to its octets and moves past them', () => {
    const reader = new ByteReader(OCTETS, 1);
    const inner = reader.sub(2);
    expect(reader.u8()).toBe(0x03);
    expect([...inner.rest()]).toEqual([0x01, 0x02]);
    expect(() => inner.u8()).toThrow(ShortReadError);
  });

  it('take() and rest() are views, not copies', () => {
    const octets = Uint8Array.of(1, 2, 3);
    const reader = new ByteReader(octets);
    const view = reader.take(1);
    octets[0] = 9;
    expect(view[0]).toBe(9);
    expect(reader.rest().buffer).toBe(octets.buffer);
    expect(reader.rest()).toHaveLength(0);
  });

  it.each([
    [-1, 4],
    [0, 10],
    [5, 4],
  ])('refuses a slice %i to %i that does not lie in its buffer', (start, end) => {
    expect(() => new ByteReader(OCTETS, start, end)).toThrow(ShortReadError);
  });
});
