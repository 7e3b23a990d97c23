/** From the plan of a peer to what its session offers: an OPEN promises only what the speaker implements. */

import { settingsOf } from '../datastore/peer-settings.ts';
import type { PeerPlan } from '../datastore/plan-types.ts';
import type { GracefulRestartOffer, SessionConfig, SessionTimers } from '../fsm/session-config.ts';
import { JITTER_MIN } from '../fsm/timers.ts';
import { ipv4ToU32 } from '../net/ip-address.ts';
import type { Core } from './core.ts';
import type { Peer } from './peer.ts';

export function sessionConfigOf(core: Core, peer: Peer): SessionConfig {
  return core.sessionConfigs.shared(makeConfig(core, peer));
}

function makeConfig(core: Core, peer: Peer): SessionConfig {
  const { plan } = peer;
  const routerId = core.plan === undefined ? 0 : ipv4ToU32(core.plan.routerId);
  const version = core.options.softwareVersion;
  return {
    localAs: plan.localAs,
    remoteAs: plan.remoteAs,
    routerId,
    families: plan.families,
    passive: plan.passive,
    timers: timersOf(plan),
    offer: {
      ...(settingsOf(plan).extendedMessages ? { extendedMessage: true } : {}),
      gracefulRestart: gracefulRestartOffer(core, peer),
      ...(version === undefined ? {} : { softwareVersion: version }),
    },
  };
}

function timersOf({ holdTime, keepaliveTime, settings }: PeerPlan): Partial<SessionTimers> {
  const { connectRetry, ...timers } = settings?.timers ?? {};
  return {
    holdTime,
    ...(keepaliveTime === undefined ? {} : { keepaliveTime }),
    ...timers,
    // RFC 4271 §10: 75 to 100 % of it.
    ...(connectRetry === undefined
      ? {}
      : { connectRetryMin: connectRetry * JITTER_MIN, connectRetryMax: connectRetry }),
  };
}

function gracefulRestartOffer(core: Core, peer: Peer): GracefulRestartOffer | undefined {
  const { restartTime, families } = peer.plan;
  if (restartTime === undefined) return undefined;
  // RFC 4724 §3: the R bit only after a real restart and until it is over; the F bit of a family only where the
  // routes in the kernel survived it.
  const restarting = core.options.restarting && core.recovering;
  return {
    restartTime,
    restarting,
    forwarding: restarting ? families.filter((family) => core.survived.has(family)) : [],
  };
}
