import { describe, expect, it } from 'vitest';
import { type AsPathEdit, editAsPath, isPrivateAs } from './as-path-edit.ts';

type Segment = readonly [type: number, ...asns: number[]];

function encode(segments: readonly Segment[]): Uint8Array {
  const octets: number[] = [];
  for (const [type, ...asns] of segments) {
    octets.push(type, asns.length);
    for (const asn of asns) octets.push(asn >>> 24, asn >>> 16, asn >>> 8, asn);
  }
  return Uint8Array.from(octets);
}

const edited = (segments: readonly Segment[], edit: Partial<AsPathEdit>): Uint8Array =>
  editAsPath(encode(segments), {
    neighborAs: 64_600,
    ownAs: 100,
    overrides: false,
    privateAs: 'keep',
    ...edit,
  });

describe('AS_PATH on its way to a neighbor', () => {
  it('has the AS of the neighbor replaced by ours with as-override, wherever it stands', () => {
    const path: Segment[] = [
      [2, 64_600, 300, 64_600],
      [1, 64_600, 5],
    ];
    expect(edited(path, { overrides: true })).toEqual(
      encode([
        [2, 100, 300, 100],
        [1, 100, 5],
      ]),
    );
  });

  it('loses private numbers (RFC 6996), but not that of the neighbor, and segments that are left empty', () => {
    const path: Segment[] = [
      [2, 64_512, 300, 64_600, 4_200_000_000],
      [1, 65_534],
    ];
    expect(edited(path, { privateAs: 'remove' })).toEqual(encode([[2, 300, 64_600]]));
    expect(edited([[2, 64_513]], { privateAs: 'remove' })).toHaveLength(0);
  });

  it('has private numbers replaced, each in its place, and once in a set', () => {
    const path: Segment[] = [
      [2, 64_512, 300, 64_513],
      [1, 64_514, 64_515, 7],
    ];
    expect(edited(path, { privateAs: 'replace' })).toEqual(
      encode([
        [2, 100, 300, 100],
        [1, 100, 7],
      ]),
    );
  });

  it('knows both private ranges with their ends', () => {
    const inside = [64_512, 65_534, 4_200_000_000, 4_294_967_294];
    const outside = [64_511, 65_535, 4_199_999_999, 4_294_967_295];
    expect(inside.map(isPrivateAs)).toEqual([true, true, true, true]);
    expect(outside.map(isPrivateAs)).toEqual([false, false, false, false]);
  });
});
