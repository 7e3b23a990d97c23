/**
 * The main thread's end of the planner (decision 0012): starts its thread, takes its messages one at a time, and
 * starts another one with back-off when it dies. What runs does not depend on it: a planner that is gone costs
 * changes of the configuration until the next one has read everything, never a session.
 */

import { Worker } from 'node:worker_threads';
import type { FromPlanner, PlannerOptions, ToPlanner } from './planner.ts';

/** Milliseconds until the first new attempt; doubled up to the longest. */
const RESTART_MS = 1000;
const RESTART_MS_MAX = 60_000;

/** A planner that has lived this long, in milliseconds, did not die of what it was given at its start. */
const LIVED_MS = 60_000;

/** Some hundred times what 5,000 nodes take: beyond it something grows without end, and only the planner ends. */
const HEAP_MIB_MAX = 1024;

export interface PlannerListener {
  /** What a new planner is to begin with. */
  options(): PlannerOptions;
  onMessage(message: FromPlanner): void;
  /** It ended by itself; another follows after `waitMs`. */
  onDied(reason: string, waitMs: number): void;
}

export class PlannerLink {
  readonly #listener: PlannerListener;
  readonly #heapMib: number;
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #waitMs = RESTART_MS;
  #startedAt = 0;
  #stopped = false;

  constructor(listener: PlannerListener, heapMib = HEAP_MIB_MAX) {
    this.#listener = listener;
    this.#heapMib = heapMib;
  }

  start(): void {
    if (this.#stopped) return;
    this.#startedAt = performance.now();
    let worker: Worker;
    try {
      worker = new Worker(programUrl(), {
        name: 'planner',
        workerData: this.#listener.options(),
        resourceLimits: { maxOldGenerationSizeMb: this.#heapMib },
      });
    } catch (error) {
      return this.#onDeath(error instanceof Error ? error.message : String(error));
    }
    this.#worker = worker;
    let why = '';
    worker.on('message', (message: FromPlanner) => this.#onMessage(worker, message));
    worker.on('error', (error) => {
      why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    worker.on('exit', (code) => {
      if (this.#worker === worker) this.#onDeath(why === '' ? `it exited with ${code}` : why);
    });
  }

  /** @returns false where no planner runs at the moment. */
  post(message: ToPlanner): boolean {
    this.#worker?.postMessage(message);
    return this.#worker !== undefined;
  }

  /** Ends the thread for good. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }

  #onMessage(worker: Worker, message: FromPlanner): void {
    if (this.#worker !== worker) return;
    this.#listener.onMessage(message);
    // The sockets have their turn before the next one.
    setImmediate(() => {
      if (this.#worker === worker) worker.postMessage({ type: 'ack' } satisfies ToPlanner);
    });
  }

  #onDeath(reason: string): void {
    this.#worker = undefined;
    if (this.#stopped) return;
    if (performance.now() - this.#startedAt > LIVED_MS) this.#waitMs = RESTART_MS;
    const waitMs = this.#waitMs;
    this.#waitMs = Math.min(waitMs * 2, RESTART_MS_MAX);
    this.#timer = setTimeout(() => this.start(), waitMs);
    this.#listener.onDied(reason, waitMs);
  }
}

/** Beside this file in the sources and in `dist` alike, under the ending that this file has. */
function programUrl(): URL {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`../bin/planner.${ending}`, import.meta.url);
}
