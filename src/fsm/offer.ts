/**
 * Our OPEN, made in one place from the configuration (RFC 4271 §4.2, RFC 5492).
 *
 * Invariant: an OPEN promises only what is implemented. A capability that is not in `SessionConfig.offer`, or
 * that no default below switches on, is not sent.
 */

import { type AfiSafi, factsOf } from '../net/afi-safi.ts';
import type { Capability } from '../wire/capabilities/capability.ts';
import { AS_TRANS } from '../wire/iana.ts';
import { BGP_VERSION, type OpenMessage } from '../wire/open.ts';
import type { RoleOffer } from './roles.ts';
import type {
  GracefulRestartOffer,
  LongLivedOffer,
  Offer,
  SessionConfig,
} from './session-config.ts';
import { resolveTimers } from './timers.ts';

const AS_TWO_OCTETS_MAX = 0xffff;
/** Afi of IPv6, the next hop of RFC 8950. */
const NEXT_HOP_AFI_IPV6 = 2;

const OFFER_DEFAULTS: Offer = {
  fourOctetAs: true,
  routeRefresh: true,
  enhancedRouteRefresh: false,
  extendedMessage: false,
  addPath: {},
  extendedNextHop: [],
  gracefulRestart: undefined,
  longLived: undefined,
  multiprotocol: true,
  role: undefined,
  hostname: undefined,
  softwareVersion: undefined,
};

export function resolveOffer(given: Partial<Offer> = {}): Offer {
  return { ...OFFER_DEFAULTS, ...given };
}

export function buildOpen(config: SessionConfig): OpenMessage {
  return {
    version: BGP_VERSION,
    // RFC 6793 §4.2.1: an AS number that needs four octets is AS_TRANS in the field of two.
    myAs: config.localAs > AS_TWO_OCTETS_MAX ? AS_TRANS : config.localAs,
    holdTime: resolveTimers(config.timers).holdTime,
    bgpIdentifier: config.routerId,
    capabilities: offeredCapabilities(config),
  };
}

function offeredCapabilities(config: SessionConfig): Capability[] {
  const offer = resolveOffer(config.offer);
  const { families } = config;
  const capabilities: Capability[] = [];
  if (offer.multiprotocol) {
    for (const family of families) capabilities.push({ kind: 'multiprotocol', ...codes(family) });
  }
  if (offer.routeRefresh) capabilities.push({ kind: 'routeRefresh' });
  const entries = families
    .filter((family) => offer.extendedNextHop.includes(family))
    .map((family) => ({ ...codes(family), nextHopAfi: NEXT_HOP_AFI_IPV6 }));
  if (entries.length > 0) capabilities.push({ kind: 'extendedNextHop', entries });
  if (offer.extendedMessage) capabilities.push({ kind: 'extendedMessage' });
  if (offer.gracefulRestart !== undefined) {
    capabilities.push(gracefulRestart(offer.gracefulRestart, families));
    // RFC 9494 §4.5: without graceful restart beside it, it would be ignored.
    if (offer.longLived !== undefined) {
      capabilities.push(longLived(offer.longLived, offer.gracefulRestart, families));
    }
  }
  if (offer.fourOctetAs) capabilities.push({ kind: 'fourOctetAs', asn: config.localAs });
  const addPath = families.flatMap((family) => {
    const mode = offer.addPath[family];
    return mode === undefined ? [] : [{ ...codes(family), mode }];
  });
  if (addPath.length > 0) capabilities.push({ kind: 'addPath', families: addPath });
  if (offer.enhancedRouteRefresh) capabilities.push({ kind: 'enhancedRouteRefresh' });
  const role = roleOffered(config);
  if (role !== undefined) capabilities.push({ kind: 'role', role: role.role });
  if (offer.hostname !== undefined) capabilities.push({ kind: 'hostname', ...offer.hostname });
  if (offer.softwareVersion !== undefined) {
    capabilities.push({ kind: 'softwareVersion', version: offer.softwareVersion });
  }
  return capabilities;
}

/** RFC 9234 §4.1: roles are for sessions between ASes. */
export function roleOffered({ offer, localAs, remoteAs }: SessionConfig): RoleOffer | undefined {
  return localAs === remoteAs ? undefined : offer?.role;
}

/** RFC 4724 §3: every family of the session is listed; the F bit says whose kernel routes survived. */
function gracefulRestart(offer: GracefulRestartOffer, families: readonly AfiSafi[]): Capability {
  return {
    kind: 'gracefulRestart',
    restarting: offer.restarting,
    notification: offer.notification === true,
    restartTime: offer.restartTime,
    families: families.map((family) => ({
      ...codes(family),
      forwarding: offer.forwarding.includes(family),
    })),
  };
}

/** RFC 9494 §3.1: no family at all from a speaker that keeps others' routes and wants none of its own kept. */
function longLived(
  { staleTime }: LongLivedOffer,
  { forwarding }: GracefulRestartOffer,
  families: readonly AfiSafi[],
): Capability {
  const kept = staleTime === 0 ? [] : families;
  return {
    kind: 'longLivedGracefulRestart',
    families: kept.map((family) => ({
      ...codes(family),
      forwarding: forwarding.includes(family),
      staleTime,
    })),
  };
}

function codes(family: AfiSafi): { readonly afi: number; readonly safi: number } {
  const { afi, safi } = factsOf(family);
  return { afi, safi };
}
