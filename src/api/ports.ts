/**
 * What the front doors (gRPC, HTTP) may ask of the daemon. They read snapshots and give commands; nothing else.
 * `daemon/` provides the one implementation.
 */

import type { ConfigError } from '../base/errors.ts';
import type { Command } from '../speaker/inputs.ts';
import type { SpeakerView } from '../speaker/snapshot.ts';
import type { DaemonFacts, EventMessage, RecordingFacts } from './messages.ts';
import type { PlanMessage } from './plan-message.ts';

export interface DaemonPort {
  /** The core as of now: ages in it are true at the moment of asking. */
  readonly view: SpeakerView;
  facts(): DaemonFacts;
  problems(): readonly ConfigError[];
  readonly events: EventSource;
  /** Gives `command` to the core; the answer is empty, or a sentence that says why not. */
  execute(command: Command, answer: (error: string) => void): void;
  /** Applies a change that is held back; a sentence when none is. */
  releaseHeldChange(): string;
  /** What a change of the resources would do. */
  plan(request: PlanRequest, answer: (reply: PlanMessage) => void): void;
  /** Writes all inputs to a file from now on; a sentence when that cannot be. */
  startRecording(): string;
  /** Answers when all is written; with a sentence when none runs. */
  stopRecording(answer: (error: string) => void): void;
  recording(): RecordingFacts;
}

/** Documents as texts, laid over what the datastore holds, or in its place. */
export interface PlanRequest {
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly replace: boolean;
  /** `Kind/name`, `Kind/namespace/name`. */
  readonly remove: readonly string[];
}

export interface EventSource {
  /** The newest `count` events, oldest first. */
  recent(count: number): readonly EventMessage[];
  /** Calls `listener` for each new event until the returned function is called. */
  subscribe(listener: (event: EventMessage) => void): () => void;
}
