/**
 * Why a session, or an attempt at one, ended: a value, and the sentence that people read.
 *
 * The sentence says why and, where somebody can do something, what. Peer-controlled text comes escaped from `wire/`.
 */

import { unreachable } from '../base/assert.ts';
import type { SystemError } from '../base/errors.ts';
import type { Seconds } from '../base/units.ts';
import { CeaseSubcode, ErrorCode, OpenSubcode } from '../wire/iana.ts';
import { describeNotification, type Notification } from '../wire/notification.ts';
import type { SessionEventType, StopDetail } from './events.ts';
import type { State } from './states.ts';

export type DownReason =
  | { readonly kind: 'NotStarted' }
  | { readonly kind: 'Stopped'; readonly by: 'operator' | 'system'; readonly detail: StopDetail }
  | { readonly kind: 'ConnectTimedOut'; readonly seconds: Seconds }
  /** TCP refused, reset or closed. `error` absent: the peer closed the connection in order. */
  | { readonly kind: 'TcpFailed'; readonly state: State; readonly error?: SystemError }
  | { readonly kind: 'HoldTimerExpired'; readonly state: State; readonly holdTime: Seconds }
  | { readonly kind: 'SendHoldTimerExpired'; readonly seconds: Seconds }
  | {
      readonly kind: 'NotificationReceived';
      readonly state: State;
      readonly notification: Notification;
      readonly localAs: number;
    }
  /** The peer's OPEN, header or UPDATE was at fault; this is what we told it. */
  | { readonly kind: 'PeerFault'; readonly notification: Notification; readonly detail: string }
  /** An event that this state has no place for (RFC 4271 §6.6). */
  | { readonly kind: 'FsmError'; readonly state: State; readonly event: SessionEventType }
  | { readonly kind: 'Collision' };

/** One sentence without a final stop. */
export function formatDownReason(reason: DownReason): string {
  switch (reason.kind) {
    case 'NotStarted':
      return 'Not started yet';
    case 'Stopped':
      return formatStop(reason.by, reason.detail);
    case 'ConnectTimedOut':
      return `No answer to our call within ${reason.seconds} s: the peer is down, or a firewall or route drops TCP`;
    case 'TcpFailed':
      return formatTcpFailure(reason.state, reason.error);
    case 'HoldTimerExpired':
      return reason.state === 'OpenSent'
        ? `The peer took our call but sent no OPEN within ${reason.holdTime} s`
        : `Nothing heard from the peer for ${reason.holdTime} s (hold timer expired): it, or the path to it, is down`;
    case 'SendHoldTimerExpired':
      return `The peer has taken no octets for ${reason.seconds} s (send hold timer expired): it hangs; look at the load of its machine, or restart its BGP daemon`;
    case 'NotificationReceived':
      return `Peer says ${describeNotification(reason.notification)}${advice(reason)}`;
    case 'PeerFault':
      return `We refused the peer with ${describeNotification(reason.notification)}${
        reason.detail === '' ? '' : `. ${reason.detail}`
      }`;
    case 'FsmError':
      return `The peer sent what does not belong in ${reason.state} (${reason.event})`;
    case 'Collision':
      return 'Another connection with this peer was kept (connection collision)';
    default:
      return unreachable(reason);
  }
}

function formatStop(by: 'operator' | 'system', detail: StopDetail): string {
  const who = by === 'operator' ? 'Stopped' : 'Stopped by godwit';
  return detail.message === undefined ? who : `${who}: ${detail.message}`;
}

const TCP_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'Connection refused: nothing listens at the peer on this port, or it does not know us',
  ECONNRESET: 'The peer reset the connection',
  ETIMEDOUT: 'The connection timed out: the peer is down, or a password or TTL does not match',
  EHOSTUNREACH: 'No route to host: the peer is down or not on this link',
  ENETUNREACH: 'Network unreachable: no route to the peer',
  EADDRNOTAVAIL: 'Our source address is not configured on this machine',
  EPIPE: 'The peer closed the connection',
};

function formatTcpFailure(state: State, error: SystemError | undefined): string {
  if (error === undefined) {
    return state === 'OpenSent'
      ? 'The peer closed the connection before its OPEN: it may not have us configured as a neighbor'
      : 'The peer closed the connection';
  }
  // What the host refuses before a packet is sent says itself what to do.
  if (error.call.startsWith('setsockopt') && error.detail !== undefined) {
    return `${error.call} is refused: ${error.detail} (${error.errno})`;
  }
  const words = TCP_WORDS[error.errno] ?? `TCP failed in ${error.call}`;
  return `${words} (${error.errno})`;
}

/** What the operator can do about a NOTIFICATION; empty where its own words say it. */
function advice(reason: Extract<DownReason, { kind: 'NotificationReceived' }>): string {
  const { code, subcode } = reason.notification;
  if (code === ErrorCode.HoldTimerExpired) {
    return ': it heard nothing from us in time; look at the path, and at the load of both machines';
  }
  if (code === ErrorCode.Open) return OPEN_ADVICE[subcode]?.(reason.localAs) ?? '';
  if (code === ErrorCode.Cease) return CEASE_ADVICE[subcode] ?? '';
  return '';
}

const OPEN_ADVICE: Readonly<Record<number, (localAs: number) => string>> = {
  [OpenSubcode.BadPeerAs]: (localAs) =>
    `: it expects another AS than our ${localAs}; correct it there, or set localASNumber of the BGPPeer`,
  [OpenSubcode.BadBgpIdentifier]: () => ': our router id is also its own, or not acceptable to it',
  [OpenSubcode.UnacceptableHoldTime]: () => ': it wants another hold time',
  [OpenSubcode.UnsupportedCapability]: () =>
    ': the two sides share no address family that it needs',
  [OpenSubcode.RoleMismatch]: () =>
    ': it does not expect our role; set `role` of the PeerProfile to what we are to it (RFC 9234)',
};

const CEASE_ADVICE: Readonly<Record<number, string>> = {
  [CeaseSubcode.MaximumNumberOfPrefixesReached]:
    ': we announce more prefixes than it allows; raise its limit or announce less',
  [CeaseSubcode.PeerDeConfigured]: ': it no longer has us configured as a neighbor',
  [CeaseSubcode.ConnectionRejected]: ': it does not accept us as a neighbor at the moment',
};
