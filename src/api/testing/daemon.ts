/** For tests of the front doors: a real core without a kernel behind the daemon's port, with a plan from resources. */

import {
  documents,
  FILE_OPTIONS,
  node,
  planOf,
  resource,
  yaml,
} from '../../../test/support/resources.ts';
import { type ConfigError, formatConfigError } from '../../base/errors.ts';
import type { RawDocument } from '../../datastore/documents.ts';
import { NO_LAST_GOOD } from '../../datastore/last-good.ts';
import type { SpeakerPlan } from '../../datastore/plan-types.ts';
import { propose } from '../../datastore/propose.ts';
import type { SpeakerOptions } from '../../speaker/core.ts';
import type { SpeakerEvent } from '../../speaker/events.ts';
import type { Command, SpeakerInput } from '../../speaker/inputs.ts';
import type { SpeakerView } from '../../speaker/snapshot.ts';
import { Speaker } from '../../speaker/speaker.ts';
import { EventLog } from '../event-log.ts';
import type { DaemonFacts, RecordingFacts } from '../messages.ts';
import { type PlanMessage, planMessage } from '../plan-message.ts';
import type { DaemonPort, PlanRequest } from '../ports.ts';

export const START = 1000;

/** Two nodes and `blocks` own blocks; the mesh gives one neighbor, Mesh_10_0_0_2. */
export function smallCluster(blocks = 1): unknown[] {
  const cidrs = Array.from(
    { length: blocks },
    (_, i) => `10.${100 + (i >> 10)}.${(i >> 2) & 255}.${(i & 3) * 64}/26`,
  );
  return [
    node('a', '10.0.0.1', { ipv6Address: 'fd00::1/64' }),
    node('b', '10.0.0.2'),
    resource('IPPool', 'pool', { cidr: '10.64.0.0/10', ipipMode: 'Never' }),
    ...cidrs.map((cidr, i) =>
      resource('BlockAffinity', `block-${i}`, { node: 'a', cidr, state: 'confirmed' }),
    ),
    resource('BlockAffinity', 'six', { node: 'a', cidr: 'fd00:10:244::/122', state: 'confirmed' }),
    resource('IPPool', 'six', { cidr: 'fd00:10:244::/112' }),
  ];
}

export class TestDaemon implements DaemonPort {
  readonly events = new EventLog(() => '2026-01-02T03:04:05.678Z');
  readonly #speaker: Speaker;
  #problems: readonly ConfigError[] = [];
  #plan: SpeakerPlan | undefined;
  #documents: readonly RawDocument[] = [];
  held: string | undefined;
  #replies = new Map<number, (error: string) => void>();
  #commands = 0;

  /** @param options  With `kernelEnabled`, kernel routes are wanted, though nobody writes them. */
  constructor(options: Partial<SpeakerOptions> = {}) {
    const usual = { seed: 1, kernelEnabled: false, restarting: false, now: START };
    this.#speaker = new Speaker({ ...usual, ...options });
  }

  /** With the plan that node `a` has by `values`. */
  static of(
    values: readonly unknown[] = smallCluster(),
    options: Partial<SpeakerOptions> = {},
  ): TestDaemon {
    const daemon = new TestDaemon(options);
    const { plan, problems } = planOf('a', values);
    daemon.#problems = problems;
    daemon.#plan = plan;
    daemon.#documents = documents(values);
    if (plan === undefined) throw new Error(problems.map(({ message }) => message).join('; '));
    daemon.step({ type: 'planChanged', plan, revision: 1 });
    return daemon;
  }

  get view(): SpeakerView {
    return this.#speaker.view;
  }

  step(input: SpeakerInput, now: number = START): void {
    for (let pending = true, next = input; pending; next = { type: 'wake' }) {
      const { effects, morePending } = this.#speaker.step(next, now);
      pending = morePending;
      for (const effect of effects) {
        if (effect.type === 'publish') this.events.add(effect.event);
        if (effect.type === 'reply') this.#replies.get(effect.id)?.(effect.error ?? '');
      }
    }
  }

  publish(event: SpeakerEvent): void {
    this.events.add(event);
  }

  facts(): DaemonFacts {
    const held = this.held === undefined ? {} : { heldChange: this.held };
    return { version: '9.8.7', problems: this.#problems.length, ...held };
  }

  problems(): readonly ConfigError[] {
    return this.#problems;
  }

  execute(command: Command, answer: (error: string) => void): void {
    const id = ++this.#commands;
    this.#replies.set(id, answer);
    this.step({ type: 'command', id, command });
  }

  /** Over the live tables, as the daemon does it between turns of its loop. */
  plan({ files, replace, remove }: PlanRequest, answer: (reply: PlanMessage) => void): void {
    const documents = files.flatMap(({ name, text }) => yaml(text, name));
    const base = {
      node: 'a',
      options: FILE_OPTIONS,
      running: this.#plan!,
      snapshot: { documents: this.#documents, broken: [] },
      lastGood: NO_LAST_GOOD,
      problems: this.#problems,
    };
    const { changes, next, held, problems } = propose(
      { documents, broken: [], replace, remove },
      base,
    );
    const run = this.view.preview({ revision: 1, changes, next: next! });
    for (let state = run.next(); state === 'more'; ) state = run.next();
    const texts = problems.map((one) => `${one.severity}: ${formatConfigError(one)}`);
    answer(planMessage(run.result(), { problems: texts, held }));
  }

  startRecording(): string {
    return 'Nothing is recorded here';
  }

  stopRecording(answer: (error: string) => void): void {
    answer('No recording runs');
  }

  recording(): RecordingFacts {
    const none = { active: false, replayable: false, octets: 0, lines: 0, lost: 0, ended: '' };
    return { file: '/nowhere/recording.jsonl', ...none };
  }

  releaseHeldChange(): string {
    return this.held === undefined ? 'No change is held back' : '';
  }
}
