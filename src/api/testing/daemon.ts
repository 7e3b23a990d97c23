/** For tests of the front doors: a real core without a kernel behind the daemon's port, with a plan from resources. */

import { node, planOf, resource } from '../../../test/support/resources.ts';
import type { ConfigError } from '../../base/errors.ts';
import type { SpeakerOptions } from '../../speaker/core.ts';
import type { SpeakerEvent } from '../../speaker/events.ts';
import type { Command, SpeakerInput } from '../../speaker/inputs.ts';
import type { SpeakerView } from '../../speaker/snapshot.ts';
import { Speaker } from '../../speaker/speaker.ts';
import { EventLog } from '../event-log.ts';
import type { DaemonFacts, RecordingFacts } from '../messages.ts';
import type { DaemonPort } from '../ports.ts';

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
