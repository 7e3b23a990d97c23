/**
 * A recording once more through a core: each line that is fed says what the core gave, and whether that is what it
 * gave when it was recorded. The same inputs, options and program give the same, octet by octet.
 */

import { unreachable } from '../base/assert.ts';
import type { Effect } from '../speaker/effects.ts';
import type { SpeakerView } from '../speaker/snapshot.ts';
import { Speaker } from '../speaker/speaker.ts';
import {
  askedDigest,
  inputDigest,
  kindOf,
  type PollLine,
  parseLine,
  pollDigest,
  RECORDING_VERSION,
  type RecordingHeader,
  type RecordingLine,
  type StepLine,
  stepDigest,
} from './lines.ts';
import { encodeValue } from './values.ts';

export type Replayed =
  | { readonly kind: 'header'; readonly header: RecordingHeader }
  | {
      readonly kind: 'step';
      readonly line: StepLine;
      readonly effects: readonly Effect[];
      /** The core threw, as it did when it was recorded. */
      readonly threw?: string;
      /** How it differs from what was recorded; absent where it does not, or nothing was recorded. */
      readonly differs?: string;
      readonly compared: boolean;
    }
  | {
      readonly kind: 'poll';
      readonly line: PollLine;
      readonly threw?: string;
      readonly differs?: string;
    }
  /** The line was changed after it was recorded; it was not fed. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'end'; readonly reason: string }
  /** Nothing behind this line can be replayed. */
  | { readonly kind: 'stop'; readonly because: string };

export class Replay {
  #speaker: Speaker | undefined;
  #header: RecordingHeader | undefined;
  #stopped: string | undefined;
  /** Lines fed, from 1: the number of the last one. */
  line = 0;

  get header(): RecordingHeader | undefined {
    return this.#header;
  }

  /** The tables as they are now; undefined before the header. */
  get view(): SpeakerView | undefined {
    return this.#speaker?.view;
  }

  /** @param text  The next line of the recording. */
  feed(text: string): Replayed {
    this.line++;
    if (this.#stopped !== undefined) return { kind: 'stop', because: this.#stopped };
    const line = parseLine(text);
    if (typeof line === 'string') return this.#stop(line);
    if ('godwit' in line) return this.#onHeader(line);
    const speaker = this.#speaker;
    if (speaker === undefined) return this.#stop('a recording begins with its header');
    return this.#onLine(line, speaker);
  }

  #onLine(line: Exclude<RecordingLine, RecordingHeader>, speaker: Speaker): Replayed {
    if ('input' in line) return this.#step(line, speaker);
    if ('poll' in line) return this.#poll(line, speaker);
    if ('end' in line) return { kind: 'end', reason: line.end };
    if ('lost' in line) {
      return this.#stop(
        `${line.lost} steps could not be written in time; the rest can only be read`,
      );
    }
    return unreachable(line);
  }

  #onHeader(header: RecordingHeader): Replayed {
    const { version, begins, options, run, part } = header;
    const known = this.#header;
    if (known !== undefined) {
      const follows = run === known.run && part === known.part + 1;
      if (!follows)
        return this.#stop(`part ${part} of run ${run} does not follow what is before it`);
      this.#header = header;
      return { kind: 'header', header };
    }
    if (version !== RECORDING_VERSION) {
      return this.#stop(`it has format ${version}; this program knows ${RECORDING_VERSION}`);
    }
    if (part > 0) {
      return this.#stop('its beginning was rotated away: a larger record.limitMiB keeps more');
    }
    if (begins === 'running' || options === undefined) {
      return this.#stop(
        'it begins in the midst of a run and can only be read; with record.enabled it begins with the daemon',
      );
    }
    this.#header = header;
    this.#speaker = new Speaker(options);
    return { kind: 'header', header };
  }

  #step(line: StepLine, speaker: Speaker): Replayed {
    const { digest, at, input } = line;
    const compared = digest !== undefined;
    if (compared && !digest.startsWith(inputDigest(at, encodeValue(input)))) {
      return { kind: 'changed' };
    }
    try {
      const step = speaker.step(input, at);
      const { effects } = step;
      // As the daemon does: what is written to disk is not kept for ever.
      if (effects.some(({ type }) => type === 'kernelRequests')) speaker.takeJournal();
      const alike = !compared || (digest.endsWith(stepDigest(step)) && line.threw === undefined);
      const base = { kind: 'step', line, effects, compared } as const;
      return alike ? base : { ...base, differs: difference(line, effects.map(kindOf)) };
    } catch (error) {
      // The core has ended; so did the daemon, if this is what was recorded.
      const threw = String(error);
      this.#stopped = `the core threw: ${threw}`;
      const base = { kind: 'step', line, effects: [], compared, threw } as const;
      return threw === line.threw ? base : { ...base, differs: difference(line, [threw]) };
    }
  }

  #poll(line: PollLine, speaker: Speaker): Replayed {
    const { poll, budget, digest } = line;
    if (!digest.startsWith(askedDigest(poll, budget))) return { kind: 'changed' };
    try {
      return comparePoll(line, speaker.pollTransmit(poll, budget));
    } catch (error) {
      const threw = String(error);
      this.#stopped = `the core threw: ${threw}`;
      const base = { kind: 'poll', line, threw } as const;
      return threw === line.threw ? base : { ...base, differs: `connection ${poll}: ${threw}` };
    }
  }

  #stop(because: string): Replayed {
    this.#stopped = because;
    return { kind: 'stop', because };
  }
}

function comparePoll(line: PollLine, octets: Uint8Array | undefined): Replayed {
  const length = octets?.length ?? -1;
  const { threw, digest, poll } = line;
  if (threw !== undefined) {
    const differs = `connection ${poll}: it threw ${threw}, now ${length} octets are sent`;
    return { kind: 'poll', line, differs };
  }
  if (length === line.octets && digest.endsWith(pollDigest(octets))) return { kind: 'poll', line };
  const differs = `connection ${poll}: ${line.octets} octets were sent, now ${length}`;
  return { kind: 'poll', line, differs: length === line.octets ? `${differs} others` : differs };
}

function difference({ threw, gave = [] }: StepLine, now: readonly string[]): string {
  const then = threw === undefined ? listed(gave) : `it threw ${threw}`;
  const kinds = listed(now);
  return then === kinds
    ? `the same kinds of effects (${kinds}) with other contents, or another deadline`
    : `recorded: ${then}; now: ${kinds}`;
}

function listed(kinds: readonly string[]): string {
  return kinds.length === 0 ? 'no effects' : kinds.join(', ');
}
