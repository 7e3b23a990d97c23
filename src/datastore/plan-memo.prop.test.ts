/** Planning by what changed gives what planning from scratch gives, and so does what arrives on the other thread. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyProfile } from '../../test/support/any-profile.ts';
import { documents, FILE_OPTIONS, node, resource } from '../../test/support/resources.ts';
import { runs } from '../../test/support/runs.ts';
import { endpointSlice, service } from '../../test/support/services.ts';
import type { RawDocument } from './documents.ts';
import type { LastGood } from './good-resource.ts';
import { NO_LAST_GOOD, settle } from './last-good.ts';
import { planFor, planWith } from './plan.ts';
import { PlanMemo } from './plan-memo.ts';
import { PlanReceiver, PlanSender } from './plan-transfer.ts';
import type { SpeakerPlan } from './plan-types.ts';
import { SettleMemo } from './settle-memo.ts';

const NODES = ['a', 'b', 'c', 'd', 'e'] as const;
const pick = fc.constantFrom;

const anyNode = fc
  .record({
    name: pick(...NODES),
    host: fc.integer({ min: 1, max: 5 }),
    bgp: pick({}, { asNumber: 65001 }, { ipv6Address: 'fd00::7/64' }, { asNumber: 'wrong' }),
    rr: pick({}, {}, { routeReflectorClusterID: '1.1.1.1' }),
    rack: pick('x', 'y'),
  })
  .map(({ name, host, bgp, rr, rack }) =>
    node(name, `10.0.0.${host}`, { ...bgp, ...rr }, { rack }),
  );

const anyPeer = fc
  .record({
    name: pick('p', 'q', 'r'),
    side: pick({}, { node: 'a' }, { nodeSelector: "rack == 'x'" }, { nodeSelector: 'all()' }),
    remote: pick(
      { peerSelector: 'all()' },
      { peerSelector: "rack == 'y'" },
      { peerIP: '10.0.0.2', asNumber: 64512 },
      { peerIP: '10.0.0.254', asNumber: 64601, filters: ['f'] },
      { peerIP: '10.0.0.3:1179', asNumber: 64512 },
      { peerIP: 'nowhere', asNumber: 64512 },
      { localWorkloadSelector: 'all()', asNumber: 64700 },
    ),
    more: pick(
      {},
      { reversePeering: 'Manual' },
      { password: { secretKeyRef: { name: 's', key: 'k' } } },
      { filters: ['f', 'missing'] },
    ),
  })
  .map(({ name, side, remote, more }) =>
    resource(
      'BGPPeer',
      name,
      { ...side, ...remote, ...more },
      { tier: name === 'q' ? 'tor' : 'x' },
    ),
  );

const anySecret = pick('one', 'two').map((k) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's', namespace: 'kube-system' },
  stringData: { k },
}));

const anyOther = fc.oneof(
  pick(179, 1179).map((listenPort) => resource('BGPConfiguration', 'node.b', { listenPort })),
  fc
    .record({
      asNumber: pick(64512, 65001),
      nodeToNodeMeshEnabled: fc.boolean(),
      nodeMeshPassword: pick(undefined, { secretKeyRef: { name: 's', key: 'k' } }),
      nodeMeshMaxRestartTime: pick(undefined, '60s'),
      listenPort: pick(undefined, undefined, 1790),
      serviceClusterIPs: pick(undefined, [{ cidr: '10.96.0.0/12' }]),
      serviceLoadBalancerAggregation: pick('Enabled', 'Disabled'),
    })
    .map((spec) => resource('BGPConfiguration', 'default', spec)),
  pick('Accept', 'Reject').map((action) => resource('BGPFilter', 'f', { importV4: [{ action }] })),
  pick('Never', 'Always').map((ipipMode) =>
    resource('IPPool', 'pool', { cidr: '10.1.0.0/16', ipipMode }),
  ),
  fc
    .record({
      name: pick('block', 'other'),
      at: pick('a', 'b'),
      cidr: pick('10.1.2.0/26', '10.1.3.0/26'),
    })
    .map(({ name, at, cidr }) => resource('BlockAffinity', name, { node: at, cidr })),
  pick('a', 'b').map((at) =>
    resource('CalicoNodeStatus', 'status', { node: at, classes: ['BGP'], updatePeriodSeconds: 10 }),
  ),
  pick('p', 'q').map((bgpPeer) => ({
    apiVersion: 'godwit.dev/v1',
    kind: 'LocalWorkload',
    metadata: { name: 'w' },
    spec: { bgpPeerName: bgpPeer, ipv4Nets: ['10.1.2.7/32'] },
  })),
  pick('v3.31.0', 'v3.33.0').map((calicoVersion) =>
    resource('ClusterInformation', 'default', { calicoVersion }),
  ),
  anySecret,
  anySecret,
);

const anyService = fc.oneof(
  fc
    .record({ name: pick('web', 'www'), policy: pick('Local', 'Cluster') })
    .map(({ name, policy }) => service(name, { type: 'NodePort', externalTrafficPolicy: policy })),
  fc
    .record({ of: pick('web', 'www'), name: pick('s-1', 's-2'), nodeName: pick('a', 'b') })
    .map(({ of, name, nodeName }) => endpointSlice(of, { name, endpoints: [{ nodeName }] })),
);

/** An edit puts a resource in the place of the one of its name, or takes one away. */
const anyEdit = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.oneof(anyNode, anyPeer, anyOther, anyService, anyProfile).map((put) => ({ put })),
  },
  { weight: 1, arbitrary: fc.nat().map((take) => ({ take })) },
);
const anyHistory = fc.array(fc.array(anyEdit, { minLength: 1, maxLength: 4 }), { maxLength: 12 });

type Edit = { readonly put: unknown } | { readonly take: number };

function edit(state: Map<string, RawDocument>, change: Edit): void {
  if ('take' in change) {
    const key = [...state.keys()][change.take % Math.max(1, state.size)];
    if (key !== undefined) state.delete(key);
    return;
  }
  const { kind, metadata } = change.put as { kind: string; metadata: { name: string } };
  state.set(`${kind}/${metadata.name}`, documents([change.put])[0]!);
}

describe('a history of edits', () => {
  it('gives after each the resources, plan and problems that the last snapshot alone gives', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const state = new Map([['Node/a', documents([node('a', '10.0.0.1')])[0]!]]);
        const [settling, planning] = [new SettleMemo(), new PlanMemo()];
        let [with_, without]: LastGood[] = [NO_LAST_GOOD, NO_LAST_GOOD];
        for (const edits of history) {
          for (const change of edits) edit(state, change);
          const snapshot = { documents: [...state.values()], broken: [] };
          const incremental = settle(with_!, snapshot, settling);
          const anew = settle(without!, snapshot);
          with_ = incremental.lastGood;
          without = anew.lastGood;
          expect(with_).toEqual(without);
          expect(incremental.statuses).toEqual(anew.statuses);
          expect(incremental.problems).toEqual(anew.problems);
          const { resources } = incremental;
          const plan = planWith({ node: 'a', resources, options: FILE_OPTIONS }, planning);
          expect(plan).toEqual(planFor('a', anew.resources, FILE_OPTIONS));
        }
      }),
      runs(300),
    );
  });

  it('arrives on the other thread as it left, though senders die on the way', () => {
    fc.assert(
      fc.property(anyHistory, fc.infiniteStream(fc.nat({ max: 5 })), (history, deaths) => {
        const state = new Map([['Node/a', documents([node('a', '10.0.0.1')])[0]!]]);
        const memo = new PlanMemo();
        const receiver = new PlanReceiver();
        let sender = new PlanSender();
        let before: SpeakerPlan | undefined;
        for (const edits of history) {
          for (const change of edits) edit(state, change);
          const { resources } = settle(NO_LAST_GOOD, {
            documents: [...state.values()],
            broken: [],
          });
          const { plan } = planWith({ node: 'a', resources, options: FILE_OPTIONS }, memo);
          if (plan === undefined) continue;
          if (deaths.next().value === 0) sender = new PlanSender();
          let arrived: SpeakerPlan | undefined;
          for (const part of sender.parts(plan)) arrived = receiver.take(structuredClone(part));
          expect(arrived).toEqual(plan);
          for (const peer of arrived!.peers) {
            const same = before?.peers.find(({ name }) => name === peer.name);
            if (JSON.stringify(same) === JSON.stringify(peer)) expect(peer).toBe(same);
          }
          before = arrived;
        }
      }),
      runs(200),
    );
  });
});
