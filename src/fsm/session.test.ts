/** The session around the rows: what Idle holds, what is told in which order, timers and the hot path. */

import { describe, expect, it } from 'vitest';
import { Prng } from '../base/prng.ts';
import { ErrorCode, MessageType } from '../wire/iana.ts';
import { buildOpen } from './offer.ts';
import { Session } from './session.ts';
import type { SessionConfig } from './session-config.ts';

const OURS: SessionConfig = {
  localAs: 64512,
  remoteAs: 64513,
  routerId: 1,
  families: ['ipv4-unicast'],
};
const THEIRS: SessionConfig = { ...OURS, localAs: 64513, remoteAs: 64512, routerId: 2 };

const session = (change: Partial<SessionConfig> = {}): Session =>
  new Session({ ...OURS, ...change }, new Prng(7));

function established(change: Partial<SessionConfig> = {}): Session {
  const it = session(change);
  it.handle({ type: 'ManualStart' }, 0);
  it.handle({ type: 'Tcp_CR_Acked' }, 1);
  it.handle({ type: 'BGPOpen', open: buildOpen(THEIRS) }, 2);
  it.handle({ type: 'KeepAliveMsg' }, 3);
  return it;
}

const verbs = (outputs: readonly { readonly do: string }[]): string[] => outputs.map((o) => o.do);

describe('Session', () => {
  it('asks for one dial on start and says OPEN when it is answered', () => {
    const it = session();
    expect(it.handle({ type: 'ManualStart' }, 0)).toEqual([
      { do: 'state', from: 'Idle', to: 'Connect' },
      { do: 'dial' },
    ]);
    expect(verbs(it.handle({ type: 'Tcp_CR_Acked' }, 1))).toEqual(['send', 'state']);
  });

  it('announces the negotiated parameters after the state is Established', () => {
    const it = established();
    expect(it.negotiated).toMatchObject({
      peerType: 'ebgp',
      holdTime: 90,
      families: OURS.families,
    });
    const outputs = established().handle({ type: 'ManualStop' }, 9);
    expect(verbs(outputs)).toEqual(['send', 'hangUp', 'state', 'down']);
    expect(outputs.at(-1)).toMatchObject({ wasEstablished: true, negotiated: { remoteAs: 64513 } });
  });

  it('holds nothing in Idle after a stop: no connection, no timer, nothing negotiated', () => {
    const it = established();
    it.handle({ type: 'ManualStop' }, 9);
    expect(it.state).toBe('Idle');
    expect(it.hasConnection).toBe(false);
    expect(it.deadline()).toBeUndefined();
    expect(it.negotiated).toBeUndefined();
    expect(it.refusesCalls(9)).toBe(true);
  });

  it('leaves Idle by itself after a loss, first in Active so that the peer may call', () => {
    const it = established();
    it.handle({ type: 'TcpConnectionFails' }, 1_000);
    expect(it.deadline()).toBe(1_000);
    it.onTime(1_000);
    expect(it.state).toBe('Active');
    expect(it.wantsCall).toBe(true);
    const next = it.deadline()!;
    expect(next).toBeGreaterThanOrEqual(3_000);
    expect(next).toBeLessThanOrEqual(6_000);
    expect(verbs(it.onTime(next))).toEqual(['state', 'dial']);
  });

  it('hangs a dialled attempt up before it dials again', () => {
    const it = session();
    it.handle({ type: 'ManualStart' }, 0);
    const outputs = it.onTime(5_000);
    expect(verbs(outputs)).toEqual(['hangUp', 'down', 'dial']);
    expect(outputs[0]).toEqual({ do: 'hangUp', abort: true });
  });

  it('waits for connectDelay before the first dial', () => {
    const it = session({ timers: { connectDelay: 2 } });
    expect(verbs(it.handle({ type: 'ManualStart' }, 0))).toEqual(['state']);
    expect(it.state).toBe('Active');
    expect(verbs(it.onTime(2_000))).toEqual(['state', 'dial']);
  });

  it('never dials when passive, also after a loss', () => {
    const it = session({ passive: true });
    it.handle({ type: 'ManualStart' }, 0);
    expect(it.state).toBe('Active');
    it.handle({ type: 'TcpConnectionConfirmed' }, 1);
    it.handle({ type: 'TcpConnectionFails' }, 2);
    expect(it.state).toBe('Active');
    expect(it.deadline()).toBeUndefined();
    expect(it.counters.dialled).toBe(0);
  });

  it('ends a companion with its connection, and lets it live once promoted', () => {
    const main = established();
    const second = main.companion();
    second.handle({ type: 'AutomaticStart_with_PassiveTcpEstablishment' }, 5);
    second.handle({ type: 'TcpConnectionConfirmed' }, 5);
    expect(second.state).toBe('OpenSent');
    second.handle({ type: 'TcpConnectionFails' }, 6);
    expect(second.state).toBe('Idle');
    expect(second.deadline()).toBeUndefined();

    const third = main.companion();
    third.handle({ type: 'AutomaticStart_with_PassiveTcpEstablishment' }, 7);
    third.handle({ type: 'TcpConnectionConfirmed' }, 7);
    third.promote();
    third.handle({ type: 'TcpConnectionFails' }, 8);
    expect(third.state).toBe('Active');
    expect(third.deadline()).toBeDefined();
  });

  it('damps both sessions of a peer for what one of them met', () => {
    const main = session();
    main.handle({ type: 'ManualStart' }, 0);
    const second = main.companion();
    second.handle({ type: 'AutomaticStart_with_PassiveTcpEstablishment' }, 1);
    second.handle({ type: 'TcpConnectionConfirmed' }, 1);
    second.handle({ type: 'KeepAliveMsg' }, 2); // no OPEN yet: FSM error
    expect(main.refusesCalls(3)).toBe(true);
    expect(main.refusesCalls(5_002)).toBe(false);
  });

  it('names the unexpected message and its state in the FSM error (RFC 6608 §4)', () => {
    const it = established();
    const outputs = it.handle({ type: 'BGPOpen', open: buildOpen(THEIRS) }, 9);
    expect(outputs.at(-1)).toMatchObject({
      sent: { code: ErrorCode.Fsm, subcode: 3, data: Uint8Array.of(MessageType.Open) },
    });
  });

  it('returns the same empty list for what changes nothing', () => {
    const it = established();
    const nothing = it.handle({ type: 'KeepAliveMsg' }, 10);
    expect(nothing).toHaveLength(0);
    expect(it.handle({ type: 'UpdateMsg' }, 11)).toBe(nothing);
    expect(it.onTime(12)).toBe(nothing);
  });

  it('moves the hold deadline with every UPDATE and KEEPALIVE, and only then', () => {
    const it = established({ timers: { keepaliveTime: 30, holdTime: 90 } });
    it.noteProgress(1_000_000);
    it.handle({ type: 'KeepaliveTimer_Expires' }, 80_000);
    it.handle({ type: 'RouteRefreshMsg' }, 80_000); // RFC 4271 §4.2 does not name it
    expect(it.deadline()).toBe(90_003);
    it.noteReceived(80_000);
    expect(it.deadline()).toBeGreaterThan(90_003);
    it.onTime(169_999);
    expect(it.state).toBe('Established');
    it.onTime(170_000);
    expect(it.lastDown?.reason.kind).toBe('HoldTimerExpired');
  });

  it('uses new settings from the next OPEN on', () => {
    const it = session({ passive: true });
    it.handle({ type: 'ManualStart' }, 0);
    it.reconfigure({ ...OURS, remoteAs: 65000, timers: { holdTime: 30 } }, 1);
    it.handle({ type: 'TcpConnectionConfirmed' }, 1);
    it.handle({ type: 'BGPOpen', open: buildOpen({ ...THEIRS, localAs: 65000 }) }, 2);
    expect(it.negotiated).toMatchObject({ remoteAs: 65000, holdTime: 30 });
  });

  it('begins to call when it is no longer to wait, and stops calling when it is to', () => {
    const it = session({ passive: true });
    it.handle({ type: 'ManualStart' }, 0);
    expect(it.deadline()).toBeUndefined();
    it.reconfigure(OURS, 1000);
    expect(it.deadline()).toBeGreaterThanOrEqual(3000);
    it.reconfigure({ ...OURS, passive: true }, 1500);
    expect(it.deadline()).toBeUndefined();
    it.reconfigure(OURS, 2000);
    expect(it.onTime(7000)).toContainEqual({ do: 'dial' });
  });
});
