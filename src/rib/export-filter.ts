/**
 * Export: from a best path to the attribute set that an update group announces for it, or the reason why none.
 *
 * Rules before policy (calico model 3.4), policy, then one rewrite (next hop, AS_PATH, MED, LOCAL_PREF, reflection).
 * Rewrites are remembered by set and kind of source, verdicts too where the policy does not look at the prefix.
 */

import { ByteWriter } from '../base/byte-writer.ts';
import { type AfiSafi, factsOf } from '../net/afi-safi.ts';
import type { PrefixId, PrefixTable } from '../net/prefix-table.ts';
import { type ExportRewrite, rewriteAttributes } from '../wire/attributes/rewrite.ts';
import {
  mpReachHeaderLength,
  needsMpReach,
  writeWireAttributes,
} from '../wire/attributes/to-wire.ts';
import { type AttributeTable, LOCAL_PREF_DEFAULT, SetFlag } from './attribute-table.ts';
import { type AttributesId, LOCAL_PEER, type PathId } from './ids.ts';
import type { LocRib } from './loc-rib.ts';
import type { PathTable } from './path-table.ts';
import { Kind, type PeerTable } from './peer-table.ts';
import { type PolicySubject, type PolicyVerdict, SOURCES } from './policy-port.ts';
import type { ExportConfig } from './rib-config.ts';
import { type Modification, Modifications, RewriteMemo } from './verdict-memo.ts';

export interface ExportContext {
  readonly family: AfiSafi;
  readonly prefixes: PrefixTable;
  readonly paths: PathTable;
  readonly peers: PeerTable;
  readonly sets: AttributeTable;
  readonly locRib: LocRib;
  /** Outgoing interface of a path; asked for only by policies on interfaces. */
  readonly interfaceOfPath: (path: PathId) => string | undefined;
}

/** Why a best path is not announced to a peer. */
export type NotExported =
  | 'own route of the peer'
  | 'next hop unreachable'
  | 'iBGP route to an iBGP peer'
  | 'NO_ADVERTISE'
  | 'NO_EXPORT'
  | 'attributes too long for a message'
  | 'export policy';

export class ExportFilter {
  readonly config: ExportConfig;
  readonly #context: ExportContext;
  readonly #memo: RewriteMemo;
  readonly #modifications = new Modifications();
  readonly #subject: PolicySubject;
  readonly #out = new ByteWriter(512);
  readonly #wire = new ByteWriter(512);
  readonly #isGeneral: boolean;

  constructor(context: ExportContext, config: ExportConfig) {
    this.config = config;
    this.#context = context;
    this.#memo = new RewriteMemo(context.sets);
    this.#isGeneral = !config.policy.dependsOnPrefix && !config.policy.dependsOnInterface;
    this.#subject = {
      family: context.family,
      prefix: new Uint8Array(context.prefixes.width / 8),
      length: 0,
      attributes: new Uint8Array(0),
      source: 'bgp',
      peerType: config.ebgp ? 'ebgp' : 'ibgp',
      interfaceName: undefined,
    };
  }

  /** The set to announce for `path`, the best of `prefix`; 0 = nothing. */
  export(prefix: PrefixId, path: PathId): AttributesId {
    const { paths } = this.#context;
    // Resolvability changes without the set: it is no part of what is remembered.
    if (!this.#context.locRib.isResolvable(path)) return 0;
    const set = paths.effective(path);
    const kind = this.#kindOf(path);
    if (this.#isGeneral) {
      const known = this.#memo.get(set, kind);
      if (known >= 0) return known;
      const result = this.#evaluate(prefix, path, kind);
      this.#memo.put(set, kind, result);
      return result;
    }
    return this.#evaluate(prefix, path, kind);
  }

  /** For people: why `path` is not announced, with the deciding statement of the policy; undefined when it is. */
  explain(prefix: PrefixId, path: PathId): { reason: NotExported; statement?: number } | undefined {
    const rule = this.#ruleAgainst(path);
    if (rule !== undefined) return { reason: rule };
    const verdict = this.#verdict(prefix, path);
    if (!verdict.accept) return { reason: 'export policy', statement: verdict.statement };
    return this.export(prefix, path) === 0
      ? { reason: 'attributes too long for a message' }
      : undefined;
  }

  /** The group ends or gets another filter. */
  dispose(): void {
    this.#memo.dispose();
  }

  /** Everything remembered is forgotten: a peer's role or our policy's surroundings changed. */
  forget(): void {
    this.#memo.clear();
  }

  /** What the result depends on beside the set: local source, eBGP, iBGP client, or one peer when reflecting. */
  #kindOf(path: PathId): number {
    const { paths, peers } = this.#context;
    const peer = paths.peer[path]!;
    if (peer === LOCAL_PEER) return paths.source(path);
    const kind = peers.kinds[peer]!;
    if ((kind & Kind.Ebgp) !== 0) return 8;
    // Reflection names the originator, so each peer is a kind of its own.
    return this.config.ebgp ? 9 : 16 + peer;
  }

  #evaluate(prefix: PrefixId, path: PathId, kind: number): AttributesId {
    if (this.#ruleAgainst(path) !== undefined) return 0;
    const verdict = this.#verdict(prefix, path);
    if (!verdict.accept) return 0;
    let modification = this.#modifications.indexOf(verdict);
    if (modification < 0) {
      this.#modifications.reset();
      this.#memo.clear();
      modification = this.#modifications.indexOf(verdict);
    }
    const set = this.#context.paths.effective(path);
    // Where the whole verdict is remembered, the rewrite need not be.
    if (this.#isGeneral) return this.#rewrite(set, path, this.#modifications.at(modification));
    const key = (modification << 17) | kind;
    const known = this.#memo.get(set, key);
    if (known >= 0) return known;
    const result = this.#rewrite(set, path, this.#modifications.at(modification));
    this.#memo.put(set, key, result);
    return result;
  }

  #ruleAgainst(path: PathId): NotExported | undefined {
    const { paths, peers, sets, locRib } = this.#context;
    const peer = paths.peer[path]!;
    if (peer === LOCAL_PEER) return undefined;
    // RFC 4271 §9.1.2: a path whose next hop cannot be resolved takes no part, so it is not passed on.
    if (!locRib.isResolvable(path)) return 'next hop unreachable';
    const kind = peers.kinds[peer]!;
    if ((kind & Kind.Ebgp) === 0 && !this.config.ebgp) {
      // RFC 4271 §9.2, RFC 4456 §6: from iBGP to iBGP only on a reflector, from or to a client.
      const reflects =
        this.config.clusterId !== undefined && ((kind & Kind.Client) !== 0 || this.config.rrClient);
      if (!reflects) return 'iBGP route to an iBGP peer';
    }
    const flags = sets.flagsOf(paths.effective(path));
    // RFC 1997: well-known communities.
    if ((flags & SetFlag.NoAdvertise) !== 0) return 'NO_ADVERTISE';
    if (this.config.ebgp && (flags & (SetFlag.NoExport | SetFlag.NoExportSubconfed)) !== 0) {
      return 'NO_EXPORT';
    }
    return undefined;
  }

  #verdict(prefix: PrefixId, path: PathId): PolicyVerdict {
    const { policy } = this.config;
    const { paths, prefixes, sets } = this.#context;
    const subject = this.#subject;
    if (policy.dependsOnPrefix) {
      prefixes.writeAddress(prefix, subject.prefix);
      subject.length = prefixes.lengthOf(prefix);
    }
    subject.attributes = sets.octetsOf(paths.effective(path));
    subject.source = SOURCES[paths.source(path)]!;
    subject.interfaceName = policy.dependsOnInterface
      ? this.#context.interfaceOfPath(path)
      : undefined;
    return policy.evaluate(subject);
  }

  #rewrite(set: AttributesId, path: PathId, modification: Modification): AttributesId {
    const { sets } = this.#context;
    this.#out.reset();
    rewriteAttributes(sets.octetsOf(set), this.#rewriteOf(set, path, modification), this.#out);
    const octets = this.#out.view();
    return this.#isTooLong(octets) ? 0 : sets.intern(octets);
  }

  #rewriteOf(set: AttributesId, path: PathId, modification: Modification): ExportRewrite {
    const { config } = this;
    const { family, paths, peers, sets } = this.#context;
    const peer = paths.peer[path]!;
    const isLocal = peer === LOCAL_PEER;
    const flags = sets.flagsOf(set);
    const { prepend, addCommunities, addLargeCommunities } = modification;
    const common = {
      family,
      nextHop: this.#keepsNextHop(set) ? ('keep' as const) : config.selfNextHop,
      addCommunities,
      addLargeCommunities,
    };
    if (config.ebgp) {
      return {
        ...common,
        // RFC 4271 §5.1.2: our AS number goes in front, left of what policy prepends.
        prepend: [config.localAs, ...prepend],
        // RFC 4271 §5.1.4: a MED received from a neighboring AS is not passed on to others.
        med: isLocal ? 'keep' : 'drop',
        // RFC 4271 §5.1.5: LOCAL_PREF is never sent to an external peer.
        localPref: 'drop',
        removeOriginatorAndCluster: true,
      };
    }
    const hasLocalPref = (flags & SetFlag.HasLocalPref) !== 0;
    const rewrite: ExportRewrite = {
      ...common,
      prepend,
      med: 'keep',
      // RFC 4271 §5.1.5: LOCAL_PREF is always sent to internal peers.
      localPref: modification.localPref ?? (hasLocalPref ? 'keep' : LOCAL_PREF_DEFAULT),
      removeOriginatorAndCluster: false,
    };
    const isReflected = !isLocal && (peers.kinds[peer]! & Kind.Ebgp) === 0;
    if (!isReflected || config.clusterId === undefined) return rewrite;
    // RFC 4456 §8: ORIGINATOR_ID once, our CLUSTER_ID in front at every passage.
    const originatorId = peers.routerIds[peer]!;
    return (flags & SetFlag.HasOriginatorId) !== 0
      ? { ...rewrite, clusterId: config.clusterId }
      : { ...rewrite, originatorId, clusterId: config.clusterId };
  }

  /** Calico model 3.4: iBGP keeps a next hop that is there (third party, reflection), eBGP only where told to. */
  #keepsNextHop(set: AttributesId): boolean {
    const { nextHop } = this.config;
    if (nextHop === 'self') return false;
    const { sets, family } = this.#context;
    const id = sets.nextHopOf(set);
    if (id === 0) return false;
    const octets = sets.nextHops.octetsOf(id);
    // A next hop of the other family, or a link-local one alone, means nothing to the next peer.
    if (octets.length < factsOf(family).width / 8) return false;
    if (factsOf(family).width === 32 && octets.length !== 4) return false;
    if (octets[0] === 0xfe && (octets[1]! & 0xc0) === 0x80 && octets.length > 4) return false;
    return nextHop === 'keep' || !this.config.ebgp;
  }

  /** RFC 8654 §5: what does not fit the peer's message size with even one prefix is not announced. */
  #isTooLong(octets: Uint8Array): boolean {
    const longest = 1 + factsOf(this.#context.family).width / 8;
    const fixed = 23 + longest + (needsMpReach(octets) ? mpReachHeaderLength(octets) : 0);
    // AS4_PATH and AS4_AGGREGATOR may add to what is stored, but never double it.
    if (fixed + octets.length * 2 <= this.config.messageMax) return false;
    this.#wire.reset();
    writeWireAttributes(octets, this.config.as4, this.#wire);
    return fixed + this.#wire.length > this.config.messageMax;
  }
}
