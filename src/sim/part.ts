/**
 * A part of a large cluster that starts cold, and comes to rest: the machines whose number is `part` mod `parts`. All parts
 * run the same program side by side, each in a thread of its own or all in one, and hand each other parcels at the same
 * places; a seed gives the same course of events whatever the number of parts
 * (docs/decisions/0031-large-clusters-in-threads.md).
 */

import { Prng } from '../base/prng.ts';
import type { Millis } from '../base/units.ts';
import { SimClock } from './clock.ts';
import { type Block, machineKernel, QUIET_MS, SETTLE_MS_MAX } from './lab.ts';
import { SimNode } from './node.ts';
import { PartNetwork, type PartPlace, TICK_MS } from './part-network.ts';
import { meshNodes, meshResources, planOfNode } from './resources.ts';
import type { Scene } from './scene.ts';

export interface ClusterOptions {
  readonly seed: number;
  readonly nodes: number;
}

/** What one part hands another: octets, and a number that all are to know. */
export interface Parcel {
  readonly octets: Uint8Array;
  readonly note: number;
}

/** A parcel for each part, by number, its own included; views that are valid until the program goes on. */
export type Outgoing = readonly Parcel[];
/** A parcel from each part, by number. */
export type Incoming = readonly Parcel[];
/** A program of a part: wherever it yields, so do all others. */
export type PartProgram<T> = Generator<Outgoing, T, Incoming>;

/** Events kept a node. Trails are not: nobody looks at them, and they would be a fifth of a session's memory. */
const EVENTS_KEPT = 100;
const NO_OCTETS = new Uint8Array(0);

export class Part implements Scene {
  readonly seed: number;
  readonly place: PartPlace;
  readonly clock = new SimClock(TICK_MS);
  readonly network: PartNetwork;
  readonly nodes = new Map<string, SimNode>();
  readonly names: readonly string[];
  readonly peers = [];
  /** Of the whole cluster; known once the plans are. */
  blocks: readonly Block[] = [];

  constructor(options: ClusterOptions, place: PartPlace) {
    this.seed = options.seed;
    this.place = place;
    const prng = new Prng(options.seed);
    const machines = meshNodes(options);
    this.names = machines.map(({ name }) => name);
    const addresses = machines.map(({ ipv4 }) => ipv4);
    this.network = new PartNetwork(this.clock, { ...place, seed: prng.u32(), addresses });
    for (const [number, machine] of machines.entries()) {
      const seed = prng.u32();
      if (number % place.parts !== place.part) continue;
      const { name, ipv4 } = machine;
      const kernel = machineKernel(machine);
      const node = new SimNode(this.network, {
        name,
        addresses: [ipv4],
        kernel,
        seed,
        eventsKept: EVENTS_KEPT,
        trailOctets: 0,
      });
      this.nodes.set(name, node);
    }
    const documents = meshResources(options);
    for (const node of this.nodes.values()) node.start();
    for (const node of this.nodes.values()) node.setPlan(planOfNode(node.name, documents));
  }

  get now(): Millis {
    return this.clock.now;
  }

  get running(): readonly SimNode[] {
    return [...this.nodes.values()];
  }

  /** Hands `octets` to all parts. @returns what they handed, by part. */
  *share(octets: Uint8Array): PartProgram<readonly Uint8Array[]> {
    return (yield this.#toAll({ octets, note: 0 })).map((parcel) => parcel.octets);
  }

  /** Runs until `ms` later, tick by tick: what the machines send each other in one is there in the next. */
  *run(ms: Millis): PartProgram<void> {
    const { clock, network } = this;
    const end = clock.now + ms;
    while (clock.now < end) {
      const due = Math.min(clock.next() ?? end, network.nextArrival() ?? end);
      const batches = network.takeBatches();
      const incoming = yield batches.map((octets) => ({ octets, note: due }));
      const next = Math.min(end, ...incoming.map(({ note }) => note));
      if (next > clock.now + TICK_MS) {
        // Nobody has anything to do before: all batches were empty, and the one for that tick comes next.
        clock.runUntil(next - TICK_MS);
        continue;
      }
      network.deliver(incoming.map(({ octets }) => octets));
      clock.runUntil(clock.now + TICK_MS);
      network.forgetArrived();
    }
  }

  /** Runs until nothing but routine has happened for a while, anywhere. */
  *settle(): PartProgram<void> {
    const begun = this.now;
    for (;;) {
      yield* this.run(250);
      const isBusy = this.running.some(
        (node) => !node.isIdle || this.now - Math.max(node.lastActivity, begun) < QUIET_MS,
      );
      const all = yield this.#toAll({ octets: NO_OCTETS, note: isBusy ? 1 : 0 });
      if (!all.some(({ note }) => note === 1)) return;
      if (this.now > begun + SETTLE_MS_MAX) {
        throw new Error(`Not quiet within ${SETTLE_MS_MAX} ms of virtual time`);
      }
    }
  }

  #toAll(parcel: Parcel): Outgoing {
    return Array.from({ length: this.place.parts }, () => parcel);
  }
}
