import { describe, expect, it } from 'vitest';
import { Prng } from '../base/prng.ts';
import { OctetArena } from './octet-arena.ts';

describe('OctetArena', () => {
  it('keeps every piece as it was stored while others come and go', () => {
    const arena = new OctetArena();
    const random = new Prng(9);
    const held: { ref: number; octets: Uint8Array }[] = [];
    for (let step = 0; step < 20_000; step++) {
      if (random.below(5) > 1) {
        const length = random.below(20) === 0 ? 1 + random.below(70_000) : 1 + random.below(200);
        const octets = new Uint8Array(length).fill(random.below(256));
        held.push({ ref: arena.store(octets, 0, length), octets });
      } else if (held.length > 0) {
        const [gone] = held.splice(random.below(held.length), 1);
        expect(arena.equals(gone!.ref, gone!.octets, { start: 0, end: gone!.octets.length })).toBe(
          true,
        );
        arena.free(gone!.ref, gone!.octets.length);
      }
      if (held.length > 300) {
        for (const { ref, octets } of held.splice(0, 200)) arena.free(ref, octets.length);
      }
    }
    for (const { ref, octets } of held) {
      expect(arena.view(ref, octets.length)).toEqual(octets);
      arena.free(ref, octets.length);
    }
    expect(arena.held).toBe(0);
  });
});
