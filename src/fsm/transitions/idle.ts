/**
 * Idle: no connection is wanted (RFC 4271 §8.2.2).
 *
 * How a session that fell back starts again by itself is left open by the RFC (Event 13); here it is
 * IdleHoldTimer, which runs for no time at all unless the peer is damped.
 */

import {
  dial,
  forgetRetries,
  ignore,
  type SessionFacts,
  type StateRow,
  start,
  stopReason,
  type Transition,
  to,
} from './transition.ts';

export const IDLE: StateRow = {
  /** Event 1. */
  ManualStart: (session) => begin(session),

  /** Event 3. */
  AutomaticStart: (session) => begin(session),

  /** Event 4. */
  ManualStart_with_PassiveTcpEstablishment: (session) => listen(session),

  /** Event 5. */
  AutomaticStart_with_PassiveTcpEstablishment: (session) => listen(session),

  /** Event 6: not before the damping has run out. */
  AutomaticStart_with_DampPeerOscillations: (session) =>
    session.heldBack ? to('Idle', { act: 'stayIdle' }) : begin(session),

  /** Event 7: likewise. */
  AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment: (session) =>
    session.heldBack ? to('Idle', { act: 'stayIdle' }) : listen(session),

  /** Event 13: the stay is over. Retries go on counting, for this is no start by anybody. */
  IdleHoldTimer_Expires: (session) => {
    if (session.passive) return to('Active');
    // Who was damped has waited; who lost a connection spreads its calls, and may be called meanwhile.
    if (session.rested) return to('Connect', start('ConnectRetryTimer', 'connectTimeout'), dial);
    return to('Active', start('ConnectRetryTimer', 'retryDelay'));
  },

  /** Event 2: a session that was about to start again by itself stays down. */
  ManualStop: (_session, event) =>
    to('Idle', { act: 'stop', timer: 'IdleHoldTimer' }, stopReason(event)),

  /** Events 8–12, 14–28: no change (RFC 4271 §8.2.2). */
  otherwise: ignore,
};

/** Events 1 and 3: call the peer, at once unless a delay was asked for. */
function begin(session: SessionFacts): Transition {
  if (session.passive) return listen(session);
  if (session.timers.connectDelay > 0) {
    return to('Active', forgetRetries, start('ConnectRetryTimer', 'connectDelay'));
  }
  return to('Connect', forgetRetries, start('ConnectRetryTimer', 'connectTimeout'), dial);
}

/** Events 4 and 5: wait for the peer's call. */
function listen(session: SessionFacts): Transition {
  if (session.passive) return to('Active', forgetRetries);
  return to('Active', forgetRetries, start('ConnectRetryTimer', 'retryDelay'));
}
