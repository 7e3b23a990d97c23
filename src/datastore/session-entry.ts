/** A session as the mesh or a BGPPeer asks for it: what `sessions.ts` finds and `effective.ts` works out. */

import type { IpAddress } from '../net/ip-address.ts';
import type { BgpPeerResource } from './resources.ts';

/** A session that was asked for, before its values are worked out. */
export interface SessionEntry {
  readonly kind: 'mesh' | 'global' | 'node' | 'workload';
  readonly address: IpAddress;
  /** Undefined: nothing is said, so 179. */
  readonly port: number | undefined;
  readonly remoteAs: number;
  /** Undefined where it is not known, as for any peer given by peerIP. */
  readonly rrClusterId: IpAddress | undefined;
  /** Whether the address is that of a node of this cluster, for the passive rule. */
  readonly calicoNode: boolean;
  /** Whether the peer belongs to the cluster at all, for `policy.outside`. */
  readonly inside: boolean;
  /** Only honoured for peers given by peerIP. */
  readonly byAddress: boolean;
  readonly peer: BgpPeerResource | undefined;
  readonly origin: string;
}
