import { describe, expect, it } from 'vitest';
import { DeleteQueue } from './delete-queue.ts';

describe('DeleteQueue', () => {
  it('gives the longest prefixes first, and of one length those that are far apart', () => {
    const queue = new DeleteQueue();
    expect(queue.shift()).toBeUndefined();
    for (const [ref, length, near] of [
      [1, 16, 0],
      [2, 24, 8],
      [3, 0, 0],
      [4, 24, 0],
      [5, 128, 0],
    ] as const) {
      queue.push(ref, length, near);
    }
    expect(queue.size).toBe(5);
    expect([queue.shift(), queue.shift()]).toEqual([5, 4]);
    queue.push(6, 32, 0); // longer than what is left
    const rest = Array.from({ length: queue.size }, () => queue.shift());
    expect(rest).toEqual([6, 2, 1, 3]);
    expect([queue.shift(), queue.size]).toEqual([undefined, 0]);
    queue.push(7, 0, 0);
    expect(queue.shift()).toBe(7);
  });
});
