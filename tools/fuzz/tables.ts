/**
 * Tables of both families with everybody in them, and the observers who read what is sent. The target has one set;
 * the comparison at the end of a round makes another one from nothing.
 */

import { AFI_SAFIS, type AfiSafi } from '../../src/net/afi-safi.ts';
import { NextHops } from '../../src/rib/next-hops.ts';
import { AttributeSets } from '../../src/rib/path-attributes.ts';
import { Rib } from '../../src/rib/rib.ts';
import type { SettleConsumer } from '../../src/rib/settle-consumer.ts';
import { Finding } from './action.ts';
import { Observer } from './observer.ts';
import { StepClock } from './step-clock.ts';
import {
  audienceOf,
  exportOf,
  importOf,
  OBSERVERS,
  observerImportOf,
  PEERS,
  peerOfObserver,
} from './tables-peers.ts';

export const SETTLE_BUDGET = 2048;
const POLL_OCTETS = 65_536;
/** Coming to rest takes a few dozen slices at most. */
const SLICES_MAX = 20_000;
const IDLE: SettleConsumer = { bestChanged: () => undefined, isBusy: false };

/** Which of the two policies each peer and each observer has at the moment. */
export interface Variants {
  readonly imports: number[];
  readonly exports: number[];
}

export function firstVariants(): Variants {
  return { imports: PEERS.map(() => 0), exports: OBSERVERS.map(() => 0) };
}

export class Tables {
  readonly nextHops = new NextHops(1);
  readonly sets: AttributeSets;
  readonly ribs: Readonly<Record<AfiSafi, Rib>>;
  readonly observers: readonly Observer[];
  readonly variants: Variants;

  constructor(variants: Variants) {
    this.variants = variants;
    this.sets = new AttributeSets({ seed: 1, nextHops: this.nextHops });
    this.ribs = {
      'ipv4-unicast': this.#ribOf('ipv4-unicast'),
      'ipv6-unicast': this.#ribOf('ipv6-unicast'),
    };
    this.observers = OBSERVERS.map(
      (options) => new Observer(options.name, options.context, audienceOf(options)),
    );
  }

  #ribOf(family: AfiSafi): Rib {
    const rib = new Rib({ family, sets: this.sets, seed: 1 });
    const { imports } = this.variants;
    PEERS.forEach((_, index) => {
      rib.addPeer(index + 1, importOf(index, family, imports[index]!));
    });
    OBSERVERS.forEach((_, index) => {
      rib.addPeer(peerOfObserver(index), observerImportOf(index));
      this.#join(rib, index);
    });
    return rib;
  }

  #join(rib: Rib, observer: number): void {
    const peer = peerOfObserver(observer);
    rib.join(peer, exportOf(observer, rib.family, this.variants.exports[observer]!));
    rib.allowEndOfRib(peer);
  }

  /** The other policy; what it changes follows in slices. */
  changeImport(index: number): void {
    const { imports } = this.variants;
    imports[index] = 1 - imports[index]!;
    for (const family of AFI_SAFIS) {
      this.ribs[family].updatePeer(index + 1, importOf(index, family, imports[index]!));
    }
  }

  /** The other policy, so another update group; the session goes on. */
  changeExport(observer: number): void {
    const { exports } = this.variants;
    exports[observer] = 1 - exports[observer]!;
    for (const family of AFI_SAFIS) this.#join(this.ribs[family], observer);
  }

  /** The session of the observer is another one: it knows nothing, and hears everything again. */
  rejoin(observer: number): void {
    this.observers[observer]!.reset();
    for (const family of AFI_SAFIS) {
      this.ribs[family].leave(peerOfObserver(observer));
      this.#join(this.ribs[family], observer);
    }
  }

  refresh(observer: number): void {
    for (const family of AFI_SAFIS) this.ribs[family].refresh(peerOfObserver(observer));
  }

  /** Some next hops cannot be reached, and some are further away: by what they are, not by when they were met. */
  resolveNew(): void {
    const { nextHops } = this;
    if (!nextHops.hasNew) return;
    nextHops.takeNew((id) => {
      const octets = nextHops.octetsOf(id);
      const last = octets[octets.length - 1]!;
      nextHops.resolve(id, { reachable: last % 7 !== 5, metric: last % 3, handle: 0 });
    });
  }

  settle(clock: StepClock): boolean {
    let more = false;
    for (const family of AFI_SAFIS) {
      clock.begin();
      if (this.ribs[family].settle(SETTLE_BUDGET, IDLE)) more = true;
      clock.end('settle');
    }
    return more;
  }

  /** @returns whether anybody was told anything. */
  poll(clock: StepClock): boolean {
    let heard = false;
    this.observers.forEach((observer, index) => {
      for (const family of AFI_SAFIS) {
        clock.begin();
        const octets = this.ribs[family].poll(peerOfObserver(index), POLL_OCTETS);
        clock.end('poll');
        if (octets === undefined) continue;
        heard = true;
        observer.hear(octets);
      }
    });
    return heard;
  }

  comeToRest(clock = new StepClock()): void {
    for (let slice = 0; slice < SLICES_MAX; slice++) {
      const more = this.settle(clock);
      if (!this.poll(clock) && !more) return;
    }
    throw new Finding(`The tables do not come to rest within ${SLICES_MAX} slices`);
  }

  /** What observers hold is what the tables say that they were told. */
  checkTold(): void {
    this.observers.forEach((observer, index) => {
      const { as4 } = OBSERVERS[index]!.context;
      for (const family of AFI_SAFIS) {
        observer.compareWith(this.ribs[family], { peer: peerOfObserver(index), as4 });
      }
    });
  }
}
