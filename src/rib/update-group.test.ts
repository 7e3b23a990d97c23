/** What one poll does: about a write's worth, whoever asks, and never more than others can wait for. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { type Prefix, prefix } from '../net/prefix.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import type { PeerId } from './ids.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { Rib } from './rib.ts';
import { attributes, exportConfig, Listener, peerConfig, span } from './testing/support.ts';

const FEED = 1;
const SINK = 8;
const NOBODY = { bestChanged: () => undefined, isBusy: false };
const PREFIXES = 4000;

/** A feed and a sink in one group. Each prefix has a set of its own, of `octets` and some more. */
function loaded(octets: number): Rib {
  const nextHops = new NextHops(1);
  const sets = new AttributeSets({ seed: 2, nextHops });
  const rib = new Rib({ family: 'ipv4-unicast', sets, seed: 3 });
  for (const id of [FEED, SINK]) {
    const address = ip(`10.0.0.${id}`);
    rib.addPeer(id, peerConfig({ address, routerId: id, peerAs: 65000 + id }));
    rib.join(id, exportConfig());
    rib.allowEndOfRib(id);
  }
  for (let i = 0; i < PREFIXES; i++) {
    const communities = Array.from({ length: octets / 4 }, (_, at) => 0x1_0000 + i * 1000 + at);
    const value = attributes([65001], { communities });
    const set = sets.intern(encodeAttributes(value, 'ipv4-unicast'));
    nextHops.takeNew((id) => nextHops.resolve(id, { reachable: true, metric: 0, handle: 1 }));
    rib.announce(FEED, span([nth(i)]), set);
  }
  while (rib.settle(1000, NOBODY));
  return rib;
}

function nth(i: number): Prefix {
  return prefix(`10.${i >> 8}.${i & 255}.0/24`);
}

function drain(rib: Rib, peer: PeerId, budget: number): { listener: Listener; polls: number } {
  const listener = new Listener();
  let polls = 0;
  while (rib.hasPending(peer)) {
    polls++;
    const octets = rib.poll(peer, budget);
    if (octets !== undefined) listener.hear(octets);
  }
  return { listener, polls };
}

describe('A poll', () => {
  it('packs as many batches as half of what it is asked for takes: a batch of withdrawals is 4 KB', () => {
    const rib = loaded(8);
    drain(rib, SINK, 65_536);
    rib.withdraw(FEED, span(Array.from({ length: PREFIXES }, (_, i) => nth(i))));
    while (rib.settle(1000, NOBODY));
    expect(rib.poll(SINK, 65_536)!.length).toBeGreaterThan(3.5 * PREFIXES);
  });

  it('ends when it has packed enough though nothing of it is for who asks, and all comes at last', () => {
    const rib = loaded(8);
    expect(rib.poll(FEED, 65_536)).toBeUndefined();
    expect(rib.hasPending(FEED)).toBe(true);
    // A batch of 1024, of 4000, is more than half a write; the last poll says that this was all.
    expect(drain(rib, FEED, 65_536).polls).toBe(3);
    expect(drain(rib, SINK, 65_536).listener.table.size).toBe(PREFIXES);
  });

  it('ends after 2048 exports that come to nothing', () => {
    const rib = loaded(8);
    drain(rib, SINK, 65_536);
    rib.setGate(() => 'go'); // all are exported again, and nothing is another
    expect(rib.poll(SINK, 65_536)).toBeUndefined();
    expect(rib.hasPending(SINK)).toBe(true);
    expect(rib.poll(SINK, 65_536)).toBeUndefined();
    expect(rib.hasPending(SINK)).toBe(false);
  });

  it('never cuts off who asks, whatever it asks for', () => {
    const rib = loaded(800);
    const { listener } = drain(rib, SINK, 100_000_000);
    expect(listener.table.size).toBe(PREFIXES);
    expect(listener.messages).toBe(PREFIXES + 1); // End-of-RIB; nothing is told twice
  });
});
