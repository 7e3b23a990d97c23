/** A plan of thousands of sessions comes into force in slices; what is left at the end is the newest plan alone. */

import { describe, expect, it } from 'vitest';
import type { SpeakerPlan } from '../datastore/plan-types.ts';
import { PLAN_CHANGES_PER_STEP_MAX } from './plan-work.ts';
import { BareSpeaker, planWith } from './testing/bare.ts';

const MANY = Array.from({ length: 500 }, (_, i) => `10.1.${i >> 8}.${i & 255}`);
const ALL = planWith(MANY);
const NONE = planWith([]);
const HALF: SpeakerPlan = { ...ALL, peers: ALL.peers.filter((_, index) => index % 2 === 0) };

/** Wakes until nothing is pending. @returns the largest number of effects of one step. */
function runOut(bare: BareSpeaker): number {
  let most = 0;
  for (let more = true, rounds = 0; more; rounds++) {
    expect(rounds).toBeLessThan(1000);
    const step = bare.wake(bare.now + 1);
    most = Math.max(most, step.effects.length);
    more = step.morePending;
  }
  return most;
}

function names(bare: BareSpeaker): string[] {
  return bare.speaker.view
    .neighbors()
    .map((neighbor) => neighbor.name)
    .sort();
}

describe('a plan of many sessions', () => {
  it('is applied some changes a step, and no step dials many peers', () => {
    const bare = new BareSpeaker();
    const step = bare.step({ type: 'planChanged', plan: ALL, revision: 1 });
    expect(step.morePending).toBe(true);
    expect(names(bare).length).toBeLessThanOrEqual(PLAN_CHANGES_PER_STEP_MAX);
    expect(bare.speaker.view.status().notReadyBecause).toContain(
      'a configuration is being applied',
    );
    expect(runOut(bare)).toBeLessThanOrEqual(2 * PLAN_CHANGES_PER_STEP_MAX + 4);
    expect(names(bare)).toEqual(ALL.peers.map((peer) => peer.name).sort());
    expect(bare.of('dial').length).toBe(MANY.length);
    expect(bare.speaker.view.status().planRevision).toBe(1);
  });

  it('gives way to the newest of those that come meanwhile', () => {
    const bare = new BareSpeaker();
    bare.step({ type: 'planChanged', plan: ALL, revision: 1 });
    bare.wake(1);
    bare.step({ type: 'planChanged', plan: NONE, revision: 2 });
    bare.step({ type: 'planChanged', plan: HALF, revision: 3 });
    runOut(bare);
    expect(names(bare)).toEqual(HALF.peers.map((peer) => peer.name).sort());
    const applied = bare
      .of('publish')
      .flatMap(({ event }) => (event.event === 'plan-applied' ? [event.revision] : []));
    expect(applied).toEqual([1, 3]);
  });

  it('starts no recovery before all of its peers are there', () => {
    const bare = new BareSpeaker({ kernelEnabled: true });
    bare.step({ type: 'kernelDumpStarted' });
    bare.step({ type: 'kernelDumpDone' });
    bare.step({ type: 'planChanged', plan: ALL, revision: 1 });
    expect(bare.of('dial')).toEqual([]);
    runOut(bare);
    expect(bare.of('dial').length).toBe(MANY.length);
  });

  it('lets no peer in without its key while others are still to be added', () => {
    const bare = new BareSpeaker();
    bare.apply(NONE);
    const keyed = planWith(MANY, (peer) => ({ ...peer, password: { value: 'secret' } }));
    bare.step({ type: 'planChanged', plan: keyed, revision: 2 });
    const told = bare.of('listenerPeers').at(-1)!.peers;
    expect(told.length).toBe(MANY.length);
    expect(names(bare).length).toBeLessThan(MANY.length);
  });

  it('needs one step when one session differs, however many there are', () => {
    const bare = new BareSpeaker();
    bare.apply(ALL);
    runOut(bare);
    const other = { ...ALL.peers[7]!, origin: 'BGPPeer/other' };
    const peers = ALL.peers.map((peer, index) => (index === 7 ? other : peer));
    const step = bare.step({ type: 'planChanged', plan: { ...ALL, peers }, revision: 2 });
    expect(step.morePending).toBe(false);
    expect(bare.of('publish').at(-1)?.event).toMatchObject({ event: 'plan-applied', changes: 1 });
  });
});
