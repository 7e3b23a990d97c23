/** Chance that repeats: equal seeds give equal sequences, and numbers spread over their range. */

import { describe, expect, it } from 'vitest';
import { Prng } from './prng.ts';

function draw(seed: number, count: number): number[] {
  const prng = new Prng(seed);
  return Array.from({ length: count }, () => prng.u32());
}

describe('Prng', () => {
  it('repeats for a seed and differs between neighboring seeds from the first number on', () => {
    expect(draw(7, 50)).toEqual(draw(7, 50));
    const firsts = Array.from({ length: 1000 }, (_, seed) => draw(seed, 1)[0]);
    expect(new Set(firsts).size).toBe(1000);
  });

  it('gives unsigned 32-bit integers, each bit about half of the time', () => {
    const numbers = draw(1, 4000);
    expect(numbers.every((n) => Number.isInteger(n) && n >= 0 && n <= 0xffff_ffff)).toBe(true);
    for (let bit = 0; bit < 32; bit++) {
      const ones = numbers.filter((n) => (n >>> bit) & 1).length;
      expect(Math.abs(ones - 2000), `bit ${bit}`).toBeLessThan(200); // 6 standard deviations
    }
  });

  it('is xoshiro128** over a state that SplitMix32 expands from the seed', () => {
    // The reference itself first: the published sequence for the state 1, 2, 3, 4.
    expect(xoshiro([1n, 2n, 3n, 4n], 8)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849,
    ]);
    for (const seed of [0, 1, 4271, 0xffff_ffff]) {
      expect(draw(seed, 100)).toEqual(xoshiro(splitMix(seed), 100));
    }
  });

  it('unit() stays in [0, 1) and below() in [0, limit), reaching both ends', () => {
    const prng = new Prng(3);
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i++) {
      const unit = prng.unit();
      expect(unit >= 0 && unit < 1).toBe(true);
      seen.add(prng.below(6));
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

const MASK = 0xffff_ffffn;
const rotl = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & MASK;

/** Blackman and Vigna's step, word for word, in exact integers. */
function xoshiro(state: bigint[], count: number): number[] {
  let [s0, s1, s2, s3] = state as [bigint, bigint, bigint, bigint];
  return Array.from({ length: count }, () => {
    const result = (rotl((s1 * 5n) & MASK, 7n) * 9n) & MASK;
    const t = (s1 << 9n) & MASK;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = rotl(s3, 11n);
    return Number(result);
  });
}

function splitMix(seed: number): bigint[] {
  let x = BigInt(seed);
  return Array.from({ length: 4 }, () => {
    x = (x + 0x9e3779b9n) & MASK;
    let z = x;
    z = ((z ^ (z >> 16n)) * 0x85ebca6bn) & MASK;
    z = ((z ^ (z >> 13n)) * 0xc2b2ae35n) & MASK;
    return z ^ (z >> 16n);
  });
}
