/** What a part costs; that a plan arrives as it left is a property of `plan-memo.prop.test.ts`. */

import { describe, expect, it } from 'vitest';
import { clusterDocuments, OWN_NODE } from '../../test/support/large-cluster.ts';
import { mustPlan } from '../../test/support/resources.ts';
import { PART_ITEMS_MAX, type PlanPart, PlanReceiver, PlanSender } from './plan-transfer.ts';
import type { PeerPlan, SpeakerPlan } from './plan-types.ts';

const PLAN = mustPlan(OWN_NODE, clusterDocuments({ nodes: 500, peers: 10, blocks: 300 }));

function deliver(sender: PlanSender, receiver: PlanReceiver, plan: SpeakerPlan): SpeakerPlan {
  let arrived: SpeakerPlan | undefined;
  for (const part of sender.parts(plan)) arrived = receiver.take(structuredClone(part));
  return arrived!;
}

function size(part: PlanPart): number {
  const { peers, removed, originated, retracted } = part;
  return Math.max(...[peers, removed, originated, retracted].map((list) => list.length));
}

describe('a plan between two threads', () => {
  it('goes in parts of bounded size, with each policy once', () => {
    const parts = [...new PlanSender().parts(PLAN)];
    expect(parts.length).toBe(Math.ceil(PLAN.peers.length / PART_ITEMS_MAX));
    for (const part of parts) expect(size(part)).toBeLessThanOrEqual(PART_ITEMS_MAX);
    const distinct = new Set(PLAN.peers.flatMap((peer) => [peer.importPolicy, peer.exportPolicy]));
    expect(parts.flatMap((part) => part.policies)).toHaveLength(distinct.size);
    expect(parts.map((part) => part.anew)).toEqual([true, ...parts.slice(1).map(() => false)]);
  });

  it('sends of a plan in which one session differs that session alone', () => {
    const sender = new PlanSender();
    const receiver = new PlanReceiver();
    const first = deliver(sender, receiver, PLAN);
    const peers = PLAN.peers.map((peer, i) => (i === 7 ? { ...peer, holdTime: 30 } : peer));
    const [part, ...more] = sender.parts({ ...PLAN, peers });
    expect(more).toEqual([]);
    expect([part!.peers.length, part!.policies.length, part!.originated.length]).toEqual([1, 0, 0]);
    const second = receiver.take(structuredClone(part!))!;
    expect(second.peers[7]).toMatchObject({ holdTime: 30 });
    expect(second.peers.filter((peer, i) => peer === first.peers[i])).toHaveLength(
      PLAN.peers.length - 1,
    );
  });

  it('forgets policies that no session uses any more', () => {
    const sender = new PlanSender();
    [...sender.parts(PLAN)];
    const [part] = sender.parts({ ...PLAN, peers: PLAN.peers.slice(0, 1) });
    expect(part!.last).toBeUndefined();
    const rest = [...sender.parts({ ...PLAN, peers: [] })];
    expect(rest.at(-1)!.last!.retired.length).toBeGreaterThan(0);
  });

  it('of which half had come when the sender died is forgotten', () => {
    const receiver = new PlanReceiver();
    const [half] = new PlanSender().parts(PLAN);
    receiver.take(structuredClone(half!));
    const small = { ...PLAN, peers: PLAN.peers.slice(200, 202), originated: [] };
    expect(deliver(new PlanSender(), receiver, small)).toEqual(small);
  });

  it('says in one line what policy thousands have instead of another', () => {
    const sender = new PlanSender();
    const receiver = new PlanReceiver();
    const first = deliver(sender, receiver, PLAN);
    const [{ exportPolicy }] = PLAN.peers as [PeerPlan];
    const others = { ...exportPolicy, statements: [] };
    const peers = PLAN.peers.map((peer, i) => {
      const changed = peer.exportPolicy === exportPolicy ? { ...peer, exportPolicy: others } : peer;
      return i === 3 ? { ...changed, holdTime: 30 } : changed;
    });
    const [part, ...more] = sender.parts({ ...PLAN, peers });
    expect(more).toEqual([]);
    expect(part!.last!.swaps).toHaveLength(1);
    const second = receiver.take(structuredClone(part!))!;
    expect(second).toEqual({ ...PLAN, peers });
    expect(second.peers[5]?.importPolicy).toBe(first.peers[5]?.importPolicy);
    expect(second.peers[5]?.exportPolicy).toBe(second.peers[6]?.exportPolicy);
  });
});
