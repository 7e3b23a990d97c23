/** RFC 4271 §5.1.3: no route is advertised to the peer whose address is its next hop. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import type { PeerId } from './ids.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { Rib } from './rib.ts';
import { attributes, exportConfig, Listener, peerConfig, span } from './testing/support.ts';

const P = prefix('10.9.0.0/16');
const NOBODY = { bestChanged: () => undefined, isBusy: false };
const ADDRESS = (peer: PeerId) => ip(`10.0.0.${peer}`);

/** Internal peers 1 and 2, and 9, which is external and names the next hops of others. */
class Bench {
  readonly nextHops = new NextHops(1);
  readonly sets = new AttributeSets({ seed: 2, nextHops: this.nextHops });
  readonly rib = new Rib({ family: 'ipv4-unicast', sets: this.sets, seed: 3 });
  readonly listeners = new Map<PeerId, Listener>();

  constructor(peers: readonly PeerId[] = [1, 2]) {
    this.rib.addPeer(9, peerConfig({ address: ADDRESS(9), routerId: 9 }));
    for (const peer of peers) this.join(peer);
  }

  join(peer: PeerId, config = exportConfig({ ebgp: false })): void {
    const address = ADDRESS(peer);
    this.rib.addPeer(peer, peerConfig({ address, routerId: peer, ebgp: false, peerAs: 65_000 }));
    this.rib.join(peer, config);
    this.listeners.set(peer, new Listener());
  }

  announce(nextHop: PeerId): void {
    const set = this.sets.intern(
      encodeAttributes(attributes([65_001], { nextHop: ADDRESS(nextHop) }), 'ipv4-unicast'),
    );
    this.nextHops.takeNew((id) =>
      this.nextHops.resolve(id, { reachable: true, metric: 0, handle: 1 }),
    );
    this.rib.announce(9, span([P]), set);
  }

  /** The next hop that the peer has been told; undefined when it knows of no route. */
  heard(peer: PeerId): string | undefined {
    while (this.rib.settle(100, NOBODY));
    for (;;) {
      const octets = this.rib.poll(peer, 4096);
      if (octets === undefined) break;
      this.listeners.get(peer)!.hear(octets);
    }
    return this.listeners.get(peer)!.table.get(P)?.nextHop;
  }
}

describe('a route whose next hop is passed on', () => {
  it('is withheld from the peer that the next hop is, and told to the others of its group', () => {
    const bench = new Bench();
    bench.announce(1);
    expect([bench.heard(1), bench.heard(2)]).toEqual([undefined, ADDRESS(1)]);
    expect(bench.rib.explainExport(1, bench.rib.find(P))?.reason).toBe(
      'next hop is the peer itself',
    );
    expect(bench.rib.counters(1).advertised).toBe(0);
    // It comes from the one who sent it, not from the one it is withheld from.
    expect(bench.rib.advertisedTo(2, bench.rib.find(P)).map(({ source }) => source)).toEqual([9]);
  });

  it('is withdrawn from a peer when it becomes the next hop, and told to the one that was it', () => {
    const bench = new Bench();
    bench.announce(1);
    expect([bench.heard(1), bench.heard(2)]).toEqual([undefined, ADDRESS(1)]);
    bench.announce(2);
    expect([bench.heard(1), bench.heard(2)]).toEqual([ADDRESS(2), undefined]);
    bench.announce(7);
    expect([bench.heard(1), bench.heard(2)]).toEqual([ADDRESS(7), ADDRESS(7)]);
  });

  it('is withheld from a peer that comes when it has been told to others already', () => {
    const bench = new Bench([2, 3]);
    bench.announce(1);
    expect([bench.heard(2), bench.heard(3)]).toEqual([ADDRESS(1), ADDRESS(1)]);
    bench.join(1);
    expect(bench.heard(1)).toBeUndefined();
    expect(bench.listeners.get(1)!.messages).toBe(bench.listeners.get(1)!.withdrawals);
  });

  it('is told to everybody where this node names itself', () => {
    const bench = new Bench([]);
    for (const peer of [1, 2]) bench.join(peer, exportConfig({ ebgp: false, nextHop: 'self' }));
    bench.announce(1);
    expect(bench.heard(1)).toBe(bench.heard(2));
    expect(bench.heard(1)).toBeDefined();
  });

  it('of this node’s own is withheld from its gateway', () => {
    const bench = new Bench();
    bench.rib.originate(P, { source: 'static', gateway: ADDRESS(2) });
    bench.nextHops.takeNew((id) =>
      bench.nextHops.resolve(id, { reachable: true, metric: 0, handle: 1 }),
    );
    expect([bench.heard(1), bench.heard(2)]).toEqual([ADDRESS(2), undefined]);
  });
});

describe('paths told under identifiers (RFC 7911)', () => {
  const ADD_PATH = exportConfig({ ebgp: false, addPath: 'all' });

  function bench(...peers: PeerId[]): Bench {
    const made = new Bench([]);
    for (const peer of peers) {
      made.join(peer, ADD_PATH);
      made.listeners.set(peer, new Listener({ addPath: true }));
    }
    return made;
  }

  /** Next hops that the peer holds for the prefix. */
  function held(of: Bench, peer: PeerId): (string | undefined)[] {
    of.heard(peer);
    const paths = of.listeners.get(peer)!.paths.get(P)?.values() ?? [];
    return [...paths].map(({ nextHop }) => nextHop);
  }

  it('are withheld each from the peer that its next hop is', () => {
    const made = bench(1, 2);
    made.announce(1);
    expect([held(made, 1), held(made, 2)]).toEqual([[], [ADDRESS(1)]]);
    made.announce(2);
    expect([held(made, 1), held(made, 2)]).toEqual([[ADDRESS(2)], []]);
    made.announce(7);
    expect([held(made, 1), held(made, 2)]).toEqual([[ADDRESS(7)], [ADDRESS(7)]]);
    expect(made.rib.counters(1).advertised).toBe(1);
  });

  it('are withdrawn from a peer that is out of step when it becomes the next hop', () => {
    const made = bench(1, 2);
    made.announce(7);
    expect(held(made, 2)).toEqual([ADDRESS(7)]);
    // Peer 1 has read nothing so far.
    made.announce(1);
    expect([held(made, 1), held(made, 2)]).toEqual([[], [ADDRESS(1)]]);
    made.announce(2);
    made.rib.withdraw(9, span([P]));
    expect([held(made, 1), held(made, 2)]).toEqual([[], []]);
  });

  it('are withdrawn from a peer that comes to have the address of a next hop', () => {
    const made = bench(2, 3);
    made.announce(1);
    expect([held(made, 2), held(made, 3)]).toEqual([[ADDRESS(1)], [ADDRESS(1)]]);
    made.join(1, ADD_PATH);
    made.listeners.set(1, new Listener({ addPath: true }));
    expect(held(made, 1)).toEqual([]);
    expect(held(made, 2)).toEqual([ADDRESS(1)]);
  });
});
