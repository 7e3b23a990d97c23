/** From the plan of a peer to what its session offers: an OPEN promises only what the speaker implements. */

import { addPathOffer, settingsOf } from '../datastore/peer-settings.ts';
import type { PeerPlan } from '../datastore/plan-types.ts';
import type { Offer, SessionConfig, SessionTimers } from '../fsm/session-config.ts';
import { JITTER_MIN } from '../fsm/timers.ts';
import { ipv4ToU32 } from '../net/ip-address.ts';
import type { Core } from './core.ts';
import type { Peer } from './peer.ts';
import { restartOffer } from './restart-offer.ts';
import { roleOfferOf } from './roles.ts';

export function sessionConfigOf(core: Core, peer: Peer): SessionConfig {
  return core.sessionConfigs.shared(makeConfig(core, peer));
}

function makeConfig(core: Core, peer: Peer): SessionConfig {
  const { plan } = peer;
  const routerId = core.plan === undefined ? 0 : ipv4ToU32(core.plan.routerId);
  const version = core.options.softwareVersion;
  const settings = settingsOf(plan);
  return {
    localAs: plan.localAs,
    remoteAs: plan.remoteAs,
    routerId,
    families: plan.families,
    passive: plan.passive,
    timers: timersOf(plan),
    offer: {
      ...(settings.extendedMessages ? { extendedMessage: true } : {}),
      ...restartOffer(core, peer),
      role: roleOfferOf(peer),
      enhancedRouteRefresh: settings.enhancedRouteRefresh,
      addPath: addPathsOf(plan),
      ...(version === undefined ? {} : { softwareVersion: version }),
    },
  };
}

function timersOf({ holdTime, keepaliveTime, settings }: PeerPlan): Partial<SessionTimers> {
  const { connectRetry, ...timers } = settings?.timers ?? {};
  return {
    holdTime,
    ...(keepaliveTime === undefined ? {} : { keepaliveTime }),
    // RFC 9687 §4: among them the time that a peer may not read.
    ...timers,
    // RFC 4271 §10: 75 to 100 % of it.
    ...(connectRetry === undefined
      ? {}
      : { connectRetryMin: connectRetry * JITTER_MIN, connectRetryMax: connectRetry }),
  };
}

/** The same for every family of the session. */
function addPathsOf(plan: PeerPlan): Offer['addPath'] {
  const mode = addPathOffer(plan);
  if (mode === undefined) return {};
  return Object.fromEntries(plan.families.map((family) => [family, mode]));
}
