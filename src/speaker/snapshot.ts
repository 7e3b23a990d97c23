/**
 * Read-only view of the speaker for API, CLI, metrics and dashboard: plain objects made when somebody looks.
 * Lists of routes are walked with a cursor and a limit, never built whole.
 */

import type { HistogramCell } from '../base/metrics.ts';
import type { DownReason } from '../fsm/down-reason.ts';
import type { AfiSafi } from '../net/afi-safi.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { InterfaceAddress } from '../netlink/address.ts';
import type { Link } from '../netlink/link.ts';
import type { PathAttributes } from '../wire/attributes/path-attributes.ts';
import type { Capability } from '../wire/capabilities/capability.ts';
import type { PreviewRun, Proposal } from './preview/types.ts';

export interface SpeakerView {
  status(): StatusView;
  /** By name. */
  neighbors(): NeighborView[];
  /** As `neighbors`, each made when it is taken: 10 µs, and between two of them the loop may have its turn. */
  eachNeighbor(): Generator<NeighborView, undefined>;
  /** The one with this name; undefined when there is none. */
  neighbor(name: string): NeighborView | undefined;
  /** Every value in force of this neighbor's session; empty for one that is none. Not part of its view: there are many. */
  settings(name: string): SettingView[];
  /** Routes in prefix-id order from `cursor` (0 to begin); `next` undefined at the end. */
  routes(query: RouteQuery): { readonly routes: readonly RouteView[]; readonly next?: number };
  kernel(query: KernelQuery): {
    readonly routes: readonly KernelRouteView[];
    readonly next?: number;
  };
  kernelProof(): KernelProofView;
  counters(): CountersView;
  measures(): MeasuresView;
  /** As a routing table shows it: usable paths with their outgoing interfaces; paged like `routes`. */
  table(query: TableQuery): { readonly routes: readonly TableRouteView[]; readonly next?: number };
  /** Routes of others in the tables that resolve next hops, prefix by prefix; may be walked over many turns. */
  foreignRoutes(family: AfiSafi, prefix?: string): Iterable<TableRouteView>;
  interfaces(): InterfaceView[];
  /** What a proposed plan would do; asked for slice by slice. Nothing is changed by it. */
  preview(proposal: Proposal): PreviewRun;
  /** One slice of counting, by neighbor, the prefixes of which its path is the best; `next` undefined at the end. */
  countBest(query: {
    readonly family: AfiSafi;
    readonly cursor: number;
    readonly into: Map<string, number>;
  }): number | undefined;
}

export interface StatusView {
  readonly node: string;
  readonly routerId: string;
  readonly localAs: number;
  readonly clusterId?: string;
  /** Monotonic milliseconds since the core was started. */
  readonly uptimeMs: number;
  readonly planRevision: number;
  /** Milliseconds since the running plan was taken; since the start while there is none. */
  readonly planAgeMs: number;
  /** What is waited for after our own start (RFC 4724 §4.1); absent when nothing is. */
  readonly recovery?: {
    readonly waitingFor: number;
    readonly elapsedMs: number;
    readonly limitMs: number;
  };
  readonly stopping: boolean;
  /** The node leaves, or has left (RFC 8326); absent when it does not. */
  readonly drain?: DrainView;
  /** Why routing configuration is not fresh; absent when it is. */
  readonly datastore: {
    readonly state: 'in-sync' | 'lost' | 'waiting';
    readonly reason?: string;
    readonly sinceMs?: number;
  };
  readonly kernel: {
    readonly state: 'synced' | 'syncing' | 'unavailable' | 'disabled';
    readonly reason?: string;
    /** The node lives in it. */
    readonly vrf?: string;
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
    /** Why one from a listen range was refused; absent for a stranger. */
    readonly reason?: string;
  }[];
  readonly listenRanges: readonly ListenRangeView[];
}

/** Whoever calls from here is a neighbor. */
export interface ListenRangeView {
  readonly prefix: string;
  readonly profile: string;
  readonly neighbors: number;
  readonly neighborsMax: number;
}

export interface DrainView {
  readonly phase: 'announced' | 'withdrawn' | 'drained';
  readonly sinceMs: number;
  /** Until this phase ends at the latest; 0 in the last one. */
  readonly leftMs: number;
  /** Own prefixes, and those of them that somebody else announces to us, too. */
  readonly prefixes: number;
  readonly elsewhere: number;
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
  /** Times that a limit of prefixes ended its session, since the start of the process. */
  readonly limitRestarts: number;
  /** Present while it is in quarantine. */
  readonly quarantine?: {
    readonly reason: string;
    /** Which one this is; the stay doubles with each. */
    readonly times: number;
    readonly leftMs: number;
  };
  readonly updateGroup?: number;
  readonly detail: NeighborDetailView;
}

/** One value in force, and what gave it. */
export interface SettingView {
  /** As it is written: `timers.holdTime`. */
  readonly name: string;
  readonly value: string;
  /** `PeerProfile/tor`, `BGPPeer/tor-1`, `default`. */
  readonly from: string;
}

/** What only some front doors show, as values. */
export interface NeighborDetailView {
  /** Held down by the operator. */
  readonly disabled: boolean;
  /** Why no session may come up, whoever decided so. */
  readonly heldBecause?: string;
  /** Milliseconds since it became Established or ceased to be, was held down or let go. */
  readonly phaseMs: number;
  /** Of the last attempt; absent while Established. */
  readonly lastDown?: DownReason;
  /** For how long there has been something that it is still to be told; 0 without. */
  readonly owedMs: number;
  readonly holdTimerMs?: number;
  readonly keepaliveTimerMs?: number;
  readonly rrClient: boolean;
  /** Of the peer's OPEN. */
  readonly capabilities: readonly Capability[];
  readonly as4: boolean;
  readonly extendedMessage: boolean;
  readonly addPath: { readonly send: boolean; readonly receive: boolean };
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
  /** Until stale paths go at the latest; absent without, and while they are kept because the node is drained. */
  readonly staleLeftMs?: number;
  /** Stale paths are the last resort: kept beyond the restart time (RFC 9494). */
  readonly longLived: boolean;
  /** It is telling everything again; the end of that is awaited (RFC 7313). */
  readonly refreshing: boolean;
  readonly endOfRibReceived: boolean;
  readonly endOfRibSent: boolean;
  /** Prefixes that it may send at most. */
  readonly limit: number;
  /** That it sends more, in words; absent while it keeps to its limit. */
  readonly overLimit?: string;
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

export interface TableQuery {
  readonly family: AfiSafi;
  /** Only this prefix. */
  readonly prefix?: string;
  /** Only what this neighbor has been told. */
  readonly toldTo?: string;
  /** Paths that import policy rejected, instead of those that may be used. */
  readonly rejected?: boolean;
  readonly cursor?: number;
  readonly limit: number;
}

export interface TableRouteView {
  readonly prefix: string;
  /** Best first. */
  readonly paths: readonly TablePathView[];
}

export interface TablePathView {
  readonly kind: 'bgp' | 'own' | 'kernel' | 'connected';
  /** Neighbor name; empty unless `kind` is `bgp`. */
  readonly from: string;
  readonly fromAddress?: IpAddress;
  /** Milliseconds since the session came up that brought it: it is no older. */
  readonly sinceMs?: number;
  readonly best: boolean;
  readonly stale: boolean;
  readonly preference: number;
  /** Out of the node; empty when the next hop cannot be reached, and for `type` other than `unicast`. */
  readonly hops: readonly { readonly gateway?: IpAddress; readonly interfaceName: string }[];
  readonly type: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit';
  /** Of reaching the next hop, for BGP; of the route, for the kernel's. */
  readonly metric?: number;
  /** rtm_protocol of a kernel route. */
  readonly kernelProtocol?: number;
  /** BGP only. */
  readonly attributes?: PathAttributes;
}

export interface InterfaceView extends Link {
  readonly addresses: readonly InterfaceAddress[];
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
  /** The last request for it; `delete …` for the end of it. */
  readonly sent?: string;
  /** What the kernel last said yes to. */
  readonly acknowledged?: string;
  readonly held?: string;
  /** All that the kernel has for the prefix in our table, routes of others with their protocol. */
  readonly inKernel?: string;
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

/** What the last proof of the kernel said, how all ended, and what is not as wished now. */
export interface KernelProofView {
  readonly state: 'idle' | 'reading';
  /** Milliseconds since the last one ended; absent before the first. */
  readonly ageMs?: number;
  /** Routes of protocol 12 in our table. */
  readonly routes: number;
  /** Routes that moved meanwhile and were not judged. */
  readonly busy: number;
  /** The kernel changed while it was read: what is missing was not looked for. */
  readonly partial: boolean;
  readonly divergences: readonly {
    readonly kind: 'missing' | 'changed' | 'unknown';
    readonly prefix: string;
    readonly expected: string;
    readonly found: string;
  }[];
  readonly totals: Readonly<Record<'equal' | 'healed' | 'partial' | 'failed', number>>;
  /** Divergences found since start, by kind. */
  readonly found: Readonly<Record<string, number>>;
  /** Routes that are not as wished now, by reason. */
  readonly divergent: Readonly<Record<string, number>>;
}

/** What only metrics show. The cells are those that go on counting. */
export interface MeasuresView {
  /** Seconds from the datastore's event until the kernel has acknowledged all that follows. */
  readonly changeToKernel: HistogramCell;
  /** The same until a neighbor was handed the last UPDATE with it; one observation a neighbor. */
  readonly changeToPeers: HistogramCell;
  readonly decisions: readonly { readonly family: AfiSafi; readonly cell: HistogramCell }[];
  /** Sums over mesh neighbors that are gone: sums over those that are there would go down with them. */
  readonly departed: Pick<NeighborView, 'messages' | 'octets' | 'established' | 'flaps'>;
  /** How often each clause of a policy rejected a route. */
  readonly rejections: readonly {
    readonly direction: string;
    readonly clause: string;
    readonly count: number;
  }[];
  /** Octets of the rows in use. */
  readonly tables: Readonly<
    Record<'prefixes' | 'paths' | 'attributes' | 'adj-rib-out' | 'kernel', number>
  >;
  /** For how long the kernel has not acknowledged all that is wanted; 0 when it has. */
  readonly kernelOwedMs: number;
}

export interface CountersView {
  readonly unknownCallers: number;
  readonly dynamicPeers: number;
  /** Callers from a listen range that were refused, by reason. */
  readonly dynamicRefused: Readonly<Record<string, number>>;
  readonly kernelRequests: number;
  readonly kernelErrors: number;
  readonly routesRestored: number;
  readonly kernelOverruns: number;
  readonly decisions: number;
  /** Peers that fell so far behind that they left the octets they shared with others. */
  readonly cutOffs: number;
  readonly updateFaults: Readonly<Record<string, number>>;
  /** Segments that the kernel dropped over TCP-MD5 since this process looks. */
  readonly md5Dropped: {
    readonly notFound: number;
    readonly unexpected: number;
    readonly failure: number;
  };
  /** Announced prefixes that import may not use, by reason. */
  readonly importRefusals: Readonly<Record<string, number>>;
}
