import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mustPlan, node } from '../../test/support/resources.ts';
import type { Policy } from '../policy/types.ts';
import type { PeerPlan } from './plan-types.ts';
import { applySwaps, findSwaps } from './policy-swaps.ts';

const POLICIES = ['p', 'q', 'r'].map(
  (name): Policy => ({ name, statements: [], otherwise: 'accept' }),
);
const NAMES = Array.from({ length: 8 }, (_, i) => `10.0.0.${i + 2}`);
const { peers: PEERS } = mustPlan('a', [
  node('a', '10.0.0.1'),
  ...NAMES.map((address, i) => node(`n${i}`, address)),
]);

const anyPeers = fc
  .tuple(
    fc.subarray([...PEERS]),
    fc.infiniteStream(fc.constantFrom(...POLICIES)),
    fc.infiniteStream(fc.constantFrom(90, 90, 90, 30)),
  )
  .map(([peers, policies, times]) =>
    peers.map(
      (peer): PeerPlan => ({
        ...peer,
        importPolicy: policies.next().value,
        exportPolicy: policies.next().value,
        holdTime: times.next().value,
      }),
    ),
  );

it('swaps and those that are said give what there is to be, whoever changed what', () => {
  fc.assert(
    fc.property(anyPeers, anyPeers, fc.infiniteStream(fc.boolean()), (before, next, stays) => {
      const now = next.map((peer) => {
        const old = before.find(({ name }) => name === peer.name);
        if (old === undefined) return peer;
        // Some stay the same object, some have other policies only.
        return stays.next().value ? old : { ...old, ...policiesOf(peer) };
      });
      const come = now.filter((peer) => !before.includes(peer));
      const { swaps, others } = findSwaps(before, now, come);
      const names = new Set(now.map(({ name }) => name));
      const said = new Map(others.map((peer) => [peer.name, peer]));
      const left = applySwaps(before, swaps, said).filter(({ name }) => names.has(name));
      const came = others.filter(({ name }) => !left.some((peer) => peer.name === name));
      const all = [...left.map((peer) => said.get(peer.name) ?? peer), ...came];
      expect(all.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(now);
      for (const peer of now) if (before.includes(peer)) expect(all).toContain(peer);
    }),
    { numRuns: 2000 },
  );
});

it('is one for all that had the same policies, and none where one of them keeps them', () => {
  const [p, q] = POLICIES as [Policy, Policy];
  const under = (importPolicy: Policy): PeerPlan[] =>
    PEERS.map((peer) => ({ ...peer, importPolicy }));
  const before = under(p);
  const now = before.map((peer) => ({ ...peer, importPolicy: q }));
  expect(findSwaps(before, now, now)).toMatchObject({ swaps: [{}], others: [] });
  const but = [before[0]!, ...now.slice(1)];
  expect(findSwaps(before, but, now.slice(1))).toEqual({ swaps: [], others: now.slice(1) });
});

function policiesOf({ importPolicy, exportPolicy }: PeerPlan): Partial<PeerPlan> {
  return { importPolicy, exportPolicy };
}
