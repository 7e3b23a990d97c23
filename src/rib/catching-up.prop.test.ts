/**
 * Members that fall behind, are refreshed, leave and come back while routes change: whatever is found in slices in
 * between, each has heard in the end exactly what there is, and nothing is left of what went.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { ip } from '../net/ip-address.ts';
import { type Prefix, prefix } from '../net/prefix.ts';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import type { PeerId } from './ids.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { Rib } from './rib.ts';
import { RIB_SIZES, type RibSizes, SMALL_SIZES } from './rib-sizes.ts';
import { attributes, exportConfig, Listener, peerConfig, policy, span } from './testing/support.ts';

const FEED = 1;
/** The first hears of most changes at once, the others seldom. */
const SINKS = [7, 8, 9] as const;
const NOBODY = { bestChanged: () => undefined, isBusy: false };
/** Each in an UPDATE of its own. */
const PREFIXES = Array.from({ length: 12 }, (_, i) => prefix(`10.${i}.0.0/16`));
const MESSAGE_MAX = 65_535;
/** UPDATEs of 60 KB (RFC 8654): who has not heard of two changes of all prefixes is cut off by the third (1 MiB). */
const LARGE = Array.from({ length: 15_000 }, (_, at) => 0x1_0000 + at);
/** What groups add: members with another value are in another one. */
const GROUPS = [0, 1] as const;

type Action =
  | { readonly type: 'announce'; readonly from: number; readonly count: number }
  | { readonly type: 'withdraw'; readonly from: number; readonly count: number }
  | { readonly type: 'settle'; readonly slices: number }
  | { readonly type: 'hear'; readonly sink: number; readonly polls: number }
  | { readonly type: 'refresh' | 'leave' | 'restart'; readonly sink: number }
  | { readonly type: 'move'; readonly sink: number; readonly to: number };

const sink = fc.constantFrom(SINKS[1], SINKS[2]);
const some = { from: fc.nat(8), count: fc.integer({ min: 4, max: 12 }) };
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('announce' as const), ...some }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('withdraw' as const), ...some }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('settle' as const), slices: fc.nat(12) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('hear' as const),
      sink,
      polls: fc.constantFrom(1, 1, 2, 100),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom('refresh' as const, 'leave' as const, 'restart' as const),
      sink,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('move' as const),
      sink: fc.constantFrom(...SINKS),
      to: fc.nat(1),
    }),
  },
);

interface StageOptions {
  readonly addPath: boolean;
  readonly communities: readonly number[];
  readonly sizes: RibSizes;
}

class Stage {
  readonly listeners = new Map<PeerId, Listener>();
  readonly rib: Rib;
  /** By prefix: which announcement of it is the last. */
  readonly truth = new Map<Prefix, number>();
  readonly #sets: AttributeSets;
  readonly #nextHops = new NextHops(1);
  readonly #addPath: boolean;
  readonly #communities: readonly number[];
  /** By what their group adds: equal values are one group only where the policy is one object. */
  readonly #policies = GROUPS.map((value) => policy(() => ({ addCommunities: [value] })));
  readonly #groups = new Map<PeerId, number>();
  #serial = 0;

  constructor({ addPath, communities, sizes }: StageOptions) {
    this.#addPath = addPath;
    this.#communities = communities;
    this.#sets = new AttributeSets({ seed: 2, nextHops: this.#nextHops });
    this.rib = new Rib({ family: 'ipv4-unicast', sets: this.#sets, seed: 3, sizes });
    for (const id of [FEED, ...SINKS]) {
      const address = ip(`10.0.0.${id}`);
      this.rib.addPeer(id, peerConfig({ address, routerId: id, peerAs: 65000 + id }));
      this.#join(id);
    }
  }

  /** Those that have not left. */
  get sinks(): PeerId[] {
    return SINKS.filter((peer) => this.listeners.has(peer));
  }

  truthFor(peer: PeerId): Map<Prefix, string> {
    const added = GROUPS[this.#groups.get(peer)!];
    return new Map([...this.truth].map(([one, med]) => [one, `${med} ${added}`]));
  }

  run(step: Action): void {
    if (step.type === 'announce') this.#announce(PREFIXES.slice(step.from, step.from + step.count));
    else if (step.type === 'withdraw')
      this.withdraw(PREFIXES.slice(step.from, step.from + step.count));
    else if (step.type === 'settle') this.#settle(step.slices);
    else if (step.type === 'hear') this.hear(step.sink, step.polls);
    else if (step.type === 'leave') this.#leave(step.sink);
    else if (step.type === 'restart') {
      this.#leave(step.sink);
      this.#join(step.sink);
    } else if (!this.listeners.has(step.sink)) return;
    else if (step.type === 'move') this.#configure(step.sink, step.to);
    else this.#refresh(step.sink);
  }

  withdraw(prefixes: readonly Prefix[]): void {
    for (const one of prefixes) this.truth.delete(one);
    this.rib.withdraw(FEED, span(prefixes));
  }

  hear(peer: PeerId, polls: number): void {
    const listener = this.listeners.get(peer);
    if (listener === undefined) return;
    for (let i = 0; i < polls && this.rib.hasPending(peer); i++) {
      const octets = this.rib.poll(peer, 65_536);
      if (octets !== undefined) listener.hear(octets);
    }
  }

  end(): void {
    while (this.rib.settle(1000, NOBODY));
    for (const peer of [FEED, ...SINKS]) this.hear(peer, 10_000);
    while (this.rib.settle(1000, NOBODY));
  }

  /** What a sink holds: by prefix, the serial number of the announcement, and what its group has added. */
  heldBy(peer: PeerId): Map<Prefix, string> {
    const { table, paths } = this.listeners.get(peer)!;
    const all = this.#addPath
      ? [...paths].flatMap(([one, byId]) =>
          [...byId.values()].map((value) => [one, value] as const),
        )
      : [...table];
    return new Map(all.map(([one, { med, communities }]) => [one, `${med} ${communities.at(0)}`]));
  }

  /** Everything is told again: what the peer had is forgotten, so that nothing may be missing. */
  #refresh(peer: PeerId): void {
    this.listeners.get(peer)!.table.clear();
    this.listeners.get(peer)!.paths.clear();
    this.rib.refresh(peer, false);
  }

  /** Now and then nobody hears of it. */
  #settle(slices: number): void {
    for (let i = 0; i < slices; i++) this.rib.settle(4, NOBODY);
    if (slices > 2) this.hear(SINKS[0], 100);
  }

  #leave(peer: PeerId): void {
    this.rib.leave(peer);
    this.listeners.delete(peer);
  }

  #join(peer: PeerId): void {
    this.listeners.set(peer, new Listener({ addPath: this.#addPath, messageMax: MESSAGE_MAX }));
    this.#configure(peer, 0);
  }

  #configure(peer: PeerId, group: number): void {
    this.#groups.set(peer, group);
    const addPath = this.#addPath ? { addPath: 'all' as const } : {};
    this.rib.join(
      peer,
      exportConfig({
        policy: this.#policies[group]!,
        rrClient: true,
        ebgp: false,
        localAs: 65_000,
        clusterId: 5,
        messageMax: MESSAGE_MAX,
        ...addPath,
      }),
    );
  }

  #announce(prefixes: readonly Prefix[]): void {
    for (const one of prefixes) {
      const med = ++this.#serial;
      const set = this.#sets.intern(
        encodeAttributes(
          attributes([65001], { med, communities: this.#communities }),
          'ipv4-unicast',
        ),
      );
      this.#nextHops.takeNew((id) =>
        this.#nextHops.resolve(id, { reachable: true, metric: 0, handle: 1 }),
      );
      this.rib.announce(FEED, span([one]), set);
      this.truth.set(one, med);
    }
  }
}

for (const addPath of [false, true]) {
  describe(`A member that falls behind${addPath ? ' and is told several paths' : ''}`, () => {
    it('is cut off by the third change of all, and not by the second', () => {
      const stage = new Stage({ addPath, communities: LARGE, sizes: RIB_SIZES });
      const all: Action = { type: 'announce', from: 0, count: PREFIXES.length };
      const times = (count: number): void => {
        for (let i = 0; i < count; i++) {
          stage.run(all);
          while (stage.rib.settle(1000, NOBODY));
          stage.hear(SINKS[0], 100);
        }
      };
      stage.end();
      times(2);
      expect(stage.rib.cutOffs).toBe(0);
      times(1);
      expect(stage.rib.cutOffs).toBe(3);
    });

    it('has heard in the end exactly what there is, and nothing is left of what went', () => {
      let cutOffs = 0;
      fc.assert(
        fc.property(fc.array(action, { minLength: 20, maxLength: 60 }), (actions) => {
          const stage = new Stage({ addPath, communities: [], sizes: SMALL_SIZES });
          for (const step of actions) stage.run(step);
          stage.end();
          for (const peer of stage.sinks) expect(stage.heldBy(peer)).toEqual(stage.truthFor(peer));
          cutOffs += stage.rib.cutOffs;
          stage.withdraw(PREFIXES);
          stage.end();
          for (const peer of stage.sinks) expect(stage.heldBy(peer).size).toBe(0);
          expect(stage.rib.prefixes.size).toBe(0);
        }),
        runs(100),
      );
      expect(cutOffs).toBeGreaterThan(100);
    });
  });
}
