/**
 * Between a simulated node's core and its `SimKernel`: batches go out, acknowledgements, events and dumps come back,
 * in the order in which a netlink socket would give them.
 */

import type { SystemError } from '../base/errors.ts';
import type { Millis } from '../base/units.ts';
import { RouteProtocol } from '../netlink/codes.ts';
import type { KernelBatch } from '../speaker/effects.ts';
import type { KernelChange, SpeakerInput } from '../speaker/inputs.ts';
import type { SimClock } from './clock.ts';
import type { SimKernel, SimKernelEvent } from './kernel.ts';

/** How long the kernel takes for a batch or the start of a dump, in milliseconds. */
const KERNEL_MS: Millis = 0.2;
/** Changes in one input, as in the daemon. */
const CHANGES_PER_INPUT = 256;

export interface KernelSideOptions {
  readonly clock: SimClock;
  /** Of the node (`SimClock`). */
  readonly lane: number;
  readonly submit: (input: SpeakerInput) => void;
  /** The kernel lets us in not at all. */
  readonly refusal?: SystemError;
}

export class KernelSide {
  readonly #kernel: SimKernel;
  readonly #options: KernelSideOptions;
  /** Of the process: answers to an earlier one reach nobody. */
  #session = 0;
  #open = false;

  constructor(kernel: SimKernel, options: KernelSideOptions) {
    this.#kernel = kernel;
    this.#options = options;
  }

  start(): void {
    this.#session++;
    const { refusal, submit } = this.#options;
    if (refusal !== undefined) {
      submit({ type: 'kernelUnavailable', error: refusal });
      return;
    }
    this.#open = true;
    this.#kernel.events = [];
  }

  stop(): void {
    this.#session++;
    this.#open = false;
  }

  send(batch: KernelBatch): void {
    if (!this.#open) return;
    const octets = batch.octets.slice(); // lent, as to the writer's thread
    this.#later(() => {
      const errnos = this.#kernel.request(octets, batch.count);
      // What the kernel told before it answered comes first.
      this.tellEvents();
      this.#options.submit({ type: 'kernelAck', batch: batch.id, errnos });
    });
  }

  dump(): void {
    if (!this.#open) return;
    this.#later(() => {
      this.tellEvents();
      this.#options.submit({ type: 'kernelDumpStarted' });
      this.#tell(this.#kernel.dump());
      this.#options.submit({ type: 'kernelDumpDone' });
    });
  }

  /** Protocol 12, without holding anything up: what is still to be told stays to be told. */
  prove(): void {
    if (!this.#open) return;
    this.#later(() => {
      const routes = this.#kernel
        .dump()
        .flatMap((event) => (event.type === 'route' ? [event.route] : []))
        .filter(({ protocol }) => protocol === RouteProtocol.BIRD);
      this.#options.submit({ type: 'kernelProofRoutes', routes });
      this.#options.submit({ type: 'kernelProofRead', interrupted: false });
    });
  }

  /** Events that the kernel has for us. */
  tellEvents(): void {
    const events = this.#kernel.events;
    this.#kernel.events = [];
    if (this.#open) this.#tell(events);
  }

  #tell(events: readonly SimKernelEvent[]): void {
    for (let at = 0; at < events.length; at += CHANGES_PER_INPUT) {
      const changes = events.slice(at, at + CHANGES_PER_INPUT).map(changeOf);
      this.#options.submit({ type: 'kernelChanged', changes });
    }
  }

  #later(run: () => void): void {
    const session = this.#session;
    const { clock, lane } = this.#options;
    const answer = (): void => {
      if (session === this.#session) run();
    };
    clock.after(KERNEL_MS, answer, lane);
  }
}

function changeOf(event: SimKernelEvent): KernelChange {
  const { removed } = event;
  switch (event.type) {
    case 'link':
      return { what: 'link', link: event.link, removed };
    case 'address':
      return { what: 'address', address: event.address, removed };
    case 'route':
      return { what: 'route', route: event.route, removed };
  }
}
