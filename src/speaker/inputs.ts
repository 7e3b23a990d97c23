/**
 * Everything that can happen to the speaker. With `effects.ts`, the architecture as two types.
 *
 * Inputs are plain values without sockets or promises, so that each can be written as a line of JSON and replayed.
 * Octets inside an input are borrowed: they are valid only during `step`.
 */

import type { SystemError } from '../base/errors.ts';
import type { Millis } from '../base/units.ts';
import type { SpeakerPlan } from '../datastore/plan-types.ts';
import type { AfiSafi } from '../net/afi-safi.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { InterfaceAddress } from '../netlink/address.ts';
import type { KernelRoute } from '../netlink/kernel-route.ts';
import type { Link } from '../netlink/link.ts';

declare const brand: unique symbol;
/** One TCP connection, numbered by the shell for accepted ones and by the core for dialled ones. */
export type ConnectionId = number & { readonly [brand]?: 'ConnectionId' };

export interface Endpoint {
  readonly address: IpAddress;
  readonly port: number;
}

export type SpeakerInput =
  | TcpInput
  | PlanInput
  | KernelInput
  | CommandInput
  | HostInput
  | { readonly type: 'wake' };

export type TcpInput =
  | {
      readonly type: 'tcpAccepted';
      readonly connection: ConnectionId;
      readonly remote: Endpoint;
      readonly local: Endpoint;
    }
  | { readonly type: 'tcpConnected'; readonly connection: ConnectionId; readonly local: Endpoint }
  | { readonly type: 'tcpFailed'; readonly connection: ConnectionId; readonly error: SystemError }
  | {
      readonly type: 'octetsReceived';
      readonly connection: ConnectionId;
      readonly octets: Uint8Array;
    }
  | { readonly type: 'tcpClosed'; readonly connection: ConnectionId; readonly error?: SystemError }
  /** The socket takes octets again: come with `pollTransmit`. Only accounting; nothing is due. */
  | { readonly type: 'writable'; readonly connection: ConnectionId }
  /** The listener could not be opened, or is open again (`error` absent). */
  | { readonly type: 'listenerChanged'; readonly local: Endpoint; readonly error?: SystemError };

/** What the host says of the authentication of segments. */
export type HostInput =
  /** TCP-MD5 segments that the kernel has dropped since it started; first as they stand, then when they move. */
  | {
      readonly type: 'md5Counters';
      readonly notFound: number;
      readonly unexpected: number;
      readonly failure: number;
    }
  /** The listener could not be given the keys of these peers and refuses their calls, or has them now (`error` absent). */
  | {
      readonly type: 'listenerKeysChanged';
      readonly addresses: readonly IpAddress[];
      readonly error?: SystemError;
    };

export type PlanInput =
  | {
      readonly type: 'planChanged';
      readonly plan: SpeakerPlan;
      readonly revision: number;
      /** When the datastore told of the change, for metrics; absent where no event led to it. */
      readonly changedAt?: Millis;
    }
  | { readonly type: 'datastoreLost'; readonly reason: string }
  | { readonly type: 'datastoreBack' };

/** One thing that the kernel says of itself. */
export type KernelChange =
  | { readonly what: 'link'; readonly link: Link; readonly removed: boolean }
  | { readonly what: 'address'; readonly address: InterfaceAddress; readonly removed: boolean }
  | {
      readonly what: 'route';
      readonly route: KernelRoute;
      readonly removed: boolean;
      /** In an event: the program whose request caused it, where that is known. */
      readonly by?: string;
    };

export type KernelInput =
  /** Events, or a part of a dump, in the kernel's order; at most some hundreds. */
  | { readonly type: 'kernelChanged'; readonly changes: readonly KernelChange[] }
  /** A dump begins: what is not named before its end is gone. */
  | { readonly type: 'kernelDumpStarted' }
  | { readonly type: 'kernelDumpDone' }
  /** Events were lost (ENOBUFS) or a dump was interrupted; a new dump is needed. */
  | { readonly type: 'kernelOverrun'; readonly reason: string }
  /** Result of a batch of `kernelRequests`: errno by request, 0 for success, in the order sent. */
  | { readonly type: 'kernelAck'; readonly batch: number; readonly errnos: Int32Array }
  /** A part of what the kernel has of protocol 12, for the proof under way; in any order. */
  | { readonly type: 'kernelProofRoutes'; readonly routes: readonly KernelRoute[] }
  /** All has been read, or could not be. `interrupted`: the kernel changed meanwhile, rows may be missing. */
  | {
      readonly type: 'kernelProofRead';
      readonly interrupted: boolean;
      readonly error?: SystemError;
    }
  /** The kernel cannot be written or followed at all (no permission, socket lost). */
  | { readonly type: 'kernelUnavailable'; readonly error: SystemError };

export type Command =
  | { readonly command: 'resetNeighbor'; readonly name: string; readonly soft: boolean }
  | { readonly command: 'disableNeighbor'; readonly name: string; readonly reason?: string }
  | { readonly command: 'enableNeighbor'; readonly name: string }
  | { readonly command: 'clearQuarantine'; readonly name: string }
  | { readonly command: 'refreshRoutes'; readonly name: string; readonly family?: AfiSafi }
  /** The kernel is read through a socket of its own and compared; answered when that is done. */
  | { readonly command: 'proveKernel' }
  /** Everything is sent to the neighbor again, nothing is asked of it. */
  | { readonly command: 'resendRoutes'; readonly name: string }
  /** Leave without a loss (RFC 8326), and stay away until `undrain`; seconds until routes are withdrawn at the latest. */
  | { readonly command: 'drain'; readonly limit: number; readonly message?: string }
  | { readonly command: 'undrain' }
  /** Stop: `restart` keeps routes here and at peers that negotiated graceful restart; `leave` withdraws and says goodbye. */
  | { readonly command: 'shutdown'; readonly mode: 'restart' | 'leave'; readonly message?: string };

export interface CommandInput {
  readonly type: 'command';
  readonly id: number;
  readonly command: Command;
}
