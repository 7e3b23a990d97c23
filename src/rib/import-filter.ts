/**
 * Import: loop checks, what must not be used (`import-guard.ts`) and import policy, from a received attribute set to what the path row holds.
 *
 * Runs once an UPDATE, or once a prefix where the policy looks at prefixes. A path that is rejected or looped is kept
 * and flagged, so that it can be shown and a later policy can take it.
 */

import { ByteWriter } from '../base/byte-writer.ts';
import type { AfiSafi } from '../net/afi-safi.ts';
import type { PrefixId, PrefixTable } from '../net/prefix-table.ts';
import { asPathCount, clusterListContains, communitiesContain } from '../wire/attributes/facts.ts';
import { rewriteAttributes } from '../wire/attributes/rewrite.ts';
import { WellKnownCommunity } from '../wire/iana.ts';
import { type AttributeTable, SetFlag } from './attribute-table.ts';
import type { AttributesId, NextHopId } from './ids.ts';
import { adjustVerdict } from './import-adjust.ts';
import { otcToAdd, type Refusal, refusalOf, refusalText } from './import-guard.ts';
import { PathFlag } from './path-table.ts';
import { countRejection, type PolicyVerdict } from './policy-port.ts';
import type { PeerRibConfig } from './rib-config.ts';
import { RouteSubject } from './route-subject.ts';
import { Modifications, RewriteMemo } from './verdict-memo.ts';

export interface ImportContext {
  readonly family: AfiSafi;
  readonly sets: AttributeTable;
  readonly prefixes: PrefixTable;
  /** Outgoing interface of a next hop; asked for only by policies on interfaces. */
  readonly interfaceOf: (nextHop: NextHopId) => string | undefined;
}

/** No index of a statement. */
const NOT_REJECTED = -2;

export class ImportFilter {
  /** Of the path at hand: `PathFlag.Rejected` or `.Looped`, or 0. */
  flags = 0;
  /** The set after policy; 0 = as received. */
  accepted: AttributesId = 0;
  /** 0 = the default. */
  preference = 0;
  /** Why the path is not used whatever policy says; undefined when it is asked. */
  refusal: Refusal | undefined;
  readonly #context: ImportContext;
  readonly #subject: RouteSubject;
  readonly #modifications = new Modifications();
  readonly #memo: RewriteMemo;
  readonly #span = { octets: new Uint8Array(0), start: 0, end: 0 };
  readonly #out = new ByteWriter(512);
  #config: PeerRibConfig | undefined;
  #attributes: AttributesId = 0;
  #isPerPrefix = false;
  /** Statement that rejected all prefixes at hand, −1 for `otherwise`. */
  #rejected = NOT_REJECTED;
  #otc = 0; // to be added (RFC 9234 §5)
  readonly #adjustments = {
    isShuttingDown: false,
    isLongLived: false,
    isBlackhole: false,
    sessionAs: 0,
  };

  constructor(context: ImportContext) {
    this.#context = context;
    this.#memo = new RewriteMemo(context.sets);
    const { family, sets, prefixes } = context;
    this.#subject = new RouteSubject({ family, sets, prefixes, peerType: 'ebgp' });
  }

  /**
   * Before the prefixes of one UPDATE.
   *
   * @param isLongLived  The path is kept for long (RFC 9494 §4.2).
   * @returns Whether `judge` must be called for each of them.
   */
  open(config: PeerRibConfig, attributes: AttributesId, isLongLived = false): boolean {
    const { sets } = this.#context;
    this.#config = config;
    this.#attributes = attributes;
    this.accepted = 0;
    this.preference = 0;
    this.flags = 0;
    this.#isPerPrefix = false;
    this.#rejected = NOT_REJECTED;
    if (loopOf(config, sets, attributes) !== undefined) {
      this.flags = PathFlag.Looped;
      this.refusal = undefined;
      return false;
    }
    this.refusal = refusalOf(config, sets, attributes);
    if (this.refusal !== undefined) {
      this.flags = PathFlag.Rejected;
      return false;
    }
    this.#otc = otcToAdd(config, sets.flagsOf(attributes));
    this.#adjustments.isLongLived = isLongLived;
    this.#adjustments.sessionAs = config.migration?.prepends === true ? config.localAs : 0;
    this.#adjustments.isBlackhole =
      config.honourBlackhole === true &&
      communitiesContain(sets.octetsOf(attributes), WellKnownCommunity.Blackhole);
    this.#adjustments.isShuttingDown =
      config.honourGracefulShutdown === true &&
      (sets.flagsOf(attributes) & SetFlag.GracefulShutdown) !== 0;
    const subject = this.#subject;
    subject.carry(attributes);
    subject.peerType = config.ebgp ? 'ebgp' : 'ibgp';
    subject.interfaceName = config.importPolicy.dependsOnInterface
      ? this.#context.interfaceOf(sets.nextHopOf(attributes))
      : undefined;
    this.#isPerPrefix = config.importPolicy.dependsOnPrefix;
    if (!this.#isPerPrefix) {
      const verdict = config.importPolicy.evaluate(subject);
      if (!verdict.accept) this.#rejected = verdict.statement;
      this.#apply(verdict);
    }
    return this.#isPerPrefix;
  }

  /** For a prefix, after an `open` that asked for it. */
  judge(prefix: PrefixId): void {
    const { importPolicy } = this.#config!;
    this.#subject.name(prefix);
    const verdict = importPolicy.evaluate(this.#subject);
    if (!verdict.accept) countRejection(importPolicy, verdict, 1);
    this.#apply(verdict);
  }

  /** After the prefixes of one UPDATE, `count` of them: where policy was asked once for all, all are counted. */
  close(count: number): void {
    if (this.#rejected === NOT_REJECTED) return;
    const { rejections } = this.#config!.importPolicy;
    if (rejections !== undefined) rejections[this.#rejected + 1]! += count;
  }

  /** For people: why the path is not used, judged anew; a sentence of ours, or the verdict of the policy. */
  verdict(
    config: PeerRibConfig,
    attributes: AttributesId,
    prefix: PrefixId,
  ): PolicyVerdict | string {
    this.open(config, attributes);
    if (this.refusal !== undefined) return refusalText(this.refusal, config.guard!);
    this.#subject.name(prefix);
    return config.importPolicy.evaluate(this.#subject);
  }

  #apply(judged: PolicyVerdict): void {
    const verdict = adjustVerdict(judged, this.#adjustments);
    this.flags = verdict.accept ? 0 : PathFlag.Rejected;
    this.accepted = 0;
    this.preference = verdict.accept ? (verdict.preference ?? 0) : 0;
    if (!verdict.accept) return;
    let modification = this.#modifications.indexOf(verdict, this.#otc);
    if (modification === 0) return;
    if (modification < 0) {
      this.#modifications.reset();
      this.#memo.clear();
      modification = this.#modifications.indexOf(verdict, this.#otc);
    }
    const known = this.#memo.get(this.#attributes, modification);
    if (known >= 0) {
      this.accepted = known;
      return;
    }
    const { sets, family } = this.#context;
    const {
      localPref,
      prepend,
      addCommunities,
      addLargeCommunities,
      otc = 0,
    } = this.#modifications.at(modification);
    this.#out.reset();
    sets.locate(this.#attributes, this.#span);
    rewriteAttributes(
      this.#span,
      {
        family,
        prepend,
        nextHop: 'keep',
        med: 'keep',
        localPref: localPref ?? 'keep',
        addCommunities,
        addLargeCommunities,
        removeOriginatorAndCluster: false,
        ...(otc === 0 ? {} : { otc }),
      },
      this.#out,
    );
    const accepted = sets.intern(this.#out.octets, 0, this.#out.length);
    if (accepted === 0) {
      // No room for what policy asks: the path is kept as received but not used.
      this.flags = PathFlag.Rejected;
      return;
    }
    sets.loadFacts(accepted);
    this.accepted = accepted === this.#attributes ? 0 : accepted;
    this.#memo.put(this.#attributes, modification, this.accepted);
  }
}

/** Whether loop detection may answer differently. */
export function isOtherLoop(old: PeerRibConfig, config: PeerRibConfig): boolean {
  return (
    old.localAs !== config.localAs ||
    old.allowLocalAs !== config.allowLocalAs ||
    old.honourBlackhole !== config.honourBlackhole ||
    old.migration?.nodeAs !== config.migration?.nodeAs ||
    old.migration?.prepends !== config.migration?.prepends ||
    old.ownRouterId !== config.ownRouterId ||
    old.ownClusterId !== config.ownClusterId ||
    old.honourGracefulShutdown !== config.honourGracefulShutdown
  );
}

/** Where `loopOf` reads. */
const located = { octets: new Uint8Array(0) as Uint8Array, start: 0, end: 0 };

export type LoopReason = 'own AS in AS_PATH' | 'own ORIGINATOR_ID' | 'own cluster in CLUSTER_LIST';

/** Why a path has been here before; undefined when it has not. */
export function loopOf(
  config: PeerRibConfig,
  sets: AttributeTable,
  attributes: AttributesId,
): LoopReason | undefined {
  sets.locate(attributes, located);
  const { octets } = located;
  // RFC 4271 §9.1.2: a path with our AS number in it is not feasible; allowLocalAs is the operator's exception.
  const { localAs, allowLocalAs, migration } = config;
  if (asPathCount(octets, localAs, located) > allowLocalAs) return 'own AS in AS_PATH';
  if (migration !== undefined && asPathCount(octets, migration.nodeAs, located) > allowLocalAs) {
    return 'own AS in AS_PATH';
  }
  // RFC 4456 §8: a path that we originated, or that passed our cluster, is ignored.
  const originatorId = sets.originatorIdOf(attributes);
  if (originatorId !== 0 && originatorId === config.ownRouterId) return 'own ORIGINATOR_ID';
  if (sets.clusterListLengthOf(attributes) === 0) return undefined;
  const clusterId = config.ownClusterId ?? config.ownRouterId;
  return clusterListContains(octets, clusterId, located)
    ? 'own cluster in CLUSTER_LIST'
    : undefined;
}
