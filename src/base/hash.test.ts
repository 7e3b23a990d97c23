/** A keyed hash that reads exactly its span and spreads what a peer chooses. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashOctets } from './hash.ts';

const whole = (octets: Uint8Array, seed: number): number =>
  hashOctets(octets, { start: 0, end: octets.length }, seed);

describe('hashOctets', () => {
  it('depends on the octets of its span and on nothing around it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ maxLength: 9 }),
        fc.uint8Array({ maxLength: 9 }),
        (inner, before, after) => {
          const octets = Uint8Array.of(...before, ...inner, ...after);
          const start = before.length;
          const inside = hashOctets(octets, { start, end: start + inner.length }, 7);
          expect(inside).toBe(whole(inner, 7));
        },
      ),
      { seed: 1 },
    );
  });

  it('tells apart lengths of zero octets, single bits and seeds', () => {
    const hashes = new Set<number>();
    for (let length = 0; length < 64; length++) hashes.add(whole(new Uint8Array(length), 1));
    for (let bit = 0; bit < 320; bit++) {
      const octets = new Uint8Array(40);
      octets[bit >> 3] = 1 << (bit & 7);
      hashes.add(whole(octets, 1));
    }
    for (let seed = 2; seed < 130; seed++) hashes.add(whole(new Uint8Array(40), seed));
    expect(hashes.size).toBe(64 + 320 + 128);
  });

  it('changes about half of the bits of the result when one bit of the input changes', () => {
    let changed = 0;
    const octets = Uint8Array.from({ length: 24 }, (_, i) => i * 7);
    const before = whole(octets, 99);
    for (let bit = 0; bit < 192; bit++) {
      octets[bit >> 3]! ^= 1 << (bit & 7);
      const difference = (whole(octets, 99) ^ before) >>> 0;
      changed += difference.toString(2).replaceAll('0', '').length;
      octets[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(changed / 192).toBeGreaterThan(14);
    expect(changed / 192).toBeLessThan(18);
  });

  it('finds no pair under one seed that collides under the others as well', () => {
    // What sets it apart from xor and multiply: collisions move with the key.
    const bySeed = [11, 12].map((seed) => {
      const seen = new Map<number, number[]>();
      for (let value = 0; value < 50_000; value++) {
        const octets = Uint8Array.of(value, value >> 8, value >> 16, 0, 1, 2, 3);
        const hash = whole(octets, seed) & 0xfffff; // 20 bits, so that there are collisions
        seen.set(hash, [...(seen.get(hash) ?? []), value]);
      }
      const pairs = [...seen.values()].filter((values) => values.length > 1);
      return new Set(pairs.flatMap((values) => `${values[0]},${values[1]}`));
    });
    const [first, second] = bySeed as [Set<string>, Set<string>];
    expect(first.size).toBeGreaterThan(500);
    const both = [...first].filter((pair) => second.has(pair)).length;
    expect(both).toBeLessThan(20);
  });
});
