/** Why a neighbor is not Established, and what to do, in one line: the session's reason and what we know beside it. */

import type { DownReason } from '../fsm/down-reason.ts';
import type { Session } from '../fsm/session.ts';
import type { Core } from './core.ts';
import type { Peer } from './peer.ts';

export function whyDown(core: Core, peer: Peer, session: Session | undefined): string | undefined {
  if (peer.heldBecause !== undefined) return peer.heldBecause;
  if (session === undefined) return 'not started yet';
  const reason = session.downBecause();
  if (reason === undefined) return undefined;
  return [reason, ...hints(core, peer)].join('; ');
}

function hints(core: Core, peer: Peer): string[] {
  const { plan, password, lastDown, listenerKeyError } = peer;
  const found: string[] = [];
  if (listenerKeyError !== undefined) {
    const { call, errno, detail = errno } = listenerKeyError;
    found.push(`calls of it are refused, since ${call} failed: ${detail}`);
  }
  const suspicion = core.md5.suspicion(password !== undefined, core.now);
  const isSilent = lastDown !== undefined && isSilence(lastDown);
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

/** Nothing came where something had to. */
function isSilence(reason: DownReason): boolean {
  if (reason.kind === 'ConnectTimedOut') return true;
  if (reason.kind === 'TcpFailed') return reason.error?.errno === 'ETIMEDOUT';
  return reason.kind === 'HoldTimerExpired';
}
