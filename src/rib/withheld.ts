/**
 * From whom a route is withheld (RFC 4271 §5.1.3): "shall not be advertised to a peer using an address of that peer as
 * NEXT_HOP". Where a next hop is passed on as it came, it may be the address of a peer in the same group.
 *
 * Adj-RIB-Out has room for one peer a prefix that is not told: the source, or in its stead the peer whose address the
 * next hop is. The source then hears of its own route and drops it: its AS number is in AS_PATH, or its BGP Identifier
 * in ORIGINATOR_ID (RFC 4456 §8). Prefixes of one set ask after each other; the last answer is kept.
 */

import type { ExportContext } from './export-context.ts';
import type { OrderId } from './export-orders.ts';
import { type AttributesId, LOCAL_PEER, type PathId, type PeerId } from './ids.ts';
import type { ExportConfig } from './rib-config.ts';

export class Withheld {
  readonly #context: ExportContext;
  /** Whether any next hop is passed on as it came. */
  readonly #isPossible: boolean;
  readonly #last = { set: 0, freed: -1, peersChanged: -1, owner: LOCAL_PEER };

  constructor(context: ExportContext, { nextHop, ebgp }: ExportConfig) {
    this.#context = context;
    this.#isPossible = nextHop === 'keep' || (nextHop === 'auto' && !ebgp);
  }

  /** Who is not told of `path`, exported by `order`: `LOCAL_PEER` when everybody is. */
  from(path: PathId, order: OrderId): PeerId {
    const { paths, orders } = this.#context;
    const source = paths.peer[path]!;
    if (!this.#isPossible || typeof orders.of(order).nextHop !== 'string') return source;
    const owner = this.#ownerOf(paths.effective(path));
    return owner === LOCAL_PEER ? source : owner;
  }

  /** The peer whose address is the next hop of `set`. */
  #ownerOf(set: AttributesId): PeerId {
    const { sets, peers } = this.#context;
    const last = this.#last;
    if (last.set === set && last.freed === sets.freed && last.peersChanged === peers.changed) {
      return last.owner;
    }
    const nextHop = sets.nextHopOf(set);
    last.set = set;
    last.freed = sets.freed;
    last.peersChanged = peers.changed;
    last.owner = nextHop === 0 ? LOCAL_PEER : peers.at(sets.nextHops.addressOf(nextHop));
    return last.owner;
  }
}
