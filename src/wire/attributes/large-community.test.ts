import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../base/byte-writer.ts';
import { writeUniqueLargeCommunities } from './large-community.ts';

/** 1:2:0, 1:2:1 and so on, begun again after `distinct`. */
function list(count: number, distinct: number): Uint8Array {
  const octets = new Uint8Array(count * 12);
  const view = new DataView(octets.buffer);
  for (let i = 0; i < count; i++) {
    view.setUint32(i * 12, 1);
    view.setUint32(i * 12 + 4, 2);
    view.setUint32(i * 12 + 8, i % distinct);
  }
  return octets;
}

function unique(value: Uint8Array): Uint8Array {
  const out = new ByteWriter(64);
  writeUniqueLargeCommunities(value, out);
  return out.finish();
}

describe('repeated large communities', () => {
  it('stay once each and in their order, in short lists and in long ones (RFC 8092 §3)', () => {
    for (const count of [3, 64, 65, 5460]) {
      expect(unique(list(count, 3))).toEqual(list(3, 3));
      expect(unique(list(count, count))).toEqual(list(count, count));
    }
  });

  it('take time in proportion to the list, not to its square', () => {
    const times = [680, 5440].map((count) => {
      const value = list(count, count);
      const runs = Array.from({ length: 7 }, () => {
        const begun = performance.now();
        unique(value);
        return performance.now() - begun;
      });
      return Math.min(...runs);
    });
    expect(times[1]! / times[0]!).toBeLessThan(30); // 8 where it is so, 64 where it is not
  });
});
