import { describe, expect, it } from 'vitest';
import { RefQueue } from './ref-queue.ts';

describe('RefQueue', () => {
  it('Gives back in order, also across growth while its ring is wrapped', () => {
    const queue = new RefQueue();
    const expected: number[] = [];
    let next = 0;
    for (let round = 0; round < 300; round++) {
      for (let i = 0; i < 40; i++) {
        queue.push(next);
        expected.push(next++);
      }
      for (let i = 0; i < 20; i++) expect(queue.shift()).toBe(expected.shift());
    }
    expect(queue.size).toBe(expected.length);
    while (expected.length > 0) expect(queue.shift()).toBe(expected.shift());
    expect(queue.shift()).toBeUndefined();
  });
});
