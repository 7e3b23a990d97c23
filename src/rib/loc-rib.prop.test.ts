/**
 * The decision on columns against the readable one, and against itself in another order of arrival: several peers of
 * each kind, paths by ADD-PATH, next hops that come and go, everything that RFC 4271 §9.1.2.2 and RFC 4456 §9 look at.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import { type Candidate, selectBest } from './decision.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { Rib } from './rib.ts';
import { attributes, LOCAL_AS, peerConfig, policy, span } from './testing/support.ts';

const ONE = prefix('10.1.0.0/16');
const HOPS = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((text) => ip(text));
const PEERS = [1, 2, 3, 4, 5, 6];
const MAXIMUM_PATHS = 3;
/** LLGR_STALE (RFC 9494 §3.2 and §4.3). */
const LLGR_STALE = 0xffff0006;

/** Mostly the first value, so that ties reach every step, down to the Path Identifier. */
function mostly<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 14, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

const path = fc.record({
  peer: fc.constantFrom(...PEERS),
  pathId: fc.integer({ min: 1, max: 3 }),
  preference: mostly<number | undefined>(undefined, 200),
  localPref: mostly<number | undefined>(undefined, 100, 200),
  asns: mostly<readonly number[]>([65001], [65002], [65002, 65001], []),
  origin: mostly<0 | 2>(0, 2),
  med: mostly<number | undefined>(undefined, 0, 5, 10),
  hop: mostly(0, 1, 2),
  isStale: mostly(false, true),
  originatorId: mostly<number | undefined>(undefined, 7, 8, 11),
  clusters: mostly<readonly number[]>([], [9], [9, 9]),
});
type Path = typeof path extends fc.Arbitrary<infer T> ? T : never;

const hops = fc.array(fc.record({ reachable: fc.boolean(), metric: fc.nat(1) }), {
  minLength: HOPS.length,
  maxLength: HOPS.length,
});
/** One path for each peer and identifier, as a table has them. */
const paths = fc
  .array(path, { minLength: 1, maxLength: 12 })
  .map((list) => [...new Map(list.map((one) => [`${one.peer} ${one.pathId}`, one])).values()]);

/** Peers 1 to 3 are eBGP, and two of each kind have the same BGP Identifier. */
function isEbgp(peer: number): boolean {
  return peer <= 3;
}

interface Choice {
  readonly best: string;
  readonly members: readonly string[];
  readonly candidates: readonly (Candidate & { readonly name: string })[];
}

/** Announces in this order, deciding in between where `eager`. */
function decide(
  list: readonly Path[],
  reach: readonly { reachable: boolean; metric: number }[],
  eager: boolean,
): Choice {
  const nextHops = new NextHops(1);
  const sets = new AttributeSets({ seed: 2, nextHops });
  const rib = new Rib({ family: 'ipv4-unicast', sets, seed: 3, maximumPaths: MAXIMUM_PATHS });
  let preference: number | undefined;
  const importPolicy = policy(() => (preference === undefined ? {} : { preference }), {
    prefix: true,
  });
  for (const peer of PEERS) rib.addPeer(peer, configOf(peer, importPolicy));
  const settle = (): void => {
    nextHops.forEach((id) => {
      const hop = reach[HOPS.indexOf(nextHops.addressOf(id))]!;
      nextHops.resolve(id, { ...hop, handle: 1 });
    });
    while (rib.settle(100, { bestChanged: () => undefined, isBusy: false }));
  };
  for (const one of list) {
    preference = one.preference;
    const octets = encodeAttributes(attributesOf(one), 'ipv4-unicast');
    rib.announce(one.peer, span([{ prefix: ONE, pathId: one.pathId }]), sets.intern(octets));
    if (eager) settle();
  }
  settle();
  const id = rib.find(ONE);
  const name = (row: number): string => `${rib.peerOf(row)} ${rib.pathIdentifierOf(row)}`;
  const members: string[] = [];
  rib.forEachMultipath(id, (row) => members.push(name(row)));
  return {
    best: name(rib.best(id)),
    members,
    candidates: list.map((one) => candidateOf(one, reach)),
  };
}

function configOf(peer: number, importPolicy: ReturnType<typeof policy>) {
  const ebgp = isEbgp(peer);
  return peerConfig({
    ebgp,
    peerAs: ebgp ? 65_000 + peer : LOCAL_AS,
    routerId: routerIdOf(peer),
    address: ip(`10.0.0.${peer}`),
    addPathReceive: true,
    ownClusterId: 77,
    importPolicy,
  });
}

function routerIdOf(peer: number): number {
  return 10 + (peer % 3 === 0 ? 1 : peer % 3);
}

function attributesOf(one: Path) {
  const { asns, origin, med, localPref, hop, isStale, originatorId, clusters } = one;
  return attributes(asns, {
    origin,
    nextHop: HOPS[hop]!,
    ...(med === undefined ? {} : { med }),
    ...(localPref === undefined ? {} : { localPref }),
    communities: isStale ? [LLGR_STALE] : [],
    ...(originatorId === undefined ? {} : { originatorId }),
    clusterList: clusters,
  });
}

/** The same path as the readable decision wants it, made from its values alone. */
function candidateOf(
  one: Path,
  reach: readonly { reachable: boolean; metric: number }[],
): Candidate & { readonly name: string } {
  const { reachable, metric } = reach[one.hop]!;
  return {
    name: `${one.peer} ${one.pathId}`,
    preference: one.preference ?? 100,
    resolvable: reachable,
    llgrStale: one.isStale,
    localPref: one.localPref ?? 100,
    asPathLength: one.asns.length,
    origin: one.origin,
    neighborAs: one.asns[0] ?? 0,
    med: one.med ?? 0,
    learnedBy: isEbgp(one.peer) ? 1 : 2,
    metric,
    routerId: one.originatorId ?? routerIdOf(one.peer),
    clusterListLength: one.clusters.length,
    addressOrder: one.peer,
    identifier: one.pathId,
  };
}

/** Those that share with the best, lowest address first, the best always among them. */
function sharers(choice: ReturnType<typeof selectBest<Candidate & { name: string }>>): string[] {
  const { best, equal } = choice;
  if (!best.resolvable) return [best.name];
  const sorted = equal.toSorted(
    (a, b) => a.addressOrder - b.addressOrder || a.identifier - b.identifier,
  );
  const cut = sorted.slice(0, MAXIMUM_PATHS);
  if (!cut.includes(best)) cut[MAXIMUM_PATHS - 1] = best;
  return cut.map(({ name }) => name);
}

const RUNS = runs(300);

describe('the decision on columns', () => {
  it('chooses, and shares, as the readable one does', () => {
    fc.assert(
      fc.property(paths, hops, fc.boolean(), (list, reach, eager) => {
        const { best, members, candidates } = decide(list, reach, eager);
        const readable = selectBest(candidates);
        expect(best).toBe(readable.best.name);
        expect(members).toEqual(sharers(readable));
      }),
      RUNS,
    );
  });

  it('does not depend on the order in which the paths came, nor on what was chosen meanwhile', () => {
    fc.assert(
      fc.property(paths, hops, fc.func(fc.integer()), (list, reach, key) => {
        const shuffled = list.toSorted((a, b) => key(a.peer, a.pathId) - key(b.peer, b.pathId));
        const { best, members } = decide(list, reach, false);
        expect(decide(shuffled, reach, true)).toMatchObject({ best, members });
      }),
      RUNS,
    );
  });
});
