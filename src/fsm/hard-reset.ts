/**
 * Which NOTIFICATIONs end what graceful restart keeps (RFC 8538).
 *
 * Where both sides set the N bit, a NOTIFICATION is survived like a lost connection, unless it is a Hard Reset. Ours
 * are Hard Resets where the routes are meant to go with the session: somebody took it down, or it may not come back as
 * it was. Without the N bit every NOTIFICATION ends them (RFC 4724 §4), and none is wrapped.
 */

import { CeaseSubcode, ErrorCode } from '../wire/iana.ts';
import { hardReset, type Notification } from '../wire/notification.ts';
import type { NegotiatedSession } from './negotiated-session.ts';

/**
 * Ceases after which the peer is to forget our routes at once. Not among them: collisions, a changed configuration and
 * want of resources, after which the session comes back with the same routes; and all that is not a Cease.
 */
const FLUSHING: ReadonlySet<number> = new Set([
  CeaseSubcode.MaximumNumberOfPrefixesReached,
  CeaseSubcode.AdministrativeShutdown,
  CeaseSubcode.PeerDeConfigured,
  CeaseSubcode.AdministrativeReset,
]);

/** RFC 8538 §3.1: `message` as the peer of this session must be told it. */
export function asHardReset(
  message: Notification,
  negotiated: NegotiatedSession | undefined,
): Notification {
  if (negotiated?.gracefulRestart?.notification !== true) return message;
  const isFlushing = message.code === ErrorCode.Cease && FLUSHING.has(message.subcode);
  return isFlushing ? hardReset(message) : message;
}

/** RFC 8538 §4: whether routes are kept over the end of a session in which this was sent or received. */
export function isSurvived(
  message: Notification | undefined,
  negotiated: NegotiatedSession,
): boolean {
  if (message === undefined) return true;
  if (negotiated.gracefulRestart?.notification !== true) return false;
  return message.code !== ErrorCode.Cease || message.subcode !== CeaseSubcode.HardReset;
}
