/**
 * What Connect and Active share (RFC 4271 §8.2.2): there is no OPEN of ours yet, and the words are the same.
 *
 * Messages can only arrive here while DelayOpenTimer runs. SendNOTIFICATIONwithoutOPEN is TRUE: a peer that
 * spoke first and wrongly learns why it was dropped.
 */

import type { DownReason } from '../down-reason.ts';
import type { EventOf, SessionEventType } from '../events.ts';
import {
  abort,
  adopt,
  because,
  countRetry,
  damp,
  drop,
  notified,
  type SessionFacts,
  sendKeepalive,
  sendOpen,
  start,
  stopConnecting,
  stopDelay,
  type Transition,
  to,
} from './transition.ts';

/** Events 16 and 17: a TCP connection is up. */
export function connected(session: SessionFacts): Transition {
  if (session.timers.delayOpenTime !== undefined) {
    return to(session.state, stopConnecting, start('DelayOpenTimer', 'delayOpenTime'));
  }
  return to('OpenSent', stopConnecting, sendOpen, start('HoldTimer', 'initialHoldTime'));
}

/** Event 12: the peer had its chance to speak first. */
export function delayOver(session: SessionFacts): Transition {
  const stops = session.state === 'Active' ? [stopConnecting, stopDelay] : [];
  return to('OpenSent', ...stops, sendOpen, start('HoldTimer', 'initialHoldTime'));
}

/** Event 20: it did speak first. */
export function openedFirst(): Transition {
  return to('OpenConfirm', stopConnecting, stopDelay, adopt, sendOpen, sendKeepalive);
}

/** Event 24: with DelayOpenTimer running, an orderly end that is neither counted nor damped. */
export function versionRefused(
  session: SessionFacts,
  event: EventOf<'NotifMsgVerErr'>,
): Transition {
  const reason = because(notified(session, event));
  if (session.delayOpenRunning) return to('Idle', reason, stopConnecting, stopDelay, drop);
  return to('Idle', reason, stopConnecting, drop, countRetry, damp);
}

/** Events 8, 10, 11, 13, 19, 23, 25–28: nothing that belongs here; no NOTIFICATION (RFC 4271 §8.2.2). */
export function anyOther(session: SessionFacts, event: EventOf<SessionEventType>): Transition {
  const stops = session.state === 'Connect' ? [stopConnecting, stopDelay] : [stopConnecting];
  return to('Idle', because(reasonOf(session, event)), ...stops, abort, countRetry, damp);
}

function reasonOf(session: SessionFacts, event: EventOf<SessionEventType>): DownReason {
  if (event.type === 'NotifMsg') return notified(session, event);
  if (event.type === 'OpenCollisionDump') return { kind: 'Collision' };
  if (event.type === 'AutomaticStop') {
    const { type: _, ...detail } = event;
    return { kind: 'Stopped', by: 'system', detail };
  }
  return { kind: 'FsmError', state: session.state, event: event.type };
}
