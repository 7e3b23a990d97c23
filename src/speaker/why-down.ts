/** Why a neighbor is not Established, and what to do, in one line: the session's reason and what we know beside it. */

import type { Millis } from '../base/units.ts';
import type { DownReason } from '../fsm/down-reason.ts';
import type { Session } from '../fsm/session.ts';
import type { Core } from './core.ts';
import type { Peer } from './peer.ts';

/** A peer that has taken or made a call says OPEN at once; past this its silence is news. */
const OPEN_EXPECTED_MS: Millis = 5000;

export function whyDown(core: Core, peer: Peer, session: Session | undefined): string | undefined {
  if (peer.heldBecause !== undefined) return peer.heldBecause;
  if (session === undefined) return 'not started yet';
  const silence = withoutOpen(session, core.now);
  const reason = silence ?? session.downBecause();
  if (reason === undefined) return undefined;
  const { lastDown } = peer;
  const isSilent = silence !== undefined || (lastDown !== undefined && isSilence(lastDown));
  return [reason, ...hints(core, peer, isSilent)].join('; ');
}

/** RFC 4271 §8.2.2 waits minutes for the OPEN, in which nothing has failed yet. */
function withoutOpen(session: Session, now: Millis): string | undefined {
  const waited = now - session.stateSince;
  if (session.state !== 'OpenSent' || waited < OPEN_EXPECTED_MS) return undefined;
  return `Connected for ${Math.floor(waited / 1000)} s, and no OPEN has come from the peer: its BGP daemon hangs, or its packets do not get here`;
}

function hints(core: Core, peer: Peer, isSilent: boolean): string[] {
  const { plan, password, listenerKeyError, lastDown } = peer;
  const found: string[] = [];
  if (listenerKeyError !== undefined) {
    const { call, errno, detail = errno } = listenerKeyError;
    found.push(`calls of it are refused, since ${call} failed: ${detail}`);
  }
  const hasSpoken = !isSilent && lastDown !== undefined && SPOKEN.has(lastDown.kind);
  const heardAt = hasSpoken ? peer.lastDownAt : undefined;
  const suspicion = core.md5.suspicion(password !== undefined, core.now, heardAt);
  if (suspicion !== undefined) found.push(suspicion);
  else if (isSilent && password !== undefined) {
    found.push('or the passwords differ: a wrong TCP-MD5 key is silence');
  }
  if (isSilent && plan.ttlSecurity !== undefined) {
    const least = 256 - plan.ttlSecurity;
    found.push(
      `or its packets arrive with a TTL below ${least} and are dropped (ttlSecurity ${plan.ttlSecurity}): it must send 255, within that many hops`,
    );
  }
  return found;
}

/** Reasons that came of a message of the peer's. */
const SPOKEN: ReadonlySet<DownReason['kind']> = new Set([
  'NotificationReceived',
  'PeerFault',
  'FsmError',
]);

/** Nothing came where something had to. */
function isSilence(reason: DownReason): boolean {
  if (reason.kind === 'ConnectTimedOut') return true;
  if (reason.kind === 'TcpFailed') return reason.error?.errno === 'ETIMEDOUT';
  return reason.kind === 'HoldTimerExpired';
}
