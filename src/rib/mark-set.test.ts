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

  it('takes another one in as a Set would, and leaves that one as it is', () => {
    const random = new Prng(4);
    for (let round = 0; round < 100; round++) {
      const [one, other] = [new MarkSet(), new MarkSet()];
      const model = new Set<number>();
      for (const set of [one, other]) {
        for (let n = random.below(200); n > 0; n--) {
          const id = 1 + random.below(1 << random.below(13));
          set.add(id);
          model.add(id);
        }
      }
      const before = other.size;
      one.addAll(other);
      expect([one.size, other.size]).toEqual([model.size, before]);
      for (const id of model) expect(one.has(id)).toBe(true);
    }
  });
});
