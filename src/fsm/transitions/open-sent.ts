/** OpenSent: our OPEN is out, theirs awaited (RFC 4271 §8.2.2). Absent events: `fsmError`. */

import { ErrorCode } from '../../wire/iana.ts';
import { notification } from '../../wire/notification.ts';
import {
  adopt,
  awaitPeer,
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
  stopConnecting,
  stopDelay,
  stopped,
  tcpFailed,
  to,
} from './transition.ts';

export const OPEN_SENT: StateRow = {
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

  /** Event 8. */
  AutomaticStop: (_session, event) =>
    to('Idle', ...stopped(event), stopConnecting, drop, countRetry, damp),

  /** Event 10: the long hold time ran out before an OPEN came. */
  HoldTimer_Expires: (session) =>
    to(
      'Idle',
      because({ kind: 'HoldTimerExpired', state: 'OpenSent', holdTime: session.holdTimeRunning }),
      notify(notification(ErrorCode.HoldTimerExpired, 0)),
      stopConnecting,
      drop,
      countRetry,
      damp,
    ),

  /** Events 14, 16 and 17: a second connection has a session of its own (§6.8); 15 is the listener's. */
  TcpConnection_Valid: ignore,
  Tcp_CR_Invalid: ignore,
  Tcp_CR_Acked: ignore,
  TcpConnectionConfirmed: ignore,

  /** Event 18: TCP went away; the peer may still call us. */
  TcpConnectionFails: (session, event) => {
    const reason = because(tcpFailed(session, event));
    // A session made for one connection of the peer has nothing left to wait for.
    if (session.ephemeral) return to('Idle', reason, drop);
    return to('Active', reason, drop, { act: 'stop', timer: 'HoldTimer' }, awaitPeer(session));
  },

  /** Event 19: an acceptable OPEN; one that `negotiate` refuses arrives here as Event 22. */
  BGPOpen: () => to('OpenConfirm', stopDelay, stopConnecting, adopt, sendKeepalive),

  /** Events 21 and 22. */
  BGPHeaderErr: (_session, event) => faulted(event),
  BGPOpenMsgErr: (_session, event) => faulted(event),

  /** Event 23. */
  OpenCollisionDump: () => to('Idle', ...COLLISION, stopConnecting, drop, countRetry, damp),

  /** Event 24: neither counted nor damped. */
  NotifMsgVerErr: (session, event) =>
    to('Idle', because(notified(session, event)), stopConnecting, drop),

  /** Event 25: RFC 4271 §6.4 forbids the FSM error that §8.2.2 asks for here. */
  NotifMsg: (session, event) =>
    to('Idle', because(notified(session, event)), stopConnecting, drop, countRetry, damp),

  /** Events 9, 11–13, 20, 26–28. */
  otherwise: fsmError,
};
