/**
 * The way of a change to the core, without threads and sockets: keeper → parts as they go between the threads → speaker.
 * Says what each step costs the thread that speaks BGP.
 */

import { deserialize, serialize } from 'node:v8';
import { type Millis, millis } from '../../src/base/units.ts';
import type { RawDocument } from '../../src/datastore/documents.ts';
import { ConfigurationKeeper } from '../../src/datastore/keeper.ts';
import { PlanReceiver, PlanSender } from '../../src/datastore/plan-transfer.ts';
import { threadCpuClock } from '../../src/io/thread-cpu.ts';
import { Speaker } from '../../src/speaker/speaker.ts';
import { OWN_NODE } from './large-cluster.ts';
import { documents, FILE_OPTIONS, resource } from './resources.ts';
import { localServices } from './services.ts';

/** In milliseconds of CPU. */
export interface Cost {
  /** Of the planner's thread. */
  readonly planner: number;
  /** Of each step of the thread that speaks BGP; one reads a part, or applies some of the plan. */
  readonly steps: readonly number[];
}

export class PlanPath {
  readonly #keeper = new ConfigurationKeeper({ node: OWN_NODE, plan: FILE_OPTIONS }, millis(0));
  readonly #sender = new PlanSender();
  readonly #receiver = new PlanReceiver();
  readonly #speaker: Speaker;
  readonly #now: Millis = millis(1000);
  #documents: RawDocument[] = [];

  constructor() {
    const options = { seed: 1, kernelEnabled: false, restarting: false, now: this.#now };
    this.#speaker = new Speaker(options);
  }

  get peers(): number {
    return this.#speaker.view.neighbors().length;
  }

  /** The resources of `values` come, or take the place of those of their names. */
  put(values: readonly unknown[]): Cost {
    const places = new Map(this.#documents.map((one, i) => [resourceName(one.value), i]));
    for (const document of documents(values)) {
      const at = places.get(resourceName(document.value));
      if (at !== undefined) {
        this.#documents[at] = document;
        continue;
      }
      places.set(resourceName(document.value), this.#documents.length);
      this.#documents.push(document);
    }
    return this.#deliver();
  }

  #deliver(): Cost {
    const snapshot = { documents: [...this.#documents], broken: [] };
    const steps: number[] = [];
    const step = <T>(work: () => T): T => {
      const began = cpuMs();
      const value = work();
      steps.push(cpuMs() - began);
      return value;
    };
    const began = cpuMs();
    const { apply } = this.#keeper.onSnapshot(snapshot, millis(0));
    const parts = apply === undefined ? [] : [...this.#sender.parts(apply.plan)].map(serialize);
    const planner = cpuMs() - began;
    for (const part of parts) {
      const plan = step(() => this.#receiver.take(deserialize(part)));
      if (plan === undefined) continue;
      const input = { type: 'planChanged', plan, revision: apply!.revision } as const;
      let { morePending } = step(() => this.#speaker.step(input, this.#now));
      while (morePending) {
        ({ morePending } = step(() => this.#speaker.step({ type: 'wake' }, this.#now)));
      }
    }
    return { planner, steps };
  }
}

/** `count` BGPPeers of every node, each a ToR of its own. */
export function peersOfAll(count: number): unknown[] {
  return Array.from({ length: count }, (_, i) =>
    resource('BGPPeer', `all-${i}`, {
      nodeSelector: 'all()',
      peerIP: `172.20.${i >> 8}.${i & 255}`,
      asNumber: 65_001 + i,
      filters: ['from-tor'],
    }),
  );
}

/** `count` Services with an endpoint here, and what announces them. */
export function servicesOf(count: number, spec: object = {}): unknown[] {
  const configuration = { serviceClusterIPs: [{ cidr: '10.96.0.0/12' }], asNumber: 64512, ...spec };
  return [
    resource('BGPConfiguration', 'default', configuration),
    ...localServices(count, OWN_NODE),
  ];
}

/** `Kind/name` of a resource as it is written. */
export function resourceName(value: unknown): string {
  const { kind, metadata } = value as { kind: string; metadata: { name: string } };
  return `${kind}/${metadata.name}`;
}

const clock = threadCpuClock();

/** CPU time of this thread. */
export function cpuMs(): number {
  return clock() * 1000;
}
