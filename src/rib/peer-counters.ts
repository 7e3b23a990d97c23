/** What a table says of one peer: how many paths of it and for it, and which it was told. */

import type { AttributesId, PeerId } from './ids.ts';

export interface PeerRibCounters {
  /** Paths held, whatever import policy said. */
  readonly received: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly looped: number;
  readonly stale: number;
  readonly advertised: number;
  /** Prefixes to be looked at for this peer. */
  readonly pending: number;
  /** A maximum of prefixes to be announced keeps others back. */
  readonly keepsBack: boolean;
}

export interface AdvertisedPath {
  /** Who announced it here; `LOCAL_PEER` for an own path. */
  readonly source: PeerId;
  /** RFC 7911; 0 where ADD-PATH was not negotiated. */
  readonly identifier: number;
  /** As accepted on import, before the rewrite that gave `octets`. */
  readonly accepted: AttributesId;
  readonly octets: Uint8Array;
}
