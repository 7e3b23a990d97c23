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

function timed(value: Uint8Array): number {
  const begun = performance.now();
  unique(value);
  return performance.now() - begun;
}

/** A list of eight times the length takes 8 times as long where it is in proportion, and 64 where it is to the square. */
const BETWEEN = 30;

describe('repeated large communities', () => {
  it('stay once each and in their order, in short lists and in long ones (RFC 8092 §3)', () => {
    for (const count of [3, 64, 65, 5460]) {
      expect(unique(list(count, 3))).toEqual(list(3, 3));
      expect(unique(list(count, count))).toEqual(list(count, count));
    }
  });

  it('take time in proportion to the list, not to its square', () => {
    const [short, long] = [list(680, 680), list(5440, 5440)];
    let [shortMs, longMs] = [timed(short), timed(long)];
    // By turns, and the least of each: whoever else is at work on this machine can only add to either.
    for (let round = 0; round < 100 && longMs / shortMs > BETWEEN; round++) {
      shortMs = Math.min(shortMs, timed(short));
      longMs = Math.min(longMs, timed(long));
    }
    expect(longMs / shortMs).toBeLessThan(BETWEEN);
  });
});
