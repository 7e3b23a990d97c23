/** The state of a BGP session in BIRD's words, and why it is down. Clients split these at blanks (calico model 7.3). */

import { unreachable } from '../../base/assert.ts';
import type { DownReason } from '../../fsm/down-reason.ts';
import type { NeighborView } from '../../speaker/snapshot.ts';
import type { Notification } from '../../wire/notification.ts';

export function bgpProtocolState(neighbor: NeighborView): 'down' | 'start' | 'up' {
  if (neighbor.detail.disabled) return 'down';
  return neighbor.state === 'Established' ? 'up' : 'start';
}

export function bgpState(neighbor: NeighborView): string {
  const { state, passive, detail } = neighbor;
  if (detail.disabled) return 'Down';
  if (detail.heldBecause !== undefined) return 'Idle';
  // Waiting for the peer to call; once it has, the states are those of every session.
  return passive && (state === 'Active' || state === 'Idle') ? 'Passive' : state;
}

/** The last column: the state, padded, and what went wrong; only the latter when the protocol is down. */
export function bgpInfo(neighbor: NeighborView): string {
  if (neighbor.detail.disabled) return '';
  return `${bgpState(neighbor).padEnd(14)}${lastError(neighbor)}`;
}

/** With its class in front; empty when there was none since the session was last Established. */
export function lastError({ state, detail }: NeighborView): string {
  if (state === 'Established' || detail.disabled) return '';
  if (detail.heldBecause !== undefined)
    return `Error: ${detail.heldBecause.replaceAll(/\s+/g, ' ')}`;
  return detail.lastDown === undefined ? '' : errorText(detail.lastDown);
}

function errorText(reason: DownReason): string {
  switch (reason.kind) {
    case 'NotStarted':
    case 'Stopped':
    case 'Collision':
      return '';
    case 'ConnectTimedOut':
      return 'Socket: Connection timed out';
    case 'TcpFailed':
      return `Socket: ${reason.error === undefined ? 'Connection closed' : errnoText(reason.error.errno)}`;
    case 'HoldTimerExpired':
      return 'BGP Error: Hold timer expired';
    case 'SendHoldTimerExpired':
      return 'BGP Error: Send hold timer expired';
    case 'NotificationReceived':
      return `Received: ${notificationText(reason.notification)}`;
    case 'PeerFault':
      return `BGP Error: ${notificationText(reason.notification)}`;
    case 'FsmError':
      return 'BGP Error: Finite state machine error';
    default:
      return unreachable(reason);
  }
}

/** The C library's words. */
const ERRNO_TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  ECONNABORTED: 'Software caused connection abort',
  ETIMEDOUT: 'Connection timed out',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  ENETDOWN: 'Network is down',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EADDRINUSE: 'Address already in use',
  EINVAL: 'Invalid argument',
  EPIPE: 'Broken pipe',
  EACCES: 'Permission denied',
};

function errnoText(errno: string): string {
  return ERRNO_TEXTS[errno] ?? errno;
}

function notificationText({ code, subcode }: Notification): string {
  const texts = NOTIFICATION_TEXTS[code];
  return texts?.[subcode] ?? `Unknown error ${code}.${subcode}`;
}

/** BIRD's words by code and subcode (RFC 4271 §4.5, RFC 4486 §3). */
const NOTIFICATION_TEXTS: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  1: {
    0: 'Invalid message header',
    1: 'Connection not synchronized',
    2: 'Invalid message length',
    3: 'Invalid message type',
  },
  2: {
    0: 'Invalid OPEN message',
    1: 'Unsupported version number',
    2: 'Bad peer AS',
    3: 'Bad BGP identifier',
    4: 'Unsupported optional parameter',
    5: 'Authentication failure',
    6: 'Unacceptable hold time',
    7: 'Required capability missing',
    8: 'No supported AFI/SAFI',
  },
  3: {
    0: 'Invalid UPDATE message',
    1: 'Malformed attribute list',
    2: 'Unrecognized well-known attribute',
    3: 'Missing mandatory attribute',
    4: 'Invalid attribute flags',
    5: 'Invalid attribute length',
    6: 'Invalid ORIGIN attribute',
    7: 'AS routing loop',
    8: 'Invalid NEXT_HOP attribute',
    9: 'Optional attribute error',
    10: 'Invalid network field',
    11: 'Malformed AS_PATH',
  },
  4: { 0: 'Hold timer expired' },
  5: {
    0: 'Finite state machine error',
    1: 'Unexpected message in OpenSent state',
    2: 'Unexpected message in OpenConfirm state',
    3: 'Unexpected message in Established state',
  },
  6: {
    0: 'Cease',
    1: 'Maximum number of prefixes reached',
    2: 'Administrative shutdown',
    3: 'Peer de-configured',
    4: 'Administrative reset',
    5: 'Connection rejected',
    6: 'Other configuration change',
    7: 'Connection collision resolution',
    8: 'Out of Resources',
  },
  7: { 0: 'Invalid ROUTE-REFRESH message', 1: 'Invalid ROUTE-REFRESH message length' },
};
