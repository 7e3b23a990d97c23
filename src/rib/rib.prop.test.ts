/**
 * Random histories against a model of plain Maps: the Loc-RIB, every member's table as rebuilt from the UPDATEs it was
 * sent, and at the end that nothing is left of anything.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { compareIp, type IpAddress, ip, ipToOctets } from '../net/ip-address.ts';
import { type Prefix, prefix } from '../net/prefix.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import type { PathAttributes } from '../wire/attributes/path-attributes.ts';
import { type Candidate, selectBest } from './decision.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import type { PolicyPort } from './policy-port.ts';
import { Rib } from './rib.ts';
import type { ExportConfig, PeerRibConfig } from './rib-config.ts';
import { RIB_SIZES, type RibSizes, SMALL_SIZES } from './rib-sizes.ts';
import {
  attributes,
  exportConfig,
  Listener,
  LOCAL_AS,
  peerConfig,
  policy,
  span,
} from './testing/support.ts';

const PREFIXES = Array.from({ length: 12 }, (_, i) => prefix(`10.${i}.0.0/${16 + i}`));
const HOPS = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((text) => ip(text));

/** Attribute sets to announce: ties, MEDs of one neighbor AS and of several, communities, a loop. */
const SETS: readonly PathAttributes[] = [
  attributes([65001, 65100], { nextHop: HOPS[0]!, med: 10 }),
  attributes([65001, 65101], { nextHop: HOPS[1]!, med: 5 }),
  attributes([65002, 65100], { nextHop: HOPS[0]!, med: 7 }),
  attributes([65002, 65101], { nextHop: HOPS[2]!, med: 20 }),
  attributes([65001], { nextHop: HOPS[1]!, communities: [0xffffff01] }),
  attributes([65003, 65001], { nextHop: HOPS[2]!, origin: 2 }),
  attributes([65001, LOCAL_AS], { nextHop: HOPS[0]! }),
  attributes([65001, 65102], { nextHop: HOPS[0]!, communities: [0xffffff02] }),
];
/** What iBGP peers announce also carries these. */
const INTERNAL: readonly Partial<PathAttributes>[] = [
  { localPref: 100 },
  { localPref: 200 },
  { localPref: 100, originatorId: 42, clusterList: [9] },
];

const IMPORTS: readonly PolicyPort[] = [
  policy(),
  policy((subject) => ({ accept: (subject.prefix[1]! & 1) === 0 }), { prefix: true }),
  policy(() => ({ localPref: 300, addCommunities: [0x10001] })),
  policy((subject) => (subject.prefix[1]! < 4 ? { preference: 200 } : {}), { prefix: true }),
];
const EXPORTS: readonly PolicyPort[] = [
  policy(),
  policy((subject) => ({ accept: subject.prefix[1]! % 3 !== 0 }), { prefix: true }),
  policy(() => ({ addCommunities: [0x20002], prepend: [65500] })),
];

/** Peers 1–3 are eBGP, 4 iBGP, 5 an iBGP client of ours. */
const PEERS = [1, 2, 3, 4, 5];
const isEbgp = (peer: number): boolean => peer <= 3;

function importConfig(peer: number, policyIndex: number): PeerRibConfig {
  return peerConfig({
    ebgp: isEbgp(peer),
    peerAs: isEbgp(peer) ? 65000 + peer : LOCAL_AS,
    routerId: 100 - peer,
    address: ip(`10.0.0.${peer}`),
    rrClient: peer === 5,
    ownClusterId: 77,
    importPolicy: IMPORTS[policyIndex]!,
  });
}

function memberConfig(peer: number, policyIndex: number): ExportConfig {
  return exportConfig({
    policy: EXPORTS[policyIndex]!,
    ebgp: isEbgp(peer),
    rrClient: peer === 5,
    clusterId: 77,
  });
}

interface ModelPath {
  readonly received: PathAttributes;
  stale: boolean;
}

class Model {
  readonly paths = new Map<number, Map<Prefix, ModelPath>>(PEERS.map((peer) => [peer, new Map()]));
  readonly own = new Set<Prefix>();
  readonly imports = new Map<number, number>(PEERS.map((peer) => [peer, 0]));
  readonly exports = new Map<number, number>();
  readonly hops = new Map<IpAddress, { reachable: boolean; metric: number }>();

  hop(address: IpAddress | undefined): { reachable: boolean; metric: number } {
    return this.hops.get(address!) ?? { reachable: true, metric: 0 };
  }

  candidates(of: Prefix): (Candidate & { peer: number; accepted: PathAttributes })[] {
    const found: (Candidate & { peer: number; accepted: PathAttributes })[] = [];
    if (this.own.has(of)) {
      const accepted = attributes([], { nextHop: undefined as never });
      found.push(this.candidate(0, accepted, 200));
    }
    for (const peer of PEERS) {
      const path = this.paths.get(peer)!.get(of);
      if (path === undefined) continue;
      const { received } = path;
      if (received.asPath.some(({ asns }) => asns.includes(LOCAL_AS))) continue;
      if (received.clusterList.includes(77)) continue;
      const verdict = IMPORTS[this.imports.get(peer)!]!.evaluate({
        family: 'ipv4-unicast',
        prefix: ipToOctets(ip(of.slice(0, of.indexOf('/')))),
        length: 0,
        attributes: new Uint8Array(0),
        source: 'bgp',
        peerType: 'ebgp',
        interfaceName: undefined,
      });
      if (!verdict.accept) continue;
      const accepted = {
        ...received,
        ...(verdict.localPref === undefined ? {} : { localPref: verdict.localPref }),
        communities: [...received.communities, ...verdict.addCommunities],
      };
      found.push(this.candidate(peer, accepted, verdict.preference ?? 100));
    }
    return found;
  }

  candidate(
    peer: number,
    accepted: PathAttributes,
    preference: number,
  ): Candidate & { peer: number; accepted: PathAttributes } {
    const { reachable, metric } =
      peer === 0 ? { reachable: true, metric: 0 } : this.hop(accepted.nextHop);
    const order = PEERS.toSorted((a, b) => compareIp(ip(`10.0.0.${a}`), ip(`10.0.0.${b}`)));
    return {
      peer,
      accepted,
      preference,
      resolvable: reachable,
      llgrStale: false,
      localPref: accepted.localPref ?? 100,
      asPathLength: accepted.asPath[0]?.asns.length ?? 0,
      origin: accepted.origin,
      neighborAs: accepted.asPath[0]?.asns[0] ?? 0,
      med: accepted.med ?? 0,
      learnedBy: peer === 0 ? 0 : isEbgp(peer) ? 1 : 2,
      metric,
      routerId: accepted.originatorId ?? 100 - peer,
      clusterListLength: accepted.clusterList.length,
      addressOrder: order.indexOf(peer),
      identifier: 0,
    };
  }

  /** What `member` is to be told of `of`, or undefined. */
  told(member: number, of: Prefix): PathAttributes | undefined {
    const candidates = this.candidates(of);
    if (candidates.length === 0) return undefined;
    const { best } = selectBest(candidates);
    const { peer, accepted } = best;
    if (peer === member || !best.resolvable) return undefined;
    const ebgp = isEbgp(member);
    if (peer > 3 && !ebgp && peer !== 5 && member !== 5) return undefined;
    if (accepted.communities.includes(0xffffff02)) return undefined;
    if (ebgp && accepted.communities.includes(0xffffff01)) return undefined;
    const verdict = EXPORTS[this.exports.get(member)!]!.evaluate({
      family: 'ipv4-unicast',
      prefix: ipToOctets(ip(of.slice(0, of.indexOf('/')))),
      length: 0,
      attributes: new Uint8Array(0),
      source: 'bgp',
      peerType: 'ebgp',
      interfaceName: undefined,
    });
    if (!verdict.accept) return undefined;
    const asns = [
      ...(ebgp ? [LOCAL_AS] : []),
      ...verdict.prepend,
      ...(accepted.asPath[0]?.asns ?? []),
    ];
    const { med, localPref, originatorId, ...rest } = accepted;
    const isReflected = peer > 3 && !ebgp;
    return {
      ...rest,
      asPath: asns.length === 0 ? [] : [{ type: 2, asns }],
      nextHop: ebgp || peer === 0 ? ip('10.0.0.255') : accepted.nextHop!,
      communities: [...accepted.communities, ...verdict.addCommunities],
      ...(med !== undefined && !ebgp ? { med } : {}),
      ...(ebgp ? {} : { localPref: localPref ?? 100 }),
      ...(ebgp
        ? {}
        : isReflected
          ? { originatorId: originatorId ?? 100 - peer }
          : originatorId === undefined
            ? {}
            : { originatorId }),
      clusterList: ebgp ? [] : isReflected ? [77, ...accepted.clusterList] : accepted.clusterList,
    };
  }
}

type Op =
  | { op: 'announce'; peer: number; prefixes: number[]; set: number; internal: number }
  | { op: 'withdraw'; peer: number; prefixes: number[] }
  | { op: 'drop' | 'stale' | 'sweep' | 'leave' | 'refresh'; peer: number }
  | { op: 'import' | 'join'; peer: number; policy: number }
  | { op: 'hop'; hop: number; reachable: boolean; metric: number }
  | { op: 'own'; prefix: number; on: boolean }
  | { op: 'settle'; budget: number }
  | { op: 'poll'; peer: number; budget: number };

class Machine {
  readonly nextHops = new NextHops(11);
  readonly sets = new AttributeSets({ seed: 12, nextHops: this.nextHops });
  readonly rib: Rib;
  readonly model = new Model();
  readonly listeners = new Map<number, Listener>();
  /** Peers that were named as owed something, and not found without since. */
  readonly named = new Set<number>();
  readonly chosen = new Map<Prefix, string>();

  constructor(sizes: RibSizes) {
    this.rib = new Rib({ family: 'ipv4-unicast', sets: this.sets, seed: 13, sizes });
    for (const peer of PEERS) this.rib.addPeer(peer, importConfig(peer, 0));
  }

  resolve(): void {
    this.nextHops.forEach((id) => {
      const { reachable, metric } = this.model.hop(this.nextHops.addressOf(id));
      this.nextHops.resolve(id, { reachable, metric, handle: 1 });
    });
  }

  settle(budget: number): boolean {
    this.resolve();
    const more = this.rib.settle(budget, {
      bestChanged: (id) => this.chosen.set(this.rib.prefixOf(id), this.choice(id)),
      isBusy: false,
    });
    this.rib.takeOwed((peer) => this.named.add(peer));
    return more;
  }

  choice(id: number): string {
    const members: number[] = [];
    this.rib.forEachMultipath(id, (path) => members.push(this.rib.peerOf(path)));
    const best = this.rib.best(id);
    if (best === 0) return 'none';
    const { addressOf } = this.nextHops;
    const hop = this.rib.nextHopOf(best);
    const address = hop === 0 ? '' : addressOf.call(this.nextHops, hop);
    return `${this.rib.peerOf(best)} via ${address} of ${members.join()}`;
  }

  apply(op: Op): void {
    const { rib, model } = this;
    switch (op.op) {
      case 'announce': {
        const value = { ...SETS[op.set]!, ...(isEbgp(op.peer) ? {} : INTERNAL[op.internal]!) };
        const prefixes = op.prefixes.map((i) => PREFIXES[i]!);
        const id = this.sets.intern(encodeAttributes(value, 'ipv4-unicast'));
        rib.announce(op.peer, span(prefixes), id);
        for (const one of prefixes) {
          model.paths.get(op.peer)!.set(one, { received: value, stale: false });
        }
        return;
      }
      case 'withdraw': {
        const prefixes = op.prefixes.map((i) => PREFIXES[i]!);
        rib.withdraw(op.peer, span(prefixes));
        for (const one of prefixes) model.paths.get(op.peer)!.delete(one);
        return;
      }
      case 'drop':
        rib.dropPeer(op.peer);
        model.paths.get(op.peer)!.clear();
        return;
      case 'stale':
        rib.markStale(op.peer);
        for (const [one, path] of model.paths.get(op.peer)!) {
          if (path.stale) model.paths.get(op.peer)!.delete(one);
          path.stale = true;
        }
        return;
      case 'sweep':
        rib.sweepStale(op.peer);
        for (const [one, path] of model.paths.get(op.peer)!) {
          if (path.stale) model.paths.get(op.peer)!.delete(one);
        }
        return;
      case 'import':
        rib.updatePeer(op.peer, importConfig(op.peer, op.policy));
        model.imports.set(op.peer, op.policy);
        return;
      case 'join':
        rib.join(op.peer, memberConfig(op.peer, op.policy));
        if (!model.exports.has(op.peer)) {
          this.listeners.set(op.peer, new Listener());
          rib.allowEndOfRib(op.peer);
        }
        model.exports.set(op.peer, op.policy);
        return;
      case 'leave':
        rib.leave(op.peer);
        model.exports.delete(op.peer);
        this.listeners.delete(op.peer);
        this.named.delete(op.peer);
        return;
      case 'refresh':
        rib.refresh(op.peer);
        return;
      case 'hop':
        model.hops.set(HOPS[op.hop]!, { reachable: op.reachable, metric: op.metric });
        this.resolve();
        return;
      case 'own': {
        const one = PREFIXES[op.prefix]!;
        if (op.on) rib.originate(one, { source: 'block' });
        else rib.retract(one, 'block');
        if (op.on) model.own.add(one);
        else model.own.delete(one);
        return;
      }
      case 'settle':
        this.settle(op.budget);
        return;
      case 'poll': {
        this.poll(op.peer, op.budget);
      }
    }
  }

  /** As the speaker does: a peer that was named is asked until nothing is pending for it, and then no more. */
  poll(peer: number, budget: number): boolean {
    const octets = this.rib.poll(peer, budget);
    if (octets !== undefined) this.listeners.get(peer)!.hear(octets);
    else if (!this.rib.hasPending(peer)) this.named.delete(peer);
    return octets !== undefined;
  }

  quiesce(): void {
    for (let round = 0; round < 50; round++) {
      let steps = 0;
      while (this.settle(100)) if (++steps > 1000) throw new Error('settle never ends');
      for (const peer of this.named) while (this.poll(peer, 300));
      const pending = [...this.listeners.keys()].some((peer) => this.rib.hasPending(peer));
      if (!pending && this.rib.isSettled) return;
    }
    throw new Error('Not quiet after 50 rounds');
  }

  check(): void {
    this.quiesce();
    const { rib, model } = this;
    for (const one of PREFIXES) {
      const candidates = model.candidates(one);
      const expected = candidates.length === 0 ? undefined : selectBest(candidates);
      const id = rib.find(one);
      const best = id === 0 ? 0 : rib.best(id);
      expect(best === 0 ? undefined : rib.peerOf(best), `best of ${one}`).toBe(expected?.best.peer);
      if (id !== 0) expect(this.chosen.get(one) ?? 'none', `told of ${one}`).toBe(this.choice(id));
      for (const [member, listener] of this.listeners) {
        expect(listener.table.get(one), `${one} at ${member}`).toEqual(model.told(member, one));
      }
      if (expected === undefined) continue;
      const members: number[] = [];
      rib.forEachMultipath(id, (path) => members.push(rib.peerOf(path)));
      const equal =
        expected.best.peer === 0 || !expected.best.resolvable ? [expected.best] : expected.equal;
      expect(members).toEqual(equal.map(({ peer }) => peer).sort());
    }
    for (const [member, listener] of this.listeners) {
      expect(listener.endOfRibs).toBe(1);
      expect(rib.counters(member).advertised).toBe(listener.table.size);
    }
    for (const peer of PEERS) {
      expect(rib.counters(peer).received).toBe(model.paths.get(peer)!.size);
      const stale = [...model.paths.get(peer)!.values()].filter((path) => path.stale).length;
      expect(rib.counters(peer).stale).toBe(stale);
    }
  }

  end(): void {
    for (const peer of PEERS) this.rib.dropPeer(peer);
    for (const one of PREFIXES) this.rib.retract(one, 'block');
    this.quiesce();
    for (const listener of this.listeners.values()) expect(listener.table.size).toBe(0);
    for (const peer of PEERS) this.rib.leave(peer);
    this.quiesce();
    expect(this.rib.pathCount).toBe(0);
    expect(this.rib.prefixCount).toBe(0);
    while (this.sets.collect(100));
    expect(this.sets.size).toBe(0);
    expect(this.sets.octetsHeld).toBe(0);
    expect(this.nextHops.size).toBe(0);
  }
}

const peer = fc.constantFrom(...PEERS);
const prefixes = fc.uniqueArray(fc.nat(PREFIXES.length - 1), { minLength: 1, maxLength: 6 });
const operation: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('announce' as const),
      peer,
      prefixes,
      set: fc.nat(SETS.length - 1),
      internal: fc.nat(INTERNAL.length - 1),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('withdraw' as const), peer, prefixes }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom(
        'drop' as const,
        'stale' as const,
        'sweep' as const,
        'leave' as const,
        'refresh' as const,
      ),
      peer,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('import' as const),
      peer,
      policy: fc.nat(IMPORTS.length - 1),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('join' as const),
      peer,
      policy: fc.nat(EXPORTS.length - 1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('hop' as const),
      hop: fc.nat(HOPS.length - 1),
      reachable: fc.boolean(),
      metric: fc.nat(2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('own' as const),
      prefix: fc.nat(PREFIXES.length - 1),
      on: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('settle' as const),
      budget: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('poll' as const),
      peer,
      budget: fc.integer({ min: 1, max: 200 }),
    }),
  },
);

describe('Rib', () => {
  it('agrees with a model of Maps after any history, and leaves nothing behind', () => {
    fc.assert(
      fc.property(
        fc.array(operation, { minLength: 1, maxLength: 60, size: 'max' }),
        fc.constantFrom(RIB_SIZES, SMALL_SIZES),
        (operations, sizes) => {
          const machine = new Machine(sizes);
          for (const [index, op] of operations.entries()) {
            machine.apply(op);
            if (index % 20 === 19) machine.check();
          }
          machine.check();
          machine.end();
        },
      ),
      runs(150),
    );
  });
});
