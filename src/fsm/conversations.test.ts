/** Whole sessions between two peers in virtual time: how they come up, and every way they go down. */

import { describe, expect, it } from 'vitest';
import { seconds } from '../base/units.ts';
import { ErrorCode, MessageType, OpenSubcode } from '../wire/iana.ts';
import { ceaseNotification, encodeNotification } from '../wire/notification.ts';
import type { SessionConfig } from './session-config.ts';
import { SessionPair, type Side } from './testing/session-pair.ts';

const A: SessionConfig = {
  localAs: 64512,
  remoteAs: 64513,
  routerId: 0x0a000001,
  families: ['ipv4-unicast', 'ipv6-unicast'],
};
const B: SessionConfig = { ...A, localAs: 64513, remoteAs: 64512, routerId: 0x0a000002 };

const MINUTE = 60_000;
const states = ({ a, b }: SessionPair): string[] => [a.main.state, b.main.state];
const UP = ['Established', 'Established'];
const reasons = (side: Side): string[] => side.downs().map(({ reason }) => reason.kind);

describe('two peers', () => {
  it('are Established after one attempt when one of them is passive', () => {
    const pair = new SessionPair(A, { ...B, passive: true }).start().run(100);
    expect(states(pair)).toEqual(UP);
    expect(pair.connections()).toEqual(['a']);
    expect(pair.a.sent('OPEN')).toEqual([10]);
    expect(pair.b.downs()).toEqual([]);
  });

  it('are Established at once when both call at the same moment, over one connection', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const pair = new SessionPair(A, B, { seed }).start().run(100);
      expect(states(pair)).toEqual(UP);
      expect(pair.connections()).toEqual(['b']); // 10.0.0.2 is the higher Identifier
    }
  });

  it('stay Established over the same connection for an hour of KEEPALIVEs', () => {
    const pair = new SessionPair(A, B).start().run(60 * MINUTE);
    expect(states(pair)).toEqual(UP);
    expect(pair.a.main.counters).toMatchObject({ established: 1, dropped: 0 });
    const sent = pair.a.sent('KEEPALIVE').slice(2);
    const gaps = sent.slice(1).map((at, i) => at - sent[i]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(22_500); // RFC 4271 §10: 75 % of 30 s
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000);
    expect(new Set(gaps).size).toBeGreaterThan(50);
  });

  it('never become Established when both are passive, and nobody calls', () => {
    const pair = new SessionPair({ ...A, passive: true }, { ...B, passive: true }).start();
    pair.run(10 * MINUTE);
    expect(states(pair)).toEqual(['Active', 'Active']);
    expect(pair.connections()).toEqual([]);
  });

  it('run no timers at all when either offers a hold time of 0 (RFC 4271 §4.2)', () => {
    const pair = new SessionPair({ ...A, timers: { holdTime: 0 } }, B).start().run(100);
    expect(states(pair)).toEqual(UP);
    const before = pair.a.sent('KEEPALIVE').length;
    pair.run(60 * MINUTE);
    expect(states(pair)).toEqual(UP);
    expect(pair.a.sent('KEEPALIVE')).toHaveLength(before);
    expect(pair.a.main.deadline()).toBeUndefined();
  });

  it('agree on the smaller hold time and a third of it for KEEPALIVEs', () => {
    const pair = new SessionPair(A, { ...B, timers: { holdTime: 9 } }).start().run(100);
    expect(pair.a.main.negotiated).toMatchObject({ holdTime: 9, keepaliveTime: 3 });
    expect(pair.b.main.negotiated).toMatchObject({ holdTime: 9, keepaliveTime: 3 });
  });

  it('meet although one sends no capabilities at all: IPv4 unicast, 2-octet AS numbers', () => {
    const bare = { ...B, offer: { multiprotocol: false, fourOctetAs: false, routeRefresh: false } };
    const pair = new SessionPair(A, bare).start().run(100);
    expect(states(pair)).toEqual(UP);
    expect(pair.a.main.negotiated).toMatchObject({
      families: ['ipv4-unicast'],
      as4: false,
      routeRefresh: false,
      capabilities: [],
    });
  });

  it('meet across 4-octet AS numbers, with AS_TRANS in the field of two octets (RFC 6793)', () => {
    const pair = new SessionPair({ ...A, localAs: 4200000001 }, { ...B, remoteAs: 4200000001 });
    pair.start().run(100);
    expect(states(pair)).toEqual(UP);
    expect(pair.b.main.negotiated).toMatchObject({ remoteAs: 4200000001, as4: true });
  });

  it('let the peer speak first while DelayOpenTimer runs, and speak when it has run out', () => {
    const patient = { ...A, timers: { delayOpenTime: seconds(10) } };
    const first = new SessionPair(patient, { ...B, passive: true }).start().run(5_000);
    expect(states(first)).toEqual(UP); // b's OPEN ends the delay
    const both = new SessionPair(patient, {
      ...B,
      passive: true,
      timers: { delayOpenTime: seconds(20) },
    });
    both.start().run(9_900);
    expect(states(both)).toEqual(['Connect', 'Active']);
    both.run(300);
    expect(states(both)).toEqual(UP);
  });
});

describe('a session that cannot come up', () => {
  it('says Bad Peer AS, waits 5, 10, 20, 30, 30 s, and tells both operators why', () => {
    const pair = new SessionPair({ ...A, remoteAs: 64999 }, { ...B, passive: true }).start();
    pair.run(3 * MINUTE);
    expect(pair.a.notificationsSent()[0]).toMatchObject({
      code: 2,
      subcode: OpenSubcode.BadPeerAs,
    });
    const dials = pair.a.log.filter(({ output }) => output.do === 'dial').map(({ at }) => at);
    const gaps = dials.slice(1).map((at, i) => Math.round((at - dials[i]!) / 1000));
    expect(gaps.slice(0, 4)).toEqual([5, 10, 20, 30]);
    expect(pair.a.main.downBecause()).toContain('It says AS 64513, configured is AS 64999');
    expect(pair.b.main.downBecause()).toContain('it expects another AS than our 64513');
  });

  it('is tried again every 2 to 5 s while nothing listens at the peer', () => {
    const pair = new SessionPair(A, B, { b: { listens: false } });
    pair.signal(pair.a, { type: 'ManualStart' });
    pair.run(5 * MINUTE);
    const dials = pair.a.log.filter(({ output }) => output.do === 'dial').map(({ at }) => at);
    expect(dials[0]).toBe(0);
    const gaps = dials.slice(1).map((at, i) => at - dials[i]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(5_100);
    expect(pair.a.main.downBecause()).toContain('Connection refused');
  });

  it('is given up after 5 s without an answer and tried anew', () => {
    const pair = new SessionPair(A, B);
    pair.cut = true;
    pair.signal(pair.a, { type: 'ManualStart' });
    pair.run(12_000);
    expect(reasons(pair.a)).toEqual(['ConnectTimedOut', 'ConnectTimedOut']);
    expect(pair.a.main.counters.dialled).toBe(3);
    expect(pair.a.main.state).toBe('Connect');
  });

  it('ends after 240 s when the peer takes the call and says nothing', () => {
    const mute = { ...B, passive: true, timers: { holdTime: 0 } };
    const pair = new SessionPair(A, mute, { b: { garble: () => undefined } });
    pair.start().run(239_000);
    expect(pair.a.main.state).toBe('OpenSent');
    pair.run(2_000);
    expect(pair.a.notificationsSent()).toMatchObject([{ code: ErrorCode.HoldTimerExpired }]);
    expect(pair.a.main.downBecause()).toContain('sent no OPEN within 240 s');
  });

  it('does not let a peer that loops in NOTIFICATIONs come back at line rate', () => {
    const rude = encodeNotification(ceaseNotification(4));
    const garble = (octets: Uint8Array): Uint8Array =>
      octets[18] === MessageType.Open ? rude : octets;
    // b calls again as soon as it was dropped, whatever its own machine would wait.
    const eager = { ...B, timers: { connectRetryMin: 0, connectRetryMax: 0, idleHoldMax: 0 } };
    const pair = new SessionPair({ ...A, passive: true }, eager, { b: { garble } });
    pair.start().run(5 * MINUTE);
    expect(pair.a.sent('OPEN').length).toBeLessThan(20);
  });
});

describe('a session that is up', () => {
  const established = (options = {}): SessionPair => {
    const passive = { ...B, ...options, passive: true };
    const pair = new SessionPair({ ...A, ...options }, passive).start().run(1_000);
    expect(states(pair)).toEqual(UP);
    return pair;
  };

  it('ends by HoldTimer when the path is cut, and comes back when it heals', () => {
    const pair = established();
    pair.cut = true;
    pair.run(91_000);
    expect(reasons(pair.a)).toContain('HoldTimerExpired');
    expect(pair.a.notificationsSent().at(-1)).toMatchObject({ code: ErrorCode.HoldTimerExpired });
    pair.cut = false;
    pair.run(15_000);
    expect(states(pair)).toEqual(UP);
  });

  it('is not ended by HoldTimer while UPDATEs or KEEPALIVEs come', () => {
    const pair = established();
    const session = pair.a.main;
    const start = session.deadline()!;
    for (let at = 2_000; at < 600_000; at += 1_000) {
      session.noteReceived(at);
      session.noteProgress(at);
      expect(session.onTime(at)).not.toContainEqual(expect.objectContaining({ do: 'down' }));
    }
    expect(session.state).toBe('Established');
    expect(start).toBeLessThan(600_000);
  });

  it('ends by SendHoldTimer when the peer takes no octets for 8 minutes (RFC 9687)', () => {
    const session = established().a.main;
    for (let at = 2_000; at < 480_500; at += 1_000) {
      session.noteReceived(at);
      session.onTime(at);
    }
    expect(session.state).toBe('Established');
    session.noteReceived(485_000);
    const outputs = session.onTime(485_000);
    // Nothing can be told to a peer that takes no octets.
    expect(outputs.map((output) => output.do).slice(0, 3)).toEqual(['hangUp', 'state', 'down']);
    expect(outputs[0]).toEqual({ do: 'hangUp', abort: true });
    expect(session.lastDown?.reason).toEqual({ kind: 'SendHoldTimerExpired', seconds: 480 });
  });

  it('stays down after a stop by hand, tells the peer the text, and starts again on demand', () => {
    const pair = established();
    pair.signal(pair.a, { type: 'ManualStop', message: 'new line card' });
    pair.run(10 * MINUTE);
    expect(pair.a.main.state).toBe('Idle');
    expect(pair.a.main.deadline()).toBeUndefined();
    expect(pair.b.downs()[0]?.received).toMatchObject({ code: 6, subcode: 2 });
    expect(reasons(pair.b)[0]).toBe('NotificationReceived');
    pair.signal(pair.a, { type: 'ManualStart' });
    pair.run(1_000);
    expect(states(pair)).toEqual(UP);
  });

  it('is closed without NOTIFICATION by a silent stop, for graceful restart (RFC 4724 §4)', () => {
    const offer = { gracefulRestart: { restartTime: 120, restarting: false, forwarding: [] } };
    const pair = established({ offer });
    pair.signal(pair.a, { type: 'ManualStop', silent: true });
    pair.run(100);
    expect(pair.a.notificationsSent()).toEqual([]);
    const down = pair.b.downs()[0];
    expect(down).toMatchObject({ wasEstablished: true, reason: { kind: 'TcpFailed' } });
    expect(down?.negotiated?.gracefulRestart?.restartTime).toBe(120);
    expect([...down!.negotiated!.gracefulRestart!.families.keys()]).toEqual(A.families);
  });

  it('comes back within the retry time when the peer process dies and returns', () => {
    const pair = established();
    pair.crash(pair.b, { ...B, passive: true });
    pair.run(6_000);
    expect(states(pair)).toEqual(UP);
    expect(pair.a.main.counters.established).toBe(2);
  });

  it('is replaced at once by a peer that restarts unnoticed, given graceful restart (RFC 4724 §4.2)', () => {
    const offer = { gracefulRestart: { restartTime: 120, restarting: true, forwarding: [] } };
    const pair = established({ offer });
    pair.crash(pair.b, { ...B, offer }, true);
    pair.run(100);
    expect(states(pair)).toEqual(UP);
    expect(pair.connections()).toContain('b');
    expect(reasons(pair.a)).toEqual(['TcpFailed']);
    expect(pair.a.notificationsSent()).toEqual([]);
  });

  it('is kept against a second call of its peer without graceful restart (RFC 4271 §6.8)', () => {
    const pair = established().run(20_000); // long after calls could have crossed
    pair.crash(pair.b, B, true);
    pair.run(100);
    expect(pair.a.main.counters).toMatchObject({ established: 1, dropped: 0 });
    expect(pair.a.second).toBeUndefined();
    expect(pair.b.main.lastDown?.received).toMatchObject({ code: 6, subcode: 7 });
    expect(pair.b.main.counters.established).toBe(0);
  });

  it('ends with the NOTIFICATION of a malformed UPDATE and is damped', () => {
    const pair = established();
    const notification = { code: ErrorCode.Update, subcode: 1, data: new Uint8Array(0) };
    pair.signal(pair.a, { type: 'UpdateMsgErr', notification, detail: 'Attribute list too short' });
    expect(pair.a.notificationsSent()).toEqual([notification]);
    expect(pair.a.main.heldUntil(pair.now)).toBe(pair.now + 5_000);
    expect(pair.a.main.refusesCalls(pair.now)).toBe(true);
    pair.run(20_000);
    expect(states(pair)).toEqual(UP);
  });
});
