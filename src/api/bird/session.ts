/**
 * One client of a BIRD control socket: the greeting, requests one after the other, and what `restrict` and `echo`
 * changed for it. No sockets: a reply is pulled, piece by piece, as fast as the client reads.
 */

import type { BirdRequest, SessionControl } from './command.ts';
import { findCommand } from './commands.ts';
import type { BirdFamily, BirdPort } from './port.ts';
import { BirdError, Code, Lines, type Reply } from './reply.ts';
import { syntaxError, tokensOf } from './tokens.ts';

export interface BirdSessionOptions {
  readonly port: BirdPort;
  readonly family: BirdFamily;
  /** Sends a line that belongs to no reply (`+…`). */
  readonly push: (line: string) => void;
}

export class BirdSession implements SessionControl {
  readonly #options: BirdSessionOptions;
  readonly #out = new Lines();
  counted: SessionControl['counted'];
  #restricted = false;
  #unsubscribe: (() => void) | undefined;

  constructor(options: BirdSessionOptions) {
    this.#options = options;
  }

  /** Begins with `v`: CalicoNodeStatus knows a version by it (calico model 7.4). */
  get version(): string {
    return `v${this.#options.port.facts().version}+godwit`;
  }

  greeting(): string {
    return this.#out.last(Code.Welcome, `BIRD ${this.version} ready.`);
  }

  /** The whole reply to one line without its end. */
  *request(line: string): Reply {
    try {
      yield* this.#run(line);
    } catch (error) {
      if (!(error instanceof BirdError)) throw error;
      yield this.#out.last(error.code, error.message);
    }
  }

  /** What is said before a client is cut off that sends lines without end. */
  tooLong(): string {
    return this.#out.last(Code.TooLong, 'Command too long');
  }

  restrict(): void {
    this.#restricted = true;
  }

  echo(on: boolean): void {
    this.#unsubscribe?.();
    const { port, push } = this.#options;
    this.#unsubscribe = on
      ? port.events.subscribe(({ text }) => push(`+${text.replaceAll('\n', ' ')}\n`))
      : undefined;
  }

  close(): void {
    this.echo(false);
  }

  #run(line: string): Reply {
    const { port, family } = this.#options;
    const tokens = tokensOf(line);
    const command = findCommand(tokens);
    if (command === undefined) throw syntaxError();
    if (command.changes === true && this.#restricted) {
      throw new BirdError(Code.AccessDenied, 'Access denied');
    }
    const args = tokens.slice(command.words.length);
    const request: BirdRequest = { port, family, args, out: this.#out, session: this };
    return command.run(request);
  }
}
