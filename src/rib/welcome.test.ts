/** Peers that come later: the same octets for all that are to be told all, and the right ones for the others. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { type Prefix, prefix } from '../net/prefix.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import type { PeerId } from './ids.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { Rib } from './rib.ts';
import { attributes, exportConfig, Listener, peerConfig, span } from './testing/support.ts';

const OWN = prefix('10.1.0.0/26');
const ANOTHER = prefix('10.1.0.64/26');
const LEARNED = prefix('10.9.0.0/16');
const NOBODY = { bestChanged: () => undefined };

/** External peers of one group: 1 is there when the routes come, the others come when they are asked to. */
class Bench {
  readonly nextHops = new NextHops(1);
  readonly sets = new AttributeSets({ seed: 2, nextHops: this.nextHops });
  readonly rib = new Rib({ family: 'ipv4-unicast', sets: this.sets, seed: 3 });
  readonly listeners = new Map<PeerId, Listener>();

  constructor() {
    this.join(1);
    this.rib.originate(OWN, { source: 'block', gateway: ip('192.0.2.1') });
    this.read(1);
  }

  join(peer: PeerId): void {
    this.rib.addPeer(peer, peerConfig({ address: ip(`10.0.0.${peer}`), routerId: peer }));
    this.rib.join(peer, exportConfig());
    this.listeners.set(peer, new Listener());
  }

  learn(peer: PeerId, prefixes: readonly Prefix[]): void {
    const set = this.sets.intern(
      encodeAttributes(attributes([65_001], { nextHop: ip('192.0.2.9') }), 'ipv4-unicast'),
    );
    this.nextHops.takeNew((id) =>
      this.nextHops.resolve(id, { reachable: true, metric: 0, handle: 1 }),
    );
    this.rib.announce(peer, span(prefixes), set);
  }

  settle(): void {
    while (this.rib.settle(100, NOBODY));
  }

  /** Reads once. */
  poll(peer: PeerId): Uint8Array | undefined {
    this.settle();
    const octets = this.rib.poll(peer, 4096);
    if (octets !== undefined) this.listeners.get(peer)!.hear(octets);
    return octets;
  }

  /** Reads everything. @returns what the peer knows then. */
  read(peer: PeerId): string[] {
    while (this.poll(peer) !== undefined);
    expect(this.rib.hasPending(peer)).toBe(false);
    return [...this.listeners.get(peer)!.table.keys()].sort();
  }
}

describe('peers that come when the table is there', () => {
  it('are sent the same octets', () => {
    const bench = new Bench();
    bench.join(2);
    bench.join(3);
    expect(bench.rib.counters(3).pending).toBeGreaterThan(0);
    const two = bench.poll(2)!;
    const three = bench.poll(3)!;
    expect(three.buffer).toBe(two.buffer);
    expect([bench.read(2), bench.read(3)]).toEqual([[OWN], [OWN]]);
    expect(bench.rib.counters(3).pending).toBe(0);
  });

  it('hear of what changes before they have read it, and of what changed before they came', () => {
    const bench = new Bench();
    bench.join(2);
    bench.rib.originate(ANOTHER, { source: 'block', gateway: ip('192.0.2.1') });
    bench.rib.retract(OWN, 'block');
    bench.read(1);
    bench.join(3);
    expect([bench.read(2), bench.read(3)]).toEqual([[ANOTHER], [ANOTHER]]);
  });

  it('never get a route of their own back (RFC 4271 §9.1.3)', () => {
    const bench = new Bench();
    bench.rib.addPeer(2, peerConfig({ address: ip('10.0.0.2'), routerId: 2 }));
    bench.learn(2, [LEARNED]);
    expect(bench.read(1)).toEqual([OWN, LEARNED]);
    bench.rib.join(2, exportConfig());
    bench.listeners.set(2, new Listener());
    bench.join(3);
    expect([bench.read(2), bench.read(3)]).toEqual([[OWN], [OWN, LEARNED]]);
  });

  it('get everything again when they ask for it (RFC 2918 §4), also in the middle of it', () => {
    const bench = new Bench();
    bench.join(2);
    bench.rib.refresh(2);
    bench.read(2);
    bench.listeners.set(2, new Listener());
    bench.rib.refresh(2);
    expect(bench.read(2)).toEqual([OWN]);
    bench.rib.originate(ANOTHER, { source: 'block', gateway: ip('192.0.2.1') });
    bench.rib.refresh(2);
    bench.listeners.set(2, new Listener());
    expect(bench.read(2)).toEqual([OWN, ANOTHER]);
  });

  it('take what they have not read of it into another group', () => {
    const bench = new Bench();
    bench.join(2);
    bench.rib.join(2, exportConfig({ nextHop: 'keep' }));
    bench.settle();
    bench.rib.originate(ANOTHER, { source: 'block', gateway: ip('192.0.2.1') });
    expect(bench.read(2)).toEqual([OWN, ANOTHER]);
    bench.join(3);
    expect(bench.read(3)).toEqual([OWN, ANOTHER]);
  });
});
