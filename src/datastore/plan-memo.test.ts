/** The price; that the result is the same is a property of `plan-memo.prop.test.ts`. */

import { expect, it } from 'vitest';
import { clusterDocuments, nodeDocument, OWN_NODE } from '../../test/support/large-cluster.ts';
import { documents, FILE_OPTIONS, node, resource } from '../../test/support/resources.ts';
import { NO_LAST_GOOD, settle } from './last-good.ts';
import { planWith } from './plan.ts';
import { PlanMemo } from './plan-memo.ts';
import type { PeerPlan } from './plan-types.ts';
import { SettleMemo } from './settle-memo.ts';

it('a node that changes costs a small part of planning from scratch, and no session but its own', () => {
  const base = documents(clusterDocuments({ nodes: 2000, peers: 100, blocks: 20 }));
  const [settling, planning] = [new SettleMemo(), new PlanMemo()];
  const peersOf = (round: number): readonly PeerPlan[] => {
    const changed = documents([nodeDocument(17 + 65_536 * round, { rack: 'r17' })]);
    const next = { documents: [...base.slice(0, 20), ...changed, ...base.slice(21)], broken: [] };
    const { resources } = settle(NO_LAST_GOOD, next, settling);
    return planWith({ node: OWN_NODE, resources, options: FILE_OPTIONS }, planning).plan!.peers;
  };
  const took: number[] = [];
  let before: ReadonlySet<PeerPlan> = new Set();
  for (let round = 0; round < 6; round++) {
    const begin = performance.now();
    const peers = peersOf(round);
    took.push(performance.now() - begin);
    if (round > 0) expect(peers.filter((peer) => !before.has(peer)).length).toBeLessThanOrEqual(1);
    before = new Set(peers);
  }
  // The first is from scratch; of the others the fastest, since the machine is shared.
  expect(Math.min(...took.slice(1))).toBeLessThan(took[0]! / 2);
});

it('a workload that comes to this node gets its session', () => {
  const base = [
    node('a', '10.0.0.1'),
    resource('BGPPeer', 'p', { localWorkloadSelector: 'all()', asNumber: 64700 }),
  ];
  const workload = {
    apiVersion: 'godwit.dev/v1',
    kind: 'LocalWorkload',
    metadata: { name: 'w' },
    spec: { bgpPeerName: 'p', ipv4Nets: ['10.1.2.7/32'] },
  };
  const memo = new PlanMemo();
  const settling = new SettleMemo();
  const plans = [base, [...base, workload], base].map((values) => {
    const raw = { documents: documents(values), broken: [] };
    const { resources } = settle(NO_LAST_GOOD, raw, settling);
    return planWith({ node: 'a', resources, options: FILE_OPTIONS }, memo).plan!.peers.length;
  });
  expect(plans).toEqual([0, 1, 0]);
});
