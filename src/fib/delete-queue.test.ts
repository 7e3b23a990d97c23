import { describe, expect, it } from 'vitest';
import { DeleteQueue } from './delete-queue.ts';

describe('DeleteQueue', () => {
  it('gives the longest prefixes first, and those of one length as they came', () => {
    const queue = new DeleteQueue();
    expect(queue.shift()).toBeUndefined();
    for (const [ref, length] of [
      [1, 16],
      [2, 24],
      [3, 0],
      [4, 24],
      [5, 128],
    ] as const) {
      queue.push(ref, length);
    }
    expect(queue.size).toBe(5);
    expect([queue.shift(), queue.shift()]).toEqual([5, 2]);
    queue.push(6, 32); // longer than what is left
    const rest = Array.from({ length: queue.size }, () => queue.shift());
    expect(rest).toEqual([6, 4, 1, 3]);
    expect([queue.shift(), queue.size]).toEqual([undefined, 0]);
    queue.push(7, 0);
    expect(queue.shift()).toBe(7);
  });
});
