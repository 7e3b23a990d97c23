/**
 * How long steps take. One over the limit, in which this process had too little CPU for that, was held up by others.
 * Otherwise it is a suspicion, for the collector may have run: the run repeats the round, and what is slow at the same
 * place again is slow by itself.
 */

/** DESIGN 3: no step uses more CPU than this, in milliseconds. */
const STEP_MS_MAX = 10;
/** Buckets of a quarter of an octave, from a microsecond. */
const BUCKETS = 96;
/** Reading the CPU time takes as long as a step; so it is read once in so many milliseconds, but where it must be exact. */
const CPU_READ_EVERY_MS = 2;
/** Suspicions of one round that are kept. */
const SLOW_KEPT_MAX = 64;

export interface SlowStep {
  /** Index of the action in its round. */
  readonly action: number;
  readonly what: string;
  readonly ms: number;
}

export class StepClock {
  /** Index of the action that runs; set by the run. */
  action = 0;
  steps = 0;
  longest: SlowStep = { action: 0, what: 'nothing', ms: 0 };
  slow: SlowStep[] = [];
  readonly #buckets = new Float64Array(BUCKETS);
  /** Steps over the limit by the clock, but not by their use of CPU. */
  heldUp = 0;
  #begun = 0;
  #cpuRead = cpuMs();
  #readAt = 0;
  readonly #readEvery: number;

  /** @param exact  The CPU time of each step by itself: slower, and for what is slow already. */
  constructor({ exact = false }: { readonly exact?: boolean } = {}) {
    this.#readEvery = exact ? 0 : CPU_READ_EVERY_MS;
  }

  begin(): void {
    this.#begun = performance.now();
    if (this.#begun - this.#readAt < this.#readEvery) return;
    this.#readAt = this.#begun;
    this.#cpuRead = cpuMs();
  }

  end(what: string): void {
    const ms = performance.now() - this.#begun;
    this.steps++;
    this.#buckets[bucketOf(ms)]!++;
    if (ms <= STEP_MS_MAX) return this.#keepLongest(what, ms);
    if (cpuMs() - this.#cpuRead <= STEP_MS_MAX) {
      this.heldUp++;
      return;
    }
    this.#keepLongest(what, ms);
    if (this.slow.length < SLOW_KEPT_MAX) this.slow.push({ action: this.action, what, ms });
  }

  /** Something of the fuzzer's own in the middle of a step: its time is not the step's. */
  aside<T>(own: () => T): T {
    const from = performance.now();
    const result = own();
    const ms = performance.now() - from;
    this.#begun += ms;
    this.#cpuRead += ms;
    return result;
  }

  #keepLongest(what: string, ms: number): void {
    if (ms > this.longest.ms) this.longest = { action: this.action, what, ms };
  }

  /** Milliseconds within which this share of all steps ended, to a quarter of an octave. */
  quantile(share: number): number {
    let left = this.steps * share;
    for (let i = 0; i < BUCKETS; i++) {
      left -= this.#buckets[i]!;
      if (left <= 0) return 2 ** ((i + 1) / 4) / 1000;
    }
    return this.longest.ms;
  }
}

function bucketOf(ms: number): number {
  const micros = ms * 1000;
  return micros <= 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(micros) * 4));
}

/** Of this process: other threads count, so it is never too little. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
