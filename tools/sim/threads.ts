/**
 * The parts of a large simulated cluster in threads, one each (docs/decisions/0031-large-clusters-in-threads.md). Wherever
 * the program of a part yields, its thread posts a parcel to each other one and waits until theirs have come.
 */

import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { type ClusterResult, type PartResult, together } from '../../src/sim/cold-start.ts';
import type { ClusterOptions, Incoming, Outgoing, Parcel } from '../../src/sim/part.ts';

/** Young generation of a thread, in MiB: what is not yet dead is copied twice, and most of a cold start stays. */
const YOUNG_MIB = 96;
const HEAP_MIB_MAX = 16_000;

/** What a thread is started with. */
export interface ThreadData {
  readonly options: ClusterOptions;
  readonly part: number;
  /** To the others, by part; none to itself. */
  readonly ports: readonly (MessagePort | undefined)[];
  /** Parcels posted so far, by part: int32s. */
  readonly posted: SharedArrayBuffer;
}

/** @throws what a part has thrown; then all others are ended. */
export async function coldStartInThreads(
  options: ClusterOptions,
  parts: number,
): Promise<ClusterResult> {
  const ports = portsBetween(parts);
  const posted = new SharedArrayBuffer(parts * Int32Array.BYTES_PER_ELEMENT);
  const workers = ports.map((own, part) => {
    const workerData: ThreadData = { options, part, ports: own, posted };
    return new Worker(new URL('./part-thread.ts', import.meta.url), {
      name: `part ${part}`,
      workerData,
      transferList: own.flatMap((port) => port ?? []),
      resourceLimits: {
        maxOldGenerationSizeMb: HEAP_MIB_MAX,
        maxYoungGenerationSizeMb: YOUNG_MIB,
      },
    });
  });
  try {
    return together(await Promise.all(workers.map(resultOf)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function resultOf(worker: Worker): Promise<PartResult> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`A part ended with ${code} and no result`)));
  });
}

/** Of each part, a port to each other one. */
function portsBetween(parts: number): (MessagePort | undefined)[][] {
  const ports: (MessagePort | undefined)[][] = Array.from({ length: parts }, () =>
    Array.from({ length: parts }, () => undefined),
  );
  for (let one = 0; one < parts; one++) {
    for (let other = one + 1; other < parts; other++) {
      const { port1, port2 } = new MessageChannel();
      ports[one]![other] = port1;
      ports[other]![one] = port2;
    }
  }
  return ports;
}

/** The exchange of one thread. */
export class Exchange {
  readonly #data: ThreadData;
  readonly #posted: Int32Array;
  #round = 0;

  constructor(data: ThreadData) {
    this.#data = data;
    this.#posted = new Int32Array(data.posted);
  }

  /** Blocks until all others are as far. */
  swap(outgoing: Outgoing): Incoming {
    const { part, ports } = this.#data;
    for (const [other, port] of ports.entries()) {
      // A copy of what counts: views may be of buffers that are much larger, and are used again.
      const octets = outgoing[other]!.octets.slice();
      const parcel: Parcel = { octets, note: outgoing[other]!.note };
      port?.postMessage(parcel, [octets.buffer]);
    }
    this.#round++;
    Atomics.store(this.#posted, part, this.#round);
    Atomics.notify(this.#posted, part);
    return ports.map((port, other) => (port === undefined ? outgoing[other]! : this.#from(other)));
  }

  #from(other: number): Parcel {
    for (let seen = Atomics.load(this.#posted, other); seen < this.#round; ) {
      Atomics.wait(this.#posted, other, seen);
      seen = Atomics.load(this.#posted, other);
    }
    const received = receiveMessageOnPort(this.#data.ports[other]!);
    if (received === undefined) throw new Error(`Part ${other} has posted nothing`);
    return received.message as Parcel;
  }
}
