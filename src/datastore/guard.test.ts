import { describe, expect, it } from 'vitest';
import { mustPlan, node, resource } from '../../test/support/resources.ts';
import { millis } from '../base/units.ts';
import { GUARD_HOLD, guardPlan } from './guard.ts';
import type { SpeakerPlan } from './plan-types.ts';

/** Node `a` in a mesh with `others` nodes, with `blocks` own blocks. */
function plan(others: number, blocks: number): SpeakerPlan {
  const nodes = Array.from({ length: others }, (_, i) => node(`n${i}`, `10.0.0.${i + 2}`));
  const own = Array.from({ length: blocks }, (_, i) =>
    resource('BlockAffinity', `b${i}`, { node: 'a', cidr: `10.244.${i}.0/26` }),
  );
  return mustPlan('a', [node('a', '10.0.0.1'), ...nodes, ...own]);
}

function verdict(running: SpeakerPlan | undefined, next: SpeakerPlan, heldFor?: number): string {
  const now = millis(1_000_000);
  const heldSince = heldFor === undefined ? undefined : millis(now - heldFor);
  return guardPlan({ running, next, heldSince, now }).action;
}

describe('the guard', () => {
  it('holds a change that removes more than half of the sessions or of the own blocks', () => {
    expect(verdict(plan(4, 1), plan(1, 1))).toBe('hold');
    expect(verdict(plan(1, 4), plan(1, 1))).toBe('hold');
  });

  it('lets half of them, and a loss of one, pass', () => {
    expect(verdict(plan(4, 4), plan(2, 2))).toBe('apply');
    expect(verdict(plan(1, 1), plan(0, 0))).toBe('apply');
  });

  it('lets services go by any number', () => {
    const quiet = plan(1, 1);
    const services = Array.from({ length: 51 }, (_, i) => ({
      prefix: `10.96.0.${i}/32` as never,
      source: 'service' as const,
      blackhole: false,
      origin: 'Service/default/web',
    }));
    const busy = { ...quiet, originated: [...quiet.originated, ...services] };
    expect(verdict(busy, quiet)).toBe('apply');
  });

  it('counts addresses, not names: a mesh session that becomes explicit is not lost', () => {
    const mesh = plan(4, 0);
    const renamed = {
      ...mesh,
      peers: mesh.peers.map((peer) => ({ ...peer, name: peer.name.replace('Mesh', 'Node') })),
    };
    expect(verdict(mesh, renamed)).toBe('apply');
  });

  it('lets go after a minute, and holds nothing at boot', () => {
    expect(verdict(plan(4, 1), plan(1, 1), GUARD_HOLD - 1)).toBe('hold');
    expect(verdict(plan(4, 1), plan(1, 1), GUARD_HOLD)).toBe('apply');
    expect(verdict(undefined, plan(0, 0))).toBe('apply');
  });

  it('says how much would be lost', () => {
    const held = guardPlan({
      running: plan(4, 4),
      next: plan(1, 0),
      heldSince: undefined,
      now: millis(5),
    });
    expect(held).toEqual({
      action: 'hold',
      until: 60_005,
      reason: 'The change would remove 3 of 4 sessions and 4 of 4 own blocks',
    });
  });
});
