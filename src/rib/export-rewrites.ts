/**
 * What an export does to an attribute set, as an order to `rewriteAttributes` (RFC 4271 §5.1, RFC 4456 §8).
 *
 * Nearly all sets of a group are rewritten alike: a handful of orders, and one an originator on a reflector.
 */

import { factsOf } from '../net/afi-safi.ts';
import type { ExportRewrite } from '../wire/attributes/rewrite.ts';
import { WellKnownCommunity } from '../wire/iana.ts';
import { LOCAL_PREF_DEFAULT, SetFlag } from './attribute-table.ts';
import type { ExportContext } from './export-context.ts';
import type { OrderId } from './export-orders.ts';
import { type AttributesId, LOCAL_PEER, type PathId, PEER_ID_MAX } from './ids.ts';
import { Kind } from './peer-table.ts';
import type { ExportConfig } from './rib-config.ts';
import type { Modification } from './verdict-memo.ts';

/** A modification and its number in the `Modifications` of the filter. */
export interface NumberedModification {
  readonly index: number;
  readonly modification: Modification;
}

/** Where a path comes from, as far as its rewrite depends on it. */
interface Source {
  readonly isLocal: boolean;
  readonly hasLocalPref: boolean;
  readonly nextHop: 'keep' | 'keep-global' | Uint8Array;
}

const PEERS = PEER_ID_MAX + 1;

export class ExportRewrites {
  readonly #context: ExportContext;
  readonly #config: ExportConfig;
  /** By modification, then by where the path comes from and what its set has. Each entry is a reference. */
  readonly #orders = new Map<number, OrderId>();

  constructor(context: ExportContext, config: ExportConfig) {
    this.#context = context;
    this.#config = config;
  }

  /** 0 when there are too many different ones already. */
  of(set: AttributesId, path: PathId, numbered: NumberedModification): OrderId {
    const { paths, peers, sets } = this.#context;
    const { clusterId, ebgp } = this.#config;
    const peer = paths.peer[path]!;
    const isLocal = peer === LOCAL_PEER;
    const nextHop = this.#nextHopFor(set);
    const flags = sets.flagsOf(set);
    const isReflected =
      !ebgp && !isLocal && clusterId !== undefined && (peers.kinds[peer]! & Kind.Ebgp) === 0;
    const hasOriginator = (flags & SetFlag.HasOriginatorId) !== 0;
    const hasLocalPref = (flags & SetFlag.HasLocalPref) !== 0;
    // RFC 4456 §8: ORIGINATOR_ID once, so that a set without one is rewritten for each originator apart.
    const originator = isReflected ? (hasOriginator ? PEERS : peer) : 0;
    // RFC 9494 §4.6: an internal neighbor that does not know LLGR_STALE gets it as what nobody prefers.
    const isLastResort =
      !ebgp && this.#config.longLived !== true && (flags & SetFlag.LlgrStale) !== 0;
    const bits =
      (isLastResort ? 16 : 0) +
      (isLocal ? 1 : 0) +
      (hasLocalPref ? 2 : 0) +
      (nextHop === 'keep' ? 4 : nextHop === 'keep-global' ? 8 : 0);
    const key = (numbered.index * 32 + bits) * (PEERS + 1) + originator;
    const known = this.#orders.get(key);
    if (known !== undefined) return known;
    const plain = this.#make(numbered.modification, { isLocal, hasLocalPref, nextHop });
    const rewrite = leastPreferred(plain, {
      isLastResort,
      isShuttingDown: this.#config.shutdown === 'announced',
    });
    const reflected = isReflected
      ? {
          ...rewrite,
          ...(hasOriginator ? {} : { originatorId: peers.routerIds[peer]! }),
          // RFC 4456 §8: our CLUSTER_ID stands in front at every passage.
          clusterId,
        }
      : rewrite;
    const order = this.#context.orders.take(reflected);
    if (order !== 0) this.#orders.set(key, order);
    return order;
  }

  /** Modifications are numbered anew, or a peer is not who it was. */
  forget(): void {
    for (const order of this.#orders.values()) this.#context.orders.release(order);
    this.#orders.clear();
  }

  #make(modification: Modification, source: Source): ExportRewrite {
    const config = this.#config;
    const { prepend, addCommunities, addLargeCommunities } = modification;
    const { nextHop } = source;
    const common = { family: this.#context.family, nextHop, addCommunities, addLargeCommunities };
    if (config.ebgp) {
      return {
        ...common,
        // RFC 4271 §5.1.2: our AS number goes in front, left of what policy prepends.
        prepend: [config.localAs, ...prepend],
        // RFC 4271 §5.1.4: a MED received from a neighboring AS is not passed on to others.
        med: source.isLocal ? 'keep' : 'drop',
        // RFC 4271 §5.1.5: LOCAL_PREF is never sent to an external peer.
        localPref: 'drop',
        removeOriginatorAndCluster: true,
        ...otcFor(config),
      };
    }
    return {
      ...common,
      prepend,
      med: 'keep',
      // RFC 4271 §5.1.5: LOCAL_PREF is always sent to internal peers.
      localPref: modification.localPref ?? (source.hasLocalPref ? 'keep' : LOCAL_PREF_DEFAULT),
      removeOriginatorAndCluster: false,
    };
  }

  #nextHopFor(set: AttributesId): Source['nextHop'] {
    if (!this.#keepsNextHop(set)) return this.#config.selfNextHop;
    const { sets } = this.#context;
    // RFC 2545 §3: a link-local address goes only to a peer on the same link as the next hop, which nobody knows here.
    return sets.nextHops.lengthOf(sets.nextHopOf(set)) === 32 ? 'keep-global' : 'keep';
  }

  /** Calico model 3.4: iBGP keeps a next hop that is there (third party, reflection), eBGP only where told to. */
  #keepsNextHop(set: AttributesId): boolean {
    const { nextHop, ebgp } = this.#config;
    if (nextHop === 'self' || (nextHop === 'auto' && ebgp)) return false;
    const { sets, family } = this.#context;
    const id = sets.nextHopOf(set);
    if (id === 0) return false;
    const octets = sets.nextHops.octetsOf(id);
    // A next hop of the other family, or a link-local one alone, means nothing to the next peer.
    if (octets.length < factsOf(family).width / 8) return false;
    if (factsOf(family).width === 32 && octets.length !== 4) return false;
    return !(octets[0] === 0xfe && (octets[1]! & 0xc0) === 0x80 && octets.length > 4);
  }
}

/** RFC 9234 §5, egress: what goes to a customer, a peer or a client of a route server is for its customers only. */
function otcFor({ peerRole, localAs }: ExportConfig): Pick<ExportRewrite, 'otc'> {
  const isMarked = peerRole === 'customer' || peerRole === 'peer' || peerRole === 'rs-client';
  return isMarked ? { otc: localAs } : {};
}

/** RFC 9494 §4.6 and RFC 8326 §4.2: communities that say why, and inside the AS LOCAL_PREF 0 that does it. */
function leastPreferred(
  rewrite: ExportRewrite,
  why: { readonly isLastResort: boolean; readonly isShuttingDown: boolean },
): ExportRewrite {
  if (!why.isLastResort && !why.isShuttingDown) return rewrite;
  return {
    ...rewrite,
    addCommunities: [
      ...(rewrite.addCommunities ?? []),
      ...(why.isLastResort ? [WellKnownCommunity.NoExport] : []),
      ...(why.isShuttingDown ? [WellKnownCommunity.GracefulShutdown] : []),
    ],
    // Towards eBGP it is not sent at all (RFC 4271 §5.1.5).
    localPref: rewrite.localPref === 'drop' ? 'drop' : 0,
  };
}
