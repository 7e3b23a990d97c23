/** For tests of the BIRD sockets: a node in the laboratory with neighbors behind the port, and replies as whole texts. */

import type { Command } from '../../speaker/inputs.ts';
import type { SpeakerView } from '../../speaker/snapshot.ts';
import { type Stage, type StageOptions, stage } from '../../speaker/testing/stage.ts';
import type { BirdFamily, BirdPort } from '../bird/port.ts';
import type { Piece } from '../bird/reply.ts';
import { BirdSession } from '../bird/session.ts';
import { EventLog } from '../event-log.ts';
import type { DaemonFacts } from '../messages.ts';

/** The wall clock of these tests, in milliseconds since 1970: the laboratory begins then. */
const BEGIN = Date.UTC(2026, 0, 2, 3, 4, 5);

export class BirdStage implements BirdPort {
  readonly stage: Stage;
  readonly events = new EventLog(() => '2026-01-02T03:04:05.678Z');
  readonly configurationSource = '/etc/godwit/resources';
  readonly commands: Command[] = [];
  /** What the next `configure` finds wrong. */
  mistake = '';
  held: string | undefined;
  /** Pieces of the last reply that were a turn for others. */
  turns = 0;

  constructor(options: StageOptions = {}) {
    this.stage = stage(options);
  }

  get view(): SpeakerView {
    return this.stage.node.view;
  }

  facts(): DaemonFacts {
    return {
      version: '9.8.7',
      problems: 0,
      ...(this.held === undefined ? {} : { heldChange: this.held }),
    };
  }

  execute(command: Command, answer: (error: string) => void): void {
    this.commands.push(command);
    answer(this.stage.node.command(command) ?? '');
  }

  localTime(ageMs: number): { date: string; time: string } {
    const at = new Date(BEGIN + this.view.status().uptimeMs - ageMs).toISOString();
    return { date: at.slice(0, 10), time: at.slice(11, 19) };
  }

  memory(): { tables: number; heap: number; resident: number } {
    return { tables: 35_840, heap: 20 * 2 ** 20, resident: 900 };
  }

  reread(_how: 'apply' | 'check', answer: (error: string) => void): void {
    answer(this.mistake);
  }

  session(family: BirdFamily = 'ipv4', push: (line: string) => void = () => undefined) {
    return new BirdSession({ port: this, family, push });
  }

  /** The whole reply to one line. */
  ask(line: string, session: BirdSession = this.session()): string {
    const reply = session.request(line);
    let text = '';
    let answer = '';
    this.turns = 0;
    for (let next = reply.next(answer); next.done !== true; next = reply.next(answer)) {
      const piece: Piece = next.value;
      answer = '';
      if (typeof piece === 'function') {
        piece((given) => {
          answer = given;
        });
      } else if (piece === undefined) this.turns++;
      else text += piece;
    }
    return text;
  }
}
