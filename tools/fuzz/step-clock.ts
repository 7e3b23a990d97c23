/**
 * How long steps take. A step over the limit is only a suspicion: the collector or another process may have held it
 * up; the run repeats the round, and what is slow at the same place again is slow by itself.
 */

/** DESIGN 3: no step uses more CPU than this, in milliseconds. */
const STEP_MS_MAX = 10;
/** Buckets of a quarter of an octave, from a microsecond. */
const BUCKETS = 96;
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
  #begun = 0;

  begin(): void {
    this.#begun = performance.now();
  }

  end(what: string): void {
    const ms = performance.now() - this.#begun;
    this.steps++;
    this.#buckets[bucketOf(ms)]!++;
    if (ms > this.longest.ms) this.longest = { action: this.action, what, ms };
    if (ms > STEP_MS_MAX && this.slow.length < SLOW_KEPT_MAX) {
      this.slow.push({ action: this.action, what, ms });
    }
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
