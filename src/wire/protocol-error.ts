/**
 * The peer's fatal fault, as the exception that `wire/` and `fsm/` throw for it (RFC 4271 §6).
 *
 * Nothing else is thrown by a decoder: what a peer sends can cost its session, never more.
 */
import { describeNotification, type Notification } from './notification.ts';

/**
 * The peer broke the protocol. The session that caught it sends `notification` and returns to Idle.
 *
 * Thrown only where no message boundary or meaning is left to continue from. Malformed attributes
 * that RFC 7606 lets us survive are values (`UpdateFault`), not exceptions. See `base/errors.ts`
 * for the other kinds of error.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code = 'ERR_BGP_PROTOCOL';
  /** What to tell the peer, byte for byte (RFC 4271 §4.5). */
  readonly notification: Notification;
  /** What was wrong, in words, without a final stop. */
  readonly reason: string;

  constructor(notification: Notification, reason: string, options?: ErrorOptions) {
    super(`${describeNotification(notification)}: ${reason}`, options);
    this.notification = notification;
    this.reason = reason;
  }
}
