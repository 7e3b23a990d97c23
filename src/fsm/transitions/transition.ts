/**
 * What a row of the machine says: the next state and the actions on the way, as data that a test can list.
 *
 * `session.ts` runs the actions. "Releases all BGP resources" (RFC 4271 §8.2.2) is not an action: entering Idle
 * stops every timer and forgets what was negotiated, whatever the row says.
 */

import { CeaseSubcode, ErrorCode, FsmSubcode, MessageType } from '../../wire/iana.ts';
import { ceaseNotification, type Notification, notification } from '../../wire/notification.ts';
import type { DownReason } from '../down-reason.ts';
import type { EventOf, SessionEventType, StopDetail } from '../events.ts';
import type { SessionTimers } from '../session-config.ts';
import type { State } from '../states.ts';
import type { TimerName } from '../timers.ts';

export type Action =
  | { readonly act: 'dial' }
  /** End the connection of this session, if it has one. */
  | { readonly act: 'drop'; readonly abort: boolean }
  | { readonly act: 'sendOpen' }
  | { readonly act: 'sendKeepalive' }
  | { readonly act: 'notify'; readonly notification: Notification }
  | { readonly act: 'start'; readonly timer: TimerName; readonly span: Span }
  | { readonly act: 'stop'; readonly timer: TimerName }
  /** Stay in Idle until damping has run out. */
  | { readonly act: 'stayIdle' }
  /** Take what was negotiated; HoldTimer and KeepaliveTimer as agreed, or none (RFC 4271 §4.2). */
  | { readonly act: 'adopt' }
  | { readonly act: 'countRetry' }
  | { readonly act: 'forgetRetries' }
  /** Let `IdleHold` decide on the reason how long Idle lasts. */
  | { readonly act: 'damp' }
  | { readonly act: 'because'; readonly reason: DownReason };

/** How long a started timer runs. */
export type Span =
  | 'connectDelay'
  | 'connectTimeout'
  | 'retryDelay'
  | 'delayOpenTime'
  | 'initialHoldTime'
  | 'negotiated';

export interface Transition {
  readonly next: State;
  readonly actions: readonly Action[];
}

/** What a row may ask about its session. */
export interface SessionFacts {
  readonly state: State;
  readonly timers: SessionTimers;
  readonly localAs: number;
  /** Never dials: by configuration, or made for a connection of the peer. */
  readonly passive: boolean;
  /** Made for one connection of the peer: ends with it. */
  readonly ephemeral: boolean;
  readonly delayOpenRunning: boolean;
  /** Damping has not run out. */
  readonly heldBack: boolean;
  /** The stay in Idle that has just ended was one of damping. */
  readonly rested: boolean;
  /** Hold time that runs now, for the reason. */
  readonly holdTimeRunning: number;
  readonly sendHoldTimeRunning: number;
}

export type Cell<K extends SessionEventType> = (
  session: SessionFacts,
  event: EventOf<K>,
) => Transition;

/** Cells by event. What is absent goes to the state's `otherwise`. */
export type StateRow = { readonly [K in SessionEventType]?: Cell<K> } & {
  readonly otherwise: (session: SessionFacts, event: EventOf<SessionEventType>) => Transition;
};

export const to = (next: State, ...actions: readonly Action[]): Transition => ({ next, actions });

/** The event has no effect in this state. */
export const ignore = (session: SessionFacts): Transition => ({ next: session.state, actions: [] });

export const dial: Action = { act: 'dial' };
export const drop: Action = { act: 'drop', abort: false };
export const abort: Action = { act: 'drop', abort: true };
export const sendOpen: Action = { act: 'sendOpen' };
export const sendKeepalive: Action = { act: 'sendKeepalive' };
export const adopt: Action = { act: 'adopt' };
export const countRetry: Action = { act: 'countRetry' };
export const forgetRetries: Action = { act: 'forgetRetries' };
export const damp: Action = { act: 'damp' };
export const stopConnecting: Action = { act: 'stop', timer: 'ConnectRetryTimer' };
export const stopDelay: Action = { act: 'stop', timer: 'DelayOpenTimer' };

export const notify = (message: Notification): Action => ({ act: 'notify', notification: message });
export const because = (reason: DownReason): Action => ({ act: 'because', reason });
export const start = (timer: TimerName, span: Span): Action => ({ act: 'start', timer, span });

/** Wait in Active for the peer, and for our own next attempt unless we never dial. */
export const awaitPeer = (session: SessionFacts): Action =>
  session.passive ? stopConnecting : start('ConnectRetryTimer', 'retryDelay');

/** RFC 4486 §4 and RFC 9003 §2: text goes with Administrative Shutdown and Reset only. */
export function cease(detail: StopDetail, defaultSubcode: number): Notification {
  const subcode = (detail.subcode ?? defaultSubcode) as CeaseSubcode;
  const texted =
    subcode === CeaseSubcode.AdministrativeShutdown || subcode === CeaseSubcode.AdministrativeReset;
  if (texted) return ceaseNotification(subcode, detail.message);
  const cease = ceaseNotification(subcode);
  return detail.data === undefined ? cease : { ...cease, data: detail.data };
}

/** The message types that the message events stand for. */
const MESSAGE_OF: Readonly<Partial<Record<SessionEventType, number>>> = {
  BGPOpen: MessageType.Open,
  BGPOpen_with_DelayOpenTimer_running: MessageType.Open,
  BGPOpenMsgErr: MessageType.Open,
  KeepAliveMsg: MessageType.Keepalive,
  UpdateMsg: MessageType.Update,
  UpdateMsgErr: MessageType.Update,
  RouteRefreshMsg: MessageType.RouteRefresh,
};

const UNEXPECTED_IN: Readonly<Partial<Record<State, number>>> = {
  OpenSent: FsmSubcode.UnexpectedMessageInOpenSent,
  OpenConfirm: FsmSubcode.UnexpectedMessageInOpenConfirm,
  Established: FsmSubcode.UnexpectedMessageInEstablished,
};

/** RFC 4271 §6.6: an event that the state has no place for ends the session. */
export function fsmError(
  session: SessionFacts,
  event: { readonly type: SessionEventType },
): Transition {
  const message = MESSAGE_OF[event.type];
  // RFC 6608 §4: the subcode names the state, the data is the type of the unexpected message.
  const told =
    message === undefined
      ? notification(ErrorCode.Fsm, FsmSubcode.Unspecified)
      : notification(ErrorCode.Fsm, UNEXPECTED_IN[session.state] ?? 0, Uint8Array.of(message));
  const reason: DownReason = { kind: 'FsmError', state: session.state, event: event.type };
  return to('Idle', because(reason), notify(told), stopConnecting, drop, countRetry, damp);
}

/** The peer broke the protocol, and is told how (RFC 4271 §6.1–6.3). */
export function faulted(
  event: EventOf<'BGPHeaderErr' | 'BGPOpenMsgErr' | 'UpdateMsgErr'>,
): Transition {
  const told = event.notification;
  const reason: DownReason = { kind: 'PeerFault', notification: told, detail: event.detail ?? '' };
  return to('Idle', because(reason), notify(told), stopConnecting, drop, countRetry, damp);
}

/** RFC 4271 §4.5 and §6.4: a NOTIFICATION ends the connection at once and is never answered. */
export function notified(
  session: SessionFacts,
  event: EventOf<'NotifMsg' | 'NotifMsgVerErr'>,
): DownReason {
  return {
    kind: 'NotificationReceived',
    state: session.state,
    notification: event.notification,
    localAs: session.localAs,
  };
}

/** The connection is gone (Event 18). */
export function tcpFailed(session: SessionFacts, event: EventOf<'TcpConnectionFails'>): DownReason {
  const { error } = event;
  return error === undefined
    ? { kind: 'TcpFailed', state: session.state }
    : { kind: 'TcpFailed', state: session.state, error };
}

/** A stop while an OPEN has been sent: Cease, unless the stop is to be silent (RFC 4724 §4). */
export function stopped(event: EventOf<'ManualStop' | 'AutomaticStop'>): readonly Action[] {
  const manual = event.type === 'ManualStop';
  const fallback = manual
    ? CeaseSubcode.AdministrativeShutdown
    : CeaseSubcode.OtherConfigurationChange;
  const tell = event.silent === true ? [] : [notify(cease(event, fallback))];
  return [stopReason(event), ...tell];
}

export function stopReason(event: EventOf<'ManualStop' | 'AutomaticStop'>): Action {
  const { type, ...detail } = event;
  return because({
    kind: 'Stopped',
    by: type === 'ManualStop' ? 'operator' : 'system',
    detail,
  });
}

/** RFC 4271 §6.8: this connection lost. */
export const COLLISION: readonly Action[] = [
  because({ kind: 'Collision' }),
  notify(ceaseNotification(CeaseSubcode.ConnectionCollisionResolution)),
];
