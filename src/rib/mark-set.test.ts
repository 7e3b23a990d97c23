import { describe, expect, it } from 'vitest';
import { Prng } from '../base/prng.ts';
import { MarkSet } from './mark-set.ts';

describe('MarkSet', () => {
  it('agrees with a Set, and takes each id out once', () => {
    const marks = new MarkSet();
    const model = new Set<number>();
    const random = new Prng(3);
    for (let step = 0; step < 20_000; step++) {
      const id = 1 + random.below(10_000);
      if (random.below(2) === 0) {
        marks.add(id);
        model.add(id);
      } else {
        const taken = marks.take();
        expect(model.delete(taken)).toBe(taken !== 0);
      }
      expect(marks.has(id)).toBe(model.has(id));
      expect(marks.size).toBe(model.size);
    }
    const seen: number[] = [];
    marks.forEach((id) => void seen.push(id));
    expect(seen).toEqual([...model].sort((a, b) => a - b));
  });
});
