import { describe, expect, it } from 'vitest';
import { SpreadQueue } from './spread-queue.ts';
import { Driver } from './testing/driver.ts';

function drained(queue: SpreadQueue): number[] {
  const out: number[] = [];
  for (let ref = queue.shift(); ref !== undefined; ref = queue.shift()) out.push(ref);
  return out;
}

describe('Rows that wait for the kernel', () => {
  it('go so that neighbors are far from each other, and those that are as near as they came', () => {
    const queue = new SpreadQueue();
    // Fewer than 16, of which one would be of the lane whose turn it is.
    for (let ref = 0; ref < 14; ref++) queue.push(ref, ref);
    expect(drained(queue)).toEqual([0, 8, 4, 12, 2, 10, 6, 1, 9, 5, 13, 3, 11, 7]);
    queue.push(100, 3);
    queue.push(101, 3 + 32);
    expect(drained(queue)).toEqual([100, 101]);
  });

  it('come out each once, whatever is put in meanwhile', () => {
    const queue = new SpreadQueue();
    const out: number[] = [];
    let next = 0;
    for (let round = 0; round < 500; round++) {
      for (let i = 0; i < 40; i++, next++) queue.push(next, (next * 7) >>> 1);
      for (let i = 0; i < 25; i++) out.push(queue.shift()!);
      expect(queue.size).toBe(next - out.length);
    }
    out.push(...drained(queue));
    expect(queue.size).toBe(0);
    expect(out.sort((a, b) => a - b)).toEqual(Array.from({ length: next }, (_, ref) => ref));
  });

  it('do not wait for ever behind those that come later and would go first', () => {
    const queue = new SpreadQueue();
    for (let near = 1; near < 32; near++) queue.push(near, near);
    let waiting = 31;
    let taken = 0;
    for (; waiting > 0 && taken < 1000; taken++) {
      queue.push(1000, 0);
      if (queue.shift()! < 1000) waiting--;
    }
    expect(waiting).toBe(0);
    expect(taken).toBeLessThanOrEqual(16 * 32);
  });
});

/** A programmer, and the prefixes in the order in which the kernel is told of them. */
function watched(): { readonly d: Driver; readonly written: () => string[] } {
  let order: string[] = [];
  const d = new Driver({ onTransition: (prefix) => order.push(prefix) }).start();
  const written = (): string[] => {
    order = [];
    d.run();
    return order;
  };
  return { d, written };
}

describe('Of the blocks of a pool', () => {
  const blocks = (count: number): string[] =>
    Array.from({ length: count }, (_, i) => `10.1.${i >> 2}.${(i & 3) * 64}/26`);

  it('those that are added go far apart, and those that are replaced as they came', () => {
    const { d, written } = watched();
    for (const block of blocks(8)) d.want(block, d.via('10.0.0.2'));
    const far = [0, 4, 2, 6, 1, 5, 3, 7].map((i) => blocks(8)[i]);
    expect(written()).toEqual(far);
    for (const block of blocks(8)) d.want(block, d.via('10.0.0.3'));
    expect(written()).toEqual(blocks(8));
  });

  it('those that are deleted go eight neighbors at a time', () => {
    const { d, written } = watched();
    const all = blocks(32);
    for (const block of all) d.want(block, d.via('10.0.0.2'));
    written();
    for (const block of all) d.unwant(block);
    const far = [...all.slice(0, 8), ...all.slice(16, 24), ...all.slice(8, 16), ...all.slice(24)];
    const gone = written();
    // Of 16 rows one is of the queue whose turn it is.
    expect(gone.slice(0, 15)).toEqual(far.slice(0, 15));
    expect([...gone].sort()).toEqual([...all].sort());
  });

  it('those of IPv6 go as they came', () => {
    const { d, written } = watched();
    const all = Array.from({ length: 8 }, (_, i) => `fd00:1:${i + 1}::/64`);
    for (const block of all) d.want(block, d.via('fd00::2'));
    expect(written()).toEqual(all);
  });
});
