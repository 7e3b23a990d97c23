/**
 * The loop: inputs to the core one after the other, its effects to the shells, its deadline to one timer.
 *
 * Never re-enters the core: what a shell reports while effects are carried out waits its turn. An assertion that the
 * core does not contain ends the process through `onFatal`, with the last inputs named.
 */

import type { Millis } from '../base/units.ts';
import type { Stepper } from '../recorder/recorded-speaker.ts';
import type { Effect } from '../speaker/effects.ts';
import type { SpeakerInput } from '../speaker/inputs.ts';
import type { LoopMeter } from './loop-meter.ts';

/** What carries out effects; each answers with inputs, later. */
export interface EffectHandler {
  perform(effect: Effect): void;
}

export interface LoopOptions {
  readonly speaker: Stepper;
  readonly now: () => Millis;
  readonly onFatal: (error: unknown, input: SpeakerInput) => void;
  readonly meter: LoopMeter;
}

/** The longest time between two wakes, in milliseconds: only so that a lost timer cannot stop the daemon for good. */
const WAKE_MS_MAX = 60_000;

/** How old, in milliseconds, what is shown may be: a listing of many pages must not cost a step each. */
const FRESH_MS = 50;

export class Loop {
  /** Another one while a recording runs. Set between steps only. */
  speaker: Stepper;
  readonly #now: () => Millis;
  readonly #onFatal: LoopOptions['onFatal'];
  readonly #queue: SpeakerInput[] = [];
  readonly #meter: LoopMeter;
  #handler: EffectHandler | undefined;
  #running = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #immediate: NodeJS.Immediate | undefined;
  #stopped = false;
  #steppedAt = Number.NEGATIVE_INFINITY;

  constructor({ speaker, now, onFatal, meter }: LoopOptions) {
    this.#meter = meter;
    this.speaker = speaker;
    this.#now = now;
    this.#onFatal = onFatal;
  }

  /** Who carries out effects; set once, before the first input. */
  set handler(handler: EffectHandler) {
    this.#handler = handler;
  }

  /** Feeds `input` now, or right after the input that is being handled. */
  submit(input: SpeakerInput): void {
    if (this.#stopped) return;
    if (this.#running) {
      // Borrowed octets do not outlive this call: a shell never reports octets while effects are carried out.
      this.#queue.push(input);
      return;
    }
    this.#running = true;
    try {
      this.#step(input);
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
        this.#step(next);
    } finally {
      this.#running = false;
    }
  }

  /**
   * Brings the core's clock up to now, so that the ages somebody is about to read are true.
   *
   * @returns false when the loop has stopped for good.
   */
  freshen(): boolean {
    if (!this.#running && this.#now() - this.#steppedAt >= FRESH_MS) this.submit({ type: 'wake' });
    return !this.#stopped;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#queue.length = 0;
  }

  #step(input: SpeakerInput): void {
    if (this.#stopped) return;
    try {
      this.#steppedAt = this.#now();
      this.#meter.begin();
      const { effects, deadline, morePending } = this.speaker.step(input, this.#steppedAt);
      this.#meter.end(input.type);
      for (const effect of effects) this.#handler?.perform(effect);
      if (this.#stopped) return; // by an effect, for good: no timer may come after it
      if (morePending) this.#soon();
      this.#wakeAt(deadline);
    } catch (error) {
      this.stop();
      this.#onFatal(error, input);
    }
  }

  /** After I/O has had its turn: what the sockets hold has been read by then, see `Speaker.step`. */
  #soon(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      this.submit({ type: 'wake' });
    });
  }

  #wakeAt(deadline: Millis | undefined): void {
    const now = this.#now();
    if (deadline !== undefined && deadline <= now) {
      this.#soon();
      return;
    }
    const at = Math.min(deadline ?? Number.POSITIVE_INFINITY, now + WAKE_MS_MAX);
    // A timer that comes too early only wakes once for nothing; moving it at every UPDATE would cost more.
    if (this.#timer !== undefined && this.#timerAt <= at && this.#timerAt > now) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    // Node rounds down: a timer that comes a fraction too early would spin.
    this.#timer = setTimeout(() => this.#onTimer(), Math.max(0, Math.ceil(at - now)));
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#soon();
  }
}
