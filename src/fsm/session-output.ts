/**
 * What a session asks of its owner: values, in the order in which they are to be done.
 *
 * "The connection" is the one TCP connection that this session dialled or was given; a session never has two.
 */

import type { Notification } from '../wire/notification.ts';
import type { DownReason } from './down-reason.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import type { State } from './states.ts';

export type SessionOutput =
  /** Open a TCP connection; answer with `Tcp_CR_Acked` or `TcpConnectionFails`. Always the last of a list. */
  | { readonly do: 'dial' }
  /**
   * End the connection or the attempt; no event of it may reach this session afterwards. `abort`: reset, do not
   * flush. Not asked for a connection whose end was reported with `TcpConnectionFails`.
   */
  | { readonly do: 'hangUp'; readonly abort: boolean }
  /** Send before any UPDATE. The octets are shared and must not be changed. */
  | {
      readonly do: 'send';
      readonly message: 'OPEN' | 'KEEPALIVE' | 'NOTIFICATION';
      readonly octets: Uint8Array;
    }
  | { readonly do: 'established'; readonly negotiated: NegotiatedSession }
  | { readonly do: 'state'; readonly from: State; readonly to: State }
  | SessionDown;

/** A session or an attempt at one ended. Comes after `send`, `hangUp` and `state`, before `dial`. */
export interface SessionDown {
  readonly do: 'down';
  readonly reason: DownReason;
  readonly wasEstablished: boolean;
  readonly sent?: Notification;
  readonly received?: Notification;
  /** What had been negotiated, when it got that far: graceful restart is decided by it. */
  readonly negotiated?: NegotiatedSession;
}

export interface SessionCounters {
  /** TCP connections that this session dialled. */
  dialled: number;
  /** Times that Established was reached. */
  established: number;
  /** Times that it was left. */
  dropped: number;
}
