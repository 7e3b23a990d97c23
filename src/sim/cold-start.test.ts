/** A large cluster in parts is one cluster: the same course whatever their number, and checkers that see across them. */

import { describe, expect, it } from 'vitest';
import { coldStart, coldStartHere, type PartResult, together } from './cold-start.ts';
import { packetsArriveIn } from './hop-table.ts';
import { blocksOf } from './lab.ts';
import { Part, type PartProgram } from './part.ts';

const CLUSTER = { seed: 1, nodes: 12 };

describe('a cluster in parts', () => {
  it('comes to rest with every rule kept, and is the same to the last octet in 1, 2 and 3 parts', () => {
    const [one, two, three] = [1, 2, 3].map((parts) => coldStartHere(CLUSTER, parts));
    expect(one!.problems).toEqual([]);
    expect(one!.sessions).toBe(12 * 11);
    expect(two).toEqual(one);
    expect(three).toEqual(one);
  });

  it('is another one with another seed', () => {
    const other = coldStartHere({ ...CLUSTER, seed: 2 }, 2);
    expect(other.problems).toEqual([]);
    expect(other.digest).not.toBe(coldStartHere(CLUSTER, 2).digest);
  });

  it('has one digest, which no machine can differ from unnoticed', () => {
    const of = (digests: readonly number[]): PartResult => ({
      problems: [],
      virtualMs: 1,
      steps: 1,
      sessions: 1,
      digests,
    });
    const { digest } = together([of([1, 3]), of([2, 4])]);
    expect(together([of([1, 2, 3, 4])]).digest).toBe(digest);
    expect(together([of([1, 2, 4, 3])]).digest).not.toBe(digest);
  });
});

/** Runs the programs of all parts side by side. */
function sideBySide<T>(programs: readonly PartProgram<T>[]): T[] {
  let steps = programs.map((program) => program.next());
  while (steps.some(({ done }) => done !== true)) {
    const handed = steps.map(
      ({ value }) => value as readonly { octets: Uint8Array; note: number }[],
    );
    steps = programs.map((program, to) => program.next(handed.map((parcels) => parcels[to]!)));
  }
  return steps.map(({ value }) => value as T);
}

describe('packets across parts', () => {
  /** Two parts at rest, with the blocks of both. */
  function atRest(): Part[] {
    const parts = [0, 1].map((part) => new Part({ seed: 1, nodes: 6 }, { part, parts: 2 }));
    sideBySide(parts.map((part) => part.settle()));
    const blocks = parts.flatMap(({ running }) => running.flatMap(blocksOf));
    for (const part of parts) part.blocks = blocks;
    return parts;
  }

  it('arrive', () => {
    expect(sideBySide(atRest().map(packetsArriveIn))).toEqual([[], []]);
  });

  it('that are lost, or go in a circle through machines of the other part, are told', () => {
    const parts = atRest();
    const [n1, n2] = [parts[0]!.nodes.get('n1')!, parts[1]!.nodes.get('n2')!];
    const route = [...n1.kernel.routes()].find(({ prefix }) => prefix === '10.244.0.64/26')!;
    n2.editKernel((kernel) => {
      const blackhole = [...kernel.routes()].find(({ prefix }) => prefix === route.prefix)!;
      kernel.delete(blackhole);
      kernel.write(
        { ...route, nextHops: [{ ...route.nextHops[0]!, gateway: n1.addresses[0]! }] },
        { flags: 0x400, quiet: true },
      );
    });
    const [first, second] = sideBySide(parts.map(packetsArriveIn));
    expect(first).toContain('a packet from n1 to 10.244.0.64/26 goes in a circle');
    expect(second).toContain('a packet from n2 to 10.244.0.64/26 goes in a circle');
    n2.editKernel((kernel) => kernel.delete({ ...route, nextHops: [] }));
    const lost = sideBySide(parts.map(packetsArriveIn)).flat();
    expect(lost).toContain('a packet from n1 to 10.244.0.64/26 is lost at n2');
  });
});

describe('a part', () => {
  it('yields at the same places as all others', () => {
    const counts = [0, 1].map(() => 0);
    const programs = [0, 1].map((part) => coldStart({ seed: 3, nodes: 8 }, { part, parts: 2 }));
    let steps = programs.map((program) => program.next());
    while (steps.every(({ done }) => done !== true)) {
      const handed = steps.map(
        ({ value }) => value as readonly { octets: Uint8Array; note: number }[],
      );
      for (const part of [0, 1]) counts[part]!++;
      steps = programs.map((program, to) => program.next(handed.map((parcels) => parcels[to]!)));
    }
    expect(steps.map(({ done }) => done)).toEqual([true, true]);
    expect(counts[0]).toBe(counts[1]);
  });
});
