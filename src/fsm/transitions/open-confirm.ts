/** OpenConfirm: both OPENs are good, the peer's KEEPALIVE awaited (RFC 4271 §8.2.2). Absent events: `fsmError`. */

import { ErrorCode } from '../../wire/iana.ts';
import { notification } from '../../wire/notification.ts';
import {
  because,
  COLLISION,
  countRetry,
  damp,
  drop,
  faulted,
  forgetRetries,
  fsmError,
  ignore,
  notified,
  notify,
  type StateRow,
  sendKeepalive,
  start,
  stopConnecting,
  stopped,
  tcpFailed,
  to,
} from './transition.ts';

export const OPEN_CONFIRM: StateRow = {
  /** Events 1, 3–7. */
  ManualStart: ignore,
  AutomaticStart: ignore,
  ManualStart_with_PassiveTcpEstablishment: ignore,
  AutomaticStart_with_PassiveTcpEstablishment: ignore,
  AutomaticStart_with_DampPeerOscillations: ignore,
  AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: ignore,

  /** Event 2. */
  ManualStop: (_session, event) =>
    to('Idle', ...stopped(event), drop, forgetRetries, stopConnecting),

  /** Event 8. */
  AutomaticStop: (_session, event) =>
    to('Idle', ...stopped(event), stopConnecting, drop, countRetry, damp),

  /** Event 10. */
  HoldTimer_Expires: (session) =>
    to(
      'Idle',
      because({
        kind: 'HoldTimerExpired',
        state: 'OpenConfirm',
        holdTime: session.holdTimeRunning,
      }),
      notify(notification(ErrorCode.HoldTimerExpired, 0)),
      stopConnecting,
      drop,
      countRetry,
      damp,
    ),

  /** Event 11. */
  KeepaliveTimer_Expires: () =>
    to('OpenConfirm', sendKeepalive, start('KeepaliveTimer', 'negotiated')),

  /** Events 14–17: a second connection has a session of its own (§6.8). */
  TcpConnection_Valid: ignore,
  Tcp_CR_Invalid: ignore,
  Tcp_CR_Acked: ignore,
  TcpConnectionConfirmed: ignore,

  /** Events 18 and 25. */
  TcpConnectionFails: (session, event) =>
    to('Idle', because(tcpFailed(session, event)), stopConnecting, drop, countRetry, damp),
  NotifMsg: (session, event) =>
    to('Idle', because(notified(session, event)), stopConnecting, drop, countRetry, damp),

  /** Event 24: neither counted nor damped. */
  NotifMsgVerErr: (session, event) =>
    to('Idle', because(notified(session, event)), stopConnecting, drop),

  /** Events 21 and 22. An OPEN in order (Event 19) would be a second one on this connection: `fsmError`. */
  BGPHeaderErr: (_session, event) => faulted(event),
  BGPOpenMsgErr: (_session, event) => faulted(event),

  /** Event 23. */
  OpenCollisionDump: () => to('Idle', ...COLLISION, stopConnecting, drop, countRetry, damp),

  /** Event 26. RFC 9687 §3: from here on the peer must also take what we send. */
  KeepAliveMsg: () =>
    to('Established', start('HoldTimer', 'negotiated'), start('SendHoldTimer', 'negotiated')),

  /** Events 9, 12, 13, 19, 20, 27, 28. */
  otherwise: fsmError,
};
