/** Active: waiting for the peer's call or for our next attempt; or DelayOpenTimer runs (RFC 4271 §8.2.2). */

import { CeaseSubcode } from '../../wire/iana.ts';
import { anyOther, connected, delayOver, openedFirst, versionRefused } from './opening.ts';
import {
  because,
  cease,
  countRetry,
  damp,
  dial,
  drop,
  faulted,
  forgetRetries,
  ignore,
  notify,
  type StateRow,
  start,
  stopConnecting,
  stopDelay,
  stopReason,
  tcpFailed,
  to,
} from './transition.ts';

export const ACTIVE: StateRow = {
  /** Events 1, 3–7. */
  ManualStart: ignore,
  AutomaticStart: ignore,
  ManualStart_with_PassiveTcpEstablishment: ignore,
  AutomaticStart_with_PassiveTcpEstablishment: ignore,
  AutomaticStart_with_DampPeerOscillations: ignore,
  AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: ignore,

  /** Event 2: a Cease only where there is somebody to read it. */
  ManualStop: (session, event) => {
    const tell =
      session.delayOpenRunning && event.silent !== true
        ? [notify(cease(event, CeaseSubcode.AdministrativeShutdown))]
        : [];
    return to('Idle', stopReason(event), ...tell, stopDelay, drop, forgetRetries, stopConnecting);
  },

  /** Event 9: our turn to call. */
  ConnectRetryTimer_Expires: () =>
    to('Connect', start('ConnectRetryTimer', 'connectTimeout'), dial),

  /** Event 12. */
  DelayOpenTimer_Expires: delayOver,

  /** Events 14 and 15. */
  TcpConnection_Valid: ignore,
  Tcp_CR_Invalid: ignore,

  /** Events 16 and 17. */
  Tcp_CR_Acked: connected,
  TcpConnectionConfirmed: connected,

  /** Event 18. The RFC's ConnectRetryTimer would mean nothing in Idle; IdleHoldTimer leads out of it. */
  TcpConnectionFails: (session, event) =>
    to('Idle', because(tcpFailed(session, event)), stopConnecting, stopDelay, countRetry, damp),

  /** Event 20. */
  BGPOpen_with_DelayOpenTimer_running: openedFirst,

  /** Events 21 and 22. */
  BGPHeaderErr: (_session, event) => faulted(event),
  BGPOpenMsgErr: (_session, event) => faulted(event),

  /** Event 24. */
  NotifMsgVerErr: versionRefused,

  /** Events 8, 10, 11, 13, 19, 23, 25–28. */
  otherwise: anyOther,
};
