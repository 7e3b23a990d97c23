/**
 * What an export does to an attribute set, as an order to `rewriteAttributes` (RFC 4271 §5.1, RFC 4456 §8).
 *
 * Nearly all sets of a group are rewritten alike, so the orders are kept; only reflection, which names the originator,
 * and next hops of their own are made anew.
 */

import { factsOf } from '../net/afi-safi.ts';
import type { ExportRewrite } from '../wire/attributes/rewrite.ts';
import { LOCAL_PREF_DEFAULT, SetFlag } from './attribute-table.ts';
import type { ExportContext } from './export-context.ts';
import { type AttributesId, LOCAL_PEER, type PathId } from './ids.ts';
import { Kind } from './peer-table.ts';
import type { ExportConfig } from './rib-config.ts';
import type { Modification } from './verdict-memo.ts';

/** A modification and its number in the `Modifications` of the filter. */
export interface NumberedModification {
  readonly index: number;
  readonly modification: Modification;
}

export class ExportRewrites {
  readonly #context: ExportContext;
  readonly #config: ExportConfig;
  /** By modification, then by where the path comes from and what its set has. */
  readonly #plain: ExportRewrite[] = [];

  constructor(context: ExportContext, config: ExportConfig) {
    this.#context = context;
    this.#config = config;
  }

  of(
    set: AttributesId,
    path: PathId,
    { index, modification }: NumberedModification,
  ): ExportRewrite {
    const { paths, peers, sets } = this.#context;
    const { clusterId, ebgp } = this.#config;
    const peer = paths.peer[path]!;
    const isLocal = peer === LOCAL_PEER;
    const nextHop = this.#nextHopFor(set);
    const flags = sets.flagsOf(set);
    const isReflected = !ebgp && !isLocal && (peers.kinds[peer]! & Kind.Ebgp) === 0;
    const source = { isLocal, hasLocalPref: (flags & SetFlag.HasLocalPref) !== 0, nextHop };
    if (isReflected && clusterId !== undefined) {
      const rewrite = this.#make(modification, source);
      // RFC 4456 §8: ORIGINATOR_ID once, our CLUSTER_ID in front at every passage.
      return (flags & SetFlag.HasOriginatorId) !== 0
        ? { ...rewrite, clusterId }
        : { ...rewrite, originatorId: peers.routerIds[peer]!, clusterId };
    }
    if (nextHop !== 'keep' && nextHop !== this.#config.selfNextHop) {
      return this.#make(modification, source);
    }
    const key =
      index * 8 + (isLocal ? 1 : 0) + (source.hasLocalPref ? 2 : 0) + (nextHop === 'keep' ? 4 : 0);
    this.#plain[key] ??= this.#make(modification, source);
    return this.#plain[key];
  }

  /** Modifications are numbered anew. */
  forget(): void {
    this.#plain.length = 0;
  }

  #make(
    modification: Modification,
    source: { isLocal: boolean; hasLocalPref: boolean; nextHop: 'keep' | Uint8Array },
  ): ExportRewrite {
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

  #nextHopFor(set: AttributesId): 'keep' | Uint8Array {
    if (!this.#keepsNextHop(set)) return this.#config.selfNextHop;
    const { sets } = this.#context;
    const octets = sets.nextHops.octetsOf(sets.nextHopOf(set));
    // RFC 2545 §3: a link-local address goes only to a peer on the same link as the next hop, which nobody knows here.
    return octets.length === 32 ? octets.slice(0, 16) : 'keep';
  }

  /** Calico model 3.4: iBGP keeps a next hop that is there (third party, reflection), eBGP only where told to. */
  #keepsNextHop(set: AttributesId): boolean {
    const { nextHop } = this.#config;
    if (nextHop === 'self') return false;
    const { sets, family } = this.#context;
    const id = sets.nextHopOf(set);
    if (id === 0) return false;
    const octets = sets.nextHops.octetsOf(id);
    // A next hop of the other family, or a link-local one alone, means nothing to the next peer.
    if (octets.length < factsOf(family).width / 8) return false;
    if (factsOf(family).width === 32 && octets.length !== 4) return false;
    if (octets[0] === 0xfe && (octets[1]! & 0xc0) === 0x80 && octets.length > 4) return false;
    return nextHop === 'keep' || !this.#config.ebgp;
  }
}
