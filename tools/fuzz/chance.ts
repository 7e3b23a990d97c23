/** Choices of the fuzzer: all from one seeded generator, so that a run repeats exactly. */

import { Prng } from '../../src/base/prng.ts';

/** Values at which length and range checks change their mind. */
const EDGES: readonly number[] = [
  0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 20, 31, 32, 33, 127, 128, 129, 254, 255,
];
const EDGES_32: readonly number[] = [
  0, 1, 23_456, 64_512, 65_000, 65_001, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
  // Well-known communities
  0xffff_ff01, 0xffff_ff02, 0xffff_ff03, 0xffff_ff04, 0xffff_0000, 0xffff_0006, 0xffff_0007,
  0xffff_029a,
];

export class Chance {
  readonly #prng: Prng;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
  }

  u32(): number {
    return this.#prng.u32();
  }

  /** An integer in [0, limit). */
  below(limit: number): number {
    return this.#prng.below(limit);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  from<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  octet(): number {
    return this.once(2) ? this.from(EDGES) : this.below(256);
  }

  number(): number {
    return this.once(2) ? this.from(EDGES_32) : this.u32();
  }

  /** Small ones mostly. */
  length(): number {
    return this.once(16) ? this.below(600) : this.below(24);
  }

  fill(octets: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at++) octets[at] = this.octet();
  }
}
