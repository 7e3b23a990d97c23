/**
 * A step that does not end would hang the fuzzer too. So each message is put where another thread sees it, and that
 * thread writes it down and ends the process when no further one comes (`watchdog-thread.ts`).
 */

import { Worker } from 'node:worker_threads';
import { TARGETS, type TargetName } from './action.ts';
import { DRAFT_LENGTH_MAX } from './draft.ts';

/** Words in front of the octets: beat, target, peer, length. */
export const HEAD = { BEAT: 0, TARGET: 1, PEER: 2, LENGTH: 3, WORDS: 4 } as const;

export interface WatchdogOptions {
  /** Where a case is written. */
  readonly folder: string;
  readonly seed: number;
  /** Milliseconds of CPU without a beat. */
  readonly patience: number;
}

export class Watchdog {
  readonly #head: Int32Array;
  readonly #octets: Uint8Array;
  readonly #worker: Worker;

  constructor(options: WatchdogOptions) {
    const shared = new SharedArrayBuffer(HEAD.WORDS * 4 + DRAFT_LENGTH_MAX);
    this.#head = new Int32Array(shared, 0, HEAD.WORDS);
    this.#octets = new Uint8Array(shared, HEAD.WORDS * 4);
    this.#worker = new Worker(new URL('./watchdog-thread.ts', import.meta.url), {
      workerData: { ...options, shared },
      execArgv: [],
    });
    this.#worker.unref();
  }

  /** About to be given to `target`. */
  message(target: TargetName, peer: number, octets: Uint8Array): void {
    const head = this.#head;
    this.#octets.set(octets);
    head[HEAD.TARGET] = TARGETS.indexOf(target);
    head[HEAD.PEER] = peer;
    head[HEAD.LENGTH] = octets.length;
    head[HEAD.BEAT]!++;
  }

  /** Something else goes on. */
  beat(): void {
    this.#head[HEAD.BEAT]!++;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
