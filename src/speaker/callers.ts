/**
 * Which peer a call belongs to. Several peers may be at one address, on different ports; a caller's own port says
 * nothing, so the one that a call is of most use to gets it.
 */

import type { IpAddress } from '../net/ip-address.ts';
import type { Peer } from './peer.ts';

export class Callers {
  readonly #byAddress = new Map<IpAddress, readonly Peer[]>();

  /** By `plan.remoteAddress`: `remove` a peer before its plan changes. */
  add(peer: Peer): void {
    const { remoteAddress } = peer.plan;
    this.#byAddress.set(remoteAddress, [...(this.#byAddress.get(remoteAddress) ?? []), peer]);
  }

  remove(peer: Peer): void {
    const { remoteAddress } = peer.plan;
    const others = (this.#byAddress.get(remoteAddress) ?? []).filter((other) => other !== peer);
    if (others.length === 0) this.#byAddress.delete(remoteAddress);
    else this.#byAddress.set(remoteAddress, others);
  }

  /** Undefined for a stranger. Of several: not held down, meant for `local`, not Established, in this order. */
  find(remote: IpAddress, local: IpAddress): Peer | undefined {
    const peers = this.#byAddress.get(remote);
    if (peers === undefined || peers.length === 1) return peers?.[0];
    return peers.reduce((best, peer) => (rank(peer, local) > rank(best, local) ? peer : best));
  }
}

function rank(peer: Peer, local: IpAddress): number {
  const free = peer.heldBecause === undefined ? 4 : 0;
  const meant = peer.plan.localAddress === local ? 2 : 0;
  return free + meant + (peer.negotiated === undefined ? 1 : 0);
}
