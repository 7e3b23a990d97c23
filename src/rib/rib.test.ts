import { describe, expect, it } from 'vitest';
import { ip, ipToOctets } from '../net/ip-address.ts';
import { type Prefix, prefix } from '../net/prefix.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import type { PathAttributes } from '../wire/attributes/path-attributes.ts';
import type { PeerId } from './ids.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { Rib } from './rib.ts';
import type { ExportConfig, PeerRibConfig } from './rib-config.ts';
import { attributes, exportConfig, Listener, peerConfig, policy, span } from './testing/support.ts';

const NOBODY = { bestChanged: () => undefined, isBusy: false };
const P = prefix('10.1.0.0/26');
const Q = prefix('10.1.0.64/26');

/** One IPv4 RIB whose next hops are all reachable. */
class Bench {
  readonly nextHops = new NextHops(1);
  readonly sets = new AttributeSets({ seed: 2, nextHops: this.nextHops });
  readonly rib = new Rib({ family: 'ipv4-unicast', sets: this.sets, seed: 3 });
  readonly listeners = new Map<PeerId, Listener>();
  changed: Prefix[] = [];

  peer(id: PeerId, rest: Partial<PeerRibConfig> = {}): void {
    const address = ip(`10.0.0.${id}`);
    this.rib.addPeer(
      id,
      peerConfig({ address, routerId: 0x0a000000 + id, peerAs: 65000 + id, ...rest }),
    );
  }

  announce(peer: PeerId, prefixes: readonly Prefix[], value: PathAttributes): number {
    const id = this.sets.intern(encodeAttributes(value, 'ipv4-unicast'));
    this.nextHops.takeNew((nextHop) =>
      this.nextHops.resolve(nextHop, { reachable: true, metric: 0, handle: 1 }),
    );
    return this.rib.announce(peer, span(prefixes), id);
  }

  settle(): void {
    this.changed = [];
    while (this.settleSlice());
  }

  settleSlice(isBusy = false): boolean {
    const bestChanged = (id: PrefixId): number => this.changed.push(this.rib.prefixOf(id));
    return this.rib.settle(100, { bestChanged, isBusy });
  }

  listen(peer: PeerId, rest: Partial<ExportConfig> = {}): Listener {
    const listener = new Listener();
    this.listeners.set(peer, listener);
    this.rib.join(peer, exportConfig(rest));
    this.rib.allowEndOfRib(peer);
    return listener;
  }

  drain(): void {
    for (const [peer, listener] of this.listeners) {
      for (let octets = this.rib.poll(peer, 4096); octets; octets = this.rib.poll(peer, 4096)) {
        listener.hear(octets);
      }
    }
  }

  run(): void {
    this.settle();
    this.drain();
  }

  bestPeer(of: Prefix): PeerId | undefined {
    const id = this.rib.find(of);
    const best = id === 0 ? 0 : this.rib.best(id);
    return best === 0 ? undefined : this.rib.peerOf(best);
  }
}

describe('Rib', () => {
  it('takes a second announcement of a prefix as an implicit withdraw (RFC 4271 §3.1)', () => {
    const bench = new Bench();
    bench.peer(1);
    bench.announce(1, [P], attributes([65001]));
    bench.announce(1, [P], attributes([65001, 65009]));
    bench.settle();
    expect(bench.rib.pathCount).toBe(1);
    const best = bench.rib.best(bench.rib.find(P));
    expect(bench.sets.decode(bench.rib.attributesOf(best)).asPath[0]?.asns).toEqual([65001, 65009]);
  });

  it('tells nobody of a prefix that is announced again unchanged', () => {
    const bench = new Bench();
    bench.peer(1);
    bench.announce(1, [P], attributes([65001]));
    bench.settle();
    expect(bench.changed).toEqual([P]);
    bench.announce(1, [P], attributes([65001]));
    bench.settle();
    expect(bench.changed).toEqual([]);
  });

  it('gives a prefix free when nobody announces it and nobody was told of it', () => {
    const bench = new Bench();
    bench.peer(1);
    const listener = bench.listen(9);
    bench.announce(1, [P, Q], attributes([65001]));
    bench.run();
    expect([...listener.table.keys()].sort()).toEqual([P, Q].sort());
    bench.rib.withdraw(1, span([P, Q]));
    bench.settle();
    expect(bench.rib.prefixCount).toBe(2); // the listener has not been told yet
    bench.drain();
    bench.settle();
    expect(listener.table.size).toBe(0);
    expect(bench.rib.prefixCount).toBe(0);
    bench.sets.collect(1000);
    expect(bench.sets.size).toBe(0);
    expect(bench.sets.octetsHeld).toBe(0);
    expect(bench.nextHops.size).toBe(0);
  });

  it('gives prefixes free only when nothing waits to be written', () => {
    const bench = new Bench();
    bench.peer(1);
    bench.announce(1, [P], attributes([65001]));
    bench.settle();
    bench.rib.withdraw(1, span([P]));
    for (let i = 0; i < 3; i++) expect(bench.settleSlice(true)).toBe(false);
    expect(bench.rib.prefixCount).toBe(1);
    bench.settle();
    expect(bench.rib.prefixCount).toBe(0);
  });

  it('never sends a peer its own route, and takes back what it had sent before (RFC 4271 §9.1.3)', () => {
    const bench = new Bench();
    bench.peer(1);
    bench.peer(2);
    const one = bench.listen(1);
    const two = bench.listen(2);
    bench.announce(1, [P], attributes([65001, 65050]));
    bench.run();
    expect(one.table.has(P)).toBe(false);
    expect(two.table.get(P)?.asPath[0]?.asns).toEqual([65000, 65001, 65050]);
    bench.announce(2, [P], attributes([65002]));
    bench.run();
    expect(bench.bestPeer(P)).toBe(2);
    expect(one.table.get(P)?.asPath[0]?.asns).toEqual([65000, 65002]);
    expect(two.table.has(P)).toBe(false);
  });

  it('keeps rejected and looped paths, and says why they are not used', () => {
    const bench = new Bench();
    bench.peer(1, { importPolicy: policy(() => ({ accept: false, statement: 3 })) });
    bench.peer(2);
    bench.announce(1, [P], attributes([65001]));
    bench.announce(2, [P], attributes([65002, 65000]));
    bench.settle();
    expect(bench.bestPeer(P)).toBeUndefined();
    const reasons = bench.rib.explain(bench.rib.find(P));
    expect(reasons).toContainEqual(
      expect.objectContaining({ state: 'rejected', because: 'import policy', statement: 3 }),
    );
    expect(reasons).toContainEqual(
      expect.objectContaining({ state: 'looped', because: 'own AS in AS_PATH' }),
    );
    expect(bench.rib.counters(1)).toMatchObject({ received: 1, accepted: 0, rejected: 1 });
    expect(bench.rib.counters(2)).toMatchObject({ received: 1, accepted: 0, looped: 1 });
  });

  it('passes kept paths through a new import policy', () => {
    const bench = new Bench();
    bench.peer(1, { importPolicy: policy(() => ({ accept: false })) });
    bench.announce(1, [P], attributes([65001]));
    bench.settle();
    const importPolicy = policy(() => ({ localPref: 250 }));
    bench.rib.updatePeer(1, peerConfig({ routerId: 0x0a000001, importPolicy }));
    bench.settle();
    const best = bench.rib.best(bench.rib.find(P));
    expect(bench.sets.localPrefOf(bench.rib.attributesOf(best))).toBe(250);
    expect(bench.sets.localPrefOf(bench.rib.receivedAttributesOf(best))).toBe(100);
  });

  it('sends End-of-RIB once per member after its table, also an empty one (RFC 4724 §4.1)', () => {
    const bench = new Bench();
    bench.peer(1);
    const early = bench.listen(8);
    bench.run();
    expect(early.endOfRibs).toBe(1);
    bench.announce(1, [P], attributes([65001]));
    const late = bench.listen(9);
    bench.run();
    expect(late.table.size).toBe(1);
    expect(late.endOfRibs).toBe(1);
    expect(early.endOfRibs).toBe(1);
    expect(bench.rib.hasPending(8)).toBe(false);
  });

  it('holds End-of-RIB back until it is allowed', () => {
    const bench = new Bench();
    bench.rib.join(9, exportConfig());
    bench.settle();
    expect(bench.rib.poll(9, 4096)).toBeUndefined();
    bench.rib.allowEndOfRib(9);
    expect(bench.rib.poll(9, 4096)).toHaveLength(23);
  });

  it('keeps stale paths in use until they are swept, and drops what was not announced again (RFC 4724 §4.2)', () => {
    const bench = new Bench();
    bench.peer(1);
    bench.announce(1, [P, Q], attributes([65001]));
    bench.settle();
    bench.rib.markStale(1);
    bench.settle();
    expect(bench.rib.counters(1)).toMatchObject({ received: 2, stale: 2 });
    bench.announce(1, [P], attributes([65001]));
    bench.settle();
    expect(bench.rib.counters(1)).toMatchObject({ received: 2, stale: 1 });
    bench.rib.sweepStale(1);
    bench.settle();
    expect(bench.changed).toEqual([Q]);
    expect(bench.rib.counters(1)).toMatchObject({ received: 1, stale: 0 });
    expect(bench.bestPeer(P)).toBe(1);
  });

  it('refuses paths beyond pathsMax and says so', () => {
    const bench = new Bench();
    bench.peer(1, { pathsMax: 1 });
    expect(bench.announce(1, [P], attributes([65001]))).toBe(0);
    expect(bench.announce(1, [P, Q], attributes([65001, 1]))).toBe(1);
    expect(bench.rib.whyFull(1)).toBe('a neighbor may have at most 1 ipv4-unicast paths');
    bench.settle();
    expect(bench.rib.pathCount).toBe(1);
    expect(bench.rib.prefixCount).toBe(1);
  });

  it('chooses again when a next hop becomes unreachable, and does not export what nothing reaches', () => {
    const bench = new Bench();
    bench.peer(1);
    bench.peer(2);
    const listener = bench.listen(9);
    bench.announce(1, [P], attributes([65001], { nextHop: ip('192.0.2.1') }));
    bench.announce(2, [P], attributes([65002, 65003], { nextHop: ip('192.0.2.2') }));
    bench.run();
    expect(bench.bestPeer(P)).toBe(1);
    const lose = (address: string): void =>
      bench.nextHops.forEach((id) => {
        if (bench.nextHops.addressOf(id) === ip(address)) {
          bench.nextHops.resolve(id, { reachable: false, metric: 0, handle: 0 });
        }
      });
    lose('192.0.2.1');
    bench.run();
    expect(bench.bestPeer(P)).toBe(2);
    lose('192.0.2.2');
    bench.run();
    expect(bench.bestPeer(P)).toBe(1);
    expect(listener.table.has(P)).toBe(false);
    expect(bench.rib.explainExport(9, bench.rib.find(P))).toEqual({
      reason: 'next hop unreachable',
    });
  });

  it('announces own prefixes with the session address as next hop (RFC 4271 §5.1.3)', () => {
    const bench = new Bench();
    const external = bench.listen(8);
    const internal = bench.listen(9, { ebgp: false });
    bench.rib.originate(P, { source: 'block' });
    bench.run();
    expect(external.table.get(P)).toMatchObject({ nextHop: ip('10.0.0.255'), origin: 0 });
    expect(external.table.get(P)?.asPath).toEqual([{ type: 2, asns: [65000] }]);
    expect(external.table.get(P)?.localPref).toBeUndefined();
    expect(internal.table.get(P)).toMatchObject({ asPath: [], localPref: 100 });
    bench.rib.retract(P, 'block');
    bench.run();
    expect(external.table.size).toBe(0);
  });

  it('sends only what differs when the export policy of a group changes', () => {
    const bench = new Bench();
    bench.peer(1);
    const listeners = [bench.listen(8), bench.listen(9)];
    bench.announce(1, [P, Q], attributes([65001]));
    bench.run();
    const rejectQ = policy((subject) => ({ accept: subject.prefix[3] !== 64 }), { prefix: true });
    for (const id of [8, 9]) bench.rib.join(id, exportConfig({ policy: rejectQ }));
    const before = listeners.map((listener) => listener.messages);
    bench.run();
    for (const [i, listener] of listeners.entries()) {
      expect([...listener.table.keys()]).toEqual([P]);
      expect(listener.messages).toBe(before[i]! + 1);
    }
    expect(bench.rib.groupCount).toBe(1);
    // One of them alone: a group of its own, told the difference.
    bench.rib.join(9, exportConfig());
    bench.run();
    expect(listeners[1]!.table.size).toBe(2);
    expect(listeners[0]!.table.size).toBe(1);
    expect(listeners[1]!.messages).toBe(before[1]! + 2);
    expect(bench.rib.explainExport(8, bench.rib.find(Q))).toMatchObject({
      reason: 'export policy',
    });
  });

  it('cuts off a member that does not read, and lets it catch up', () => {
    const bench = new Bench();
    bench.peer(1);
    const fast = bench.listen(8);
    const slow = bench.listen(9);
    bench.listeners.delete(9);
    const all: Prefix[] = [];
    for (let i = 0; i < 256; i++) all.push(prefix(`10.2.${i}.0/24`));
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < 256; i++) {
        const value = attributes([65001, 1000 + i, 2000 + round], { communities: many(200, i) });
        bench.announce(1, [all[i]!], value);
      }
      bench.run();
    }
    bench.rib.withdraw(1, span(all.slice(0, 10)));
    bench.run();
    expect(fast.table.size).toBe(246);
    bench.listeners.set(9, slow);
    bench.drain();
    expect(slow.table).toEqual(fast.table);
    expect(slow.messages).toBeLessThan(fast.messages / 4);
    expect(bench.rib.hasPending(9)).toBe(false);
    bench.settle();
    expect(bench.rib.prefixCount).toBe(246);
  });

  it('sends everything again on a route refresh, to the asking peer alone (RFC 2918 §4)', () => {
    const bench = new Bench();
    bench.peer(1);
    const one = bench.listen(8);
    const two = bench.listen(9);
    bench.announce(1, [P, Q], attributes([65001]));
    bench.run();
    const before = [one.messages, two.messages];
    one.table.clear();
    bench.rib.refresh(8);
    bench.run();
    expect(one.table.size).toBe(2);
    expect([one.messages, two.messages]).toEqual([before[0]! + 1, before[1]]);
  });

  it('reflects between iBGP peers only from or to a client (RFC 4456 §6, §8)', () => {
    const bench = new Bench();
    const internal = { ebgp: false, peerAs: 65000 };
    bench.peer(1, { ...internal, rrClient: true });
    bench.peer(2, internal);
    const client = bench.listen(8, { ebgp: false, rrClient: true, clusterId: 77 });
    const other = bench.listen(9, { ebgp: false, clusterId: 77 });
    const plain = bench.listen(10, { ebgp: false });
    bench.announce(1, [P], attributes([], { localPref: 100 }));
    bench.announce(2, [Q], attributes([], { localPref: 100, originatorId: 5, clusterList: [6] }));
    bench.run();
    expect(other.table.get(P)).toMatchObject({ originatorId: 0x0a000001, clusterList: [77] });
    expect(other.table.get(P)).toMatchObject({ nextHop: ip('192.0.2.1') });
    expect(other.table.has(Q)).toBe(false);
    expect(client.table.get(Q)).toMatchObject({ originatorId: 5, clusterList: [77, 6] });
    expect(plain.table.size).toBe(0);
  });

  it('obeys NO_EXPORT and NO_ADVERTISE (RFC 1997)', () => {
    const bench = new Bench();
    bench.peer(1);
    const external = bench.listen(8);
    const internal = bench.listen(9, { ebgp: false });
    bench.announce(1, [P], attributes([65001], { communities: [0xffffff01] }));
    bench.announce(1, [Q], attributes([65001], { communities: [0xffffff02] }));
    bench.run();
    expect(external.table.size).toBe(0);
    expect([...internal.table.keys()]).toEqual([P]);
  });

  it('shares between equal paths in the order of neighbor addresses', () => {
    const bench = new Bench();
    for (const id of [3, 1, 2]) {
      bench.peer(id);
      bench.announce(id, [P], attributes([65001], { nextHop: ip(`192.0.2.${id}`) }));
    }
    bench.settle();
    const members: PeerId[] = [];
    const id = bench.rib.find(P);
    bench.rib.forEachMultipath(id, (path) => members.push(bench.rib.peerOf(path)));
    expect(members).toEqual([1, 2, 3]);
    bench.rib.withdraw(2, span([P]));
    bench.settle();
    expect(bench.changed).toEqual([P]); // the best is the same, the set is not
  });

  it('keeps several paths of one ADD-PATH peer apart by identifier (RFC 7911 §3)', () => {
    const bench = new Bench();
    bench.peer(1, { addPathReceive: true });
    const set = (asn: number): number =>
      bench.sets.intern(encodeAttributes(attributes([65001, asn]), 'ipv4-unicast'));
    bench.rib.announce(1, span([{ prefix: P, pathId: 7 }]), set(1));
    bench.rib.announce(1, span([{ prefix: P, pathId: 8 }]), set(2));
    bench.settle();
    expect(bench.rib.pathCount).toBe(2);
    bench.rib.withdraw(1, span([{ prefix: P, pathId: 7 }]));
    bench.settle();
    const best = bench.rib.best(bench.rib.find(P));
    expect(bench.rib.pathIdentifierOf(best)).toBe(8);
  });

  it('announces no more prefixes than it may; what goes makes room for what was kept back', () => {
    const bench = new Bench();
    bench.peer(1);
    bench.peer(2);
    const listener = bench.listen(2, { prefixesMax: 2 });
    const all = [1, 2, 3, 4].map((i) => prefix(`10.9.${i}.0/24`));
    for (const one of all) bench.announce(1, [one], attributes([65001]));
    const round = (): Prefix[] => {
      bench.settle();
      bench.drain();
      return [...listener.table.keys()].toSorted();
    };
    expect(round()).toEqual(all.slice(0, 2));
    expect(bench.rib.counters(2)).toMatchObject({ advertised: 2, keepsBack: true, pending: 0 });
    expect(bench.rib.explainExport(2, bench.rib.find(all[3]!))?.reason).toBe(
      'maxPrefixesOut is reached',
    );
    bench.rib.withdraw(1, span([all[0]!]));
    expect(round()).toEqual([all[1], all[2]]);
    // Less: the surplus is withdrawn. More: what was kept back is told.
    bench.rib.join(2, exportConfig({ prefixesMax: 1 }));
    expect(round()).toHaveLength(1);
    bench.rib.join(2, exportConfig({ prefixesMax: 3 }));
    expect(round()).toHaveLength(3);
    expect(bench.rib.counters(2).keepsBack).toBe(false);
    bench.rib.withdraw(1, span(all));
    expect(round()).toEqual([]);
    bench.settle();
    expect(bench.rib.prefixCount).toBe(0);
  });

  it('takes no more paths of one prefix than its limit, and says so (RFC 7911)', () => {
    const bench = new Bench();
    bench.peer(1, { addPathReceive: true, guard: { pathsPerPrefixMax: 2 } });
    bench.peer(2);
    const set = (asn: number): number =>
      bench.sets.intern(encodeAttributes(attributes([65001, asn]), 'ipv4-unicast'));
    const announce = (pathId: number): number =>
      bench.rib.announce(1, span([{ prefix: P, pathId }]), set(pathId));
    bench.announce(2, [P], attributes([65002]));
    expect([announce(1), announce(2), announce(3), announce(2)]).toEqual([0, 0, 1, 0]);
    announce(3);
    expect(bench.rib.whyFull(1)).toContain('at most 2 paths of one neighbor');
    bench.rib.withdraw(1, span([{ prefix: P, pathId: 1 }]));
    expect(announce(3)).toBe(0);
    // What a lost session has left behind does not count.
    bench.rib.dropPeer(1);
    expect([announce(7), announce(8), announce(9)]).toEqual([0, 0, 1]);
  });

  it('serves the old paths of a peer id that is given away again to nobody', () => {
    const bench = new Bench();
    bench.peer(1);
    bench.announce(1, [P], attributes([65001]));
    bench.settle();
    bench.rib.removePeer(1);
    expect(bench.rib.isGone(1)).toBe(false);
    bench.settle();
    expect(bench.rib.isGone(1)).toBe(true);
    expect(bench.rib.pathCount).toBe(0);
  });

  it('carries IPv6 in MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760)', () => {
    const nextHops = new NextHops(1);
    const sets = new AttributeSets({ seed: 2, nextHops });
    const rib = new Rib({ family: 'ipv6-unicast', sets, seed: 3 });
    const six = prefix('2001:db8:1::/64');
    rib.addPeer(1, peerConfig());
    const value = attributes([65001], { nextHop: ip('2001:db8::1') });
    const id = sets.intern(encodeAttributes(value, 'ipv6-unicast'));
    nextHops.takeNew((hop) => nextHops.resolve(hop, { reachable: true, metric: 0, handle: 0 }));
    rib.announce(1, span([six]), id);
    rib.join(9, exportConfig({ selfNextHop: ipToOctets(ip('2001:db8::ff')) }));
    rib.allowEndOfRib(9);
    const listener = new Listener();
    const run = (): void => {
      while (rib.settle(10, NOBODY));
      for (let out = rib.poll(9, 4096); out; out = rib.poll(9, 4096)) listener.hear(out);
    };
    run();
    expect(listener.table.get(six)).toMatchObject({ nextHop: ip('2001:db8::ff') });
    expect(listener.endOfRibs).toBe(1);
    rib.withdraw(1, span([six]));
    run();
    expect(listener.table.size).toBe(0);
  });
});

function many(count: number, from: number): number[] {
  return Array.from({ length: count }, (_, i) => 0x1_0000 + from * 1000 + i);
}
