/** The index against a list of (tag, salt, id): every id of a key is found, through growing and shrinking. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { IdIndex } from './id-index.ts';

/** All ids of a key, sorted. */
function idsOf(index: IdIndex, tag: number, salt: number): number[] {
  const ids: number[] = [];
  for (let id = index.first(tag, salt); id !== 0; id = index.next()) ids.push(id);
  return ids.sort((a, b) => a - b);
}

describe('IdIndex', () => {
  it('finds what was inserted and not removed, several ids under one key included', () => {
    const step = fc.record({
      tag: fc.constantFrom(0, 1, 255, 256, -1, 0x7fffffff, -0x80000000),
      salt: fc.constantFrom(0, 1, 128, 254),
      remove: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 500, size: 'max' }), (steps) => {
        const index = new IdIndex();
        const model = new Map<string, number[]>();
        let nextId = 1;
        for (const { tag, salt, remove } of steps) {
          const key = `${tag} ${salt}`;
          const ids = model.get(key) ?? [];
          if (remove && ids.length > 0) index.remove(tag, salt, ids.shift()!);
          else {
            ids.push(nextId);
            index.insert(tag, salt, nextId++);
          }
          model.set(key, ids);
          expect(idsOf(index, tag, salt)).toEqual(ids);
        }
        const live = [...model.values()].reduce((sum, ids) => sum + ids.length, 0);
        expect(index.size).toBe(live);
      }),
      runs(60),
    );
  });

  it('keeps every id while it grows by thousands, and gives memory back when they go', () => {
    const index = new IdIndex();
    const tagOf = (id: number): number => Math.imul(id, 0x9e3779b1);
    const count = 50_000;
    for (let id = 1; id <= count; id++) {
      index.insert(tagOf(id), id % 33, id);
      // An id from long ago: it may stand in the old array, the new one, or be on the move.
      const earlier = (id >>> 1) + 1;
      expect(index.first(tagOf(earlier), earlier % 33)).toBe(earlier);
    }
    const octetsFull = index.octets;
    for (let id = count; id > 10; id--) index.remove(tagOf(id), id % 33, id);
    expect(index.size).toBe(10);
    // Slots move with later changes only, a few each.
    for (let i = 0; i < 10_000; i++) {
      index.insert(i, 40, count + 1);
      index.remove(i, 40, count + 1);
    }
    expect(index.octets).toBeLessThan(octetsFull / 100);
    for (let id = 1; id <= 10; id++) expect(index.first(tagOf(id), id % 33)).toBe(id);
    expect(index.first(tagOf(11), 11)).toBe(0);
  });

  it('reserves the array to come shortly before it is full, and moves into that', () => {
    const index = new IdIndex();
    const tagOf = (id: number): number => Math.imul(id, 0x9e3779b1);
    const slots = 16_384;
    const octets = slots * 8;
    const fillTo = (share: number): void => {
      for (let id = index.size + 1; id <= slots * share; id++) index.insert(tagOf(id), 0, id);
    };
    fillTo(0.675);
    expect(index.octets).toBe(octets);
    // Full at 0.7, whereupon both are there until the smaller one has been emptied.
    for (const share of [0.685, 0.75]) {
      fillTo(share);
      expect(index.octets).toBe(octets * 3);
    }
    fillTo(1);
    expect(index.octets).toBe(octets * 2);
    for (let id = 1; id <= slots; id++) expect(index.first(tagOf(id), 0)).toBe(id);
  });

  it('takes as many new ids as ever, right after nearly all have gone', () => {
    const index = new IdIndex();
    const tagOf = (id: number): number => Math.imul(id, 0x9e3779b1);
    const [count, few] = [40_000, 20];
    for (let id = 1; id <= count; id++) index.insert(tagOf(id), 1, id);
    for (let id = count; id > 0; id--) {
      index.remove(tagOf(id), 1, id);
      // These few outlive the move to a smaller array, so that their end begins another one with next to nothing live.
      if (id === 1000) for (let i = 1; i <= few; i++) index.insert(tagOf(i), 3, i);
    }
    for (let i = 1; i <= few; i++) index.remove(tagOf(i), 3, i);
    for (let id = 1; id <= count; id++) {
      index.insert(tagOf(id), 2, id);
      expect(index.first(tagOf(id), 2)).toBe(id);
      expect(index.first(tagOf(id), 1)).toBe(0);
    }
    expect(index.size).toBe(count);
  });

  it('finds the one id of a key, and puts a missed one where it was missed, through growing and shrinking', () => {
    // Runs of neighbors, as prefixes are: their homes are side by side, so that chains are long.
    const run = fc.record({
      group: fc.integer({ min: 0, max: 400 }),
      count: fc.integer({ min: 1, max: 40 }),
      remove: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(run, { maxLength: 120, size: 'max' }), (runs) => {
        const index = new IdIndex();
        const model = new Map<number, number>();
        let nextId = 1;
        for (const { group, count, remove } of runs) {
          for (let i = 0; i < count; i++) {
            const tag = (Math.imul(group, 0x9e3779b1) << 3) | (i & 7);
            const salt = i >>> 3;
            const key = tag * 8 + salt;
            const held = model.get(key);
            expect(index.only(tag, salt)).toBe(held ?? 0);
            if (remove && held !== undefined) {
              index.remove(tag, salt, held);
              model.delete(key);
            } else if (!remove && held === undefined) {
              index.insertMissed(tag, salt, nextId);
              model.set(key, nextId++);
            }
          }
        }
        expect(index.size).toBe(model.size);
        for (const [key, id] of model) expect(index.only(Math.floor(key / 8), key & 7)).toBe(id);
      }),
      runs(100),
    );
  });

  it('refuses to remove what is not there', () => {
    const index = new IdIndex();
    index.insert(5, 1, 7);
    expect(() => index.remove(5, 2, 7)).toThrow(/is there/);
  });
});
