/**
 * Our configuration × the peer's OPEN → the parameters of the session, or the NOTIFICATION that refuses it.
 *
 * RFC 4271 §6.2 as far as it needs configuration, RFC 5492 §3, RFC 6286 §2.2, RFC 6793 §4, RFC 7607 §2, RFC 9234 §4.2. What
 * an OPEN can have wrong by itself is refused in `wire/open.ts` already; AS 0, Identifier 0 and hold times of 1
 * and 2 are refused here too, for an OPEN that did not come from there.
 */

import { AFI_SAFIS, type AfiSafi, afiSafiFrom, factsOf } from '../net/afi-safi.ts';
import type { Capability, CapabilityKind } from '../wire/capabilities/capability.ts';
import { AS_TRANS, CapabilityCode, ErrorCode, OpenSubcode } from '../wire/iana.ts';
import { type Notification, notification } from '../wire/notification.ts';
import type { OpenMessage } from '../wire/open.ts';
import type {
  LongLivedFamily,
  NegotiatedGracefulRestart,
  NegotiatedLongLived,
  NegotiatedSession,
} from './negotiated-session.ts';
import { resolveOffer, roleOffered } from './offer.ts';
import { roleFault } from './roles.ts';
import type { Offer, SessionConfig } from './session-config.ts';
import { resolveTimers } from './timers.ts';

/** `remoteAs` of a peer that may be in any AS but ours; its OPEN says in which. RFC 7607 §2: AS 0 is nobody's. */
export const ANY_EXTERNAL_AS = 0;

export type Negotiation =
  | { readonly ok: true; readonly session: NegotiatedSession }
  | { readonly ok: false; readonly notification: Notification; readonly detail: string };

export function negotiate(config: SessionConfig, open: OpenMessage): Negotiation {
  const offer = resolveOffer(config.offer);
  const remoteAs = remoteAsOf(open, offer);
  const fault = openFault(config, open, remoteAs);
  if (fault !== undefined) return fault;
  const agreed = agreedOf.get(config);
  const isSame =
    agreed !== undefined &&
    agreed.capabilities === open.capabilities &&
    agreed.myAs === open.myAs &&
    agreed.offeredHoldTime === open.holdTime;
  if (isSame)
    return { ok: true, session: { ...agreed.session, remoteIdentifier: open.bgpIdentifier } };
  const families = commonFamilies(config, offer, open);
  if (families.length === 0) return noCommonFamily(config, open);
  const times = negotiateTimes(config, open);
  const session: NegotiatedSession = {
    peerType: remoteAs === config.localAs ? 'ibgp' : 'ebgp',
    remoteAs,
    remoteIdentifier: open.bgpIdentifier,
    as4: offer.fourOctetAs && has(open, 'fourOctetAs'),
    families,
    // RFC 2918 §4: sent only to a peer that said it understands; code 128 is the same message.
    routeRefresh: offer.routeRefresh && has(open, 'routeRefresh'),
    enhancedRouteRefresh: offer.enhancedRouteRefresh && has(open, 'enhancedRouteRefresh'),
    extendedMessage: offer.extendedMessage && has(open, 'extendedMessage'),
    addPath: {
      'ipv4-unicast': addPathOf('ipv4-unicast', offer, { open, families }),
      'ipv6-unicast': addPathOf('ipv6-unicast', offer, { open, families }),
    },
    extendedNextHop: families.filter((family) => extendedNextHopOf(family, offer, open)),
    ...times,
    gracefulRestart: gracefulRestartOf(offer, open, families),
    longLived: longLivedOf(offer, open, families),
    capabilities: open.capabilities,
  };
  const { capabilities, myAs, holdTime } = open;
  agreedOf.set(config, { capabilities, myAs, offeredHoldTime: holdTime, session });
  return { ok: true, session };
}

/**
 * What was agreed last under a configuration. The peers of a mesh say the same but for their identifiers, and their
 * capabilities are one list (`CapabilitiesMemo`): they share what comes of it.
 */
const agreedOf = new WeakMap<SessionConfig, Agreed>();

interface Agreed {
  readonly capabilities: OpenMessage['capabilities'];
  readonly myAs: number;
  readonly offeredHoldTime: number;
  readonly session: NegotiatedSession;
}

/** RFC 6793 §4.1: the capability has the AS number where both speak four octets, else the field has. */
function remoteAsOf(open: OpenMessage, offer: Offer): number {
  const capability = find(open, 'fourOctetAs');
  return offer.fourOctetAs && capability !== undefined ? capability.asn : open.myAs;
}

function openFault(
  config: SessionConfig,
  open: OpenMessage,
  remoteAs: number,
): Negotiation | undefined {
  // RFC 7607 §2: AS 0 is Bad Peer AS, wherever it stands.
  if (open.myAs === 0 || remoteAs === 0) return refuse(OpenSubcode.BadPeerAs, 'It says AS 0');
  // RFC 6793 §9: AS_TRANS stands for another number; a peer that can name its own must not name this one.
  if (remoteAs === AS_TRANS && has(open, 'fourOctetAs')) {
    return refuse(OpenSubcode.BadPeerAs, `It says AS ${AS_TRANS} (AS_TRANS), which is nobody's`);
  }
  const asFault = peerAsFault(config, remoteAs);
  if (asFault !== undefined) return refuse(OpenSubcode.BadPeerAs, asFault);
  const holdFault = holdTimeFault(config, open);
  if (holdFault !== undefined) return refuse(OpenSubcode.UnacceptableHoldTime, holdFault);
  // RFC 6286 §2.2: any non-zero number will do, but inside one AS it must not be ours.
  if (open.bgpIdentifier === 0) {
    return refuse(OpenSubcode.BadBgpIdentifier, 'Its BGP Identifier is 0.0.0.0');
  }
  if (open.bgpIdentifier === config.routerId && remoteAs === config.localAs) {
    return refuse(
      OpenSubcode.BadBgpIdentifier,
      `Its BGP Identifier ${dotted(open.bgpIdentifier)} is our own`,
    );
  }
  // RFC 9234 §4.2: roles that do not fit are a leak waiting to happen.
  const role = roleFault(roleOffered(config), open.capabilities);
  return role === undefined ? undefined : refuse(OpenSubcode.RoleMismatch, role);
}

function peerAsFault(
  { localAs, remoteAs: wanted }: SessionConfig,
  remoteAs: number,
): string | undefined {
  if (wanted !== ANY_EXTERNAL_AS) {
    if (remoteAs === wanted) return undefined;
    return `It says AS ${remoteAs}, configured is AS ${wanted}: correct asNumber of its BGPPeer or Node, or what it says of itself`;
  }
  return remoteAs === localAs
    ? `It says AS ${remoteAs}, which is ours, configured is any other`
    : undefined;
}

/** RFC 4271 §6.2: one and two seconds must be refused, others may be. 0 switches the timers off and is no time. */
function holdTimeFault(config: SessionConfig, { holdTime }: OpenMessage): string | undefined {
  if (holdTime === 0) return undefined;
  const least = Math.max(HOLD_TIME_MIN, resolveTimers(config.timers).minHoldTime);
  if (holdTime >= least) return undefined;
  const configured = least > HOLD_TIME_MIN ? `, at least ${least} s are configured` : '';
  return `It offers a hold time of ${holdTime} s${configured}`;
}

/** RFC 4271 §4.2. */
const HOLD_TIME_MIN = 3;

/** RFC 4760 §8: a family is used when both named it; one who names none speaks IPv4 unicast alone. */
function commonFamilies(config: SessionConfig, offer: Offer, open: OpenMessage): AfiSafi[] {
  const theirs = familiesOf(open);
  return AFI_SAFIS.filter((family) => {
    const ours = offer.multiprotocol
      ? config.families.includes(family)
      : family === 'ipv4-unicast' && config.families.includes(family);
    return ours && theirs.has(family);
  });
}

function familiesOf(open: OpenMessage): ReadonlySet<AfiSafi> {
  const named = all(open, 'multiprotocol');
  if (named.length === 0) return new Set(['ipv4-unicast']);
  const known = named.map(({ afi, safi }) => afiSafiFrom(afi, safi));
  return new Set(known.filter((family) => family !== undefined));
}

/**
 * RFC 5492 §3: a capability without which a session has no use may be asked for; the data holds what is missing.
 * Used for this alone: a session without a common family could carry no route at all.
 */
function noCommonFamily(config: SessionConfig, open: OpenMessage): Negotiation {
  const missing = config.families.flatMap((family) => {
    const { afi, safi } = factsOf(family);
    return [CapabilityCode.Multiprotocol, 4, 0, afi, 0, safi];
  });
  const theirs = [...familiesOf(open)];
  const spoken = theirs.length === 0 ? 'none that we know' : theirs.join(', ');
  return refuse(
    OpenSubcode.UnsupportedCapability,
    `No common address family: ours ${config.families.join(', ')}, its ${spoken}`,
    Uint8Array.from(missing),
  );
}

/** RFC 4271 §4.2: the smaller hold time; 0 from either side switches timers off. */
function negotiateTimes(
  config: SessionConfig,
  open: OpenMessage,
): { holdTime: number; keepaliveTime: number } {
  const timers = resolveTimers(config.timers);
  const holdTime = Math.min(timers.holdTime, open.holdTime);
  // RFC 4271 §4.4: a third of the hold time at most, and not more than one a second.
  const third = holdTime === 0 ? 0 : Math.max(1, holdTime / 3);
  return { holdTime, keepaliveTime: Math.min(third, timers.keepaliveTime ?? third) };
}

/** RFC 7911 §4, §5: we send where we offered to and the peer offered to receive, and the other way round. */
function addPathOf(
  family: AfiSafi,
  offer: Offer,
  peer: { readonly open: OpenMessage; readonly families: readonly AfiSafi[] },
): { send: boolean; receive: boolean } {
  const ours = offer.addPath[family];
  if (ours === undefined || !peer.families.includes(family)) return { send: false, receive: false };
  const { afi, safi } = factsOf(family);
  const theirs = all(peer.open, 'addPath')
    .flatMap((capability) => capability.families)
    .find((entry) => entry.afi === afi && entry.safi === safi)?.mode;
  return {
    send: ours !== 'receive' && (theirs === 'receive' || theirs === 'both'),
    receive: ours !== 'send' && (theirs === 'send' || theirs === 'both'),
  };
}

function extendedNextHopOf(family: AfiSafi, offer: Offer, open: OpenMessage): boolean {
  if (!offer.extendedNextHop.includes(family)) return false;
  const { afi, safi } = factsOf(family);
  return all(open, 'extendedNextHop')
    .flatMap((capability) => capability.entries)
    .some((entry) => entry.afi === afi && entry.safi === safi && entry.nextHopAfi === IPV6);
}

/** RFC 4724 §4: only families that the session carries; a peer waits for nothing that cannot come. */
function gracefulRestartOf(
  offer: Offer,
  open: OpenMessage,
  families: readonly AfiSafi[],
): NegotiatedGracefulRestart | undefined {
  const ours = offer.gracefulRestart;
  // RFC 4724 §3: of several instances the last counts.
  const theirs = all(open, 'gracefulRestart').at(-1);
  if (ours === undefined || theirs === undefined) return undefined;
  const restartable = new Map<AfiSafi, boolean>();
  for (const { afi, safi, forwarding } of theirs.families) {
    const family = afiSafiFrom(afi, safi);
    if (family !== undefined && families.includes(family)) restartable.set(family, forwarding);
  }
  return {
    restartTime: theirs.restartTime,
    restarting: theirs.restarting,
    families: restartable,
    notification: ours.notification === true && theirs.notification,
  };
}

/** RFC 9494 §4.5: without the Graceful Restart capability beside it, the capability counts as not received. */
function longLivedOf(
  offer: Offer,
  open: OpenMessage,
  families: readonly AfiSafi[],
): NegotiatedLongLived | undefined {
  const theirs = all(open, 'longLivedGracefulRestart').at(-1);
  if (offer.longLived === undefined || theirs === undefined) return undefined;
  if (offer.gracefulRestart === undefined || !has(open, 'gracefulRestart')) return undefined;
  const kept = new Map<AfiSafi, LongLivedFamily>();
  for (const { afi, safi, staleTime, forwarding } of theirs.families) {
    const family = afiSafiFrom(afi, safi);
    if (family !== undefined && families.includes(family)) {
      kept.set(family, { staleTime, forwarding });
    }
  }
  return { families: kept };
}

function refuse(subcode: number, detail: string, data?: Uint8Array): Negotiation {
  return { ok: false, notification: notification(ErrorCode.Open, subcode, data), detail };
}

type Of<K extends CapabilityKind> = Extract<Capability, { readonly kind: K }>;

function all<K extends CapabilityKind>(open: OpenMessage, kind: K): Of<K>[] {
  return open.capabilities.filter((capability): capability is Of<K> => capability.kind === kind);
}

function find<K extends CapabilityKind>(open: OpenMessage, kind: K): Of<K> | undefined {
  return all(open, kind)[0];
}

function has(open: OpenMessage, kind: CapabilityKind): boolean {
  return find(open, kind) !== undefined;
}

function dotted(identifier: number): string {
  return [24, 16, 8, 0].map((shift) => (identifier >>> shift) & 255).join('.');
}

const IPV6 = 2;
