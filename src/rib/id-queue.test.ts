import { describe, expect, it } from 'vitest';
import { Prng } from '../base/prng.ts';
import { IdQueue } from './id-queue.ts';

describe('IdQueue', () => {
  it('gives back in order what was pushed, over many blocks', () => {
    const queue = new IdQueue();
    const random = new Prng(1);
    let pushed = 0;
    let shifted = 0;
    for (let round = 0; round < 200; round++) {
      for (let i = random.below(9000); i > 0; i--) queue.push(++pushed);
      for (let i = random.below(9500); i > 0 && shifted < pushed; i--) {
        if (queue.shift() !== ++shifted) throw new Error(`Out of order at ${shifted}`);
      }
      expect(queue.size).toBe(pushed - shifted);
    }
    while (queue.size > 0) if (queue.shift() !== ++shifted) throw new Error('Out of order');
    expect(shifted).toBe(pushed);
    expect(queue.shift()).toBe(0);
  });
});
