/** Which path of a prefix would be chosen under a proposal: the readable decision over paths judged anew. */

import type { OriginatedPrefix } from '../../datastore/plan-types.ts';
import type { IpAddress } from '../../net/ip-address.ts';
import type { PrefixId } from '../../net/prefix-table.ts';
import { type Candidate, selectBest } from '../../rib/decision.ts';
import { LOCAL_PEER, type PathId } from '../../rib/ids.ts';
import { loopOf } from '../../rib/import-filter.ts';
import { refusalOf } from '../../rib/import-guard.ts';
import type { NextHops } from '../../rib/next-hops.ts';
import type { PathSource } from '../../rib/policy-port.ts';
import type { Rib } from '../../rib/rib.ts';
import { RouteSubject } from '../../rib/route-subject.ts';
import type { PeerOutlook } from './peers.ts';

/** BGP paths of no other preference, and own prefixes (calico model 3.1). */
const BGP_PREFERENCE = 100;
const OWN_PREFERENCE = 200;
/** Members of an ECMP set at most, as in the RIB. */
const MULTIPATHS_MAX = 16;

export interface Chosen {
  /** 0: none, or an own prefix that is not in the tables yet. */
  readonly path: PathId;
  readonly peer: number;
  readonly source: PathSource;
  readonly origin: OriginatedPrefix | undefined;
  readonly nextHops: readonly IpAddress[];
  readonly localPref: number | undefined;
}

type Named = Candidate & { readonly path: PathId; readonly own?: OriginatedPrefix };

export class Chooser {
  readonly #rib: Rib;
  readonly #hops: NextHops;
  readonly #byId: ReadonlyMap<number, PeerOutlook>;
  readonly #subject: RouteSubject;
  /** By `prefix source`: own prefixes that would come, change (present) or go (undefined). */
  readonly #origins: ReadonlyMap<string, OriginatedPrefix | undefined>;

  constructor(
    rib: Rib,
    hops: NextHops,
    {
      peers,
      origins,
    }: {
      readonly peers: readonly PeerOutlook[];
      readonly origins: ReadonlyMap<string, OriginatedPrefix | undefined>;
    },
  ) {
    this.#rib = rib;
    this.#hops = hops;
    const changing = peers.filter((peer) => peer.id !== 0 && (peer.goes || peer.imports));
    this.#byId = new Map(changing.map((peer) => [peer.id, peer]));
    this.#origins = origins;
    const { family, sets, prefixes } = rib.tables;
    this.#subject = new RouteSubject({ family, sets, prefixes, peerType: 'ebgp' });
  }

  /** As it stands. */
  before(
    id: PrefixId,
    originOf: (key: string) => OriginatedPrefix | undefined,
  ): Chosen | undefined {
    const rib = this.#rib;
    const path = rib.best(id);
    if (path === 0) return undefined;
    const nextHops: IpAddress[] = [];
    rib.forEachMultipath(id, (one) => {
      const hop = rib.nextHopOf(one);
      if (hop !== 0) nextHops.push(this.#hops.addressOf(hop));
    });
    const source = rib.sourceOf(path);
    const origin = source === 'bgp' ? undefined : originOf(`${rib.prefixOf(id)} ${source}`);
    const localPref = rib.sets.localPrefOf(rib.attributesOf(path));
    return {
      path,
      peer: rib.peerOf(path),
      source,
      origin,
      nextHops: source === 'bgp' ? nextHops : [],
      localPref: source === 'bgp' && localPref >= 0 ? localPref : undefined,
    };
  }

  /**
   * As it would be. `same`: nothing that could be chosen has changed. Counts paths that peers gain and lose.
   */
  after(
    id: PrefixId,
    count: (peer: PeerOutlook, before: boolean, after: boolean) => void,
  ): { readonly same: true } | { readonly same: false; readonly chosen: Chosen | undefined } {
    const rib = this.#rib;
    const prefix = rib.prefixOf(id);
    let touched = false;
    const candidates: Named[] = [];
    const seen = new Set<string>();
    rib.forEachPath(id, (path) => {
      const peer = rib.peerOf(path);
      const feasible = rib.tables.locRib.isFeasible(path);
      if (peer === LOCAL_PEER) {
        const key = `${prefix} ${rib.sourceOf(path)}`;
        seen.add(key);
        if (!this.#origins.has(key)) candidates.push(rib.tables.locRib.candidate(path));
        else touched = true;
        return;
      }
      const outlook = this.#byId.get(peer);
      if (outlook === undefined) {
        if (feasible) candidates.push(rib.tables.locRib.candidate(path));
        return;
      }
      touched = true;
      const judged = outlook.goes ? undefined : this.#judge(id, path, outlook);
      count(outlook, feasible, judged !== undefined);
      if (judged !== undefined) candidates.push(judged);
    });
    for (const source of ['block', 'service', 'static'] as const) {
      const key = `${prefix} ${source}`;
      const origin = this.#origins.get(key);
      if (origin === undefined) continue;
      touched = true;
      candidates.push({ ...OWN, path: 0, own: origin });
    }
    if (!touched) return { same: true };
    return { same: false, chosen: candidates.length === 0 ? undefined : this.#choose(candidates) };
  }

  /** A prefix that no table has yet. */
  static newOrigin(origin: OriginatedPrefix): Chosen {
    return {
      path: 0,
      peer: LOCAL_PEER,
      source: origin.source,
      origin,
      nextHops: origin.gateway === undefined ? [] : [origin.gateway],
      localPref: undefined,
    };
  }

  #judge(id: PrefixId, path: PathId, { imports }: PeerOutlook): Named | undefined {
    const { sets, locRib } = this.#rib.tables;
    const received = this.#rib.receivedAttributesOf(path);
    const config = imports!;
    if (loopOf(config, sets, received) !== undefined) return undefined;
    if (refusalOf(config, sets, received) !== undefined) return undefined;
    const subject = this.#subject;
    subject.carry(received);
    subject.name(id);
    subject.source = 'bgp';
    subject.peerType = config.ebgp ? 'ebgp' : 'ibgp';
    subject.interfaceName = config.importPolicy.dependsOnInterface
      ? this.#rib.tables.interfaceOfPath(path)
      : undefined;
    const verdict = config.importPolicy.evaluate(subject);
    if (!verdict.accept) return undefined;
    return {
      ...locRib.candidate(path),
      preference: verdict.preference ?? BGP_PREFERENCE,
      localPref: verdict.localPref ?? sets.localPrefOf(received),
      asPathLength: sets.asPathLengthOf(received) + verdict.prepend.length,
      learnedBy: config.ebgp ? 1 : 2,
    };
  }

  #choose(candidates: readonly Named[]): Chosen {
    const { best, equal } = selectBest(candidates);
    if (best.own !== undefined) return Chooser.newOrigin(best.own);
    const rib = this.#rib;
    const source = rib.sourceOf(best.path);
    const peer = rib.peerOf(best.path);
    const alone = peer === LOCAL_PEER || !best.resolvable;
    const members = alone ? [best] : [...equal].sort(byAddress).slice(0, MULTIPATHS_MAX);
    const nextHops = members.flatMap(({ path }) => {
      const hop = path === 0 ? 0 : rib.nextHopOf(path);
      return hop === 0 ? [] : [this.#hops.addressOf(hop)];
    });
    const isBgp = source === 'bgp';
    return {
      path: best.path,
      peer,
      source,
      origin: undefined,
      nextHops: isBgp ? nextHops : [],
      localPref: isBgp && best.localPref >= 0 ? best.localPref : undefined,
    };
  }
}

function byAddress(a: Named, b: Named): number {
  return a.addressOrder - b.addressOrder || a.identifier - b.identifier;
}

/** An own prefix as a candidate. */
const OWN: Candidate = {
  preference: OWN_PREFERENCE,
  resolvable: true,
  llgrStale: false,
  localPref: 100,
  asPathLength: 0,
  origin: 0,
  neighborAs: 0,
  med: 0,
  learnedBy: 0,
  metric: 0,
  routerId: 0,
  clusterListLength: 0,
  addressOrder: 0,
  identifier: 0,
};
