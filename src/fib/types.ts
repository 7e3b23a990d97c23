/**
 * The words that fib/ and the speaker share: keys, wishes, batches, views, events. Plain data.
 *
 * A *wish* is what the speaker wants for a prefix; *held* is what the kernel has of ours, as acknowledged or seen.
 * Invariant: whatever is not as wished has a reason that can be shown.
 */

import type { IpAddress } from '../net/ip-address.ts';
import type { KernelRoute } from '../netlink/kernel-route.ts';
import type { ShapeId } from './route-shape.ts';

/** A prefix as octets, borrowed: read during the call, never kept. */
export interface RoutePrefix {
  readonly family: 4 | 6;
  /** The whole address, 4 or 16 octets from `octetsAt`; bits past `length` are zero. */
  readonly octets: Uint8Array;
  readonly octetsAt: number;
  readonly length: number;
}

/** What a prefix is to become in the kernel. Borrowed like the prefix; a reused object is welcome. */
export interface RouteWish {
  readonly shape: ShapeId;
  /** As asked for; 0 is none, which IPv6 stores as 1024. */
  readonly metric: number;
  /** Where it comes from, for people: a neighbor's or a resource's name. */
  readonly origin: string;
}

/** A prefix whose kernel route is left exactly as it is until something is known or appears. */
export interface HoldWish {
  readonly reason: string;
  readonly origin: string;
}

/** A route that the kernel tells of, in an event or a dump. */
export interface RouteChange {
  readonly route: KernelRoute;
  readonly removed: boolean;
  /** In an event: the program whose request caused it, where that is known. */
  readonly by?: string;
}

/** Encoded rtnetlink requests for one sendmsg; the acknowledgement names them by index. */
export interface RouteBatch {
  readonly id: number;
  /** Messages back to back; sequence numbers are `firstSequence …` in order. Lent until the batch is answered or given up. */
  readonly octets: Uint8Array;
  readonly count: number;
  readonly firstSequence: number;
}

export type KernelRouteState =
  | 'installed'
  | 'pending'
  | 'parked'
  | 'refused'
  | 'held-back'
  | 'foreign'
  | 'adopted';

/** One row of `godwit show kernel`. Text as iproute2 writes it. */
export interface FibRouteView {
  readonly prefix: string;
  readonly wanted?: string;
  /** The last request for it; `delete …` for the end of it. */
  readonly sent?: string;
  /** What the kernel last said yes to. */
  readonly acknowledged?: string;
  /** What the kernel is known to have of ours. */
  readonly held?: string;
  /** All that the kernel is known to have for the prefix in our table, routes of others with their protocol. */
  readonly inKernel?: string;
  readonly state: KernelRouteState;
  readonly because?: string;
  readonly origin: string;
}

export interface FibQuery {
  readonly family?: 'ipv4-unicast' | 'ipv6-unicast';
  readonly cursor?: number;
  readonly limit: number;
  /** Only where wish and kernel differ. */
  readonly differing?: boolean;
}

export interface FibCounts {
  readonly state: 'synced' | 'syncing' | 'unavailable' | 'disabled';
  readonly reason?: string;
  /** Prefixes with a wish (held-back ones not counted). */
  readonly desired: number;
  /** Wishes that the kernel fulfils. */
  readonly installed: number;
  /** Differences that are being, or will be, written. */
  readonly pending: number;
  /** Wishes waiting for a link or an address. */
  readonly parked: number;
  /** Wishes that the kernel refused, or whose key another program owns. */
  readonly refused: number;
  /** Routes found in the kernel, ours by right, that nobody has wished for yet. */
  readonly adopted: number;
  readonly heldBack: number;
}

/** How the kernel can differ from what it was last known to hold, without an event that said so. */
export type DivergenceKind = 'missing' | 'changed' | 'unknown';

export interface Divergence {
  readonly kind: DivergenceKind;
  readonly prefix: string;
  /** Its row; absent where the columns did not have the prefix. */
  readonly ref?: number;
  /** What the columns had; empty where nothing. */
  readonly expected: string;
  /** What the kernel has; empty where nothing. */
  readonly found: string;
}

/** What the last proof said, and how all of them ended. */
export interface ProofView {
  readonly state: 'idle' | 'reading';
  /** Since the last one ended; absent before the first. */
  readonly ageMs?: number;
  /** Routes of protocol 12 in our table. */
  readonly routes: number;
  /** Routes that moved meanwhile and were not judged. */
  readonly busy: number;
  /** The kernel changed while it was read: what is missing was not looked for. */
  readonly partial: boolean;
  readonly divergences: readonly Divergence[];
  readonly totals: Readonly<Record<'equal' | 'healed' | 'partial' | 'failed', number>>;
}

/** Routes that are not as wished, by the reason why. */
export type DivergenceReason =
  | DivergenceKind
  | 'shadowed'
  | 'pending'
  | 'parked'
  | 'refused'
  | 'foreign'
  | 'held-back'
  | 'leaving';

/** What happened, in the shape of the speaker's events. */
export type FibEvent =
  | {
      readonly event: 'route-restored';
      readonly prefix: string;
      readonly reason: string;
      readonly attempts: number;
    }
  | { readonly event: 'route-parked'; readonly prefix: string; readonly reason: string }
  | {
      readonly event: 'route-error';
      readonly prefix: string;
      readonly errno: string;
      readonly reason: string;
    }
  | {
      readonly event: 'kernel-divergence';
      readonly prefix: string;
      readonly kind: DivergenceKind;
      readonly reason: string;
    }
  | {
      readonly event: 'second-writer';
      readonly writer: string;
      readonly routes: number;
      readonly reason: string;
    }
  | {
      readonly event: 'kernel-overrun' | 'kernel-synced' | 'kernel-unavailable';
      readonly reason: string;
    };

/** Totals since start, for metrics and `CountersView`. */
export interface FibTotals {
  requests: number;
  errors: number;
  restored: number;
  overruns: number;
  dumps: number;
  /** Errors by symbolic errno. */
  readonly errorsByErrno: Map<string, number>;
}

export type UnreachableCode =
  | 'no-route'
  | 'own-address'
  | 'link-down'
  | 'rejected'
  | 'nexthop-object'
  | 'not-synced';

export interface ResolvedHop {
  /** Absent where the next hop itself is on the link (`connected`). */
  readonly gateway?: IpAddress;
  readonly interfaceIndex: number;
  readonly interfaceName: string;
  readonly weight: number;
  readonly onlink: boolean;
}

/** How the kernel would reach a next hop. */
export type Resolution =
  | {
      readonly reachable: true;
      readonly hops: readonly ResolvedHop[];
      /** The kernel's metric of the covering route: the interior cost of RFC 4271 §9.1.2.2 e. */
      readonly metric: number;
      /** On a link of ours, no router between. */
      readonly connected: boolean;
      /** The covering route, for people. */
      readonly via: string;
    }
  | { readonly reachable: false; readonly code: UnreachableCode; readonly reason: string };
