/** What an operator asks for: stop, reset, hold down, refresh; each is answered, and goodbye is said as the peer needs it. */

import { describe, expect, it } from 'vitest';
import { CeaseSubcode, ErrorCode } from '../wire/iana.ts';
import { shutdownCommunication } from '../wire/notification.ts';
import { OWN_BLOCK, type Stage, stage } from './testing/stage.ts';

const A = '10.244.1.0/26';

function two(): Stage {
  const s = stage({
    peers: [{ gracefulRestart: { restartTime: 60, forwarding: ['ipv4-unicast'] } }, {}],
  });
  s.up();
  s.peer.talk.announce([A]);
  s.lab.run(100);
  return s;
}

describe('SIGTERM', () => {
  it('closes TCP without a word towards peers with graceful restart, and says Cease 6/2 to the others', () => {
    const s = two();
    s.node.terminate();
    s.lab.run(100);
    expect(s.peer.talk).toMatchObject({ notifications: [], ended: 'closed' });
    expect(s.peers[1]!.talk).toMatchObject({
      notifications: [{ code: ErrorCode.Cease, subcode: CeaseSubcode.AdministrativeShutdown }],
      ended: 'closed',
    });
    expect(s.node.isRunning).toBe(false);
    expect(s.peer.talk.heard.withdrawals).toBe(0);
  });

  it('leaves every kernel route as it is', () => {
    const s = two();
    const before = [...s.node.kernel.routes()].map(({ prefix }) => prefix);
    s.node.terminate();
    s.lab.run(60_000);
    expect([...s.node.kernel.routes()].map(({ prefix }) => prefix)).toEqual(before);
    expect(before).toContain(A);
    expect(before).toContain(OWN_BLOCK);
  });

  it('sends nothing afterwards, whatever still comes in', () => {
    const s = stage({ peers: [{}, {}], latencyMs: { min: 5, max: 50 }, chunking: 'seeded' }).up();
    for (const peer of s.peers) {
      peer.talk.announce([A]);
      peer.talk.refresh();
    }
    s.node.terminate();
    s.lab.run(10_000);
    expect(s.node.violations).toEqual([]);
    expect(s.node.connections).toBe(0);
  });
});

describe('leaving', () => {
  it('says Cease 6/2 with the text to every peer', () => {
    const s = two();
    const message = 'rack 7 is moved';
    expect(s.node.command({ command: 'shutdown', mode: 'leave', message })).toBe('');
    s.lab.run(100);
    for (const { talk } of s.peers) {
      expect(talk.notifications).toMatchObject([{ code: ErrorCode.Cease, subcode: 2 }]);
      expect(shutdownCommunication(talk.notifications[0]!)).toBe(message);
    }
    expect(s.reasons('stopping')).toEqual([message]);
  });
});

describe('holding a neighbor down', () => {
  it('ends the session with the reason as text, keeps callers out, and lets it come back when enabled', () => {
    const s = two();
    const { name } = s.neighbor();
    expect(s.node.command({ command: 'disableNeighbor', name, reason: 'bad optics' })).toBe('');
    s.lab.run(30_000);
    const talk = s.peer.conversations[0]!;
    expect(shutdownCommunication(talk.notifications[0]!)).toBe('bad optics');
    expect(s.neighbor()).toMatchObject({
      state: 'Idle',
      downBecause: 'held down by the operator: bad optics',
    });
    expect(s.peer.conversations.length).toBe(1);
    s.peer.call('10.0.0.1' as never);
    s.lab.run(100);
    expect(s.peer.talk.ended).toBe('closed');
    expect(s.node.command({ command: 'disableNeighbor', name })).toContain('down already');
    expect(s.node.command({ command: 'enableNeighbor', name })).toBe('');
    s.lab.run(10_000);
    expect(s.neighbor().state).toBe('Established');
    expect(s.node.command({ command: 'enableNeighbor', name })).toBe('It is not held down');
  });
});

describe('resetting a neighbor', () => {
  it('hard: Cease, Administrative Reset, and a new session', () => {
    const s = two();
    expect(s.node.command({ command: 'resetNeighbor', name: s.neighbor().name, soft: false })).toBe(
      '',
    );
    s.lab.run(10_000);
    expect(s.peer.conversations[0]!.notifications).toMatchObject([{ code: 6, subcode: 4 }]);
    expect(s.neighbor()).toMatchObject({ state: 'Established', established: 2 });
    expect(s.neighbor(1)).toMatchObject({ established: 1, flaps: 0 });
  });

  it('soft: everything is told and asked for again, and the session stays', () => {
    const s = two();
    const { updates } = s.peer.talk.heard;
    expect(s.node.command({ command: 'resetNeighbor', name: s.neighbor().name, soft: true })).toBe(
      '',
    );
    s.lab.run(100);
    expect(s.peer.talk.refreshes).toBe(1);
    expect(s.peer.talk.heard.updates).toBeGreaterThan(updates);
    expect(s.neighbor()).toMatchObject({ state: 'Established', flaps: 0 });
    expect(s.neighbor().messages.sent.routeRefresh).toBe(1);
  });
});

describe('sending again', () => {
  it('tells everything again and asks for nothing', () => {
    const s = two();
    const { updates } = s.peer.talk.heard;
    const { name } = s.neighbor();
    expect(s.node.command({ command: 'resendRoutes', name })).toBe('');
    s.lab.run(100);
    expect(s.peer.talk.heard.updates).toBeGreaterThan(updates);
    expect(s.peer.talk.refreshes).toBe(0);
    s.node.command({ command: 'disableNeighbor', name });
    expect(s.node.command({ command: 'resendRoutes', name })).toContain('not Established');
  });
});

describe('what cannot be done is answered with a sentence', () => {
  it('for a neighbor that there is not', () => {
    const s = two();
    expect(s.node.command({ command: 'enableNeighbor', name: 'nobody' })).toBe(
      'There is no neighbor nobody',
    );
  });

  it('for a refresh without a session, or with a neighbor that cannot', () => {
    const s = stage({ peers: [{ capabilities: [] }, { listens: false }] });
    s.lab.run(1000);
    expect(s.node.command({ command: 'refreshRoutes', name: s.neighbor(0).name })).toContain(
      'hard reset',
    );
    expect(s.node.command({ command: 'refreshRoutes', name: s.neighbor(1).name })).toContain(
      'not Established',
    );
  });
});
