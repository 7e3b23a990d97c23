/** Long-lived graceful restart (RFC 9494): what is kept beyond the restart time, how it ranks, and who is told. */

import { describe, expect, it } from 'vitest';
import type { PeerGracefulRestart } from '../sim/scripted-peer.ts';
import { WellKnownCommunity } from '../wire/iana.ts';
import { NODE_ADDRESS, type Stage, type StagePeer, stage } from './testing/stage.ts';

const A = '10.244.1.0/26';
const B = '10.244.2.0/26';
const V4 = 'ipv4-unicast';
const LLGR_STALE = 'llgr-stale';
const LONG = { restartTime: 60, forwarding: [V4], longLivedStaleTime: 600 } as const;
const HELPS = { settings: { longLivedStaleTime: 0 } } as const;
const OUTSIDE: StagePeer = { as: 64_600, remoteAs: 64_512 };

/** The first peer asks for long-lived graceful restart, has told A and B, and is an external one. */
function asked(more: readonly StagePeer[] = [], restart: PeerGracefulRestart = LONG): Stage {
  const first: StagePeer = { ...OUTSIDE, gracefulRestart: restart, listens: false };
  const s = stage({ peers: [first, ...more], plan: { ...HELPS, outside: 'calico' } });
  s.peer.call(NODE_ADDRESS);
  s.up();
  s.peer.talk.announce([A, B]);
  s.peer.talk.endOfRib();
  s.lab.run(100);
  expect(s.has(A)).toBe(true);
  return s;
}

function back(s: Stage, restart: PeerGracefulRestart): void {
  s.peer.options = { ...s.peer.options, gracefulRestart: restart };
  s.peer.call(NODE_ADDRESS);
  s.up();
}

describe('the capability', () => {
  it('is offered only where a profile asks for it (RFC 9494 §5), without families by one who only helps', () => {
    const kinds = (s: Stage): unknown =>
      s.peer.talk.opens[0]!.capabilities.find(({ kind }) => kind === 'longLivedGracefulRestart');
    expect(kinds(stage().up())).toBeUndefined();
    expect(kinds(stage({ plan: HELPS }).up())).toMatchObject({ families: [] });
    const wants = stage({ plan: { settings: { longLivedStaleTime: 3600 } } }).up();
    expect(kinds(wants)).toMatchObject({
      families: [{ afi: 1, safi: 1, staleTime: 3600, forwarding: false }],
    });
  });

  it('without graceful restart beside it counts as not received (RFC 9494 §4.5)', () => {
    const s = stage({
      plan: HELPS,
      peers: [
        {
          capabilities: [
            { kind: 'multiprotocol', afi: 1, safi: 1 },
            { kind: 'fourOctetAs', asn: 64_512 },
            {
              kind: 'longLivedGracefulRestart',
              families: [{ afi: 1, safi: 1, forwarding: true, staleTime: 600 }],
            },
          ],
        },
      ],
    }).up();
    s.peer.talk.announce([A]);
    s.lab.run(100);
    s.peer.talk.socket.close();
    s.lab.run(100);
    expect(s.paths(A)).toEqual([]);
  });
});

describe('a peer that stays away beyond its restart time', () => {
  it('keeps its routes for its long-lived stale time, tagged, and no longer', () => {
    const s = asked();
    s.peer.talk.socket.close();
    s.lab.run(59_000);
    expect(s.paths(A)).toMatchObject([{ stale: true, communities: [] }]);
    s.lab.run(2000);
    expect(s.paths(A)).toMatchObject([{ best: true, stale: true, communities: [LLGR_STALE] }]);
    expect(s.kernel(A)).toHaveLength(1);
    expect(s.node.eventsOf('stale-kept-long')).toMatchObject([{ routes: 2, seconds: 600 }]);
    s.lab.run(598_000);
    expect(s.has(A)).toBe(true);
    s.lab.run(2000);
    expect(s.paths(A)).toEqual([]);
    expect(s.reasons('stale-swept')).toEqual([
      'the peer did not come back within its long-lived stale time of 600 s',
    ]);
  });

  it('does so at once where its restart time is 0 (RFC 9494 §4.2)', () => {
    const s = asked([], { ...LONG, restartTime: 0 });
    s.peer.talk.socket.close();
    s.lab.run(100);
    expect(s.paths(A)).toMatchObject([{ stale: true, communities: [LLGR_STALE] }]);
  });

  it('loses those with NO_LLGR as without long-lived graceful restart', () => {
    const s = asked();
    s.peer.talk.announce([B], { communities: [WellKnownCommunity.NoLlgr] });
    s.lab.run(100);
    s.peer.talk.socket.close();
    s.lab.run(61_000);
    expect([s.has(A), s.has(B)]).toEqual([true, false]);
  });

  it('is not helped by a node whose profile does not say so', () => {
    const s = stage({ peers: [{ gracefulRestart: LONG, listens: false }] });
    s.peer.call(NODE_ADDRESS);
    s.up();
    s.peer.talk.announce([A]);
    s.lab.run(100);
    s.peer.talk.socket.close();
    s.lab.run(61_000);
    expect(s.paths(A)).toEqual([]);
  });

  it('is the last choice: any other path is better, however long (RFC 9494 §4.4)', () => {
    const s = asked([{ ...OUTSIDE }]);
    s.peers[1]!.talk.announce([A], {
      asPath: [{ type: 2, asns: [64_600, 64_601, 64_602, 64_603] }],
    });
    s.lab.run(100);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    s.peer.talk.socket.close();
    s.lab.run(30_000);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    s.lab.run(31_000);
    expect(s.kernel(A)).toEqual(['10.0.0.12 dev 2']);
    expect(s.paths(A).find(({ best }) => !best)?.because).toBe('long-lived stale');
  });
});

describe('a peer that comes back', () => {
  it('takes its routes over, untagged; at End-of-RIB what it did not say again goes', () => {
    const s = asked();
    s.peer.talk.socket.close();
    s.lab.run(100_000);
    back(s, { ...LONG, restarting: true });
    expect(s.paths(A)).toMatchObject([{ communities: [LLGR_STALE] }]);
    s.peer.talk.announce([A]);
    s.lab.run(100);
    expect(s.paths(A)).toMatchObject([{ stale: false, communities: [] }]);
    expect(s.has(B)).toBe(true);
    s.peer.talk.endOfRib();
    s.lab.run(1_000_000);
    expect([s.has(A), s.has(B)]).toEqual([true, false]);
  });

  it.each([
    ['without the F bit of the capability', { ...LONG, forwarding: [] }],
    ['without the capability', { restartTime: 60, forwarding: [V4] }],
    ['without the family', { ...LONG, longLivedStaleTime: 0 }],
  ] as const)('%s has lost them (RFC 9494 §4.2)', (_how, restart) => {
    const s = asked();
    s.peer.talk.socket.close();
    s.lab.run(100_000);
    back(s, { ...restart, restarting: true });
    expect(s.paths(A)).toEqual([]);
  });

  it('and goes again before End-of-RIB loses nothing, and gains no time (RFC 9494 §4.2)', () => {
    const s = asked();
    s.peer.talk.socket.close();
    s.lab.run(100_000); // 40 s of 600
    for (let round = 0; round < 6; round++) {
      back(s, { ...LONG, restarting: true });
      s.peer.talk.announce([A]);
      s.lab.run(10_000);
      s.peer.talk.socket.close();
      s.lab.run(10_000);
      expect(s.paths(A)).toMatchObject([{ stale: true, communities: [LLGR_STALE] }]);
      expect(s.paths(B)).toMatchObject([{ stale: true, communities: [LLGR_STALE] }]);
    }
    s.lab.run(420_000);
    expect([s.has(A), s.has(B)]).toEqual([true, true]);
    s.lab.run(30_000);
    expect([s.has(A), s.has(B)]).toEqual([false, false]);
  });

  it('after its time, in sync with nobody yet, keeps them until End-of-RIB, but not over another loss', () => {
    const s = asked();
    s.peer.talk.socket.close();
    s.lab.run(650_000);
    back(s, { ...LONG, restarting: true });
    s.lab.run(20_000); // the long-lived stale time is over
    expect(s.has(A)).toBe(true);
    s.peer.talk.socket.close();
    s.lab.run(100);
    expect(s.paths(A)).toEqual([]);
  });
});

describe('others', () => {
  it('are told only where they speak it too; inside the AS as what nobody prefers (RFC 9494 §4.3, §4.6)', () => {
    const inside: StagePeer = {};
    const speaks: StagePeer = {
      ...OUTSIDE,
      as: 64_700,
      gracefulRestart: { restartTime: 60, longLivedStaleTime: 0 },
    };
    const s = asked([inside, speaks, { ...OUTSIDE, as: 64_800 }]);
    const told = (index: number): unknown => s.peers[index]!.talk.heard.routes.get(A as never);
    for (const index of [1, 2, 3]) expect(told(index)).toMatchObject({ communities: [] });
    s.peer.talk.socket.close();
    s.lab.run(61_000);
    const { LlgrStale, NoExport } = WellKnownCommunity;
    expect(told(1)).toMatchObject({ communities: [LlgrStale, NoExport], localPref: 0 });
    expect(told(2)).toMatchObject({ communities: [LlgrStale] });
    expect(told(3)).toBeUndefined();
  });
});
