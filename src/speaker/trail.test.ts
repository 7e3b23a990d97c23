/** What a peer sent last is kept whole, bounded, and as it was. */

import { describe, expect, it } from 'vitest';
import { Trail } from './trail.ts';

const HALF = 8192;

function chunk(length: number, fill: number): Uint8Array {
  return new Uint8Array(length).fill(fill);
}

describe('the trail of a peer', () => {
  it('has its chunks in order, as copies, with connection and time', () => {
    const trail = new Trail();
    const octets = chunk(3, 1);
    trail.note(2, octets, 10);
    octets.fill(9);
    trail.note(4, chunk(2, 2), 11);
    expect(trail.chunks()).toEqual([
      { connection: 2, at: 10, octets: chunk(3, 1) },
      { connection: 4, at: 11, octets: chunk(2, 2) },
    ]);
  });

  it('keeps between one and two halves, and always the newest', () => {
    const trail = new Trail();
    for (let i = 0; i < 200; i++) trail.note(2, chunk(1460, i), i);
    const chunks = trail.chunks();
    const total = chunks.reduce((sum, { octets }) => sum + octets.length, 0);
    expect(total).toBeGreaterThan(HALF - 1460);
    expect(total).toBeLessThanOrEqual(2 * HALF);
    expect(chunks.map(({ at }) => at)).toEqual(chunks.map((_, i) => 200 - chunks.length + i));
    for (const { at, octets } of chunks) expect(octets).toEqual(chunk(1460, at));
  });

  it('keeps a bounded number of small chunks', () => {
    const trail = new Trail();
    for (let i = 0; i < 1000; i++) trail.note(2, chunk(19, 255), i);
    expect(trail.chunks().length).toBeLessThanOrEqual(64);
    expect(trail.chunks().at(-1)?.at).toBe(999);
  });

  it('keeps the last part of a chunk that is larger than a half', () => {
    const trail = new Trail();
    const large = chunk(HALF + 10, 1);
    large[HALF + 9] = 7;
    trail.note(2, large, 1);
    const [kept] = trail.chunks();
    expect(kept!.octets.length).toBe(HALF);
    expect(kept!.octets.at(-1)).toBe(7);
  });
});
