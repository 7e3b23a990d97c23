/**
 * Recordings of the running daemon: puts a `RecordedSpeaker` in the place of the speaker while one runs, and the bare
 * one back afterwards. While none runs nothing on the way of an input knows of it.
 */

import { randomBytes } from 'node:crypto';
import type { RecordingFacts } from '../api/messages.ts';
import type { SystemError } from '../base/errors.ts';
import { RecordingFile } from '../io/recording-file.ts';
import { RECORDING_VERSION, type RecordingHeader } from '../recorder/lines.ts';
import { RecordedSpeaker, type Stepper } from '../recorder/recorded-speaker.ts';
import { encodeValue } from '../recorder/values.ts';
import type { SpeakerOptions } from '../speaker/core.ts';
import type { RecordSettings } from './config.ts';

export interface RecordingParts {
  readonly settings: RecordSettings;
  readonly speaker: Stepper;
  readonly node: string;
  readonly software: string;
  /** From now on inputs and polls go to `stepper`. */
  readonly use: (stepper: Stepper) => void;
  readonly onTrouble: (what: string, error: SystemError) => void;
  /** The disk is too slow: steps are missing from now on. */
  readonly onLost: () => void;
}

interface Running {
  readonly file: RecordingFile;
  readonly recorded: RecordedSpeaker;
  readonly begins: 'start' | 'running';
}

const MIB = 1024 * 1024;

export class Recording {
  readonly #parts: RecordingParts;
  #running: Running | undefined;
  #last: Running | undefined;
  #ended = '';

  constructor(parts: RecordingParts) {
    this.#parts = parts;
  }

  /**
   * @param options  What the speaker was made with, when it has handled no input yet.
   * @returns why not; empty when done.
   */
  start(options?: SpeakerOptions): string {
    if (this.#running !== undefined) return `It runs already, to ${this.#running.file.path}`;
    const { settings, node, software, speaker, onLost } = this.#parts;
    const run = randomBytes(4).toString('hex');
    const begun = new Date().toISOString();
    const begins = options === undefined ? 'running' : 'start';
    const headerOf = (part: number): string => {
      const common = {
        version: RECORDING_VERSION,
        software,
        node,
        run,
        part,
        begun,
        begins,
      } as const;
      const given = options === undefined || part > 0 ? {} : { options };
      return encodeValue({ godwit: 'recording', ...common, ...given } satisfies RecordingHeader);
    };
    const file = RecordingFile.open({
      path: settings.file,
      octetsMax: settings.limitMiB * MIB,
      headerOf,
      onFailed: (error) => this.#onFailed(error),
    });
    if ('kind' in file) {
      const { call, errno } = file;
      return `${settings.file} cannot be written (${call}: ${errno}); set record.file in godwit.yaml`;
    }
    const recorded = new RecordedSpeaker(speaker, {
      get hasRoom() {
        return file.hasRoom;
      },
      write: (line) => file.write(line),
      onGap: onLost,
    });
    this.#running = { file, recorded, begins };
    this.#ended = '';
    this.#parts.use(recorded);
    return '';
  }

  /** Ends it and waits until it is written. @returns why not; empty when done. */
  async stop(reason: string): Promise<string> {
    const running = this.#running;
    if (running === undefined) return 'No recording runs';
    this.#leave(running, reason);
    running.recorded.end(reason);
    await running.file.close();
    return '';
  }

  state(): RecordingFacts {
    const { settings } = this.#parts;
    const shown = this.#running ?? this.#last;
    return {
      active: this.#running !== undefined,
      file: settings.file,
      replayable: shown?.begins === 'start',
      octets: shown?.file.octets ?? 0,
      lines: shown?.recorded.lines ?? 0,
      lost: shown?.recorded.lost ?? 0,
      ended: this.#ended,
    };
  }

  #onFailed(error: SystemError): void {
    if (this.#running !== undefined) {
      this.#leave(this.#running, `${error.call} failed: ${error.errno}`);
    }
    this.#parts.onTrouble('the recording, which ends here', error);
  }

  #leave(running: Running, reason: string): void {
    this.#parts.use(this.#parts.speaker);
    this.#last = running;
    this.#running = undefined;
    this.#ended = reason;
  }
}
