import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { type Candidate, selectBest } from './decision.ts';

/** Few values a field, so that ties reach every step. The identifier makes candidates distinct. */
const candidate = fc.record({
  preference: fc.constantFrom(100, 200),
  resolvable: fc.constantFrom(true, true, false),
  llgrStale: fc.constantFrom(false, false, true),
  localPref: fc.constantFrom(100, 200),
  asPathLength: fc.nat(1),
  origin: fc.nat(1),
  neighborAs: fc.nat(2),
  med: fc.nat(3),
  learnedBy: fc.constantFrom(0 as const, 1 as const, 2 as const),
  metric: fc.nat(2),
  routerId: fc.nat(2),
  clusterListLength: fc.nat(1),
  addressOrder: fc.nat(2),
});
const candidates = fc
  .array(candidate, { minLength: 1, maxLength: 7 })
  .map((list): Candidate[] => list.map((path, identifier) => ({ ...path, identifier })));

describe('selectBest', () => {
  it('gives the same winner, losers and reasons whatever the order of arrival, MED included', () => {
    fc.assert(
      fc.property(candidates, fc.func(fc.integer()), (paths, key) => {
        const shuffled = paths.toSorted((a, b) => key(a.identifier) - key(b.identifier));
        const one = selectBest(paths);
        const two = selectBest(shuffled);
        expect(two.best).toBe(one.best);
        expect(new Set(two.equal)).toEqual(new Set(one.equal));
        for (const path of paths) expect(two.lost.get(path)).toBe(one.lost.get(path));
      }),
      runs(100),
    );
  });

  it('gives every loser a reason and the winner none', () => {
    fc.assert(
      fc.property(candidates, (paths) => {
        const { best, lost, equal } = selectBest(paths);
        expect(lost.size).toBe(paths.length - 1);
        expect(lost.has(best)).toBe(false);
        expect(equal).toContain(best);
      }),
      runs(100),
    );
  });

  const base: Candidate = {
    preference: 100,
    resolvable: true,
    llgrStale: false,
    localPref: 100,
    asPathLength: 1,
    origin: 0,
    neighborAs: 1,
    med: 0,
    learnedBy: 1,
    metric: 0,
    routerId: 1,
    clusterListLength: 0,
    addressOrder: 1,
    identifier: 0,
  };
  const steps: readonly [string, Partial<Candidate>][] = [
    ['lower preference', { preference: 99 }],
    ['next hop unreachable', { resolvable: false }],
    ['long-lived stale', { llgrStale: true }],
    ['lower LOCAL_PREF', { localPref: 99 }],
    ['longer AS_PATH', { asPathLength: 2 }],
    ['worse ORIGIN', { origin: 1 }],
    ['higher MED', { med: 1 }],
    ['iBGP, not eBGP', { learnedBy: 2 }],
    ['higher IGP metric', { metric: 1 }],
    ['higher router id', { routerId: 2 }],
    ['longer CLUSTER_LIST', { clusterListLength: 1 }],
    ['higher neighbor address', { addressOrder: 2 }],
    ['higher path identifier', { identifier: 1 }],
  ];
  it('eliminates in the order of RFC 4271 §9.1.2.2 and RFC 4456 §9', () => {
    for (const [i, [reason, worse]] of steps.entries()) {
      // Worse in this step, better in all that follow.
      let path = { ...base, ...worse };
      for (const [, later] of steps.slice(i + 1)) path = { ...path, ...better(base, later) };
      const { best, lost } = selectBest([path, base]);
      expect(best).toBe(base);
      expect(lost.get(path)).toBe(reason);
    }
  });

  it('does not compare the MED of different neighboring ASs (RFC 4271 §9.1.2.2 c)', () => {
    const near = { ...base, med: 50, routerId: 1 };
    const far = { ...base, med: 10, neighborAs: 2, routerId: 2 };
    expect(selectBest([far, near]).best).toBe(near);
  });
});

/** The opposite of being worse, in one field. */
function better(base: Candidate, worse: Partial<Candidate>): Partial<Candidate> {
  const [key, value] = Object.entries(worse)[0] as [keyof Candidate, number | boolean];
  if (typeof value === 'boolean') return {};
  return { [key]: 2 * Number(base[key]) - value };
}
