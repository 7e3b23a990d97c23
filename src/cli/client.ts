/** The control API with its types: what commands ask the daemon. */

import type {
  EventMessage,
  KernelProofMessage,
  KernelRouteMessage,
  NeighborMessage,
  ProblemMessage,
  RecordingFacts,
  RouteMessage,
  StatusMessage,
} from '../api/messages.ts';
import type { PlanMessage } from '../api/plan-message.ts';
import type { PlanRequest } from '../api/ports.ts';
import { ControlClient } from '../io/client.ts';

/** Those that answer with nothing, or with why not. */
export type CommandMethod =
  | 'resetNeighbor'
  | 'setNeighborEnabled'
  | 'releaseHeldChange'
  | 'clearQuarantine'
  | 'startRecording'
  | 'stopRecording'
  | 'drain'
  | 'undrain'
  | 'shutdown';

/** Milliseconds for a proof: a look at a million routes takes some seconds, and there may be two. */
const PROOF_MS_MAX = 120_000;

export class GodwitClient {
  readonly #control: ControlClient;

  constructor(socket: string) {
    this.#control = new ControlClient(socket);
  }

  getStatus(): Promise<StatusMessage> {
    return this.#control.call('getStatus', {}) as Promise<StatusMessage>;
  }

  listNeighbors(request: { name?: string; family?: string }): AsyncGenerator<NeighborMessage> {
    return this.#control.stream('listNeighbors', request) as AsyncGenerator<NeighborMessage>;
  }

  listRoutes(request: object): AsyncGenerator<RouteMessage> {
    return this.#control.stream('listRoutes', request) as AsyncGenerator<RouteMessage>;
  }

  listKernelRoutes(request: object): AsyncGenerator<KernelRouteMessage> {
    return this.#control.stream('listKernelRoutes', request) as AsyncGenerator<KernelRouteMessage>;
  }

  /** Has the kernel read and compared; a large table takes its seconds. */
  proveKernel(): Promise<void> {
    return this.#control.command('proveKernel', {}, PROOF_MS_MAX);
  }

  getKernelProof(): Promise<KernelProofMessage> {
    return this.#control.call('getKernelProof', {}) as Promise<KernelProofMessage>;
  }

  listProblems(): AsyncGenerator<ProblemMessage> {
    return this.#control.stream('listProblems', {}) as AsyncGenerator<ProblemMessage>;
  }

  watchEvents(request: object): AsyncGenerator<EventMessage> {
    return this.#control.stream('watchEvents', request) as AsyncGenerator<EventMessage>;
  }

  plan(request: PlanRequest): Promise<PlanMessage> {
    return this.#control.call('plan', request) as Promise<PlanMessage>;
  }

  getRecording(): Promise<RecordingFacts> {
    return this.#control.call('getRecording', {}) as Promise<RecordingFacts>;
  }

  /** Rejects with the daemon's own sentence when it says why not. */
  command(method: CommandMethod, request: object): Promise<void> {
    return this.#control.command(method, request);
  }

  close(): void {
    this.#control.close();
  }
}
