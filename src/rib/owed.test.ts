/** Who is named as owed something: each peer once for each cause, and nobody for what concerns nobody. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { type Prefix, prefix } from '../net/prefix.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import type { PeerId } from './ids.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { Rib } from './rib.ts';
import { attributes, exportConfig, peerConfig, policy, span } from './testing/support.ts';

const P = prefix('10.1.0.0/26');
const INTERNAL = { ebgp: false, peerAs: 65000 };
const NOBODY = { bestChanged: () => undefined, isBusy: false };

/** Peers 1 to 3 in one group: iBGP, unless they are external. */
class Bench {
  readonly nextHops = new NextHops(1);
  readonly sets = new AttributeSets({ seed: 2, nextHops: this.nextHops });
  readonly rib = new Rib({ family: 'ipv4-unicast', sets: this.sets, seed: 3 });

  readonly #isExternal: boolean;
  readonly #joined: PeerId[] = [];

  constructor({ external = false, joined = [1, 2, 3] } = {}) {
    this.#isExternal = external;
    const kind = external ? {} : INTERNAL;
    for (const id of [1, 2, 3]) {
      this.rib.addPeer(id, peerConfig({ address: ip(`10.0.0.${id}`), routerId: id, ...kind }));
    }
    for (const id of joined) this.join(id);
    this.drain();
  }

  join(peer: PeerId): void {
    this.rib.join(peer, exportConfig({ ebgp: this.#isExternal }));
    this.#joined.push(peer);
  }

  leave(peer: PeerId): void {
    this.rib.leave(peer);
    this.#joined.splice(this.#joined.indexOf(peer), 1);
  }

  announce(peer: PeerId, prefixes: readonly Prefix[]): void {
    const set = this.sets.intern(
      encodeAttributes(attributes([], { localPref: 100 }), 'ipv4-unicast'),
    );
    this.nextHops.takeNew((id) =>
      this.nextHops.resolve(id, { reachable: true, metric: 0, handle: 1 }),
    );
    this.rib.announce(peer, span(prefixes), set);
  }

  /** Named since the last call, each once. */
  named(): PeerId[] {
    while (this.rib.settle(100, NOBODY));
    const named = new Set<PeerId>();
    this.rib.takeOwed((peer) => {
      if (this.rib.hasPending(peer)) named.add(peer);
    });
    return [...named].sort();
  }

  /** Everybody reads everything. */
  drain(): void {
    this.named();
    for (const peer of this.#joined) while (this.rib.poll(peer, 4096) !== undefined);
  }
}

describe('peers that are owed something', () => {
  it('are named when an own route comes, once until they have read it', () => {
    const bench = new Bench();
    bench.rib.originate(P, { source: 'block' });
    expect(bench.named()).toEqual([1, 2, 3]);
    bench.rib.originate(prefix('10.1.0.64/26'), { source: 'block' });
    expect(bench.named()).toEqual([]);
    bench.drain();
    bench.rib.retract(P, 'block');
    expect(bench.named()).toEqual([1, 2, 3]);
  });

  it('are not named for a route of a mesh, which concerns none of them (RFC 4271 §9.2)', () => {
    const bench = new Bench();
    bench.announce(1, [P]);
    expect(bench.named()).toEqual([]);
    expect(bench.rib.counters(2).pending).toBe(0);
  });

  it('are not named for their own routes where they are alone in their group, and who joins is told them', () => {
    const bench = new Bench({ external: true, joined: [1] });
    bench.announce(1, [P]);
    expect(bench.named()).toEqual([]);
    expect(bench.rib.counters(1).pending).toBe(0);
    bench.join(2);
    expect(bench.named()).toContain(2);
    expect(bench.rib.poll(2, 4096)).toBeDefined();
    expect(bench.rib.poll(1, 4096)).toBeUndefined();
    bench.leave(2);
    bench.announce(1, [prefix('10.1.0.64/26')]);
    bench.join(3);
    bench.drain();
    expect([1, 3].map((peer) => bench.rib.counters(peer).advertised)).toEqual([0, 2]);
  });

  it('are named when that route takes the place of one that they were told', () => {
    const bench = new Bench();
    bench.rib.originate(P, { source: 'kernel' });
    bench.drain();
    bench.announce(1, [P]);
    bench.rib.retract(P, 'kernel');
    expect(bench.named()).toEqual([1, 2, 3]);
  });

  it('are named alone when they join, ask for a refresh, or go to another group', () => {
    const bench = new Bench();
    bench.rib.originate(P, { source: 'block' });
    bench.drain();
    bench.rib.refresh(2);
    expect(bench.named()).toEqual([2]);
    bench.drain();
    bench.rib.leave(3);
    bench.rib.join(3, exportConfig({ ebgp: false }));
    expect(bench.named()).toEqual([3]);
    bench.drain();
    const none = policy(() => ({ accept: false }));
    bench.rib.join(1, exportConfig({ ebgp: false, policy: none }));
    expect(bench.named()).toEqual([1]);
    bench.drain();
    bench.rib.join(2, exportConfig({ ebgp: false, policy: none }));
    expect(bench.named()).toEqual([2]);
  });

  it('are named when a policy of all of them changed', () => {
    const bench = new Bench();
    bench.rib.originate(P, { source: 'block' });
    bench.drain();
    const none = policy(() => ({ accept: false }));
    for (const id of [1, 2, 3]) bench.rib.join(id, exportConfig({ ebgp: false, policy: none }));
    expect(bench.named()).toEqual([1, 2, 3]);
  });

  it('are named for End-of-RIB when it is allowed, and again where it was not said yet', () => {
    const bench = new Bench();
    bench.rib.allowEndOfRib(2);
    expect(bench.named()).toEqual([2]);
    expect(bench.named()).toEqual([2]);
    bench.drain();
    expect(bench.named()).toEqual([]);
    bench.rib.allowEndOfRib(2);
    expect(bench.named()).toEqual([]);
  });
});

describe('a pass over the whole table', () => {
  it('ends with the last prefix that was there: a later one is no part of it', () => {
    const bench = new Bench();
    bench.rib.originate(P, { source: 'block' });
    bench.drain();
    const other = policy((subject) => ({ accept: subject.source === 'block' }));
    for (const id of [1, 2, 3]) bench.rib.join(id, exportConfig({ ebgp: false, policy: other }));
    bench.drain();
    bench.announce(1, [prefix('10.1.0.64/26')]);
    expect(bench.named()).toEqual([]);
    expect(bench.rib.counters(2).pending).toBe(0);
  });
});
