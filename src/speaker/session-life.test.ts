/** The helping side of graceful restart (RFC 4724 §4.2): what is kept of a peer that went without a word, how long. */

import { describe, expect, it } from 'vitest';
import { NODE_ADDRESS, type Stage, stage } from './testing/stage.ts';

const A = '10.244.1.0/26';
const B = '10.244.2.0/26';
const V4 = 'ipv4-unicast';

/** A peer with graceful restart that has told A and B, with End-of-RIB. */
function restartable(restartTime = 60): Stage {
  const s = stage({
    peers: [{ gracefulRestart: { restartTime, forwarding: [V4] }, listens: false }, {}],
  });
  s.peer.call(NODE_ADDRESS);
  s.up();
  s.peer.talk.announce([A, B]);
  s.peer.talk.endOfRib();
  s.lab.run(100);
  expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
  return s;
}

function comeBack(s: Stage, forwarding: readonly (typeof V4)[], restarting = true): void {
  s.peer.options = {
    ...s.peer.options,
    gracefulRestart: { restartTime: 60, restarting, forwarding },
  };
  s.peer.call(NODE_ADDRESS);
  s.up();
}

describe('a peer that closes TCP without NOTIFICATION', () => {
  it('keeps its routes, marked stale, in tables and kernel', () => {
    const s = restartable();
    s.peer.talk.socket.close();
    s.lab.run(30_000);
    expect(s.neighbor().state).not.toBe('Established');
    expect(s.paths(A)).toMatchObject([{ best: true, stale: true }]);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    expect(s.neighbor().families[0]).toMatchObject({ stale: 2 });
  });

  it('and comes back has them refreshed; at End-of-RIB what it did not say again goes', () => {
    const s = restartable();
    s.peer.talk.socket.close();
    s.lab.run(20_000);
    comeBack(s, [V4]);
    s.peer.talk.announce([A]);
    s.lab.run(100);
    expect(s.paths(A)).toMatchObject([{ stale: false }]);
    expect(s.paths(B)).toMatchObject([{ stale: true }]);
    s.peer.talk.endOfRib();
    s.lab.run(100);
    expect(s.has(A)).toBe(true);
    expect(s.paths(B)).toEqual([]);
    expect(s.kernel(B)).toEqual([]);
    expect(s.node.eventsOf('stale-swept')).toMatchObject([{ routes: 1, family: V4 }]);
    // Nothing is left that could sweep later.
    s.lab.run(600_000);
    expect(s.has(A)).toBe(true);
  });

  it('and stays away loses them when its restart time is over, not before', () => {
    const s = restartable(60);
    s.peer.talk.socket.close();
    s.lab.run(59_000);
    expect(s.has(A)).toBe(true);
    s.lab.run(2000);
    expect([s.has(A), s.has(B)]).toEqual([false, false]);
    expect(s.kernel(A)).toEqual([]);
    expect(s.reasons('stale-swept')).toEqual([
      'the peer did not come back within its restart time of 60 s',
    ]);
  });

  it('and comes back without the F bit has them dropped at once', () => {
    const s = restartable();
    s.peer.talk.socket.close();
    s.lab.run(5000);
    comeBack(s, []);
    expect(s.paths(A)).toEqual([]);
    expect(s.kernel(A)).toEqual([]);
  });

  it('and comes back without the capability has them dropped at once', () => {
    const s = restartable();
    s.peer.talk.socket.close();
    s.lab.run(5000);
    const { gracefulRestart: _gone, ...rest } = s.peer.options;
    s.peer.options = rest;
    s.peer.call(NODE_ADDRESS);
    s.up();
    expect(s.paths(A)).toEqual([]);
  });

  it('and restarts again before End-of-RIB: what was stale already goes, the rest stays', () => {
    const s = restartable();
    s.peer.talk.socket.close();
    s.lab.run(5000);
    comeBack(s, [V4]);
    s.peer.talk.announce([A]);
    s.lab.run(100);
    s.peer.talk.socket.close();
    s.lab.run(5000);
    expect(s.paths(A)).toMatchObject([{ stale: true }]);
    expect(s.paths(B)).toEqual([]);
  });

  it('and never says End-of-RIB keeps its old routes for six minutes', () => {
    const s = restartable();
    s.peer.talk.socket.close();
    s.lab.run(5000);
    comeBack(s, [V4]);
    s.lab.run(350_000);
    expect(s.has(A)).toBe(true);
    s.lab.run(20_000);
    expect(s.has(A)).toBe(false);
    expect(s.reasons('stale-swept')).toEqual(['no End-of-RIB within 360 s']);
  });
});

describe('routes go at once', () => {
  it('when a peer with graceful restart says NOTIFICATION (RFC 4724 §4)', () => {
    const s = restartable();
    s.peer.talk.notify({ code: 6, subcode: 2, data: new Uint8Array(0) });
    s.lab.run(100);
    expect(s.paths(A)).toEqual([]);
    expect(s.kernel(A)).toEqual([]);
  });

  it('when a peer without graceful restart closes TCP', () => {
    const s = restartable();
    s.peers[1]!.talk.announce(['10.244.3.0/26']);
    s.lab.run(100);
    expect(s.has('10.244.3.0/26')).toBe(true);
    s.peers[1]!.talk.socket.close();
    s.lab.run(100);
    expect(s.paths('10.244.3.0/26')).toEqual([]);
  });

  it('when the operator takes the session down', () => {
    const s = restartable();
    s.node.command({ command: 'disableNeighbor', name: s.neighbor().name });
    s.lab.run(100);
    expect(s.paths(A)).toEqual([]);
  });
});

describe('a peer that we still believe Established', () => {
  it('and that has restarted replaces its dead session at once (RFC 4724 §4.2)', () => {
    const s = restartable();
    s.lab.run(20_000);
    s.peer.talk.socket.vanish();
    comeBack(s, [V4]);
    expect(s.neighbor()).toMatchObject({ state: 'Established', established: 2 });
    expect(s.paths(A)).toMatchObject([{ stale: true }]);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    expect(s.node.connections).toBe(2);
  });

  it('and that has no graceful restart is not believed: the old session stays until its hold time', () => {
    const s = stage().up();
    s.lab.run(20_000);
    s.peer.talk.socket.vanish();
    s.peer.call(NODE_ADDRESS);
    s.lab.run(1000);
    expect(s.peer.talk.notifications).toMatchObject([{ code: 6, subcode: 7 }]);
    s.lab.run(100_000);
    expect(s.neighbor()).toMatchObject({ state: 'Established', established: 2, flaps: 1 });
  });
});
