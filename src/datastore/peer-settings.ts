/**
 * What a `PeerProfile` says of a session beyond Calico's resources, as part of its `PeerPlan`.
 *
 * Plain data, comparable by value. Durations in seconds. A field that is absent has the value of
 * `PEER_SETTINGS_DEFAULTS`, or of the session's own timers (`fsm/timers.ts`): a plan without profiles says nothing here.
 */

import type { AfiSafi } from '../net/afi-safi.ts';

export interface PeerSettings {
  /** RFC 4271 §8.1.1; the hold time and the keepalive time override those of the BGPPeer. */
  readonly timers?: PeerTimerSettings;
  /** RFC 7313: refresh with a beginning and an end. */
  readonly enhancedRouteRefresh?: boolean;
  /** RFC 8654: messages of up to 65,535 octets. */
  readonly extendedMessages?: boolean;
  /** RFC 8538: a NOTIFICATION is survived like a lost connection, but for Hard Reset. */
  readonly gracefulRestartNotification?: boolean;
  /** RFC 9494: how long stale routes are kept after the restart time; 0 = we only help peers that ask for it. */
  readonly longLivedStaleTime?: number;
  /** RFC 7911. */
  readonly addPath?: AddPathSettings;
  /** RFC 9234: what this node is to the peer. */
  readonly role?: Role;
  /** RFC 9234 §4.2: refuse a peer that names no role. */
  readonly roleStrict?: boolean;
  readonly maxPrefixesIn?: MaxPrefixesIn;
  /** Prefixes announced at most in each family; what is over is kept back and named. */
  readonly maxPrefixesOut?: number;
  readonly limits?: PathLimits;
  /** The peer's AS is replaced by ours in what is sent to it. */
  readonly asOverride?: boolean;
  /** Private AS numbers (RFC 6996) in what is sent: left, taken out, or replaced by ours. */
  readonly privateAs?: 'keep' | 'remove' | 'replace';
  /** How a `localASNumber` shows in AS_PATH: RFC 7705. */
  readonly localAsMigration?: LocalAsMigration;
  /** RFC 9774: a path with AS_SET or AS_CONFED_SET is not used. */
  readonly asSets?: 'reject' | 'accept';
  /** RFC 8326: a path with GRACEFUL_SHUTDOWN from outside gets LOCAL_PREF 0. */
  readonly honourGracefulShutdown?: boolean;
  /** RFC 7999: a path with BLACKHOLE from this peer becomes a blackhole route. */
  readonly honourBlackhole?: boolean;
  /** Link-bandwidth community: whether it is used for weights, and whether it is added to what is sent. */
  readonly linkBandwidth?: LinkBandwidthSettings;
  /** The session ends at once when the link to a peer that is directly connected goes down. */
  readonly fallOver?: boolean;
  /** RFC 5925 instead of RFC 2385. */
  readonly authentication?: 'md5' | 'ao';
}

export interface PeerTimerSettings {
  readonly holdTime?: number;
  readonly keepaliveTime?: number;
  /** Hold times of the peer below this are refused with 2/6; RFC 4271 §4.2 allows 3 and up. */
  readonly minHoldTime?: number;
  readonly connectDelay?: number;
  readonly connectRetry?: number;
  readonly connectTimeout?: number;
  readonly idleHoldInitial?: number;
  readonly idleHoldMax?: number;
  /** RFC 9687. */
  readonly sendHoldTime?: number;
}

export interface AddPathSettings {
  readonly receive?: boolean;
  /** Which paths of a prefix are sent: every accepted one, the best N, those the kernel uses, or only the best. */
  readonly send?: 'none' | 'all' | 'ecmp' | { readonly best: number };
}

export type Role = 'provider' | 'customer' | 'peer' | 'routeServer' | 'routeServerClient';

export interface MaxPrefixesIn {
  /** By family; a family that is absent has no limit from the profile. */
  readonly limits: Readonly<Partial<Record<AfiSafi, number>>>;
  /** Per cent of the limit at which it is said. */
  readonly warnAt: number;
  /** `drop`: what is over the limit is not taken; `restart`: Cease 6/1 (RFC 4486 §4) and a longer wait each time. */
  readonly action: 'warn' | 'drop' | 'restart';
  /** First wait after `restart`, doubled each time up to an hour. */
  readonly restartAfter: number;
}

/** What is over is treated as withdrawn and counted with its reason. */
export interface PathLimits {
  readonly asPathLength?: number;
  readonly communities?: number;
  readonly pathsPerPrefix?: number;
}

export interface LocalAsMigration {
  /** The local AS is not prepended to what is received from the peer. */
  readonly noPrepend: boolean;
  /** The node's own AS is not shown to the peer. */
  readonly replaceAs: boolean;
}

export interface LinkBandwidthSettings {
  readonly use: boolean;
  /** Octets a second in what is sent; absent: what came is passed on as it is. */
  readonly send?: number;
}

/** Without a profile: as Calico's BIRD, and the safer way where Calico says nothing. */
export const PEER_SETTINGS_DEFAULTS = {
  enhancedRouteRefresh: true,
  extendedMessages: false,
  gracefulRestartNotification: true,
  longLivedStaleTime: 0,
  /** `add paths on` of Calico's template (calico model §3). */
  addPath: { receive: true, send: 'all' },
  roleStrict: false,
  asOverride: false,
  privateAs: 'keep',
  asSets: 'reject',
  honourGracefulShutdown: true,
  honourBlackhole: false,
  linkBandwidth: { use: true },
  fallOver: true,
  authentication: 'md5',
} as const satisfies PeerSettings;

/** What profiles say of the node as a whole. */
export interface NodeSettings {
  /** Next hops a route may have, 1 to 64; Calico's BIRD has 16. */
  readonly maximumPaths?: number;
  /** Paths of equal length through different neighbour ASes are equal. */
  readonly asPathRelax?: boolean;
  /** A route is announced only when the kernel has acknowledged it. */
  readonly advertiseAfterInstall?: boolean;
  /** The kernel's default route is enough to reach a next hop. */
  readonly nextHopViaDefaultRoute?: boolean;
}

export const NODE_SETTINGS_DEFAULTS = {
  maximumPaths: 16,
  /** As `merge paths` of Calico's BIRD, which compares lengths alone (calico model 3.10). */
  asPathRelax: true,
  advertiseAfterInstall: false,
  /** As Calico's BIRD resolves next hops (calico model 3.2). */
  nextHopViaDefaultRoute: true,
} as const satisfies NodeSettings;

type Defaulted = PeerSettings & Required<Pick<PeerSettings, keyof typeof PEER_SETTINGS_DEFAULTS>>;

/** Every setting that has a default, as it is in force. For where settings are applied, not for hot paths. */
export function settingsOf(plan: { readonly settings?: PeerSettings }): Defaulted {
  return { ...PEER_SETTINGS_DEFAULTS, ...plan.settings };
}

/** What is offered of ADD-PATH (RFC 7911 §4); undefined = nothing. */
export function addPathOffer(plan: {
  readonly settings?: PeerSettings;
}): 'receive' | 'send' | 'both' | undefined {
  const { receive = true, send = 'all' } = settingsOf(plan).addPath;
  if (send === 'none') return receive ? 'receive' : undefined;
  return receive ? 'both' : 'send';
}

export function nodeSettingsOf(plan: { readonly settings?: NodeSettings }): Required<NodeSettings> {
  return { ...NODE_SETTINGS_DEFAULTS, ...plan.settings };
}
