/**
 * Everything the speaker can want from the world, returned by `step` and carried out in order by the loop.
 * Failures come back as inputs.
 */

import type { Millis } from '../base/units.ts';
import type { SpeakerPlan } from '../datastore/plan-types.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { Prefix } from '../net/prefix.ts';
import type { LinkRequest } from '../netlink/link-request.ts';
import type { SpeakerEvent } from './events.ts';
import type { ConnectionId, Endpoint } from './inputs.ts';
import type { StoredQuarantine } from './quarantine-records.ts';

export type Effect =
  /** `device`: only callers that come through this VRF. `renew`: it is another one, whatever its name says. */
  | {
      readonly type: 'listen';
      readonly port: number;
      readonly addresses: readonly IpAddress[];
      readonly device?: string;
      readonly renew?: true;
    }
  /** Socket options by peer address on the listener: TCP-MD5 keys and the minimum TTL expected from that peer. */
  | { readonly type: 'listenerPeers'; readonly peers: readonly ListenerPeer[] }
  /** The TCP-MD5 key of a connection that stands, or is being made, is another one from now on. */
  | { readonly type: 'rekey'; readonly connection: ConnectionId; readonly password: string }
  | { readonly type: 'dial'; readonly connection: ConnectionId; readonly dial: Dial }
  /** `abort` resets the connection; otherwise what is queued is sent and a FIN follows. */
  | { readonly type: 'hangUp'; readonly connection: ConnectionId; readonly abort: boolean }
  /** Control octets (OPEN, KEEPALIVE, NOTIFICATION) to send before anything `pollTransmit` gives. */
  | { readonly type: 'send'; readonly connection: ConnectionId; readonly octets: Uint8Array }
  /** Come with `pollTransmit(connection)` when the socket takes octets. */
  | { readonly type: 'wantsWrite'; readonly connection: ConnectionId }
  | { readonly type: 'kernelRequests'; readonly batch: KernelBatch }
  | { readonly type: 'kernelDump' }
  /** One step towards a tunnel device of ours; how it went, the kernel tells as of any link. */
  | { readonly type: 'linkRequest'; readonly request: LinkRequest }
  /** Protocol 12 of `table`, both families, through a socket of its own. */
  | { readonly type: 'kernelProof'; readonly table: number }
  | { readonly type: 'reply'; readonly id: number; readonly error?: string }
  /** What brought out a bug of ours: keep it for the bug report. Copies. */
  | ({ readonly type: 'keepEvidence' } & Evidence)
  /** All quarantines worth remembering, in place of those saved before: the next start is to know them. */
  | { readonly type: 'saveQuarantines'; readonly quarantines: readonly StoredQuarantine[] }
  | { readonly type: 'publish'; readonly event: SpeakerEvent }
  /** All that a stop asked for has been said; the loop may end once the sockets are flushed. */
  | { readonly type: 'stopped'; readonly mode: 'restart' | 'leave' };

/** One peer's input met a bug of ours: enough to meet it again. */
export interface Evidence {
  readonly peer: string;
  readonly reason: string;
  /** Of the error; names files of this build. */
  readonly stack?: string;
  /** The plan with this peer alone. */
  readonly plan: SpeakerPlan;
  /** Our end of the connection, where it is known. */
  readonly localAddress?: IpAddress;
  /** The OPEN that this connection began with. */
  readonly open?: Uint8Array;
  /** What came last from the peer, oldest first; the last chunk is the one that was being handled. */
  readonly chunks: readonly { readonly at: Millis; readonly octets: Uint8Array }[];
}

export interface Dial {
  readonly remote: Endpoint;
  readonly localAddress?: IpAddress;
  /** The VRF to call through. */
  readonly device?: string;
  /** Sent TTL / hop limit and the least accepted one (GTSM, RFC 5082). */
  readonly ttl: number;
  readonly minTtl?: number;
  readonly password?: string;
  /** How segments are signed with the password; absent: TCP-MD5. */
  readonly authentication?: 'ao';
}

export interface ListenerPeer {
  /** A prefix for all peers of a range. */
  readonly address: IpAddress | Prefix;
  readonly password?: string;
  readonly authentication?: 'ao';
  readonly minTtl?: number;
}

/** Encoded rtnetlink requests, at most `BATCH_REQUESTS_MAX`, each refused by sequence number or carried out. */
export interface KernelBatch {
  readonly id: number;
  /** Messages back to back; sequence numbers are `firstSequence …` in order. Lent until it is answered or given up. */
  readonly octets: Uint8Array;
  readonly count: number;
  readonly firstSequence: number;
}
