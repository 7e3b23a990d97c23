/** Graceful shutdown (RFC 8326): a node that leaves, step by step, and what is done with others' GRACEFUL_SHUTDOWN. */

import { describe, expect, it } from 'vitest';
import { CeaseSubcode, WellKnownCommunity } from '../wire/iana.ts';
import { ceaseNotification, hardReset } from '../wire/notification.ts';
import type { Command } from './inputs.ts';
import { OWN_BLOCK, peerDocument, type Stage, type StagePeer, stage } from './testing/stage.ts';

const A = '10.244.1.0/26';
const OUTSIDE: StagePeer = { as: 64_600, remoteAs: 64_512 };
const { GracefulShutdown } = WellKnownCommunity;
/** Of an own block, as Calico's BIRD of v3.32 and later. */
const USUAL_LOCAL_PREF = 2_147_482_623;
const DRAIN: Command = { command: 'drain', limit: 60, message: 'kernel upgrade' };

/** An internal and an external peer; the internal one has told A. */
function drained(command: Command = DRAIN, first: StagePeer = {}): Stage {
  const s = stage({ peers: [first, OUTSIDE], plan: { outside: 'calico' } }).up();
  s.peer.talk.announce([A]);
  s.lab.run(100);
  s.node.command(command);
  s.lab.run(100);
  return s;
}

function told(s: Stage, index: number, prefix = OWN_BLOCK): unknown {
  return s.peers[index]!.talk.heard.routes.get(prefix as never);
}

function phases(s: Stage): string[] {
  return s.node.eventsOf('drain').map(({ phase }) => phase);
}

describe('a node that is drained', () => {
  it('says of all routes that they go: GRACEFUL_SHUTDOWN, inside the AS with LOCAL_PREF 0', () => {
    const s = drained();
    expect(told(s, 0)).toMatchObject({ communities: [GracefulShutdown], localPref: 0 });
    expect(told(s, 1)).toMatchObject({ communities: [GracefulShutdown] });
    expect(told(s, 1)).not.toHaveProperty('localPref');
    expect(told(s, 1, A)).toMatchObject({ communities: [GracefulShutdown] });
    expect(s.node.view.status()).toMatchObject({
      ready: false,
      drain: { phase: 'announced', prefixes: 1, elsewhere: 0 },
    });
  });

  it('says so to a peer that comes up meanwhile, too', () => {
    const s = drained();
    s.peer.talk.socket.reset();
    s.lab.run(200);
    s.up();
    expect(s.peer.conversations).toHaveLength(2);
    expect(told(s, 0)).toMatchObject({ communities: [GracefulShutdown], localPref: 0 });
  });

  it('withdraws when nothing has moved for five seconds, then closes with the text', () => {
    const s = drained();
    s.lab.run(4500);
    expect(phases(s)).toEqual(['announced']);
    s.lab.run(700);
    expect(phases(s)).toEqual(['announced', 'withdrawn']);
    s.lab.run(2000);
    expect(phases(s)).toEqual(['announced', 'withdrawn', 'drained']);
    for (const { talk } of s.peers) {
      expect(talk.heard.routes.size).toBe(0);
      const text = ceaseNotification(CeaseSubcode.AdministrativeShutdown, 'kernel upgrade');
      expect(talk.notifications).toEqual([text]);
    }
    expect(s.neighbor()).toMatchObject({
      state: 'Idle',
      downBecause: expect.stringContaining('drained'),
    });
  });

  it('waits for others that are still at it: each change about its prefixes begins the five seconds anew', () => {
    const s = drained();
    for (let i = 0; i < 4; i++) {
      s.lab.run(3000);
      s.peer.talk.announce([OWN_BLOCK]);
      s.lab.run(1000);
      s.peer.talk.withdraw([OWN_BLOCK]);
    }
    expect(phases(s)).toEqual(['announced']);
    s.lab.run(6000);
    expect(phases(s)).toContain('withdrawn');
  });

  it('counts those of its prefixes that others announce', () => {
    const s = drained();
    s.peer.talk.announce([OWN_BLOCK]);
    s.lab.run(1000);
    expect(s.node.view.status().drain).toMatchObject({ prefixes: 1, elsewhere: 1 });
  });

  it('waits for a peer that does not read no longer than its limit', () => {
    const s = drained({ command: 'drain', limit: 20 });
    s.peer.talk.socket.reading = false;
    let i = 0;
    const restless = (): void => {
      s.peers[1]!.talk.announce(i++ % 2 === 0 ? [OWN_BLOCK] : [A]);
      s.peers[1]!.talk.withdraw(i % 2 === 0 ? [OWN_BLOCK] : [A]);
      s.lab.run(1000);
    };
    while (i < 19) {
      s.peers[1]!.talk.announce([OWN_BLOCK]);
      restless();
    }
    expect(phases(s)).toEqual(['announced']);
    s.lab.run(2000);
    expect(phases(s)).toContain('withdrawn');
  });

  it('ends sessions for good where the peer would keep the routes otherwise (RFC 8538)', () => {
    const restart = { restartTime: 60, notification: true } as const;
    const s = drained(DRAIN, { gracefulRestart: restart });
    s.lab.run(10_000);
    const text = ceaseNotification(CeaseSubcode.AdministrativeShutdown, 'kernel upgrade');
    expect(s.peer.talk.notifications).toEqual([hardReset(text)]);
  });

  it('keeps what it knows, also in the kernel, for what is still sent to it', () => {
    const s = drained();
    s.lab.run(600_000);
    expect(s.paths(A)).toMatchObject([{ best: true, stale: true }]);
    expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    expect(s.neighbor().families[0]).toMatchObject({ stale: 1, longLived: false });
  });

  it('lets no session come up: not of a neighbor that is new, nor of one that calls', () => {
    const s = drained();
    s.lab.run(10_000);
    s.apply([...s.documents, peerDocument('late', '10.0.0.77', 64_512)]);
    s.peer.call('10.0.0.1' as never);
    s.lab.run(10_000);
    const states = s.node.view.neighbors().map(({ state }) => state);
    expect(states).toEqual(['Idle', 'Idle', 'Idle']);
    expect(s.peer.isEstablished).toBe(false);
  });

  it('is refused a second drain, and an end of none', () => {
    const s = drained();
    expect(s.node.command(DRAIN)).toBe('It is drained already (announced)');
    expect(stage().up().node.command({ command: 'undrain' })).toBe('It is not drained');
  });
});

describe('undrain', () => {
  it('before the end takes back what was said', () => {
    const s = drained();
    s.node.command({ command: 'undrain' });
    s.lab.run(1000);
    expect(told(s, 0)).toMatchObject({ communities: [], localPref: USUAL_LOCAL_PREF });
    expect(s.neighbor().flaps).toBe(0);
    s.lab.run(100_000);
    expect(phases(s)).toEqual(['announced', 'ended']);
  });

  it('after the end brings all sessions back, without a moment without a route', () => {
    const s = drained();
    s.lab.run(20_000);
    s.node.command({ command: 'undrain' });
    const before = s.node.kernel.changes;
    s.lab.runUntil(() => s.peers.every(({ isEstablished }) => isEstablished));
    s.peer.talk.announce([A]);
    s.lab.run(1000);
    expect(told(s, 0)).toMatchObject({ communities: [], localPref: USUAL_LOCAL_PREF });
    expect(s.paths(A)).toMatchObject([{ stale: false }]);
    expect(s.node.kernel.changes).toBe(before);
    expect(s.node.view.status()).toMatchObject({ ready: true });
  });

  it('lets what nobody announces any more go after six minutes', () => {
    const s = drained();
    s.lab.run(20_000);
    s.node.command({ command: 'undrain' });
    s.up();
    s.lab.run(350_000);
    expect(s.has(A)).toBe(true);
    s.lab.run(20_000);
    expect(s.has(A)).toBe(false);
  });

  it('is what a new start is, too', () => {
    const s = drained();
    s.lab.run(20_000);
    s.node.kill();
    s.node.start({ restarting: true });
    s.up();
    expect(s.node.view.status().drain).toBeUndefined();
  });
});

describe('GRACEFUL_SHUTDOWN from others', () => {
  it.each([
    ['an external peer', OUTSIDE],
    ['the mesh', {}],
  ])(
    'makes a path of %s the last choice, whatever else speaks for it (RFC 8326 §4.1)',
    (_who, peer) => {
      const s = stage({ peers: [peer, peer], plan: { outside: 'calico' } }).up();
      const [leaving, staying] = s.peers.map(({ talk }) => talk) as [
        Stage['peer']['talk'],
        Stage['peer']['talk'],
      ];
      leaving.announce([A]);
      staying.announce([A], { origin: 2 });
      s.lab.run(100);
      expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
      leaving.announce([A], { communities: [GracefulShutdown] });
      s.lab.run(100);
      expect(s.kernel(A)).toEqual(['10.0.0.12 dev 2']);
      expect(s.paths(A).find(({ best }) => !best)).toMatchObject({
        localPref: 0,
        because: 'lower LOCAL_PREF',
      });
      leaving.announce([A]);
      s.lab.run(100);
      expect(s.kernel(A)).toEqual(['10.0.0.11 dev 2']);
    },
  );

  it('is only a community where a profile says so; and a profile that changes is obeyed at once', () => {
    const settings = { honourGracefulShutdown: false };
    const s = stage({ peers: [OUTSIDE], plan: { outside: 'calico', settings } }).up();
    s.peer.talk.announce([A], { communities: [GracefulShutdown] });
    s.lab.run(100);
    expect(s.paths(A)[0]).not.toHaveProperty('localPref');
    s.lab.apply(s.documents, { outside: 'calico' });
    s.lab.run(1000);
    expect(s.paths(A)).toMatchObject([{ localPref: 0 }]);
    expect(s.neighbor().flaps).toBe(0);
  });
});
