/** From the plan of a peer to what its session offers: an OPEN promises only what the speaker implements. */

import { addPathOffer, type PeerSettings, settingsOf } from '../datastore/peer-settings.ts';
import type { PeerPlan } from '../datastore/plan-types.ts';
import type { Offer, SessionConfig, SessionTimers } from '../fsm/session-config.ts';
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
  return {
    localAs: plan.localAs,
    remoteAs: plan.remoteAs,
    routerId,
    families: plan.families,
    passive: plan.passive,
    timers: {
      holdTime: plan.holdTime,
      ...(plan.keepaliveTime === undefined ? {} : { keepaliveTime: plan.keepaliveTime }),
      ...sendHoldOf(plan.settings),
    },
    offer: {
      ...restartOffer(core, peer),
      role: roleOfferOf(peer),
      enhancedRouteRefresh: settingsOf(plan).enhancedRouteRefresh,
      addPath: addPathsOf(plan),
      ...(version === undefined ? {} : { softwareVersion: version }),
    },
  };
}

/** RFC 9687 §4. */
function sendHoldOf(settings: PeerSettings | undefined): Partial<SessionTimers> {
  const sendHoldTime = settings?.timers?.sendHoldTime;
  return sendHoldTime === undefined ? {} : { sendHoldTime };
}

/** The same for every family of the session. */
function addPathsOf(plan: PeerPlan): Offer['addPath'] {
  const mode = addPathOffer(plan);
  if (mode === undefined) return {};
  return Object.fromEntries(plan.families.map((family) => [family, mode]));
}
