/**
 * Established: UPDATEs flow (RFC 4271 §8.2.2). Absent events: `fsmError`.
 *
 * "Deletes all routes associated with this connection" is the owner's work on `down`; with graceful restart
 * (RFC 4724 §4.2) it keeps them as stale instead.
 */

import { ErrorCode } from '../../wire/iana.ts';
import { notification } from '../../wire/notification.ts';
import {
  abort,
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

export const ESTABLISHED: StateRow = {
  /** Events 1, 3–7. */
  ManualStart: ignore,
  AutomaticStart: ignore,
  ManualStart_with_PassiveTcpEstablishment: ignore,
  AutomaticStart_with_PassiveTcpEstablishment: ignore,
  AutomaticStart_with_DampPeerOscillations: ignore,
  AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: ignore,

  /** Event 2. */
  ManualStop: (_session, event) =>
    to('Idle', ...stopped(event), stopConnecting, drop, forgetRetries),

  /** Event 8. RFC 4271 §6.7: Cease is for ends that no error has made. */
  AutomaticStop: (_session, event) =>
    to('Idle', ...stopped(event), stopConnecting, drop, countRetry, damp),

  /** Event 10. RFC 4271 §6.5: the peer is told, and the connection ends. */
  HoldTimer_Expires: (session) =>
    to(
      'Idle',
      because({
        kind: 'HoldTimerExpired',
        state: 'Established',
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
    to('Established', sendKeepalive, start('KeepaliveTimer', 'negotiated')),

  /** Events 14–17: a second connection has a session of its own (§6.8). */
  TcpConnection_Valid: ignore,
  Tcp_CR_Invalid: ignore,
  Tcp_CR_Acked: ignore,
  TcpConnectionConfirmed: ignore,

  /** Event 18, and 24 and 25: not damped. */
  TcpConnectionFails: (session, event) =>
    to('Idle', because(tcpFailed(session, event)), stopConnecting, drop, countRetry),
  NotifMsgVerErr: (session, event) =>
    to('Idle', because(notified(session, event)), stopConnecting, drop, countRetry),
  NotifMsg: (session, event) =>
    to('Idle', because(notified(session, event)), stopConnecting, drop, countRetry, damp),

  /** Event 21: RFC 4271 §6.1 asks for the header's own error where §8.2.2 would say FSM error. */
  BGPHeaderErr: (_session, event) => faulted(event),

  /** Event 23. */
  OpenCollisionDump: () => to('Idle', ...COLLISION, stopConnecting, drop, countRetry, damp),

  /** Events 26 and 27. The hot path is `Session.noteReceived`. */
  KeepAliveMsg: () => to('Established', start('HoldTimer', 'negotiated')),
  UpdateMsg: () => to('Established', start('HoldTimer', 'negotiated')),

  /** Event 28: only what RFC 7606 leaves no other answer for. */
  UpdateMsgErr: (_session, event) => faulted(event),

  /** Event 29. RFC 9687 §3: nothing can be told to a peer that takes no octets. */
  SendHoldTimer_Expires: (session) =>
    to(
      'Idle',
      because({ kind: 'SendHoldTimerExpired', seconds: session.sendHoldTimeRunning }),
      stopConnecting,
      abort,
      countRetry,
      damp,
    ),

  /** RFC 2918 §4. It does not restart HoldTimer: RFC 4271 §4.2 names KEEPALIVE and UPDATE only. */
  RouteRefreshMsg: ignore,

  /** Events 9, 12, 13, 19, 20, 22. */
  otherwise: fsmError,
};
