/**
 * The lines of a recording, one JSON object each: a header, then what was fed to the core in order.
 *
 * A step carries a digest of what was fed and one of what it gave, so that a replay finds the first line that was
 * changed, and the first one that gives something else. A poll is a line too: it changes what a peer still has to be
 * told. Decision 0010 says why the format is as it is.
 */

import type { Millis, Octets } from '../base/units.ts';
import type { SpeakerOptions } from '../speaker/core.ts';
import type { Effect } from '../speaker/effects.ts';
import type { ConnectionId, SpeakerInput } from '../speaker/inputs.ts';
import type { Step } from '../speaker/speaker.ts';
import {
  decodeValue,
  digestOfOctets,
  digestOfText,
  encodeValue,
  type Placeholders,
} from './values.ts';

/** Of the format: a replay of another one is refused. */
export const RECORDING_VERSION = 1;

export interface RecordingHeader {
  readonly godwit: 'recording';
  readonly version: number;
  readonly software: string;
  readonly node: string;
  /** Equal in all parts of one recording. */
  readonly run: string;
  /** From 0; a rotated recording is several files. */
  readonly part: number;
  /** RFC 3339, for people. */
  readonly begun: string;
  /** `start`: with the core, can be replayed. `running`: in its midst, to be read only. `evidence`: of one peer. */
  readonly begins: 'start' | 'running' | 'evidence';
  /** What the core was made with; absent in a recording that begins in its midst. */
  readonly options?: SpeakerOptions;
  /** Why the file was written, where it is evidence. */
  readonly evidence?: { readonly peer: string; readonly reason: string; readonly stack?: string };
}

export interface StepLine {
  readonly at: Millis;
  readonly input: SpeakerInput;
  /** Two halves: `inputDigest` and `stepDigest`; absent where nobody recorded it. */
  readonly digest?: string;
  /** Kinds of effects in order, for people. */
  readonly gave?: readonly string[];
  /** Instead of effects: the core threw this. */
  readonly threw?: string;
}

export interface PollLine {
  readonly poll: ConnectionId;
  readonly budget: number;
  /** Octets given; -1 when nothing was due. */
  readonly octets: number;
  /** Two halves: `askedDigest` and `pollDigest`; the first alone where the core threw. */
  readonly digest: string;
  readonly threw?: string;
}

/** So many steps and polls are not in the recording: it could not be written fast enough. */
export interface LostLine {
  readonly lost: number;
}

/** The recording was ended on purpose, and why. */
export interface EndLine {
  readonly end: string;
}

export type RecordingLine = RecordingHeader | StepLine | PollLine | LostLine | EndLine;

/** @param input  As `encodeValue` writes it. */
export function inputDigest(at: Millis, input: string): string {
  return digestOfText(`${at} ${input}`);
}

/** Of what a step gives; all of it depends on inputs and options alone. */
export function stepDigest(step: Step, placeholders?: Placeholders): string {
  const effects = step.effects.map(comparable);
  return digestOfText(
    encodeValue([effects, step.deadline ?? null, step.morePending], placeholders),
  );
}

export function askedDigest(connection: ConnectionId, budget: Octets): string {
  return digestOfText(`${connection} ${budget}`);
}

export function pollDigest(octets: Uint8Array | undefined): string {
  return digestOfOctets(octets ?? NOTHING);
}

const NOTHING = new Uint8Array(0);

/** `send`, `publish:session-up`. */
export function kindOf(effect: Effect): string {
  return effect.type === 'publish' ? `publish:${effect.event.event}` : effect.type;
}

/** @returns a sentence when the line is none of a recording. */
export function parseLine(text: string): RecordingLine | string {
  try {
    const value = decodeValue(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isObject && KEYS.some((key) => key in value)) return value as RecordingLine;
    return 'not a line of a recording';
  } catch (error) {
    return `not JSON (${(error as Error).message}); was it cut or edited?`;
  }
}

/** Each kind of line has one of these. */
const KEYS = ['godwit', 'input', 'poll', 'lost', 'end'];

/** Stacks name files and lines of the program, which another build has elsewhere. */
function comparable(effect: Effect): Effect {
  if (effect.type !== 'keepEvidence') return effect;
  const { stack: _stack, ...rest } = effect;
  return rest;
}
