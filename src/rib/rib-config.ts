/**
 * What the speaker tells a RIB about a peer: how its paths come in, and how ours go out to it.
 * Plain values; a change of any of them is applied without touching the session.
 */

import type { IpAddress } from '../net/ip-address.ts';
import type { RoleName } from '../wire/capabilities/capability.ts';
import type { ImportGuard } from './import-guard.ts';
import type { AddPathSend } from './path-choice.ts';
import type { PolicyPort } from './policy-port.ts';

/** Import side of one peer in one family. */
export interface PeerRibConfig {
  readonly ebgp: boolean;
  readonly peerAs: number;
  readonly localAs: number;
  /** BGP Identifier of the peer as a 32-bit number; 0 while not yet known. */
  readonly routerId: number;
  /** Address of the peer: the last but one tie-break. */
  readonly address: IpAddress;
  /** How often our AS may stand in a received AS_PATH. */
  readonly allowLocalAs: number;
  readonly ownRouterId: number;
  /** Present on a route reflector; without it the router id stands for it (RFC 4456 §8). */
  readonly ownClusterId?: number;
  /** The peer is a client of this reflector. */
  readonly rrClient: boolean;
  /** ADD-PATH receive was negotiated: NLRI carry path identifiers (RFC 7911). */
  readonly addPathReceive: boolean;
  readonly importPolicy: PolicyPort;
  /** What import policy is not even asked about; undefined: nothing. */
  readonly guard?: ImportGuard;
  /** RFC 8326 §4.1: a path with GRACEFUL_SHUTDOWN gets LOCAL_PREF 0. */
  readonly honourGracefulShutdown?: boolean;
  /** Paths the peer may hold here; more are refused and `announce` says how many. Undefined: `PATHS_MAX`. */
  readonly pathsMax?: number;
}

/** Export side of one peer in one family. Peers with equal values (policy: same object) form an update group. */
export interface ExportConfig {
  readonly policy: PolicyPort;
  readonly ebgp: boolean;
  readonly localAs: number;
  /** 4-octet AS numbers were negotiated (RFC 6793). */
  readonly as4: boolean;
  readonly rrClient: boolean;
  /** Set on a route reflector: iBGP paths may be passed on to iBGP, with this in CLUSTER_LIST. */
  readonly clusterId?: number;
  readonly nextHop: 'auto' | 'self' | 'keep';
  /** Our address on the session in the family's form: 4 octets, or 16, or 32 with a link-local one. */
  readonly selfNextHop: Uint8Array;
  /** 4,096 or 65,535 octets (RFC 8654). */
  readonly messageMax: number;
  /** What the peer is to us (RFC 9234 §4.1), where there are roles. */
  readonly peerRole?: RoleName;
  /** Present where ADD-PATH towards the peer was negotiated, for as long as the session lasts (RFC 7911). */
  readonly addPath?: AddPathSend;
  /** The peer speaks long-lived graceful restart: it may be told what carries LLGR_STALE (RFC 9494 §4.3). */
  readonly longLived?: boolean;
  /** The node is on its way out (RFC 8326): all that is sent says so, or nothing is sent any more. */
  readonly shutdown?: 'announced' | 'withdrawn';
}

/** A path of this node's own. */
export interface Origination {
  readonly source: 'block' | 'service' | 'kernel' | 'direct' | 'static';
  /** Default by source: direct 240, block/service/static 200, kernel 10 (calico model 3.1). */
  readonly preference?: number;
  /** LOCAL_PREF to announce within the AS; default 100. */
  readonly localPref?: number;
  /** Gateway, where the route has one: third-party next hop towards iBGP peers. */
  readonly gateway?: IpAddress;
  /** Outgoing interface, for policies on it. */
  readonly interfaceName?: string;
}
