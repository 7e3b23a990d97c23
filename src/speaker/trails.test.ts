/** What a peer sent last is kept whole, bounded, and as it was. */

import { describe, expect, it } from 'vitest';
import { TRAIL, Trails } from './trails.ts';

const PEER = 1;
const CHUNK_MAX = 8192;
const HEADER = 18;

function chunk(length: number, fill: number): Uint8Array {
  return new Uint8Array(length).fill(fill);
}

describe('the trail of a peer', () => {
  it('has its chunks in order, as copies, with connection and time', () => {
    const trails = new Trails(TRAIL);
    const octets = chunk(3, 1);
    trails.note(PEER, { connection: 2, octets, at: 10 });
    octets.fill(9);
    trails.note(PEER, { connection: 4, octets: chunk(2, 2), at: 11 });
    expect(trails.of(PEER)).toEqual([
      { connection: 2, at: 10, octets: chunk(3, 1) },
      { connection: 4, at: 11, octets: chunk(2, 2) },
    ]);
  });

  it('keeps the newest, as many as fit 16 KiB', () => {
    const trails = new Trails(TRAIL);
    for (let i = 0; i < 200; i++) {
      trails.note(PEER, { connection: 2, octets: chunk(1460, i & 255), at: i });
    }
    const chunks = trails.of(PEER);
    const total = chunks.reduce((sum, { octets }) => sum + octets.length, 0);
    expect(total).toBeGreaterThan(16_384 - 2 * (1460 + HEADER));
    expect(total).toBeLessThanOrEqual(16_384);
    expect(chunks.map(({ at }) => at)).toEqual(chunks.map((_, i) => 200 - chunks.length + i));
    for (const { at, octets } of chunks) expect(octets).toEqual(chunk(1460, at));
  });

  it('is not kept where there are to be no octets of it', () => {
    const trails = new Trails({ ...TRAIL, octetsMax: 0 });
    trails.note(PEER, { connection: 2, octets: chunk(3, 1), at: 10 });
    expect(trails.of(PEER)).toEqual([]);
    expect(trails.octetsHeld).toBe(0);
    trails.forget(PEER);
  });

  it('keeps a bounded number of small chunks', () => {
    const trails = new Trails(TRAIL);
    for (let i = 0; i < 1000; i++) {
      trails.note(PEER, { connection: 2, octets: chunk(19, 255), at: i });
    }
    expect(trails.of(PEER).length).toBeLessThanOrEqual(64);
    expect(trails.of(PEER).at(-1)?.at).toBe(999);
  });

  it('keeps the last part of a chunk that is longer than 8 KiB', () => {
    const trails = new Trails(TRAIL);
    const large = chunk(CHUNK_MAX + 10, 1);
    large[CHUNK_MAX + 9] = 7;
    trails.note(PEER, { connection: 2, octets: large, at: 1 });
    const [kept] = trails.of(PEER);
    expect(kept!.octets.length).toBe(CHUNK_MAX);
    expect(kept!.octets.at(-1)).toBe(7);
  });

  it('is of one peer, whatever others say meanwhile and in whichever order they go', () => {
    const trails = new Trails(TRAIL);
    for (let i = 0; i < 300; i++) {
      for (const peer of [1, 2, 700]) {
        trails.note(peer, {
          connection: peer,
          octets: chunk(1 + ((i * peer) % 700), i & 255),
          at: i,
        });
      }
    }
    for (const peer of [1, 2, 700]) {
      const chunks = trails.of(peer);
      expect(chunks.length).toBeGreaterThan(10);
      for (const { at, connection, octets } of chunks) {
        expect(connection).toBe(peer);
        expect(octets).toEqual(chunk(1 + ((at * peer) % 700), at & 255));
      }
      expect(chunks.at(-1)?.at).toBe(299);
    }
    trails.forget(2);
    expect(trails.of(2)).toEqual([]);
    expect(trails.of(1).length).toBeGreaterThan(10);
  });

  it('gives its room back when the peer goes, and to others when it is busy', () => {
    const trails = new Trails(TRAIL);
    for (let i = 0; i < 5000; i++) {
      trails.note(1 + (i % 3), { connection: 2, octets: chunk(i % 9000, 1), at: i });
    }
    expect(trails.octetsHeld).toBeLessThanOrEqual(3 * (16_384 + 256));
    for (const peer of [1, 2, 3, 4]) trails.forget(peer);
    expect(trails.octetsHeld).toBe(0);
    trails.note(4, { connection: 2, octets: chunk(10, 1), at: 1 });
    expect(trails.octetsHeld).toBe(256);
  });
});
