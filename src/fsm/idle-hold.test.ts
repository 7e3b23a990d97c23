/** DampPeerOscillations: who is made to wait, and how long. */

import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../wire/iana.ts';
import { ceaseNotification, notification } from '../wire/notification.ts';
import { IdleHold, severityOf } from './idle-hold.ts';
import type { State } from './states.ts';

const TIMES = { idleHoldInitial: 5, idleHoldMax: 30, idleHoldAmnesia: 300 };

describe('IdleHold', () => {
  it('doubles the stay from 5 to 30 s with each error', () => {
    const hold = new IdleHold(TIMES);
    const stays = [0, 10_000, 30_000, 60_000, 100_000].map((at) => hold.onDown('error', at));
    expect(stays).toEqual([5_000, 10_000, 20_000, 30_000, 30_000]);
  });

  it('has other times from the next error on when they are changed', () => {
    const hold = new IdleHold(TIMES);
    hold.onDown('error', 0);
    hold.reconfigure({ ...TIMES, idleHoldInitial: 60 });
    // The longest is never below the first.
    expect([10_000, 400_000].map((at) => hold.onDown('error', at))).toEqual([10_000, 60_000]);
    expect(hold.onDown('error', 450_000)).toBe(60_000);
  });

  it('begins anew after 300 s without an error', () => {
    const hold = new IdleHold(TIMES);
    hold.onDown('error', 0);
    hold.onDown('error', 10_000);
    expect(hold.onDown('error', 309_999)).toBe(20_000);
    expect(hold.onDown('error', 609_999)).toBe(5_000);
  });

  it('does not hold back after a harmless loss, but does not shorten a stay either', () => {
    const hold = new IdleHold(TIMES);
    expect(hold.onDown('none', 0)).toBe(0);
    hold.onDown('error', 1_000);
    expect(hold.onDown('none', 2_000)).toBe(4_000);
  });

  it('tolerates three refusals in a row and takes the fourth for an error', () => {
    const hold = new IdleHold(TIMES);
    const stays = [0, 1, 2, 3, 4].map((at) => hold.onDown('refusal', at));
    expect(stays).toEqual([0, 0, 0, 5_000, 10_000]);
  });

  it('forgets everything when an operator asks for the peer', () => {
    const hold = new IdleHold(TIMES);
    hold.onDown('error', 0);
    hold.onDown('error', 1);
    hold.forgive();
    expect(hold.remaining(2)).toBe(0);
    expect(hold.onDown('error', 3)).toBe(5_000);
  });
});

describe('severityOf', () => {
  const told = (code: number, subcode: number, state: State) =>
    severityOf({
      kind: 'NotificationReceived',
      state,
      notification: notification(code, subcode),
      localAs: 1,
    });

  it('damps errors of the protocol, whoever found them', () => {
    const fault = notification(ErrorCode.Update, 1);
    expect(severityOf({ kind: 'PeerFault', notification: fault, detail: '' })).toBe('error');
    expect(told(ErrorCode.Open, 2, 'OpenSent')).toBe('error');
    expect(told(ErrorCode.Update, 1, 'Established')).toBe('error');
  });

  it('does not damp a peer that lost us, restarts, or settled a collision', () => {
    expect(told(ErrorCode.HoldTimerExpired, 0, 'Established')).toBe('none');
    expect(told(ErrorCode.Cease, 2, 'Established')).toBe('none');
    expect(told(ErrorCode.Cease, 7, 'OpenSent')).toBe('none');
    expect(severityOf({ kind: 'TcpFailed', state: 'Established' })).toBe('none');
  });

  it('damps a prefix limit on either side', () => {
    expect(told(ErrorCode.Cease, 1, 'Established')).toBe('error');
    const detail = { subcode: ceaseNotification(1).subcode };
    expect(severityOf({ kind: 'Stopped', by: 'system', detail })).toBe('error');
  });

  it('takes a Cease before Established for a refusal', () => {
    expect(told(ErrorCode.Cease, 5, 'OpenSent')).toBe('refusal');
  });
});
