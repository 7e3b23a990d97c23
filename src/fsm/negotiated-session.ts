/** What two OPENs agreed on: everything that the speaker, the RIB and the codec need to know of a session. */

import type { Seconds } from '../base/units.ts';
import type { AfiSafi } from '../net/afi-safi.ts';
import type { OpenMessage } from '../wire/open.ts';

export interface NegotiatedSession {
  readonly peerType: 'ibgp' | 'ebgp';
  /** The peer's AS, 4 octets wide where it said so (RFC 6793). */
  readonly remoteAs: number;
  /** The peer's BGP Identifier, unsigned. */
  readonly remoteIdentifier: number;
  /** Both speak 4-octet AS numbers: AS_PATH and AGGREGATOR carry them (RFC 6793 §4.1). */
  readonly as4: boolean;
  /** In the order of `AFI_SAFIS`; never empty. */
  readonly families: readonly AfiSafi[];
  /** We may send ROUTE-REFRESH to this peer (RFC 2918 §4), and it may to us. */
  readonly routeRefresh: boolean;
  readonly enhancedRouteRefresh: boolean;
  /** Messages up to 65,535 octets both ways, OPEN and KEEPALIVE excepted (RFC 8654 §4). */
  readonly extendedMessage: boolean;
  /** Per negotiated family: path identifiers in NLRI that we send, and that we receive (RFC 7911 §4). */
  readonly addPath: Readonly<
    Record<AfiSafi, { readonly send: boolean; readonly receive: boolean }>
  >;
  /** Families whose next hop may be an IPv6 address (RFC 8950 §4). */
  readonly extendedNextHop: readonly AfiSafi[];
  /** The smaller of the two offers (RFC 4271 §4.2); 0 = no HoldTimer and no KEEPALIVEs. */
  readonly holdTime: Seconds;
  /** Before jitter; 0 when `holdTime` is. */
  readonly keepaliveTime: Seconds;
  /** Undefined unless both offered it (RFC 4724). */
  readonly gracefulRestart: NegotiatedGracefulRestart | undefined;
  /** Undefined unless both offered it, beside graceful restart (RFC 9494 §4.5). */
  readonly longLived: NegotiatedLongLived | undefined;
  /** The peer's OPEN as received. */
  readonly capabilities: OpenMessage['capabilities'];
}

export interface NegotiatedGracefulRestart {
  /** The peer's Restart Time. */
  readonly restartTime: Seconds;
  /** The peer has just restarted (R bit). */
  readonly restarting: boolean;
  /** Negotiated families for which the peer can restart gracefully; the value is its F bit. */
  readonly families: ReadonlyMap<AfiSafi, boolean>;
  /** Both set the N bit (RFC 8538). */
  readonly notification: boolean;
}

export interface NegotiatedLongLived {
  /** Negotiated families whose routes we may keep beyond the restart time. Empty: the peer only helps (RFC 9494 §3.1). */
  readonly families: ReadonlyMap<AfiSafi, LongLivedFamily>;
}

export interface LongLivedFamily {
  readonly staleTime: Seconds;
  readonly forwarding: boolean;
}
