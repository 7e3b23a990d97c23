/** Connect: our TCP attempt is under way, or DelayOpenTimer runs on its connection (RFC 4271 §8.2.2). */

import { anyOther, connected, delayOver, openedFirst, versionRefused } from './opening.ts';
import {
  abort,
  awaitPeer,
  because,
  dial,
  drop,
  faulted,
  forgetRetries,
  ignore,
  type StateRow,
  start,
  stopConnecting,
  stopDelay,
  stopReason,
  tcpFailed,
  to,
} from './transition.ts';

export const CONNECT: StateRow = {
  /** Events 1, 3–7. */
  ManualStart: ignore,
  AutomaticStart: ignore,
  ManualStart_with_PassiveTcpEstablishment: ignore,
  AutomaticStart_with_PassiveTcpEstablishment: ignore,
  AutomaticStart_with_DampPeerOscillations: ignore,
  AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: ignore,

  /** Event 2. */
  ManualStop: (_session, event) =>
    to('Idle', stopReason(event), abort, forgetRetries, stopConnecting),

  /** Event 9: nobody answered; call again. */
  ConnectRetryTimer_Expires: (session) =>
    to(
      'Connect',
      because({ kind: 'ConnectTimedOut', seconds: session.timers.connectTimeout }),
      abort,
      start('ConnectRetryTimer', 'connectTimeout'),
      stopDelay,
      dial,
    ),

  /** Event 12. */
  DelayOpenTimer_Expires: delayOver,

  /** Events 14 and 15: the listener's business, not ours. */
  TcpConnection_Valid: ignore,
  Tcp_CR_Invalid: ignore,

  /** Events 16 and 17. */
  Tcp_CR_Acked: connected,
  TcpConnectionConfirmed: connected,

  /** Event 18. */
  TcpConnectionFails: (session, event) => {
    const reason = because(tcpFailed(session, event));
    if (session.delayOpenRunning) return to('Active', reason, awaitPeer(session), stopDelay);
    return to('Idle', reason, stopConnecting, drop);
  },

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
