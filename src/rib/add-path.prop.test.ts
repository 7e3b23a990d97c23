/**
 * Random histories with members that are told several paths a prefix (RFC 7911) against plain Maps: all, the best two,
 * the ECMP set, and beside them one that is told the best alone. Identifiers are checked to stay what they are.
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
import type { AddPathSend } from './rib-config.ts';
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

/** 1 to 3 are eBGP, 4 and 5 iBGP; 1, 2 and 4 announce several paths a prefix. */
const PEERS = [1, 2, 3, 4, 5];
/** What each is told at first; 3 has no ADD-PATH. */
const SENDS: readonly (AddPathSend | undefined)[] = [undefined, 'all', 'all', undefined, 2, 'ecmp'];
const MODES: readonly AddPathSend[] = ['all', 'ecmp', 1, 2, 3];
const isEbgp = (peer: number): boolean => peer <= 3;
const announcesSeveral = (peer: number): boolean => peer !== 3 && peer !== 5;
interface Change {
  readonly asns: readonly number[];
  readonly med: number;
  readonly hop: number;
}

type Op =
  | { op: 'announce'; peer: number; prefixes: number[]; pathId: number; change: Change }
  | { op: 'withdraw'; peer: number; prefixes: number[]; pathId: number }
  | { op: 'drop' | 'leave' | 'join' | 'replace' | 'refresh'; peer: number }
  | { op: 'mode'; peer: number; mode: number }
  | { op: 'hop'; hop: number; reachable: boolean }
  | { op: 'poll'; peer: number }
  | { op: 'settle' };

class Machine {
  readonly of: Family;
  readonly nextHops = new NextHops(21);
  readonly sets = new AttributeSets({ seed: 22, nextHops: this.nextHops });
  readonly rib: Rib;
  readonly listeners = new Map<number, Listener>();
  readonly sends = new Map<number, AddPathSend | undefined>();
  /** Identifiers by prefix, peer and received identifier, for as long as the RIB lives. */
  readonly identifiers = new Map<string, number>();
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
    const addPath = SENDS[peer];
    if (this.listeners.has(peer)) return;
    this.listeners.set(peer, new Listener({ addPath: addPath !== undefined }));
    this.change(peer, addPath);
    this.rib.allowEndOfRib(peer);
  }

  change(peer: number, addPath: AddPathSend | undefined): void {
    this.sends.set(peer, addPath);
    const selfNextHop = ipToOctets(this.of.self);
    const config = exportConfig({ ebgp: isEbgp(peer), selfNextHop });
    this.rib.join(peer, addPath === undefined ? config : { ...config, addPath });
  }

  settle(): boolean {
    this.nextHops.forEach((id) => {
      const reachable = !this.unreachable.has(this.nextHops.addressOf(id));
      this.nextHops.resolve(id, { reachable, metric: 0, handle: 1 });
    });
    return this.rib.settle(9, { bestChanged: () => undefined, isBusy: false });
  }

  poll(peer: number, budget: number): boolean {
    const octets = this.rib.poll(peer, budget);
    if (octets !== undefined) this.listeners.get(peer)?.hear(octets);
    return octets !== undefined;
  }

  nlri(prefixes: readonly number[], peer: number, pathId: number) {
    const values = prefixes.map((i) => ({ prefix: this.of.prefixes[i]!, pathId }));
    return span(announcesSeveral(peer) ? values : values.map((value) => value.prefix));
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
        const pathId = announcesSeveral(op.peer) ? op.pathId : 0;
        for (const i of op.prefixes) {
          const paths = this.paths.get(of.prefixes[i]!)!;
          paths.set(`${op.peer} ${pathId}`, { peer: op.peer, pathId, value });
        }
        return;
      }
      case 'withdraw': {
        rib.withdraw(op.peer, this.nlri(op.prefixes, op.peer, op.pathId));
        const pathId = announcesSeveral(op.peer) ? op.pathId : 0;
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
      case 'refresh':
        return rib.refresh(op.peer);
      case 'mode':
        if (this.listeners.has(op.peer) && SENDS[op.peer] !== undefined) {
          this.change(op.peer, MODES[op.mode]!);
        }
        return;
      case 'hop':
        if (op.reachable) this.unreachable.delete(of.hops[op.hop]!);
        else this.unreachable.add(of.hops[op.hop]!);
        return;
      case 'poll':
        if (this.listeners.has(op.peer)) this.poll(op.peer, 60);
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

  candidates(of: Prefix) {
    return [...this.paths.get(of)!.values()].map((path) => this.#candidate(path));
  }

  /** The paths that a member with `send` may be told. */
  chosen(of: Prefix, send: AddPathSend | undefined) {
    let left = this.candidates(of);
    if (left.length === 0) return [];
    const { best, equal } = selectBest(left);
    if (send === 'all') return left.filter(({ resolvable }) => resolvable);
    if (send === 'ecmp') return best.resolvable ? equal : [];
    const ranked: typeof left = [];
    while (ranked.length < (send ?? 1) && left.length > 0) {
      const next = selectBest(left).best;
      ranked.push(next);
      left = left.filter((candidate) => candidate !== next);
    }
    return ranked.filter(({ resolvable }) => resolvable);
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

  /** What `member` must have been told of `one`, by peer and received identifier. */
  told(member: number, one: Prefix): Map<string, PathAttributes> {
    const ebgp = isEbgp(member);
    const told = new Map<string, PathAttributes>();
    for (const { peer, identifier, value } of this.chosen(one, this.sends.get(member))) {
      if (peer === member || (!ebgp && !isEbgp(peer))) continue;
      const { med, localPref, asPath, ...rest } = value;
      const asns = asPath[0]?.asns ?? [];
      const exported: PathAttributes = ebgp
        ? { ...rest, asPath: [{ type: 2, asns: [LOCAL_AS, ...asns] }], nextHop: this.of.self }
        : { ...rest, asPath, ...(med === undefined ? {} : { med }), localPref: localPref ?? 100 };
      told.set(`${peer} ${identifier}`, exported);
    }
    return told;
  }

  check(): void {
    this.quiesce();
    let count = 0;
    const advertised = new Map<number, number>();
    for (const one of this.of.prefixes) {
      count += this.paths.get(one)!.size;
      for (const [member, listener] of this.listeners) {
        const told = this.told(member, one);
        advertised.set(member, (advertised.get(member) ?? 0) + told.size);
        if (this.sends.get(member) === undefined) {
          expect([listener.table.get(one)], `${one} at ${member}`).toEqual([
            told.values().next().value,
          ]);
        } else this.#compare(one, { told, heard: listener.paths.get(one) ?? new Map() });
      }
    }
    for (const [member, expected] of advertised) {
      expect(this.rib.counters(member).advertised, `of ${member}`).toBe(expected);
    }
    expect(this.rib.pathCount).toBe(count);
  }

  /** The same paths, each under the identifier that it has always had. */
  #compare(
    one: Prefix,
    { told, heard }: { told: Map<string, PathAttributes>; heard: Map<number, PathAttributes> },
  ): void {
    const text = (value: PathAttributes) => JSON.stringify(value, Object.keys(value).sort());
    expect([...heard.values()].map(text).sort(), one).toEqual([...told.values()].map(text).sort());
    for (const [key, value] of told) {
      const known = this.identifiers.get(`${one} ${key}`);
      const same = [...heard].filter(([, other]) => text(other) === text(value));
      if (known !== undefined) expect(same.map(([id]) => id)).toContain(known);
      else if (same.length === 1) this.identifiers.set(`${one} ${key}`, same[0]![0]);
    }
  }

  /** Nobody is left out: what was kept to be withdrawn is not kept for ever. */
  end(): void {
    for (const peer of PEERS) this.rib.dropPeer(peer);
    this.quiesce();
    for (const { table, paths } of this.listeners.values()) {
      expect(table.size).toBe(0);
      for (const heard of paths.values()) expect([...heard.keys()]).toEqual([]);
    }
    this.quiesce();
    expect(this.rib.pathCount).toBe(0);
    expect(this.rib.prefixCount).toBe(0);
    for (const peer of PEERS) this.rib.leave(peer);
    this.quiesce();
    while (this.sets.collect(100));
    expect(this.sets.size).toBe(0);
    expect(this.sets.octetsHeld).toBe(0);
  }
}

function configOf(peer: number) {
  return peerConfig({
    ebgp: isEbgp(peer),
    peerAs: isEbgp(peer) ? 65_000 + peer : LOCAL_AS,
    routerId: 50 - peer,
    address: ip(`10.0.0.${peer}`),
    addPathReceive: announcesSeveral(peer),
  });
}

const peer = fc.constantFrom(...PEERS);
const prefixes = fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 3 });
const pathId = fc.integer({ min: 1, max: 3 });
const change = fc.record({
  asns: fc.constantFrom([65_001], [65_002], [65_001, 65_003]),
  med: fc.constantFrom(0, 5),
  hop: fc.nat(1),
});
const of = <K extends Op['op']>(...kinds: K[]) => fc.constantFrom(...kinds);
const operation = fc.oneof(
  { weight: 9, arbitrary: fc.record({ op: of('announce'), peer, prefixes, pathId, change }) },
  { weight: 6, arbitrary: fc.record({ op: of('withdraw'), peer, prefixes, pathId }) },
  { weight: 2, arbitrary: fc.record({ op: of('drop', 'leave', 'join', 'replace'), peer }) },
  { weight: 4, arbitrary: fc.record({ op: of('refresh'), peer }) },
  { weight: 2, arbitrary: fc.record({ op: of('mode'), peer, mode: fc.nat(MODES.length - 1) }) },
  { weight: 2, arbitrary: fc.record({ op: of('hop'), hop: fc.nat(1), reachable: fc.boolean() }) },
  { weight: 9, arbitrary: fc.record({ op: of('poll'), peer }) },
  { weight: 9, arbitrary: fc.record({ op: of('settle') }) },
) as fc.Arbitrary<Op>;

describe.each(FAMILIES)('a RIB of $family that tells several paths (RFC 7911)', (family) => {
  it('tells each member what a model of Maps says after any history, under stable identifiers', () => {
    fc.assert(
      fc.property(
        fc.array(operation, { minLength: 1, maxLength: 80, size: 'max' }),
        fc.constantFrom(RIB_SIZES, SMALL_SIZES),
        (operations, sizes) => {
          const machine = new Machine(family, sizes);
          for (const [index, op] of operations.entries()) {
            machine.apply(op);
            if (index % 25 === 24) machine.check();
          }
          machine.check();
          machine.end();
        },
      ),
      runs(100),
    );
  });
});
