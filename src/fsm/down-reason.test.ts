/** The sentences that people read when a session is down. */

import { describe, expect, it } from 'vitest';
import { ceaseNotification, notification } from '../wire/notification.ts';
import { type DownReason, formatDownReason } from './down-reason.ts';

const tcp = (errno: string): DownReason => ({
  kind: 'TcpFailed',
  state: 'Connect',
  error: { kind: 'SystemError', call: 'connect', errno },
});
const told = (code: number, subcode: number): DownReason => ({
  kind: 'NotificationReceived',
  state: 'OpenSent',
  notification: notification(code, subcode),
  localAs: 64512,
});

describe('formatDownReason', () => {
  const cases: readonly (readonly [DownReason, RegExp])[] = [
    [
      told(2, 2),
      /^Peer says OPEN Message Error \(2\), Bad Peer AS \(2\): it expects another AS than our 64512; correct it there, or set localASNumber of the BGPPeer$/,
    ],
    [told(6, 3), /no longer has us configured/],
    [told(4, 0), /it heard nothing from us in time/],
    [
      {
        kind: 'TcpFailed',
        state: 'Connect',
        error: {
          kind: 'SystemError',
          call: 'setsockopt(TCP_AO_ADD_KEY)',
          errno: 'ENOPROTOOPT',
          detail: 'this kernel has no TCP-AO',
        },
      },
      /^setsockopt\(TCP_AO_ADD_KEY\) is refused: this kernel has no TCP-AO \(ENOPROTOOPT\)$/,
    ],
    [tcp('ECONNREFUSED'), /^Connection refused: nothing listens .* \(ECONNREFUSED\)$/],
    [tcp('EWEIRD'), /^TCP failed in connect \(EWEIRD\)$/],
    [{ kind: 'TcpFailed', state: 'OpenSent' }, /before its OPEN: it may not have us configured/],
    [{ kind: 'HoldTimerExpired', state: 'Established', holdTime: 90 }, /Nothing heard .* for 90 s/],
    [{ kind: 'HoldTimerExpired', state: 'OpenSent', holdTime: 240 }, /sent no OPEN within 240 s/],
    [{ kind: 'SendHoldTimerExpired', seconds: 480 }, /taken no octets for 480 s/],
    [{ kind: 'ConnectTimedOut', seconds: 5 }, /No answer to our call within 5 s/],
    [
      { kind: 'Stopped', by: 'operator', detail: { message: 'maintenance' } },
      /^Stopped: maintenance$/,
    ],
    [{ kind: 'FsmError', state: 'OpenSent', event: 'UpdateMsg' }, /OpenSent \(UpdateMsg\)/],
    [{ kind: 'Collision' }, /connection collision/],
    [{ kind: 'NotStarted' }, /^Not started yet$/],
    [
      { kind: 'PeerFault', notification: notification(2, 2), detail: 'It says AS 1' },
      /^We refused the peer with OPEN Message Error \(2\), Bad Peer AS \(2\)\. It says AS 1$/,
    ],
  ];
  for (const [reason, sentence] of cases) {
    it(`says ${sentence.source} for ${reason.kind}`, () => {
      expect(formatDownReason(reason)).toMatch(sentence);
    });
  }

  it('shows what the operator of the peer wrote, escaped', () => {
    const reason: DownReason = {
      kind: 'NotificationReceived',
      state: 'Established',
      notification: ceaseNotification(2, 'bye\n\u001b[2J'),
      localAs: 64512,
    };
    const text = formatDownReason(reason);
    expect(text).toContain('bye');
    expect(text).not.toContain('\n');
    expect(text).not.toContain('\u001b');
  });
});
