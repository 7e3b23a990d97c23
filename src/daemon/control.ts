/** The one implementation of what front doors may ask: the core's view, and commands as inputs. */

import type { BirdSocketFacts } from '../api/bird/metrics.ts';
import type { BirdPort } from '../api/bird/port.ts';
import type { EventLog } from '../api/event-log.ts';
import type { DaemonFacts, RecordingFacts } from '../api/messages.ts';
import { Metrics, type MetricsOptions } from '../api/metrics.ts';
import type { PlanMessage } from '../api/plan-message.ts';
import type { DaemonPort, PlanRequest } from '../api/ports.ts';
import { type ConfigError, formatConfigError } from '../base/errors.ts';
import type { Command } from '../speaker/inputs.ts';
import type { SpeakerView } from '../speaker/snapshot.ts';
import { BestCounts } from './best-counts.ts';
import type { Configuration } from './configuration.ts';
import { inSlices, OneAtATime } from './in-slices.ts';
import type { Loop } from './loop.ts';
import type { LoopMeter } from './loop-meter.ts';
import { metricsText } from './metrics-text.ts';
import type { Recording } from './recording.ts';

/** Milliseconds of a scrape in one turn of the loop: five hundred neighbors told one by one take 50 of them. */
const SCRAPE_SLICE_MS = 1;

export interface ControlParts {
  readonly view: SpeakerView;
  readonly loop: Loop;
  readonly meter: LoopMeter;
  readonly events: EventLog;
  readonly configuration: Configuration;
  readonly recording: Recording;
  readonly version: string;
  readonly datastoreType: string;
  /** Of this process. */
  readonly networkNamespace: string;
  readonly metrics: MetricsOptions;
}

export class Control implements DaemonPort, BirdPort {
  readonly events: EventLog;
  /** Set once the BIRD sockets are there; none before. */
  birdFacts: () => readonly BirdSocketFacts[] = () => [];
  readonly #parts: ControlParts;
  readonly #metrics: Metrics;
  readonly #best = new BestCounts();
  readonly #scrape = new OneAtATime<string>();
  readonly #answers = new Map<number, (error: string) => void>();
  #nextCommand = 1;

  constructor(parts: ControlParts) {
    this.#parts = parts;
    this.#metrics = new Metrics(parts.metrics);
    this.events = parts.events;
  }

  /** An idle core has not looked at the clock for up to a minute: it does so before it is looked at. */
  get view(): SpeakerView {
    this.#parts.loop.freshen();
    return this.#parts.view;
  }

  facts(): DaemonFacts {
    const { configuration, recording, version } = this.#parts;
    const { networkNamespace, datastoreType } = this.#parts;
    const { problems, held } = configuration.view();
    return {
      version,
      networkNamespace,
      datastoreType,
      problems: problems.length,
      recording: recording.state().active,
      ...(held === undefined ? {} : { heldChange: held.reason }),
    };
  }

  problems(): readonly ConfigError[] {
    return this.#parts.configuration.view().problems;
  }

  /** Of the problems those that keep a resource from being in force. */
  errors(): { readonly code: string; readonly text: string }[] {
    const errors = this.problems().filter(({ severity }) => severity === 'error');
    return errors.map((error) => ({ code: error.code, text: formatConfigError(error) }));
  }

  execute(command: Command, answer: (error: string) => void): void {
    const id = this.#nextCommand++;
    this.#answers.set(id, answer);
    this.#parts.loop.submit({ type: 'command', id, command });
  }

  /** The core's answer to a command. */
  onReply(id: number, error: string): void {
    const answer = this.#answers.get(id);
    this.#answers.delete(id);
    answer?.(error);
  }

  releaseHeldChange(): string {
    return this.#parts.configuration.release();
  }

  plan(request: PlanRequest, answer: (reply: PlanMessage) => void): void {
    void this.#parts.configuration.proposals.ask(request, () => this.view).then(answer);
  }

  startRecording(): string {
    return this.#parts.recording.start();
  }

  stopRecording(answer: (error: string) => void): void {
    void this.#parts.recording.stop('stopped by the operator').then(answer);
  }

  recording(): RecordingFacts {
    return this.#parts.recording.state();
  }

  localTime(ageMs: number): { date: string; time: string } {
    const at = new Date(Date.now() - ageMs);
    const two = (value: number): string => String(value).padStart(2, '0');
    return {
      date: `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
      time: `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`,
    };
  }

  memory(): { tables: number; heap: number; resident: number } {
    const { arrayBuffers, heapUsed, rss } = process.memoryUsage();
    return { tables: arrayBuffers, heap: heapUsed, resident: rss };
  }

  get configurationSource(): string {
    return this.#parts.configuration.source;
  }

  reread(how: 'apply' | 'check', answer: (error: string) => void): void {
    const { configuration } = this.#parts;
    const read = how === 'apply' ? configuration.reread() : configuration.check();
    read.then(
      (problems) => answer(firstOf(problems)),
      (error: unknown) => answer(error instanceof Error ? error.message : String(error)),
    );
  }

  /** Prometheus text exposition. Who asks while another one is answered gets the same. */
  metricsText(): Promise<string> {
    return this.#scrape.do(() => this.#scraped());
  }

  async #scraped(): Promise<string> {
    const best = await this.#best.of(this.view, performance.now());
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    const { meter } = this.#parts;
    const host = {
      cpuSeconds: (user + system) / 1e6,
      residentOctets: rss,
      heapOctets: heapUsed,
      loopLagSecondsMax: meter.takeDelayMax(),
      loopDelays: meter.delays,
      loopTurns: meter.turns,
      steps: meter.takeSteps(),
      bird: this.birdFacts(),
      best,
    };
    const sources = { view: this.view, facts: this.facts(), host };
    return inSlices(metricsText(this.#metrics, sources), SCRAPE_SLICE_MS);
  }
}

/** The first error in words, and how many more there are; empty without errors. */
function firstOf(problems: readonly ConfigError[]): string {
  const [first, ...others] = problems.filter(({ severity }) => severity === 'error');
  if (first === undefined) return '';
  const more = others.length === 0 ? '' : ` (and ${others.length} more: godwit show problems)`;
  return formatConfigError(first).replaceAll('\n', ' ') + more;
}
