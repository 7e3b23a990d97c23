/**
 * Read-only view of the speaker for API, CLI, metrics and dashboard: plain objects made when somebody looks.
 * Lists of routes are walked with a cursor and a limit, never built whole.
 */

import type { AfiSafi } from '../net/afi-safi.ts';

export interface SpeakerView {
  status(): StatusView;
  neighbors(): NeighborView[];
  /** Routes in prefix-id order from `cursor` (0 to begin); `next` undefined at the end. */
  routes(query: RouteQuery): { readonly routes: readonly RouteView[]; readonly next?: number };
  kernel(query: KernelQuery): {
    readonly routes: readonly KernelRouteView[];
    readonly next?: number;
  };
  counters(): CountersView;
}

export interface StatusView {
  readonly node: string;
  readonly routerId: string;
  readonly localAs: number;
  readonly clusterId?: string;
  /** Monotonic milliseconds since the core was started. */
  readonly uptimeMs: number;
  readonly planRevision: number;
  /** Why routing configuration is not fresh; absent when it is. */
  readonly datastore: {
    readonly state: 'in-sync' | 'lost' | 'waiting';
    readonly reason?: string;
    readonly sinceMs?: number;
  };
  readonly kernel: {
    readonly state: 'synced' | 'syncing' | 'unavailable' | 'disabled';
    readonly reason?: string;
    readonly desired: number;
    readonly installed: number;
    readonly pending: number;
    readonly parked: number;
    readonly refused: number;
  };
  readonly listeners: readonly { readonly local: string; readonly error?: string }[];
  readonly neighbors: { readonly configured: number; readonly established: number };
  readonly routes: Readonly<
    Record<
      AfiSafi,
      { readonly prefixes: number; readonly paths: number; readonly attributeSets: number }
    >
  >;
  readonly restarting: boolean;
  /** Ready means: what I know is in the kernel and told to my peers. */
  readonly ready: boolean;
  readonly notReadyBecause: readonly string[];
  readonly unknownCallers: readonly {
    readonly address: string;
    readonly count: number;
    readonly lastMs: number;
  }[];
}

export interface NeighborView {
  readonly name: string;
  readonly kind: string;
  readonly address: string;
  readonly port: number;
  readonly localAddress?: string;
  readonly localAs: number;
  readonly remoteAs: number;
  readonly origin: string;
  readonly type: 'ibgp' | 'ebgp';
  readonly passive: boolean;
  readonly state: 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established';
  /** Milliseconds since the last change of state. */
  readonly sinceMs: number;
  /** Why the session is not Established; absent when it is. */
  readonly downBecause?: string;
  readonly lastError?: string;
  readonly routerId?: string;
  readonly holdTime?: number;
  readonly keepaliveTime?: number;
  readonly capabilities: readonly string[];
  readonly families: readonly NeighborFamilyView[];
  readonly gracefulRestart?: {
    readonly peerRestartTime: number;
    readonly stale: boolean;
    readonly forwarding: readonly string[];
  };
  readonly messages: {
    readonly received: MessageCounts;
    readonly sent: MessageCounts;
  };
  readonly octets: { readonly received: number; readonly sent: number };
  readonly established: number;
  readonly flaps: number;
  /** Times that its input met an error of ours, since the start of the process. */
  readonly quarantines: number;
  /** Present while it is in quarantine. */
  readonly quarantine?: {
    readonly reason: string;
    /** Which one this is; the stay doubles with each. */
    readonly times: number;
    readonly leftMs: number;
  };
  readonly updateGroup?: number;
}

export interface MessageCounts {
  readonly open: number;
  readonly update: number;
  readonly keepalive: number;
  readonly notification: number;
  readonly routeRefresh: number;
}

export interface NeighborFamilyView {
  readonly family: AfiSafi;
  readonly received: number;
  readonly accepted: number;
  readonly rejected: number;
  /** Announcements for which a table had no room, since the neighbor was configured. */
  readonly refused: number;
  readonly advertised: number;
  readonly pending: number;
  readonly stale: number;
  readonly endOfRibReceived: boolean;
  readonly endOfRibSent: boolean;
}

export interface RouteQuery {
  readonly family: AfiSafi;
  /** Only this prefix. */
  readonly prefix?: string;
  /** Only paths received from, or (`direction: 'out'`) what was told to, this neighbor. */
  readonly neighbor?: string;
  readonly direction?: 'in' | 'out';
  readonly cursor?: number;
  readonly limit: number;
}

export interface RouteView {
  readonly prefix: string;
  readonly paths: readonly PathView[];
}

export interface PathView {
  /** Neighbor name, or `local`. */
  readonly from: string;
  readonly source: string;
  readonly best: boolean;
  /** Member of the ECMP set beside the best. */
  readonly multipath: boolean;
  /** Why it is not the best, or why it was rejected or is not feasible; absent for the best. */
  readonly because?: string;
  readonly state: 'usable' | 'rejected' | 'unresolvable' | 'looped';
  readonly stale: boolean;
  readonly pathId?: number;
  readonly origin: string;
  readonly asPath: string;
  readonly nextHop?: string;
  readonly resolvedVia?: string;
  readonly med?: number;
  readonly localPref?: number;
  readonly communities: readonly string[];
  readonly largeCommunities: readonly string[];
  readonly extendedCommunities: readonly string[];
  readonly originatorId?: string;
  readonly clusterList: readonly string[];
  readonly other: readonly string[];
}

export interface KernelQuery {
  readonly family?: AfiSafi;
  readonly cursor?: number;
  readonly limit: number;
  /** Only where wanted and held differ. */
  readonly differing?: boolean;
}

export interface KernelRouteView {
  readonly prefix: string;
  /** Text like iproute2's: `via 10.0.0.2 dev eth0`, `blackhole`; absent when none. */
  readonly wanted?: string;
  readonly held?: string;
  readonly state:
    | 'installed'
    | 'pending'
    | 'parked'
    | 'refused'
    | 'held-back'
    | 'foreign'
    | 'adopted';
  readonly because?: string;
  readonly origin: string;
}

export interface CountersView {
  readonly unknownCallers: number;
  readonly kernelRequests: number;
  readonly kernelErrors: number;
  readonly routesRestored: number;
  readonly kernelOverruns: number;
  readonly decisions: number;
  readonly updateFaults: Readonly<Record<string, number>>;
}
