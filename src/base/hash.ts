/**
 * A keyed hash of octets: HalfSipHash-1-3 on 32-bit words.
 *
 * Peers choose what is hashed here, so a hash with collisions that do not depend on the key (any chain of xor and
 * multiply has them) would let one build a table that is a single long chain. About 4 ns a word.
 */

/** @param seed  The key's first half; the second is derived from it. Signed 32-bit result. */
export function hashOctets(
  octets: Uint8Array,
  span: { start: number; end: number },
  seed: number,
): number {
  const { start, end } = span;
  const seed2 = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  let v0 = seed | 0;
  let v1 = seed2 | 0;
  let v2 = seed ^ 0x6c796765;
  let v3 = seed2 ^ 0x74656462;
  let at = start;
  const tail = end - 4;
  let last = false;
  let word = 0;
  // One round a word; the last word holds what is left over and the length.
  for (;;) {
    if (at <= tail) {
      word =
        octets[at]! | (octets[at + 1]! << 8) | (octets[at + 2]! << 16) | (octets[at + 3]! << 24);
      at += 4;
    } else {
      word = (end - start) << 24;
      for (let shift = 0; at < end; at++, shift += 8) word |= octets[at]! << shift;
      last = true;
    }
    v3 ^= word;
    for (let rounds = last ? 4 : 1; rounds > 0; rounds--) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      if (last && rounds === 4) {
        v0 ^= word;
        v2 ^= 0xff;
      }
    }
    if (last) return v1 ^ v3;
    v0 ^= word;
  }
}
