/**
 * Random histories of an IPv6 table and of peers with ADD-PATH against plain Maps, as `rib.prop.test.ts` does for IPv4:
 * several paths of one peer to a prefix, a member that never keeps up until the end, peers that leave for good and
 * whose number another gets.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import type { AfiSafi } from '../net/afi-safi.ts';
import { type IpAddress, ip, ipToOctets } from '../net/ip-address.ts';
import { type Prefix, prefix } from '../net/prefix.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import type { PathAttributes } from '../wire/attributes/path-attributes.ts';
import { type Candidate, selectBest } from './decision.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { Rib } from './rib.ts';
import { RIB_SIZES, type RibSizes, SMALL_SIZES } from './rib-sizes.ts';
import {
  attributes,
  exportConfig,
  Listener,
  LOCAL_AS,
  peerConfig,
  span,
} from './testing/support.ts';

interface Family {
  readonly family: AfiSafi;
  readonly prefixes: readonly Prefix[];
  readonly hops: readonly IpAddress[];
  readonly self: IpAddress;
}

const FAMILIES: readonly Family[] = [
  {
    family: 'ipv6-unicast',
    prefixes: [
      '::/0',
      ...[32, 33, 47, 48, 64, 65, 127, 128].map((length) => `2001:db8::/${length}`),
    ].map((text) => prefix(text)),
    hops: ['2001:db8:ff::1', '2001:db8:ff::2'].map((text) => ip(text)),
    self: ip('2001:db8::ff'),
  },
  {
    family: 'ipv4-unicast',
    prefixes: Array.from({ length: 9 }, (_, i) => prefix(`10.${i}.0.0/${16 + i}`)),
    hops: ['192.0.2.1', '192.0.2.2'].map((text) => ip(text)),
    self: ip('10.0.0.255'),
  },
];

/** 1 and 2 are eBGP with ADD-PATH, 3 eBGP without, 4 and 5 iBGP, 4 with ADD-PATH. */
const PEERS = [1, 2, 3, 4, 5];
const isEbgp = (peer: number): boolean => peer <= 3;
const hasAddPath = (peer: number): boolean => peer !== 3 && peer !== 5;
/** Polled only at the end: everybody else's changes pass it by meanwhile. */
const SLOW = 2;

interface Change {
  readonly asns: readonly number[];
  readonly med: number;
  readonly hop: number;
}

type Op =
  | { op: 'announce'; peer: number; prefixes: number[]; pathId: number; change: Change }
  | { op: 'withdraw'; peer: number; prefixes: number[]; pathId: number }
  | { op: 'drop' | 'leave' | 'join' | 'replace'; peer: number }
  | { op: 'hop'; hop: number; reachable: boolean }
  | { op: 'poll'; peer: number }
  | { op: 'settle' };

class Machine {
  readonly of: Family;
  readonly nextHops = new NextHops(21);
  readonly sets = new AttributeSets({ seed: 22, nextHops: this.nextHops });
  readonly rib: Rib;
  readonly listeners = new Map<number, Listener>();
  /** By prefix, then by peer and Path Identifier. */
  readonly paths = new Map<
    Prefix,
    Map<string, { peer: number; pathId: number; value: PathAttributes }>
  >();
  readonly unreachable = new Set<IpAddress>();

  constructor(of: Family, sizes: RibSizes) {
    this.of = of;
    this.rib = new Rib({ family: of.family, sets: this.sets, seed: 23, sizes });
    for (const peer of PEERS) this.rib.addPeer(peer, configOf(peer));
    for (const one of of.prefixes) this.paths.set(one, new Map());
    for (const peer of PEERS) this.join(peer);
  }

  join(peer: number): void {
    if (!this.listeners.has(peer)) this.listeners.set(peer, new Listener());
    const selfNextHop = ipToOctets(this.of.self);
    this.rib.join(peer, exportConfig({ ebgp: isEbgp(peer), selfNextHop }));
    this.rib.allowEndOfRib(peer);
  }

  settle(): boolean {
    this.nextHops.forEach((id) => {
      const reachable = !this.unreachable.has(this.nextHops.addressOf(id));
      this.nextHops.resolve(id, { reachable, metric: 0, handle: 1 });
    });
    return this.rib.settle(3, { bestChanged: () => undefined, isBusy: false });
  }

  poll(peer: number, budget: number): boolean {
    const octets = this.rib.poll(peer, budget);
    if (octets !== undefined) this.listeners.get(peer)?.hear(octets);
    return octets !== undefined;
  }

  nlri(prefixes: readonly number[], peer: number, pathId: number) {
    const values = prefixes.map((i) => ({ prefix: this.of.prefixes[i]!, pathId }));
    return span(hasAddPath(peer) ? values : values.map((value) => value.prefix));
  }

  apply(op: Op): void {
    const { rib, of } = this;
    switch (op.op) {
      case 'announce': {
        const { asns, med, hop } = op.change;
        const value = attributes(asns, {
          med,
          nextHop: of.hops[hop]!,
          ...(isEbgp(op.peer) ? {} : { localPref: 100 }),
        });
        const id = this.sets.intern(encodeAttributes(value, of.family));
        rib.announce(op.peer, this.nlri(op.prefixes, op.peer, op.pathId), id);
        const pathId = hasAddPath(op.peer) ? op.pathId : 0;
        for (const i of op.prefixes) {
          const paths = this.paths.get(of.prefixes[i]!)!;
          paths.set(`${op.peer} ${pathId}`, { peer: op.peer, pathId, value });
        }
        return;
      }
      case 'withdraw': {
        rib.withdraw(op.peer, this.nlri(op.prefixes, op.peer, op.pathId));
        const pathId = hasAddPath(op.peer) ? op.pathId : 0;
        for (const i of op.prefixes)
          this.paths.get(of.prefixes[i]!)!.delete(`${op.peer} ${pathId}`);
        return;
      }
      case 'drop':
        rib.dropPeer(op.peer);
        return this.#forget(op.peer);
      case 'replace':
        // The neighbor is gone for good; its number is given to another once nothing names it any more.
        rib.removePeer(op.peer);
        this.listeners.delete(op.peer);
        this.#forget(op.peer);
        while (!rib.isGone(op.peer)) this.settle();
        rib.addPeer(op.peer, configOf(op.peer));
        return;
      case 'leave':
        rib.leave(op.peer);
        this.listeners.delete(op.peer);
        return;
      case 'join':
        return this.join(op.peer);
      case 'hop':
        if (op.reachable) this.unreachable.delete(of.hops[op.hop]!);
        else this.unreachable.add(of.hops[op.hop]!);
        return;
      case 'poll':
        if (op.peer !== SLOW && this.listeners.has(op.peer)) this.poll(op.peer, 200);
        return;
      case 'settle':
        this.settle();
    }
  }

  #forget(peer: number): void {
    for (const paths of this.paths.values()) {
      for (const [key, path] of paths) if (path.peer === peer) paths.delete(key);
    }
  }

  quiesce(): void {
    for (let round = 0; round < 200; round++) {
      let busy = this.settle();
      for (const peer of this.listeners.keys()) if (this.poll(peer, 4096)) busy = true;
      const pending = [...this.listeners.keys()].some((peer) => this.rib.hasPending(peer));
      if (!busy && !pending && this.rib.isSettled) return;
    }
    throw new Error('Not quiet after 200 rounds');
  }

  best(of: Prefix) {
    const candidates = [...this.paths.get(of)!.values()].map((path) => this.#candidate(path));
    return candidates.length === 0 ? undefined : selectBest(candidates).best;
  }

  #candidate(path: { peer: number; pathId: number; value: PathAttributes }): Candidate & {
    peer: number;
    value: PathAttributes;
  } {
    const { peer, pathId, value } = path;
    const asns = value.asPath[0]?.asns ?? [];
    return {
      peer,
      value,
      preference: 100,
      resolvable: !this.unreachable.has(value.nextHop!),
      llgrStale: false,
      localPref: 100,
      asPathLength: asns.length,
      origin: value.origin,
      neighborAs: asns[0] ?? 0,
      med: value.med ?? 0,
      learnedBy: isEbgp(peer) ? 1 : 2,
      metric: 0,
      routerId: 50 - peer,
      clusterListLength: 0,
      addressOrder: peer,
      identifier: pathId,
    };
  }

  /** What `member` must have been told of `one`. */
  told(member: number, one: Prefix): PathAttributes | undefined {
    const best = this.best(one);
    if (best === undefined || !best.resolvable || best.peer === member) return undefined;
    const ebgp = isEbgp(member);
    if (!ebgp && !isEbgp(best.peer)) return undefined;
    const { med, localPref, asPath, ...rest } = best.value;
    const asns = asPath[0]?.asns ?? [];
    return ebgp
      ? { ...rest, asPath: [{ type: 2, asns: [LOCAL_AS, ...asns] }], nextHop: this.of.self }
      : { ...rest, asPath, ...(med === undefined ? {} : { med }), localPref: localPref ?? 100 };
  }

  check(): void {
    this.quiesce();
    let count = 0;
    for (const one of this.of.prefixes) {
      const best = this.best(one);
      count += this.paths.get(one)!.size;
      const id = this.rib.find(one);
      const row = id === 0 ? 0 : this.rib.best(id);
      const seen = row === 0 ? 'none' : `${this.rib.peerOf(row)} ${this.rib.pathIdentifierOf(row)}`;
      expect(seen, one).toBe(best === undefined ? 'none' : `${best.peer} ${best.identifier}`);
      for (const [member, { table }] of this.listeners) {
        expect(table.get(one), `${one} at ${member}`).toEqual(this.told(member, one));
      }
    }
    expect(this.rib.pathCount).toBe(count);
  }
}

function configOf(peer: number) {
  return peerConfig({
    ebgp: isEbgp(peer),
    peerAs: isEbgp(peer) ? 65_000 + peer : LOCAL_AS,
    routerId: 50 - peer,
    address: ip(`10.0.0.${peer}`),
    addPathReceive: hasAddPath(peer),
  });
}

const peer = fc.constantFrom(...PEERS);
const prefixes = fc.uniqueArray(fc.nat(8), { minLength: 1, maxLength: 5 });
const pathId = fc.integer({ min: 1, max: 3 });
const change = fc.record({
  asns: fc.constantFrom([65_001], [65_002], [65_001, 65_003]),
  med: fc.constantFrom(0, 5),
  hop: fc.nat(1),
});
const of = <K extends Op['op']>(...kinds: K[]) => fc.constantFrom(...kinds);
const operation = fc.oneof(
  { weight: 9, arbitrary: fc.record({ op: of('announce'), peer, prefixes, pathId, change }) },
  { weight: 4, arbitrary: fc.record({ op: of('withdraw'), peer, prefixes, pathId }) },
  { weight: 3, arbitrary: fc.record({ op: of('drop', 'leave', 'join', 'replace'), peer }) },
  { weight: 2, arbitrary: fc.record({ op: of('hop'), hop: fc.nat(1), reachable: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ op: of('poll'), peer }) },
  { weight: 3, arbitrary: fc.record({ op: of('settle') }) },
) as fc.Arbitrary<Op>;

describe.each(FAMILIES)('a RIB of $family with ADD-PATH peers and a slow member', (family) => {
  it('agrees with Maps after any history', () => {
    fc.assert(
      fc.property(
        fc.array(operation, { minLength: 1, maxLength: 40, size: 'max' }),
        fc.constantFrom(RIB_SIZES, SMALL_SIZES),
        (operations, sizes) => {
          const machine = new Machine(family, sizes);
          for (const op of operations) machine.apply(op);
          machine.check();
        },
      ),
      runs(80),
    );
  });
});
