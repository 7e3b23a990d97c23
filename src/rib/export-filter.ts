/**
 * Export: from a best path to what an update group does to its attribute set (an order), or the reason why none.
 *
 * Rules before policy (calico model 3.4), policy, then the order: next hop, AS_PATH, MED, LOCAL_PREF, reflection. What
 * comes of it is remembered by set and kind of source where the policy does not look at the prefix.
 */

import { ByteWriter } from '../base/byte-writer.ts';
import { factsOf } from '../net/afi-safi.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import type { ExportRewrite } from '../wire/attributes/rewrite.ts';
import {
  mpReachHeaderLength,
  needsMpReach,
  writeWireAttributes,
} from '../wire/attributes/to-wire.ts';
import { SetFlag } from './attribute-table.ts';
import type { ExportContext } from './export-context.ts';
import type { OrderId } from './export-orders.ts';
import { ExportRewrites } from './export-rewrites.ts';
import { type AttributesId, LOCAL_PEER, type PathId } from './ids.ts';
import { Kind } from './peer-table.ts';
import { countRejection, type PolicyVerdict, SOURCES } from './policy-port.ts';
import type { ExportConfig } from './rib-config.ts';
import { RouteSubject } from './route-subject.ts';
import { Modifications, OrderMemo } from './verdict-memo.ts';
import { Withheld } from './withheld.ts';

/** Why a best path is not announced to a peer. */
export type NotExported =
  | 'own route of the peer'
  | 'next hop is the peer itself'
  | 'next hop unreachable'
  | 'iBGP route to an iBGP peer'
  | 'NO_ADVERTISE'
  | 'NO_EXPORT'
  | 'ONLY_TO_CUSTOMER (RFC 9234)'
  | 'LLGR_STALE'
  | 'this node is drained'
  | 'attributes too long for a message'
  | 'too many different rewrites'
  | 'maxPrefixesOut is reached'
  | 'not in the kernel'
  | 'export policy';

export class ExportFilter {
  readonly config: ExportConfig;
  /** The prefix at hand is kept back, whatever policy says: the group announces as many as it may. */
  isWithholding = false;
  readonly withheld: Withheld;
  readonly #context: ExportContext;
  readonly #memo: OrderMemo;
  readonly #modifications = new Modifications();
  readonly #rewrites: ExportRewrites;
  readonly #subject: RouteSubject;
  readonly #out = new ByteWriter(512);
  readonly #wire = new ByteWriter(512);
  readonly #measured = { set: 0, order: 0, freed: 0, octets: 0 };
  readonly #isGeneral: boolean;

  constructor(context: ExportContext, config: ExportConfig) {
    this.config = config;
    this.#context = context;
    this.#memo = new OrderMemo(context.sets);
    this.#rewrites = new ExportRewrites(context, config);
    this.withheld = new Withheld(context, config);
    this.#isGeneral = !config.policy.dependsOnPrefix && !config.policy.dependsOnInterface;
    const { family, sets, prefixes } = context;
    const peerType = config.ebgp ? 'ebgp' : 'ibgp';
    this.#subject = new RouteSubject({ family, sets, prefixes, peerType });
  }

  /** What is done to the set of `path`, the best of `prefix`, on its way out; 0 = it is not announced. */
  export(prefix: PrefixId, path: PathId): OrderId {
    if (this.isWithholding) return 0;
    const { paths } = this.#context;
    // Resolvability changes without the set: it is no part of what is remembered.
    if (!this.#context.locRib.isResolvable(path)) return 0;
    if (this.#isStopped(prefix, path)) return 0;
    if (!this.#isGeneral) return this.#evaluate(prefix, path);
    const set = paths.effective(path);
    const kind = this.#kindOf(path);
    const known = this.#memo.get(set, kind);
    if (known >= 0) return known;
    const order = this.#evaluate(prefix, path);
    this.#memo.put(set, kind, order);
    return order;
  }

  /** For people: why `path` is not announced, with the deciding statement of the policy; undefined when it is. */
  explain(prefix: PrefixId, path: PathId): { reason: NotExported; statement?: number } | undefined {
    const rule = this.#ruleAgainst(path);
    if (rule !== undefined) return { reason: rule };
    const verdict = this.#verdict(prefix, path);
    if (!verdict.accept) return { reason: 'export policy', statement: verdict.statement };
    if (this.#isStopped(prefix, path)) return { reason: 'not in the kernel' };
    if (this.export(prefix, path) !== 0) return undefined;
    const order = this.#order(path, this.#modificationOf(verdict));
    return {
      reason: order === 0 ? 'too many different rewrites' : 'attributes too long for a message',
    };
  }

  /** For questions about what might be: why `path` would not be announced. Nothing is remembered or changed. */
  refusal(prefix: PrefixId, path: PathId): NotExported | undefined {
    const rule = this.#ruleAgainst(path);
    if (rule !== undefined) return rule;
    return this.#verdict(prefix, path).accept ? undefined : 'export policy';
  }

  /** The group ends or gets another filter. */
  dispose(): void {
    this.#memo.dispose();
    this.#rewrites.forget();
  }

  /** Everything remembered is forgotten: a peer's role or our policy's surroundings changed. */
  forget(): void {
    this.#memo.clear();
    this.#rewrites.forget();
  }

  #isStopped(prefix: PrefixId, path: PathId): boolean {
    const { ask } = this.#context.gate;
    if (ask === undefined || this.#context.paths.peer[path] === LOCAL_PEER) return false;
    return ask(prefix) === 'stop';
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

  #evaluate(prefix: PrefixId, path: PathId): OrderId {
    if (this.#ruleAgainst(path) !== undefined) return 0;
    const verdict = this.#verdict(prefix, path);
    if (!verdict.accept) {
      countRejection(this.config.policy, verdict, 1);
      return 0;
    }
    const order = this.#order(path, this.#modificationOf(verdict));
    if (order === 0) return 0;
    return this.#isTooLong(this.#context.paths.effective(path), order) ? 0 : order;
  }

  #modificationOf(verdict: PolicyVerdict): number {
    const known = this.#modifications.indexOf(verdict);
    if (known >= 0) return known;
    this.#modifications.reset();
    this.forget();
    return this.#modifications.indexOf(verdict);
  }

  #order(path: PathId, modification: number): OrderId {
    return this.#rewrites.of(this.#context.paths.effective(path), path, {
      index: modification,
      modification: this.#modifications.at(modification),
    });
  }

  /** RFC 4271 §9.2, RFC 4456 §6: from iBGP to iBGP only on a reflector, from or to a client. */
  isInternalOnly(path: PathId): boolean {
    const { ebgp, clusterId, rrClient } = this.config;
    if (ebgp) return false;
    const { paths, peers } = this.#context;
    const peer = paths.peer[path]!;
    if (peer === LOCAL_PEER) return false;
    const kind = peers.kinds[peer]!;
    if ((kind & Kind.Ebgp) !== 0) return false;
    return clusterId === undefined || ((kind & Kind.Client) === 0 && !rrClient);
  }

  #ruleAgainst(path: PathId): NotExported | undefined {
    const { paths, sets, locRib } = this.#context;
    const peer = paths.peer[path]!;
    if (this.config.shutdown === 'withdrawn') return 'this node is drained';
    if (peer === LOCAL_PEER) return undefined;
    // RFC 4271 §9.1.2: a path whose next hop cannot be resolved takes no part, so it is not passed on.
    if (!locRib.isResolvable(path)) return 'next hop unreachable';
    if (this.isInternalOnly(path)) return 'iBGP route to an iBGP peer';
    const flags = sets.flagsOf(paths.effective(path));
    // RFC 1997: well-known communities.
    if ((flags & SetFlag.NoAdvertise) !== 0) return 'NO_ADVERTISE';
    if (this.config.ebgp && (flags & (SetFlag.NoExport | SetFlag.NoExportSubconfed)) !== 0) {
      return 'NO_EXPORT';
    }
    // RFC 9234 §5, egress: what is for customers only goes to no provider, peer or route server.
    if ((flags & SetFlag.HasOtc) !== 0 && !isDownstream(this.config.peerRole)) {
      return 'ONLY_TO_CUSTOMER (RFC 9234)';
    }
    // RFC 9494 §4.3; inside the AS the exception of §4.6 is made use of (`export-rewrites.ts`).
    if (this.config.ebgp && this.config.longLived !== true && (flags & SetFlag.LlgrStale) !== 0) {
      return 'LLGR_STALE';
    }
    return undefined;
  }

  #verdict(prefix: PrefixId, path: PathId): PolicyVerdict {
    const { policy } = this.config;
    const { paths } = this.#context;
    const subject = this.#subject;
    if (policy.dependsOnPrefix) subject.name(prefix);
    subject.carry(paths.effective(path));
    subject.source = SOURCES[paths.source(path)]!;
    subject.interfaceName = policy.dependsOnInterface
      ? this.#context.interfaceOfPath(path)
      : undefined;
    return policy.evaluate(subject);
  }

  /** RFC 4271 §9.2: what does not fit the peer's message size with even one prefix is not announced. */
  #isTooLong(set: AttributesId, order: OrderId): boolean {
    const { messageMax, as4, addPath } = this.config;
    const { family, sets, orders } = this.#context;
    const longest = (addPath === undefined ? 1 : 5) + factsOf(family).width / 8;
    const most = sets.lengthOf(set) + growthMax(orders.of(order));
    // Towards 2-octet speakers AS4_PATH and AS4_AGGREGATOR may add to what is stored, but never double it.
    const fixedMost = 23 + longest + MP_REACH_HEADER_MAX + (as4 ? most : most * 2);
    return fixedMost > messageMax && this.#measure(set, order) + longest > messageMax;
  }

  /**
   * Octets of an UPDATE without NLRI. The prefixes of one UPDATE ask for the same one after the other, and sets that come
   * here are long: the last answer is kept.
   */
  #measure(set: AttributesId, order: OrderId): number {
    const { sets, orders, exported } = this.#context;
    const last = this.#measured;
    const freed = sets.freed + orders.freed;
    if (last.set === set && last.order === order && last.freed === freed) return last.octets;
    const out = this.#out;
    out.reset();
    exported.write({ set, order }, out);
    const octets = out.view();
    this.#wire.reset();
    writeWireAttributes(octets, this.config.as4, this.#wire);
    const mp = needsMpReach(octets) ? mpReachHeaderLength(octets) : 0;
    last.set = set;
    last.order = order;
    last.freed = freed;
    last.octets = 23 + mp + this.#wire.length;
    return last.octets;
  }
}

/** Whom everything may be told: customers, and whoever has no role with us. */
function isDownstream(peerRole: ExportConfig['peerRole']): boolean {
  return peerRole === undefined || peerRole === 'customer' || peerRole === 'rs-client';
}

/** Octets that a rewrite adds at most. */
function growthMax(rewrite: ExportRewrite): number {
  const { prepend, addCommunities, addLargeCommunities, linkBandwidth } = rewrite;
  // A longer list may need a wider length field, or a segment header every 255 AS numbers.
  return (
    REST_MAX +
    (linkBandwidth === undefined ? 0 : 8) +
    prepend.length * 5 +
    (addCommunities?.length ?? 0) * 4 +
    (addLargeCommunities?.length ?? 0) * 12
  );
}

/** Next hop, MED, LOCAL_PREF, ORIGINATOR_ID, CLUSTER_LIST and OTC where they are new, and wider headers. */
const REST_MAX = 45 + 4 * 8 + 16;
/** Octets of `mpReachHeader` at most: header, AFI, SAFI, two IPv6 next hops with their length, reserved octet. */
const MP_REACH_HEADER_MAX = 4 + 3 + 33 + 1;
