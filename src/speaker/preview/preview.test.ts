/** What a proposed plan would do to live tables and kernel routes: said slice by slice, and nothing is changed. */

import { describe, expect, it } from 'vitest';
import { diffPlans } from '../../datastore/plan-diff.ts';
import type { SpeakerPlan } from '../../datastore/plan-types.ts';
import { type Document, planOfNode, resource } from '../../sim/resources.ts';
import { peerDocument, type Stage, stage } from '../testing/stage.ts';
import { PREVIEW_PREFIXES_FIRST, PREVIEW_PREFIXES_MAX } from './preview.ts';
import type { PlanForecast } from './types.ts';

function planOf(documents: readonly Document[]): SpeakerPlan {
  return planOfNode('a', documents);
}

/** What would come of `documents` in place of those of the stage; with the number of slices. */
function forecast(
  s: Stage,
  documents: readonly Document[],
): { readonly forecast: PlanForecast; readonly slices: number } {
  const running = planOf(s.documents);
  const next = planOf(documents);
  const revision = s.node.view.status().planRevision;
  const run = s.node.view.preview({ revision, changes: diffPlans(running, next), next });
  let slices = 1;
  for (let state = run.next(); state !== 'done'; state = run.next()) {
    if (state === 'void') throw new Error('The plan has changed');
    slices++;
  }
  return { forecast: run.result(), slices };
}

function block(index: number): string {
  return `10.244.${1 + (index >> 2)}.${(index & 3) * 64}/26`;
}

function withBlocks(count: number): Stage {
  const s = stage({ peers: [{}, { as: 65_000 }] }).up();
  s.peers[0]!.talk.announce(Array.from({ length: count }, (_, index) => block(index)));
  s.lab.run(2000);
  return s;
}

function pool(spec: object): Document {
  return resource('IPPool', 'pods', { cidr: '10.244.0.0/16', ...spec });
}

function replaced(s: Stage, ...documents: readonly Document[]): Document[] {
  const names = documents.map(nameOf);
  return [...s.documents.filter((one) => !names.includes(nameOf(one))), ...documents];
}

function nameOf(document: Document): string {
  const { kind, metadata } = document as { kind: string; metadata: { name: string } };
  return `${kind}/${metadata.name}`;
}

describe('a proposed plan', () => {
  it('of another encapsulation changes the kernel routes, before and after by their words', () => {
    const s = withBlocks(3);
    const { kernel, sessions } = forecast(s, replaced(s, pool({ ipipMode: 'Always' }))).forecast;
    expect(kernel).toMatchObject({ added: 0, changed: 3, removed: 0 });
    expect(kernel.examples[0]).toMatch(/10\.244\.1\.0\/26: .*eth0.* → .*tunl0/);
    expect(sessions).toEqual([]);
    expect(s.kernel(block(0))).toEqual(['10.0.0.11 dev 2']);
  });

  it('is looked at in slices of a few prefixes', () => {
    const s = withBlocks(PREVIEW_PREFIXES_MAX + 10);
    const { slices } = forecast(s, replaced(s, pool({ ipipMode: 'Always' })));
    expect(slices).toBeGreaterThan(1);
  });

  it('begins with slices of very few prefixes, while its code has not been run', () => {
    const s = withBlocks(100);
    const { slices } = forecast(s, replaced(s, pool({ ipipMode: 'Always' })));
    // 16, 32 and the rest; a call for the peers of each family, and one that finds nothing left.
    expect(slices).toBeGreaterThanOrEqual(5);
    expect(PREVIEW_PREFIXES_FIRST).toBeLessThanOrEqual(16);
  });

  it('takes fewer prefixes at a time where many peers have policies of their own', () => {
    const peers = Array.from({ length: 60 }, (_, i) => ({ as: 65_000 + i }));
    const filters = peers.map((_, i) =>
      resource('BGPFilter', `f${i}`, { exportV4: [{ action: 'Accept', priority: 1000 + i }] }),
    );
    const s = stage({ peers, more: filters }).up();
    s.peers[0]!.talk.announce(Array.from({ length: 200 }, (_, index) => block(index)));
    s.lab.run(2000);
    const own = peers.map(({ as }, i) =>
      peerDocument(`p${i}`, `10.0.0.${11 + i}`, as, { filters: [`f${i}`] }),
    );
    const { slices } = forecast(s, replaced(s, ...own));
    // 1 + 60 + 120 policies a prefix: 22 prefixes a call.
    expect(slices).toBeGreaterThanOrEqual(200 / 22);
  });

  it('without a peer loses its routes, in the kernel and towards the others', () => {
    const s = withBlocks(3);
    const without = s.documents.filter((one) => nameOf(one) !== 'BGPPeer/p0');
    const { kernel, peers, sessions } = forecast(s, without).forecast;
    expect(kernel).toMatchObject({ added: 0, changed: 0, removed: 3 });
    expect(sessions).toMatchObject([{ change: 'remove', established: true }]);
    const [left] = peers.filter((peer) => peer.received.lost > 0);
    expect(left!.received.lost).toBe(3);
  });

  it('with a filter that refuses a block loses that one, and a peer that has it too takes its place', () => {
    const s = withBlocks(2);
    s.peers[1]!.talk.announce([block(0)]);
    s.lab.run(1000);
    const rule = { action: 'Reject', matchOperator: 'In', cidr: '10.244.1.0/24' };
    const filter = resource('BGPFilter', 'f', { importV4: [rule] });
    const as = s.peers[0]!.options.as;
    const peer = peerDocument('p0', '10.0.0.11', as, { filters: ['f'] });
    const { kernel, peers } = forecast(s, replaced(s, filter, peer)).forecast;
    const [of] = peers.filter((one) => one.address === '10.0.0.11');
    expect(of!.received).toMatchObject({ gained: 0, lost: 2 });
    // The other peer's path to the first block stays or takes over; of the second one nothing is left.
    expect(kernel.removed).toBe(1);
    // It came by eBGP: from now on the iBGP peer would be told, where before nobody told it its own.
    expect(of!.advertised.gained).toBe(1);
  });

  it('that would come true at once is what comes of it', () => {
    const s = withBlocks(3);
    const next = replaced(s, pool({ ipipMode: 'Never', disableBGPExport: true }));
    const { peers } = forecast(s, next).forecast;
    const told = (): number[] => s.peers.map((peer) => peer.talk.heard.routes.size);
    const before = told();
    s.apply(next);
    s.lab.run(5000);
    const lost = s.peers.map(
      (one) => peers.find(({ address }) => address === one.options.address)?.advertised.lost ?? 0,
    );
    expect(told()).toEqual(before.map((count, index) => count - lost[index]!));
    expect(lost[0]).toBeGreaterThan(0);
  });

  it('is void when another plan has come into force meanwhile', () => {
    const s = withBlocks(1);
    const running = planOf(s.documents);
    const revision = s.node.view.status().planRevision;
    const run = s.node.view.preview({ revision, changes: [], next: running });
    s.apply(replaced(s, pool({ ipipMode: 'Always' })));
    s.lab.run(1000);
    expect(run.next()).toBe('void');
  });
});
