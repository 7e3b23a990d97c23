/**
 * A speaker that writes down what it is fed: takes the place of the bare one while a recording runs, so that nothing
 * is asked on the hot path while none does.
 *
 * An input is made into text before the core has it: octets are borrowed, and an input that the core dies of is the
 * one that is wanted most. Where `sink` has no room, lines are counted instead, and a line says how many.
 */

import type { Millis, Octets } from '../base/units.ts';
import type { ConnectionId, SpeakerInput } from '../speaker/inputs.ts';
import type { Speaker, Step } from '../speaker/speaker.ts';
import {
  askedDigest,
  inputDigest,
  kindOf,
  type PollLine,
  pollDigest,
  stepDigest,
} from './lines.ts';
import { encodeValue, Placeholders } from './values.ts';

/** What a shell needs of a speaker. */
export type Stepper = Pick<Speaker, 'step' | 'pollTransmit'>;

export interface LineSink {
  readonly hasRoom: boolean;
  /** @param line  Without its line break. */
  write(line: string): void;
  /** Lines begin to be left out; told once a gap. */
  onGap?(): void;
}

export class RecordedSpeaker implements Stepper {
  readonly #speaker: Stepper;
  readonly #sink: LineSink;
  readonly #placeholders = new Placeholders();
  #unwritten = 0;
  /** Steps and polls written so far. */
  lines = 0;
  /** Steps and polls that found no room. */
  lost = 0;

  constructor(speaker: Stepper, sink: LineSink) {
    this.#speaker = speaker;
    this.#sink = sink;
  }

  step(input: SpeakerInput, now: Millis): Step {
    if (!this.#takesLine()) return this.#speaker.step(input, now);
    const given = encodeValue(input, this.#placeholders);
    const head = `{"at":${now},"input":${given}`;
    const digest = inputDigest(now, given);
    let step: Step;
    try {
      step = this.#speaker.step(input, now);
    } catch (error) {
      this.#write(`${head},"digest":"${digest}","threw":${JSON.stringify(String(error))}}`);
      throw error;
    }
    const gave = step.effects.length === 0 ? '' : `,"gave":${gaveText(step)}`;
    this.#write(`${head},"digest":"${digest}${stepDigest(step, this.#placeholders)}"${gave}}`);
    return step;
  }

  pollTransmit(connection: ConnectionId, budget: Octets): Uint8Array | undefined {
    if (!this.#takesLine()) return this.#speaker.pollTransmit(connection, budget);
    const asked = { poll: connection, budget };
    const digest = askedDigest(connection, budget);
    let octets: Uint8Array | undefined;
    try {
      octets = this.#speaker.pollTransmit(connection, budget);
    } catch (error) {
      const threw = String(error);
      this.#write(encodeValue({ ...asked, octets: -1, digest, threw } satisfies PollLine));
      throw error;
    }
    const gave = { octets: octets?.length ?? -1, digest: `${digest}${pollDigest(octets)}` };
    this.#write(encodeValue({ ...asked, ...gave } satisfies PollLine));
    return octets;
  }

  /** The last line. */
  end(reason: string): void {
    if (this.#unwritten > 0) this.#sayLost();
    this.#sink.write(encodeValue({ end: reason }));
  }

  #takesLine(): boolean {
    if (this.#sink.hasRoom) {
      if (this.#unwritten > 0) this.#sayLost();
      return true;
    }
    if (this.#unwritten++ === 0) this.#sink.onGap?.();
    this.lost++;
    return false;
  }

  #sayLost(): void {
    this.#sink.write(encodeValue({ lost: this.#unwritten }));
    this.#unwritten = 0;
  }

  #write(line: string): void {
    this.lines++;
    this.#sink.write(line);
  }
}

function gaveText({ effects }: Step): string {
  return JSON.stringify(effects.map(kindOf));
}
