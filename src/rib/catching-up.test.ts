/** Tables that take several slices: of a refresh, of a member that was cut off, of one that left. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import type { Prefix } from '../net/prefix.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import type { NlriSpan } from './adj-rib-in.ts';
import type { PeerId } from './ids.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { Rib } from './rib.ts';
import { SMALL_SIZES } from './rib-sizes.ts';
import { attributes, exportConfig, Listener, peerConfig, policy } from './testing/support.ts';

const FEED = 1;
const FAST = 8;
const SLOW = 9;
const NOBODY = { bestChanged: () => undefined, isBusy: false };
/** Prefixes of one span. */
const STEP = 50;

class Stage {
  readonly rib: Rib;
  readonly #set: number;

  constructor(prefixes: number) {
    const nextHops = new NextHops(1);
    const sets = new AttributeSets({ seed: 2, nextHops });
    this.rib = new Rib({ family: 'ipv4-unicast', sets, seed: 3, sizes: SMALL_SIZES });
    this.#set = sets.intern(encodeAttributes(attributes([65001]), 'ipv4-unicast'));
    nextHops.takeNew((id) => nextHops.resolve(id, { reachable: true, metric: 0, handle: 1 }));
    this.join(FEED);
    for (const span of spans(prefixes)) this.rib.announce(FEED, span, this.#set);
    this.settle();
  }

  join(id: PeerId): void {
    const address = ip(`10.0.0.${id}`);
    this.rib.addPeer(id, peerConfig({ address, routerId: id, peerAs: 65000 + id }));
    this.rib.join(id, exportConfig());
  }

  withdraw(prefixes: number): void {
    for (const span of spans(prefixes)) this.rib.withdraw(FEED, span);
    this.settle();
  }

  /** @returns Slices it took. */
  settle(): number {
    let slices = 1;
    while (this.rib.settle(100, NOBODY)) slices++;
    return slices;
  }

  /** @returns The table that `peer` holds, which it begins with. */
  hear(peer: PeerId, table = new Map<Prefix, unknown>()): ReadonlyMap<Prefix, unknown> {
    const listener = new Listener();
    for (const [prefix, value] of table) listener.table.set(prefix, value as never);
    while (this.rib.hasPending(peer)) {
      const octets = this.rib.poll(peer, 65_536);
      if (octets !== undefined) listener.hear(octets);
    }
    return listener.table;
  }
}

/** /24 prefixes from 20.0.0.0 on. */
function* spans(prefixes: number): Generator<NlriSpan> {
  for (let from = 0; from < prefixes; from += STEP) {
    const count = Math.min(STEP, prefixes - from);
    const octets = new Uint8Array(count * 4);
    for (let i = 0; i < count; i++) {
      const n = from + i;
      octets.set([24, 20 + (n >> 16), (n >> 8) & 255, n & 255], i * 4);
    }
    yield { octets, start: 0, end: octets.length };
  }
}

describe('A member that is owed all of a table', () => {
  const PREFIXES = 50;

  it('is told all of it, when it comes and when it asks again, while more than it needs is pending', () => {
    const stage = new Stage(PREFIXES);
    stage.join(FAST);
    expect(stage.hear(FAST).size).toBe(PREFIXES);
    stage.rib.refresh(FAST, false);
    expect(stage.rib.counters(FAST).pending).toBe(PREFIXES);
    expect(stage.hear(FAST).size).toBe(PREFIXES);
    expect(stage.rib.counters(FAST).pending).toBe(0);
  });

  it('leaves nothing behind when it goes before it was told, though all was withdrawn meanwhile', () => {
    const stage = new Stage(PREFIXES);
    stage.join(FAST);
    stage.hear(FAST);
    stage.join(SLOW);
    stage.withdraw(PREFIXES);
    stage.hear(FAST);
    expect(stage.rib.prefixes.size).toBe(PREFIXES); // still to be withdrawn from the slow one
    stage.rib.leave(SLOW);
    expect(stage.settle()).toBeGreaterThanOrEqual(PREFIXES / SMALL_SIZES.marks);
    stage.hear(FEED);
    stage.settle();
    expect(stage.rib.prefixes.size).toBe(0);
  });

  it('keeps what it was owed until that is forgiven, though another left before it with the same', () => {
    const stage = new Stage(PREFIXES);
    const others = [SLOW, 10, 11];
    stage.join(FAST);
    stage.hear(FAST);
    for (const id of others) stage.join(id);
    stage.withdraw(PREFIXES);
    stage.hear(FAST);
    for (const id of others) stage.rib.leave(id);
    stage.hear(FEED);
    stage.settle();
    expect(stage.rib.prefixes.size).toBe(0);
  });
});

describe('Members that are cut off together', () => {
  /** Withdrawals of four octets: more than the log holds. */
  const PREFIXES = 150;

  it('have what they had not read found in slices, whoever asks, and hear all of it', () => {
    const stage = new Stage(PREFIXES);
    for (const id of [FAST, SLOW]) stage.join(id);
    const tables = [FEED, FAST, SLOW].map((id) => stage.hear(id));
    expect(tables.map(({ size }) => size)).toEqual([0, PREFIXES, PREFIXES]);
    const before = stage.rib.cutOffs;
    stage.withdraw(PREFIXES);
    stage.hear(FAST);
    expect(stage.rib.cutOffs - before).toBe(2); // the feed too, which is told nothing
    expect(stage.rib.poll(SLOW, 65_536)).toBeUndefined();
    expect(stage.settle()).toBeGreaterThan(3);
    expect(stage.hear(SLOW, new Map(tables[2])).size).toBe(0);
    stage.hear(FEED);
    stage.settle();
    expect(stage.rib.prefixes.size).toBe(0);
  });

  it('leave nothing behind when they go', () => {
    const stage = new Stage(PREFIXES);
    for (const id of [FAST, SLOW]) stage.join(id);
    for (const id of [FEED, FAST, SLOW]) stage.hear(id);
    stage.withdraw(PREFIXES);
    for (const id of [FAST, FEED]) stage.hear(id);
    stage.settle();
    expect(stage.rib.prefixes.size).toBeGreaterThan(100); // still to be withdrawn from the slow one
    stage.rib.leave(SLOW);
    stage.settle();
    expect(stage.rib.prefixes.size).toBe(0);
  });
});

describe('Members that go over to another group, some of many', () => {
  const PREFIXES = SMALL_SIZES.moveIds - 3;
  const MOVERS = [FAST, SLOW, 10, 11];
  const STAYS = 12;
  const other = exportConfig({ policy: policy(() => ({ addCommunities: [0x2_0002] })) });

  it('go two at a time where the table is this large, and hear what is different there', () => {
    const stage = new Stage(PREFIXES);
    for (const id of [...MOVERS, STAYS]) stage.join(id);
    const before = new Map([...MOVERS, STAYS].map((id) => [id, stage.hear(id)]));
    const own = stage.rib.join(STAYS, exportConfig());
    for (const id of MOVERS) stage.rib.join(id, other);
    const gone = () => MOVERS.filter((id) => stage.rib.join(id, other) !== own);
    expect(stage.rib.settle(1000, NOBODY)).toBe(true);
    expect(gone()).toEqual(MOVERS.slice(0, 2));
    stage.settle();
    expect(gone()).toEqual(MOVERS);
    const told = { communities: [0x2_0002] };
    for (const id of MOVERS) {
      const after = stage.hear(id, new Map(before.get(id)));
      expect(after.size).toBe(PREFIXES);
      const texts = new Set([...after.values()].map((value) => JSON.stringify(value)));
      expect([...texts].map((text) => JSON.parse(text))).toMatchObject([told]);
    }
    expect(stage.hear(STAYS, new Map()).size).toBe(0); // nothing new for who stayed
  });
});
