/**
 * `SpeakerPlan`: everything this node is to do, computed from the resources alone (`plan.ts`).
 *
 * Plain data, comparable by value, JSON-able. Durations in seconds. Order of the lists is by key, so that equal
 * resources give equal plans whatever the order in which they were read.
 */

import type { KernelRules } from '../fib/kernel-rules.ts';
import type { AfiSafi } from '../net/afi-safi.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { Prefix } from '../net/prefix.ts';
import type { Policy } from '../policy/types.ts';
import type { ExpectedPrefixes } from './expected-prefixes.ts';
import type { NodeSettings, PeerSettings } from './peer-settings.ts';
import type { StatusClass } from './resources.ts';

export interface SpeakerPlan {
  readonly node: string;
  readonly localAs: number;
  /** BGP Identifier as dotted text (RFC 6286: any non-zero 32-bit number). */
  readonly routerId: IpAddress;
  /** Own RR cluster id; present makes this node a route reflector (RFC 4456). */
  readonly clusterId?: IpAddress;
  /** Own addresses of the Node resource. */
  readonly addresses: { readonly ipv4?: IpAddress; readonly ipv6?: IpAddress };
  readonly listen: ListenPlan;
  readonly peers: readonly PeerPlan[];
  readonly originated: readonly OriginatedPrefix[];
  readonly kernel: KernelRules;
  /** Undefined: none of them. */
  readonly learn?: LearnPlan;
  readonly logLevel: 'debug' | 'info' | 'warning' | 'error' | 'none';
  /** From `PeerProfile`s; what is absent is as in `NODE_SETTINGS_DEFAULTS`. */
  readonly settings?: NodeSettings;
  /** Prefixes that the cluster explains, by family, where more than `EXPECTED_PREFIXES_MIN`. */
  readonly expectedPrefixes?: ExpectedPrefixes;
  /** From `PeerProfile`s: whoever calls from one of these is a peer. By prefix. */
  readonly listenRanges?: readonly ListenRange[];
  /** What is to be written back to the datastore, by name. */
  readonly statuses?: readonly NodeStatusPlan[];
}

/** A CalicoNodeStatus that asks for this node. */
export interface NodeStatusPlan {
  readonly name: string;
  readonly classes: readonly StatusClass[];
  /** Seconds; 0: once. */
  readonly periodSeconds: number;
}

/** Peers that are not named: whoever calls from here is one, within limits. Overlapping ranges: the longest wins. */
export interface ListenRange {
  readonly profile: string;
  readonly prefix: Prefix;
  readonly peersMax: number;
  /** New peers a minute. */
  readonly rateMax: number;
  /** What each of them is, but for its name and its address. */
  readonly peer: Omit<PeerPlan, 'name' | 'remoteAddress'>;
}

export interface ListenPlan {
  readonly port: number;
  /** Addresses to bind; empty means any address of both families. */
  readonly addresses: readonly IpAddress[];
}

/** Which routes of the kernel and of interfaces may be announced: others can be accepted by no export policy. */
export interface LearnPlan {
  /** Equal to or inside any of these. */
  readonly inside: readonly Prefix[];
  /** Shell patterns; subnets of such interfaces are never announced. */
  readonly ignoredInterfaces: readonly string[];
}

export interface PeerPlan {
  /** BIRD's protocol name, unique on the node: `Mesh_10_0_0_2`, `Global_…`, `Node_…_port_1179`. The identity of the peer. */
  readonly name: string;
  readonly kind: 'mesh' | 'global' | 'node' | 'workload' | 'dynamic';
  readonly remoteAddress: IpAddress;
  readonly remotePort: number;
  /** Undefined: the kernel chooses. */
  readonly localAddress?: IpAddress;
  readonly localAs: number;
  /** `ANY_EXTERNAL_AS`: any but ours. */
  readonly remoteAs: number;
  readonly passive: boolean;
  readonly families: readonly AfiSafi[];
  /** Offered hold time; 0 disables (RFC 4271 §4.2). Keepalive undefined = a third of the negotiated hold time. */
  readonly holdTime: number;
  readonly keepaliveTime?: number;
  /** RFC 4724 restart time offered; undefined = graceful restart is not offered. */
  readonly restartTime?: number;
  /** GTSM (RFC 5082): hops from which TTL is accepted; undefined = off. */
  readonly ttlSecurity?: number;
  /** TCP-MD5 key. `missing` names the secret that could not be read: the session is held down, with that reason. */
  readonly password?: { readonly value: string } | { readonly missing: string };
  readonly nextHop: 'auto' | 'self' | 'keep';
  /** The peer is a client of this reflector. */
  readonly rrClient: boolean;
  /** How often our own AS may stand in a received AS_PATH. */
  readonly allowLocalAs: number;
  /** Static host route to the peer via this gateway. */
  readonly reachableBy?: IpAddress;
  readonly importPolicy: Policy;
  readonly exportPolicy: Policy;
  /** What is shown as where this peer comes from, e.g. `node-to-node mesh with Node/b` or `BGPPeer/tor-1`. */
  readonly origin: string;
  /** From `PeerProfile`s; what is absent is as in `PEER_SETTINGS_DEFAULTS`. */
  readonly settings?: PeerSettings;
  /**
   * Which resource gave each value that is not the default: of a setting by its path (`timers.holdTime` →
   * `PeerProfile/tor`), of another field of the plan by its name (`restartTime` → `BGPPeer/tor`).
   */
  readonly settingsFrom?: Readonly<Record<string, string>>;
}

/** A prefix this node announces as its own. */
export interface OriginatedPrefix {
  readonly prefix: Prefix;
  readonly source: 'block' | 'service' | 'static';
  /** Write a blackhole route for it (not for /32 and /128 blocks). */
  readonly blackhole: boolean;
  /** Present: a route through it is written (`static`). */
  readonly gateway?: IpAddress;
  /** e.g. `BlockAffinity/node-a-10-1-3-0-26`. */
  readonly origin: string;
}
