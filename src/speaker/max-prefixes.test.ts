/** A peer that sends more prefixes than it may: warned of, cut off, or sent away for a while (RFC 4486 §4). */

import { describe, expect, it } from 'vitest';
import type { MaxPrefixesIn } from '../datastore/peer-settings.ts';
import { NODE_ADDRESS, type Stage, settingsOfPeers, stage } from './testing/stage.ts';

const some = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `10.245.${(from + i) >> 8}.${(from + i) & 255}/32`);

const limited = (action: MaxPrefixesIn['action'], most = 10, more = {}) =>
  settingsOfPeers({
    maxPrefixesIn: { limits: { 'ipv4-unicast': most }, warnAt: 80, action, restartAfter: 60 },
    ...more,
  });

function limitedStage(action: MaxPrefixesIn['action'], most?: number): Stage {
  return stage({ plan: { change: limited(action, most) } }).up();
}

function announce(s: Stage, count: number, from = 0): void {
  s.peer.talk.announce(some(count, from));
  s.lab.run(200);
}

describe('a limit that warns', () => {
  it('says so near and over it, once each, and takes everything', () => {
    const s = limitedStage('warn');
    for (let i = 0; i < 12; i++) announce(s, 1, i);
    expect(s.node.eventsOf('prefix-limit')).toMatchObject([
      { received: 8, reason: 'its limit is 10' },
      { received: 11, reason: 'its limit is 10, only a warning is asked for' },
    ]);
    expect(s.neighbor().families[0]).toMatchObject({
      received: 12,
      accepted: 12,
      limit: 10,
      overLimit: '12 ipv4-unicast prefixes: its limit is 10, only a warning is asked for',
    });
  });

  it('without a profile is the size of the cluster', () => {
    const s = stage().up();
    for (let from = 0; from < 1100; from += 100) announce(s, 100, from);
    expect(s.node.eventsOf('prefix-limit')).toMatchObject([{ received: 1100 }]);
    expect(s.neighbor().families[0]?.overLimit).toBe(
      '1100 ipv4-unicast prefixes: a cluster of this size explains at most 1024; set maxPrefixesIn in a PeerProfile to act on it',
    );
    expect(s.neighbor()).toMatchObject({ state: 'Established', flaps: 0 });
  });
});

describe('a limit that drops', () => {
  it('takes no more, counts what it leaves, and the session stays', () => {
    const s = limitedStage('drop');
    announce(s, 15);
    expect(s.neighbor().families[0]).toMatchObject({
      received: 10,
      refused: 5,
      overLimit: '10 ipv4-unicast prefixes: its limit is 10, what is over is not taken',
    });
    expect(s.neighbor().state).toBe('Established');
  });

  it('that is raised has the peer asked for what was dropped; the session stays', () => {
    const s = limitedStage('drop');
    announce(s, 15);
    s.apply(s.documents, { change: limited('drop', 20) });
    s.lab.run(200);
    expect(s.neighbor().messages.sent.routeRefresh).toBe(1);
    expect(s.node.eventsOf('prefix-limit').at(-1)?.reason).toBe(
      'its limit leaves room now: the 5 that were dropped are asked for again',
    );
    announce(s, 15);
    expect(s.neighbor()).toMatchObject({
      established: 1,
      families: [{ received: 15, refused: 0 }],
    });
  });

  it('that is raised says how they come back where the peer cannot be asked', () => {
    const capabilities = [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'fourOctetAs', asn: 64512 },
    ] as const;
    const s = stage({ peers: [{ capabilities }], plan: { change: limited('drop') } }).up();
    announce(s, 15);
    s.apply(s.documents, { change: limited('drop', 20) });
    s.lab.run(200);
    expect(s.neighbor().messages.sent.routeRefresh).toBe(0);
    expect(s.node.eventsOf('prefix-limit').at(-1)?.reason).toMatch(
      /come back only with godwit reset .*: The neighbor does not speak route refresh/,
    );
  });
});

describe('a limit that restarts', () => {
  it('ends the session with Cease 6/1 and its data, and its paths go', () => {
    const s = limitedStage('restart');
    announce(s, 11);
    expect(s.peer.talk.notifications).toMatchObject([
      { code: 6, subcode: 1, data: Uint8Array.of(0, 1, 1, 0, 0, 0, 10) },
    ]);
    expect(s.has(some(1)[0]!)).toBe(false);
    expect(s.neighbor()).toMatchObject({
      state: 'Idle',
      limitRestarts: 1,
      downBecause: `it sent more than 10 ipv4-unicast prefixes; down for 60 s: raise maxPrefixesIn or find out what it leaks; godwit reset ${s.neighbor().name} lets it come at once`,
    });
  });

  it('exactly at its limit does nothing', () => {
    const s = limitedStage('restart');
    announce(s, 10);
    expect(s.neighbor()).toMatchObject({ state: 'Established', families: [{ accepted: 10 }] });
  });

  it('waits twice as long each time, whatever the peer dials meanwhile', () => {
    const s = limitedStage('restart');
    const waits: number[] = [];
    for (let time = 0; time < 3; time++) {
      announce(s, 11);
      const from = s.lab.now;
      s.peer.call(NODE_ADDRESS);
      s.lab.runUntil(() => s.neighbor().state === 'Established', 1_000_000);
      s.lab.run(1000);
      waits.push(Math.round((s.lab.now - from) / 1000));
    }
    for (const [i, wait] of [60, 120, 240].entries()) {
      expect(waits[i]).toBeGreaterThanOrEqual(wait);
      expect(waits[i]).toBeLessThan(wait + 30);
    }
  });

  it('is not forgotten by a change of configuration, and is by the operator', () => {
    const s = limitedStage('restart');
    announce(s, 11);
    s.apply(s.documents, { change: limited('restart', 10, { role: 'customer' }) });
    s.apply(s.documents, { change: limited('restart', 10, { limits: { communities: 3 } }) });
    s.lab.run(20_000);
    expect(s.neighbor().state).toBe('Idle');
    s.node.command({ command: 'resetNeighbor', name: s.neighbor().name, soft: false });
    s.lab.runUntil(() => s.neighbor().state === 'Established', 20_000);
    s.lab.run(100);
    announce(s, 11);
    expect(s.neighbor().downBecause).toContain('down for 60 s:');
  });

  it('does not count what is kept of an earlier session (RFC 4724)', () => {
    const gracefulRestart = { restartTime: 60, forwarding: ['ipv4-unicast'] } as const;
    const s = stage({
      peers: [{ gracefulRestart, listens: false }],
      plan: { change: limited('restart') },
    });
    s.peer.call(NODE_ADDRESS);
    s.up();
    announce(s, 10);
    s.peer.talk.endOfRib();
    s.lab.run(100);
    s.peer.talk.socket.close();
    s.lab.run(5000);
    s.peer.call(NODE_ADDRESS);
    s.up();
    announce(s, 10, 100);
    expect(s.neighbor()).toMatchObject({ state: 'Established', families: [{ received: 20 }] });
    announce(s, 1, 200);
    expect(s.peer.talk.notifications).toMatchObject([{ code: 6, subcode: 1 }]);
  });

  it('that is lowered below what is held acts at once', () => {
    const s = limitedStage('warn', 100);
    announce(s, 50);
    s.apply(s.documents, { change: limited('restart', 20) });
    s.lab.run(200);
    expect(s.peer.talk.notifications).toMatchObject([{ code: 6, subcode: 1 }]);
  });
});
