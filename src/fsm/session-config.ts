/**
 * What one session is told about its peer and about what we offer. Plain data; durations in seconds.
 *
 * The speaker builds it from the plan. `fsm/offer.ts` turns it into our OPEN, `fsm/negotiate.ts` judges the peer's by it.
 */

import type { Seconds } from '../base/units.ts';
import type { AfiSafi } from '../net/afi-safi.ts';
import type { RoleOffer } from './roles.ts';

export interface SessionConfig {
  readonly localAs: number;
  /** The AS that the peer must be in, or `ANY_EXTERNAL_AS` (`negotiate.ts`). */
  readonly remoteAs: number;
  /** Own BGP Identifier as an unsigned 32-bit number, never 0 (RFC 6286 §2.1). */
  readonly routerId: number;
  readonly families: readonly AfiSafi[];
  /** Never dial; wait for the peer (RFC 4271 §8.1.1 PassiveTcpEstablishment). Default false. */
  readonly passive?: boolean;
  /** Made for a connection that the peer dialled: never dials and never restarts until `Session.promote`. Default false. */
  readonly accepted?: boolean;
  readonly timers?: Partial<SessionTimers>;
  readonly offer?: Partial<Offer>;
}

/** See `timers.ts` for the defaults with reason and source. */
export interface SessionTimers {
  /** Offered; 0 = no keepalives at all (RFC 4271 §4.2). */
  readonly holdTime: Seconds;
  /** Undefined: a third of the negotiated hold time. */
  readonly keepaliveTime: Seconds | undefined;
  /** A peer that offers less is refused; 0, which switches timers off, is not less. */
  readonly minHoldTime: Seconds;
  /** Before the first dial after `ManualStart`/`AutomaticStart`. */
  readonly connectDelay: Seconds;
  /** Between attempts, drawn anew for each. */
  readonly connectRetryMin: Seconds;
  readonly connectRetryMax: Seconds;
  /** How long one TCP attempt may take. */
  readonly connectTimeout: Seconds;
  /** RFC 4271 §8.1.1 DelayOpen; undefined = off. */
  readonly delayOpenTime: Seconds | undefined;
  /** HoldTimer while the peer's OPEN is awaited. */
  readonly initialHoldTime: Seconds;
  /** DampPeerOscillations: first and longest stay in Idle after a protocol error, and when it is forgotten. */
  readonly idleHoldInitial: Seconds;
  readonly idleHoldMax: Seconds;
  readonly idleHoldAmnesia: Seconds;
  /** RFC 9687; undefined = the greater of 8 minutes and twice the negotiated hold time. */
  readonly sendHoldTime: Seconds | undefined;
}

/** Capabilities in our OPEN. An OPEN promises only what is implemented, so each is off unless named here. */
export interface Offer {
  /** RFC 6793. Default true. */
  readonly fourOctetAs: boolean;
  /** RFC 2918. Default true. */
  readonly routeRefresh: boolean;
  /** RFC 7313. Default false. */
  readonly enhancedRouteRefresh: boolean;
  /** RFC 8654. Default false. */
  readonly extendedMessage: boolean;
  /** RFC 7911, by family. Default none. */
  readonly addPath: Readonly<Partial<Record<AfiSafi, 'receive' | 'send' | 'both'>>>;
  /** RFC 8950: families whose next hop may be IPv6. Default none. */
  readonly extendedNextHop: readonly AfiSafi[];
  /** RFC 4724; undefined = not offered. */
  readonly gracefulRestart: GracefulRestartOffer | undefined;
  /** RFC 9494; undefined = not offered. Without `gracefulRestart` it is not sent either (§4.5). */
  readonly longLived: LongLivedOffer | undefined;
  /** Send the Multiprotocol capability (RFC 4760). Off imitates a speaker without capabilities. Default true. */
  readonly multiprotocol: boolean;
  /** RFC 9234: what we are to the peer; undefined = no role. Not offered within an AS. */
  readonly role: RoleOffer | undefined;
  readonly hostname: { readonly host: string; readonly domain: string } | undefined;
  readonly softwareVersion: string | undefined;
}

export interface GracefulRestartOffer {
  /** 0–4095 s. */
  readonly restartTime: Seconds;
  /** The R bit: we have restarted and wait for End-of-RIB (RFC 4724 §3). */
  readonly restarting: boolean;
  /** Families whose kernel routes survived our restart: the F bits. */
  readonly forwarding: readonly AfiSafi[];
  /** The N bit (RFC 8538). Default false. */
  readonly notification?: boolean;
}

export interface LongLivedOffer {
  /** Seconds that a peer may keep our routes after the restart time; 0 = we only keep those of peers that ask for it. */
  readonly staleTime: Seconds;
}
