/**
 * The events of RFC 4271 §8.1 as a union, in the RFC's order, spelling and numbers; two of later RFCs follow.
 *
 * The caller signals what it saw; `Session.handle` itself tells 19 from 20 and 22 (is the OPEN acceptable? does
 * DelayOpenTimer run?) and 24 from 25. The timer events (9–13, 29) come from `Session.onTime` only.
 */

import type { SystemError } from '../base/errors.ts';
import type { Notification } from '../wire/notification.ts';
import type { OpenMessage } from '../wire/open.ts';

/** How a stop is told to the peer. */
export interface StopDetail {
  /** Subcode of the Cease (RFC 4486); default Administrative Shutdown (2) when stopped by hand, else 6. */
  readonly subcode?: number;
  /** Text for the peer's operator (RFC 9003), sent with subcodes 2 and 4, and shown as our reason. */
  readonly message?: string;
  /** Data of the Cease, for subcodes that have some (RFC 4486 §4). */
  readonly data?: Uint8Array;
  /** RFC 4724: close TCP without NOTIFICATION, so that the peer keeps our routes while we restart. */
  readonly silent?: boolean;
}

export type SessionEvent =
  // RFC 4271 §8.1.2: administrative events
  | { readonly type: 'ManualStart' }
  | ({ readonly type: 'ManualStop' } & StopDetail)
  | { readonly type: 'AutomaticStart' }
  | { readonly type: 'ManualStart_with_PassiveTcpEstablishment' }
  | { readonly type: 'AutomaticStart_with_PassiveTcpEstablishment' }
  | { readonly type: 'AutomaticStart_with_DampPeerOscillations' }
  | { readonly type: 'AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment' }
  | ({ readonly type: 'AutomaticStop' } & StopDetail)
  // §8.1.3: timer events
  | { readonly type: 'ConnectRetryTimer_Expires' }
  | { readonly type: 'HoldTimer_Expires' }
  | { readonly type: 'KeepaliveTimer_Expires' }
  | { readonly type: 'DelayOpenTimer_Expires' }
  | { readonly type: 'IdleHoldTimer_Expires' }
  // §8.1.4: TCP connection-based events
  | { readonly type: 'TcpConnection_Valid' }
  | { readonly type: 'Tcp_CR_Invalid' }
  /** The connection that we dialled is up. */
  | { readonly type: 'Tcp_CR_Acked' }
  /** A connection that the peer dialled is given to this session. */
  | { readonly type: 'TcpConnectionConfirmed' }
  /** The connection (or the attempt) of this session is gone. `error` is absent for an orderly close by the peer. */
  | { readonly type: 'TcpConnectionFails'; readonly error?: SystemError }
  // §8.1.5: BGP message-based events
  /** An OPEN that `decodeOpen` liked. */
  | { readonly type: 'BGPOpen'; readonly open: OpenMessage }
  | { readonly type: 'BGPOpen_with_DelayOpenTimer_running'; readonly open: OpenMessage }
  | ({ readonly type: 'BGPHeaderErr' } & MessageFault)
  | ({ readonly type: 'BGPOpenMsgErr' } & MessageFault)
  | { readonly type: 'OpenCollisionDump' }
  | { readonly type: 'NotifMsgVerErr'; readonly notification: Notification }
  | { readonly type: 'NotifMsg'; readonly notification: Notification }
  | { readonly type: 'KeepAliveMsg' }
  | { readonly type: 'UpdateMsg' }
  | ({ readonly type: 'UpdateMsgErr' } & MessageFault)
  // Later RFCs
  /** RFC 9687 §3: the peer takes no octets any more. */
  | { readonly type: 'SendHoldTimer_Expires' }
  /** A ROUTE-REFRESH came (RFC 2918); legal in Established only. */
  | { readonly type: 'RouteRefreshMsg' };

/** A message that broke the protocol: what to tell the peer and what to tell people (`ProtocolError` has both). */
export interface MessageFault {
  readonly notification: Notification;
  /** What was wrong, in words, without a final stop. */
  readonly detail?: string;
}

export type SessionEventType = SessionEvent['type'];
export type EventOf<K extends SessionEventType> = Extract<SessionEvent, { readonly type: K }>;

/** Numbers of RFC 4271 §8.1 (29: RFC 9687); 0 where no RFC gives one. */
export const EVENT_NUMBERS: Readonly<Record<SessionEventType, number>> = {
  ManualStart: 1,
  ManualStop: 2,
  AutomaticStart: 3,
  ManualStart_with_PassiveTcpEstablishment: 4,
  AutomaticStart_with_PassiveTcpEstablishment: 5,
  AutomaticStart_with_DampPeerOscillations: 6,
  AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: 7,
  AutomaticStop: 8,
  ConnectRetryTimer_Expires: 9,
  HoldTimer_Expires: 10,
  KeepaliveTimer_Expires: 11,
  DelayOpenTimer_Expires: 12,
  IdleHoldTimer_Expires: 13,
  TcpConnection_Valid: 14,
  Tcp_CR_Invalid: 15,
  Tcp_CR_Acked: 16,
  TcpConnectionConfirmed: 17,
  TcpConnectionFails: 18,
  BGPOpen: 19,
  BGPOpen_with_DelayOpenTimer_running: 20,
  BGPHeaderErr: 21,
  BGPOpenMsgErr: 22,
  OpenCollisionDump: 23,
  NotifMsgVerErr: 24,
  NotifMsg: 25,
  KeepAliveMsg: 26,
  UpdateMsg: 27,
  UpdateMsgErr: 28,
  SendHoldTimer_Expires: 29,
  RouteRefreshMsg: 0,
};
