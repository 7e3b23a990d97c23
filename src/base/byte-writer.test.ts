/** A writer keeps what was written however often it grows, and patches lengths afterwards. */

import { describe, expect, it } from 'vitest';
import { ByteWriter } from './byte-writer.ts';

describe('ByteWriter', () => {
  it('writes big-endian numbers and octets', () => {
    const out = new ByteWriter();
    out.u8(0x01);
    out.u16(0x0203);
    out.u32(0xfffefdfc);
    out.bytes(Uint8Array.of(9, 8));
    out.copy(Uint8Array.of(0, 7, 6, 0), 1, 3);
    expect([...out.finish()]).toEqual([1, 2, 3, 0xff, 0xfe, 0xfd, 0xfc, 9, 8, 7, 6]);
    expect(out.length).toBe(11);
  });

  it('keeps everything when it grows, one octet or many at a time', () => {
    const out = new ByteWriter(1);
    for (let i = 0; i < 300; i++) out.u8(i & 255);
    out.bytes(new Uint8Array(1000).fill(7));
    const octets = out.finish();
    expect(octets).toHaveLength(1300);
    expect(octets.subarray(0, 300).every((octet, i) => octet === (i & 255))).toBe(true);
    expect(octets.subarray(300).every((octet) => octet === 7)).toBe(true);
  });

  it('reserves octets, and patches them', () => {
    const out = new ByteWriter();
    out.u32(0xffffffff);
    out.truncate(1);
    const at = out.reserve(3);
    expect(out.length).toBe(4);
    out.patchU16(at, 0x0102);
    out.patchU8(at + 2, 0x103);
    expect([...out.finish()]).toEqual([0xff, 1, 2, 3]);
  });

  it('truncate() never lengthens and reset() forgets all', () => {
    const out = new ByteWriter();
    out.u16(1);
    out.truncate(9);
    expect(out.length).toBe(2);
    out.reset();
    expect(out.finish()).toHaveLength(0);
  });

  it('finish() is a copy that later writes leave alone; view() is not', () => {
    const out = new ByteWriter();
    out.u8(1);
    const copy = out.finish();
    const view = out.view();
    out.patchU8(0, 2);
    expect([copy[0], view[0]]).toEqual([1, 2]);
  });

  it('copyTo() puts what was written, and no more, at its place', () => {
    const out = new ByteWriter(2);
    out.u32(0x01020304);
    const target = new Uint8Array(7).fill(0xee);
    out.copyTo(target, 1);
    expect([...target]).toEqual([0xee, 1, 2, 3, 4, 0xee, 0xee]);
    expect([...out.octets.subarray(0, out.length)]).toEqual([1, 2, 3, 4]);
  });
});
