/**
 * Paths that outlive what vouched for them: over a restart (RFC 4724 §4.2), for long (RFC 9494 §4.2), or while the peer
 * tells everything again (RFC 7313 §4). Staleness is the generation of a row, so that all of this is O(1) a peer.
 *
 * Only what is kept for long is looked at row by row, in the slices of the scan: each such row gets LLGR_STALE, or
 * goes if it carries NO_LLGR. While nobody is in that state nothing here costs anything.
 */

import type { AdjRibIn } from './adj-rib-in.ts';
import type { PeerId } from './ids.ts';
import type { PeerTable } from './peer-table.ts';

export class StaleRows {
  readonly #peers: PeerTable;
  readonly #in: AdjRibIn;

  constructor(peers: PeerTable, adjRibIn: AdjRibIn) {
    this.#peers = peers;
    this.#in = adjRibIn;
  }

  /** All paths of the peer become stale. Those that were so already go (RFC 4724 §4.2), unless `keepsOlder`. */
  mark(peer: PeerId, keepsOlder: boolean): void {
    if (keepsOlder) this.#renewBeside(peer);
    else this.#renew(peer, 1 << this.#peers.current[peer]!);
  }

  /** All that is stale is long-lived from now on (RFC 9494 §4.2). */
  holdLong(peer: PeerId): void {
    const peers = this.#peers;
    peers.longLived[peer] = peers.live[peer]! & ~(1 << peers.current[peer]!);
    this.#in.requestEvaluation(peer);
  }

  /** Paths that are still stale go. */
  sweep(peer: PeerId): void {
    const current = 1 << this.#peers.current[peer]!;
    this.#peers.longLived[peer] = 0;
    if (this.#peers.live[peer] === current) return;
    this.#peers.live[peer] = current;
    this.#in.requestSweep();
  }

  /** All paths of the peer go, at once as far as decisions are concerned. */
  drop(peer: PeerId): void {
    if (this.#peers.receivedOf(peer) > 0) this.#renew(peer, 0);
    // A peer that no table has held has no room in the columns.
    if (peer < this.#peers.longLived.length) this.#peers.longLived[peer] = 0;
  }

  #renew(peer: PeerId, keep: number): void {
    if (!this.#peers.renew(peer, keep)) {
      // The fourth loss of one peer within one sweep.
      this.#in.sweepAll();
      this.#peers.renew(peer, keep);
    }
    if (this.#peers.deadOf(peer) > 0) this.#in.requestSweep();
  }

  #renewBeside(peer: PeerId): void {
    const peers = this.#peers;
    if (peers.renew(peer, peers.usedOf(peer))) return;
    this.#in.sweepAll();
    if (peers.renew(peer, peers.usedOf(peer))) return;
    // Restarted for the third time without a word in between: from now on its stale rows are told apart no longer.
    this.#in.mergeGenerations(peer);
    peers.renew(peer, peers.usedOf(peer));
  }
}
