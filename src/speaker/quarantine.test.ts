/** A bug of ours that one peer's octets bring out costs that peer, longer each time, and nobody else (DESIGN 3.4). */

import { describe, expect, it } from 'vitest';
import { AssertionError } from '../base/assert.ts';
import type { Policy } from '../policy/types.ts';
import { type Stage, stage } from './testing/stage.ts';

const A = '10.244.1.0/26';

/** A policy that breaks once each time it was armed; as data it looks like any other. */
function breaking(): { readonly policy: Policy; readonly arm: () => void } {
  let armed = false;
  const asns = new Proxy([65_000], {
    get: (target, key) => {
      if (!armed) return Reflect.get(target, key);
      armed = false;
      throw new AssertionError('Assertion failed: a bug for this test');
    },
  });
  const actions = [{ kind: 'prepend' as const, asns }];
  const statements = [{ name: 'breaks', conditions: [], actions }];
  return {
    policy: { name: 'broken', statements, otherwise: 'accept' },
    arm: () => {
      armed = true;
    },
  };
}

function broken(): { readonly s: Stage; readonly offend: () => void } {
  const s = stage({ peers: [{}, {}] }).up();
  const [first, ...rest] = s.node.plan!.peers;
  const { policy, arm } = breaking();
  s.node.setPlan({ ...s.node.plan!, peers: [{ ...first!, importPolicy: policy }, ...rest] });
  s.lab.run(1000);
  const offend = (): void => {
    arm();
    s.peer.talk.announce([A]);
    s.lab.run(1000);
  };
  return { s, offend };
}

describe('a peer that brings out a bug', () => {
  it('is reset with Cease, Out of Resources, held for a minute, and said to be', () => {
    const { s, offend } = broken();
    offend();
    expect(s.peer.talk.notifications).toMatchObject([{ code: 6, subcode: 8 }]);
    expect(s.neighbor()).toMatchObject({
      state: 'Idle',
      downBecause:
        'quarantined after an internal error for 60 s: AssertionError: Assertion failed: a bug for this test',
    });
    expect(s.node.eventsOf('peer-quarantined')).toMatchObject([{ seconds: 60 }]);
    expect(s.paths(A)).toEqual([]);
    expect(s.node.isRunning).toBe(true);
  });

  it('leaves what it sent as evidence', () => {
    const { s, offend } = broken();
    offend();
    const { octets, reason } = s.node.evidence[0]!;
    expect(reason).toBe('AssertionError: Assertion failed: a bug for this test');
    // A whole UPDATE: 16 octets of marker, its length, type 2 (RFC 4271 §4.1).
    expect([...octets.subarray(0, 16)]).toEqual(new Array(16).fill(0xff));
    expect(octets[18]).toBe(2);
    expect((octets[16]! << 8) | octets[17]!).toBe(octets.length);
  });

  it('costs the others nothing', () => {
    const { s, offend } = broken();
    offend();
    s.peers[1]!.talk.announce(['10.244.2.0/26']);
    s.lab.run(1000);
    expect(s.neighbor(1)).toMatchObject({ state: 'Established', flaps: 0 });
    expect(s.kernel('10.244.2.0/26')).toEqual(['10.0.0.12 dev 2']);
  });

  it('is called again after its time, and held twice as long the next time', () => {
    const { s, offend } = broken();
    offend();
    s.lab.run(75_000);
    expect(s.neighbor().state).toBe('Established');
    offend();
    expect(s.node.eventsOf('peer-quarantined').map(({ seconds }) => seconds)).toEqual([60, 120]);
    s.lab.run(100_000);
    expect(s.neighbor().state).toBe('Idle');
    s.lab.run(30_000);
    expect(s.neighbor().state).toBe('Established');
  });

  it('cannot be enabled by hand out of it', () => {
    const { s, offend } = broken();
    offend();
    const reply = s.node.command({ command: 'enableNeighbor', name: s.neighbor().name });
    expect(reply).toContain('quarantined');
  });
});
