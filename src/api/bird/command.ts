/** The shape of a command: its words, what it does, and whether a restricted session may give it. */

import type { BirdFamily, BirdPort } from './port.ts';
import type { Lines, Reply } from './reply.ts';
import type { Token } from './tokens.ts';

export interface BirdCommand {
  /** Keywords in front of the arguments: `show protocols`. */
  readonly words: readonly string[];
  /** For `help`: what may follow. */
  readonly usage: string;
  readonly help: string;
  /** Refused with 8007 after `restrict`. */
  readonly changes?: true;
  run(request: BirdRequest): Reply;
}

export interface BirdRequest {
  readonly port: BirdPort;
  readonly family: BirdFamily;
  /** What followed the command's words. */
  readonly args: readonly Token[];
  readonly out: Lines;
  readonly session: SessionControl;
}

/** What a command may change of the session that it was given in. */
export interface SessionControl {
  readonly version: string;
  /** Counted for an earlier request of this client; CalicoNodeStatus asks for each session in turn. */
  counted:
    | { readonly decisions: number; readonly uptimeMs: number; readonly counts: RouteCounts }
    | undefined;
  restrict(): void;
  echo(on: boolean): void;
}

export interface RouteCounts {
  /** Prefixes by whose path is the best; own ones as `local`. */
  readonly best: ReadonlyMap<string, number>;
  /** Routes of others in the kernel, and subnets of interfaces. */
  readonly kernel: number;
  readonly connected: number;
}
