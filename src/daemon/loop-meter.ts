/**
 * What the loop costs and how late it is: CPU of each step of the core, and delay after the loop's own deadlines.
 *
 * CPU is that of this thread, so that a machine shared with others does not show as our slowness. Cheap enough for
 * every step: two system calls and no allocation.
 */

import type { StepCost } from '../api/metrics.ts';
import { HistogramCell } from '../base/metrics.ts';
import type { Millis } from '../base/units.ts';
import { nativeSockets } from '../io/native.ts';
import { LOOP_DELAY_BOUNDS, STEP_CPU_BOUNDS } from '../speaker/metrics.ts';

export class LoopMeter {
  /** Seconds from when something was due until it was done. */
  readonly delays = new HistogramCell(LOOP_DELAY_BOUNDS);
  /** CPU seconds that this thread used meanwhile: what of the delay is our own work. */
  readonly turns = new HistogramCell(LOOP_DELAY_BOUNDS);
  /** By type of input; `transmit` for what a socket pulls. Bounded by the union of inputs. */
  readonly #steps = new Map<string, { readonly cell: HistogramCell; max: number }>();
  readonly #cpuSeconds: () => number;
  #delayMax = 0;
  #began = 0;

  /** @param cpuSeconds  CPU time of this thread. */
  constructor(cpuSeconds: () => number) {
    this.#cpuSeconds = cpuSeconds;
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
  }

  /** For somebody with deadlines of the loop of his own, one at a time. */
  watch(now: () => Millis): TurnWatch {
    const cpu = this.#cpuSeconds;
    return new TurnWatch({ now, cpu, observe: (delay, used) => this.#observe(delay, used) });
  }

  #observe(delay: number, used: number): void {
    this.delays.observe(delay);
    this.turns.observe(used);
    if (delay > this.#delayMax) this.#delayMax = delay;
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
}

interface Clocks {
  readonly now: () => Millis;
  readonly cpu: () => number;
  /** Seconds of wall time and of CPU. */
  readonly observe: (delay: number, used: number) => void;
}

/** One deadline of the loop: when it was due, and what it cost until it is met. */
export class TurnWatch {
  readonly #clocks: Clocks;
  #dueAt = 0;
  #cpu = 0;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
  }

  /** Something is due at `dueAt`, which is now or lies behind us. */
  due(dueAt: Millis): void {
    this.#dueAt = dueAt;
    this.#cpu = this.#clocks.cpu();
  }

  met(): void {
    const { now, cpu, observe } = this.#clocks;
    observe((now() - this.#dueAt) / 1000, cpu() - this.#cpu);
  }
}

/** A clock of this thread's CPU time, in seconds. */
export function threadCpuClock(): () => number {
  const { threadCpuTime } = nativeSockets();
  const octets = new Uint8Array(8);
  const seconds = new Float64Array(octets.buffer);
  return () => {
    threadCpuTime(octets);
    return seconds[0]!;
  };
}
