/**
 * What the loop costs and how late it is: CPU of each step of the core, and how late a timer comes while there is work.
 *
 * CPU is that of this thread, so that a machine shared with others does not show as our slowness. Cheap enough for
 * every step: two system calls and no allocation. A loop that has nothing to do is not woken for it.
 */

import type { StepCost } from '../api/metrics.ts';
import { HistogramCell } from '../base/metrics.ts';
import type { Millis } from '../base/units.ts';
import { LOOP_DELAY_BOUNDS, STEP_CPU_BOUNDS } from '../speaker/metrics.ts';

/** Milliseconds of the timer whose lateness is looked at. */
const LOOK_MS = 2;
/** CPU seconds from which on a step is work: a table's, not a KEEPALIVE's. */
const WORK_SECONDS = 0.0005;

export class LoopMeter {
  /** Seconds by which the timer came late. */
  readonly delays = new HistogramCell(LOOP_DELAY_BOUNDS);
  /** CPU seconds that this thread used meanwhile: what of the delay is our own work. */
  readonly turns = new HistogramCell(LOOP_DELAY_BOUNDS);
  /** By type of input; `transmit` for what a socket pulls. Bounded by the union of inputs. */
  readonly #steps = new Map<string, { readonly cell: HistogramCell; max: number }>();
  readonly #cpuSeconds: () => number;
  readonly #now: () => Millis;
  readonly #onLook = (): void => this.#look();
  #delayMax = 0;
  #began = 0;
  /** The timer runs. */
  #looks = false;
  #worked = false;
  #dueAt = 0;
  #cpuThen = 0;

  /** @param cpuSeconds  CPU time of this thread. @param now  Monotonic milliseconds. */
  constructor(cpuSeconds: () => number, now: () => Millis) {
    this.#cpuSeconds = cpuSeconds;
    this.#now = now;
  }

  /** A step begins; steps are never nested. */
  begin(): void {
    this.#began = this.#cpuSeconds();
  }

  /** The step that `begin` saw has ended. */
  end(input: string): void {
    const seconds = this.#cpuSeconds() - this.#began;
    let cost = this.#steps.get(input);
    if (cost === undefined) {
      cost = { cell: new HistogramCell(STEP_CPU_BOUNDS), max: 0 };
      this.#steps.set(input, cost);
    }
    cost.cell.observe(seconds);
    if (seconds > cost.max) cost.max = seconds;
    if (seconds >= WORK_SECONDS) this.#noteWork(seconds);
  }

  /** Cost by input; each maximum is of the time since this was last asked. */
  takeSteps(): StepCost[] {
    return [...this.#steps].map(([input, cost]) => {
      const { cell, max } = cost;
      cost.max = 0;
      return { input, cell, max };
    });
  }

  /** The longest delay in seconds since this was last asked. */
  takeDelayMax(): number {
    const max = this.#delayMax;
    this.#delayMax = 0;
    return max;
  }

  #noteWork(seconds: number): void {
    this.#worked = true;
    if (this.#looks) return;
    this.#looks = true;
    // What began the work had no timer beside it: one that was due when it began came as late as it took.
    this.#observe(seconds, seconds);
    this.#startTimer();
  }

  #startTimer(): void {
    this.#worked = false;
    this.#dueAt = this.#now() + LOOK_MS;
    this.#cpuThen = this.#cpuSeconds();
    setTimeout(this.#onLook, LOOK_MS).unref();
  }

  #look(): void {
    const delay = Math.max(0, (this.#now() - this.#dueAt) / 1000);
    this.#observe(delay, Math.min(delay, this.#cpuSeconds() - this.#cpuThen));
    this.#looks = this.#worked;
    if (this.#worked) this.#startTimer();
  }

  #observe(delay: number, used: number): void {
    this.delays.observe(delay);
    this.turns.observe(used);
    if (delay > this.#delayMax) this.#delayMax = delay;
  }
}
