/**
 * What the fuzzer does to a target, one step at a time, and the file in which a failing course of steps is kept.
 *
 * A round begins and ends with empty tables, so that the steps of one round repeat a failure by themselves.
 */

/** Peer numbers index `PEERS` of the target. `octets` are valid only until the next action is made. */
export type Action =
  | {
      readonly op: 'message';
      readonly peer: number;
      readonly octets: Uint8Array;
      /** Where the chunk is cut in two; 0 = comes whole; below 0 = in pieces of so many octets. */
      readonly cut: number;
      /** What is behind the cut comes with the next message of this peer. */
      readonly hold?: boolean;
    }
  /** Decide and let the observers read. */
  | { readonly op: 'settle' }
  /** The session ends and everything that it brought goes. */
  | { readonly op: 'lose'; readonly peer: number }
  /**
   * Graceful restart: all paths stale; what is still stale goes (RFC 4724 §4.2). In the speaker: a peer that falls silent;
   * one that the operator disables and enables again.
   */
  | { readonly op: 'stale'; readonly peer: number }
  | { readonly op: 'sweep'; readonly peer: number }
  /** A second connection of a peer that has one (RFC 4271 §6.8). */
  | { readonly op: 'call'; readonly peer: number }
  /** An observer asks for everything again (RFC 2918), or has a new session. */
  | { readonly op: 'refresh'; readonly peer: number }
  | { readonly op: 'rejoin'; readonly peer: number }
  /** The operator gives a peer, or an observer, the other one of its two policies. */
  | { readonly op: 'import'; readonly peer: number }
  | { readonly op: 'export'; readonly peer: number };

export const TARGETS = ['tables', 'speaker'] as const;
export type TargetName = (typeof TARGETS)[number];

/** Something that must never be true. Whatever else a target throws is as bad. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

export interface Target {
  /** The way in which the last message was taken (`signature.ts`). */
  readonly signature: number;
  /** A promise only where people and programs look on. */
  apply(action: Action): void | Promise<void>;
  /** Empties the tables and checks that nothing is left. */
  finish(): void | Promise<void>;
}

export interface Case {
  readonly target: TargetName;
  readonly problem: string;
  readonly actions: readonly Action[];
}

const FORMAT = 'godwit-fuzz/1';

export function encodeCase({ target, problem, actions }: Case): string {
  const lines = actions.map((action) =>
    JSON.stringify(
      action.op === 'message'
        ? { ...action, octets: Buffer.from(action.octets).toString('hex') }
        : action,
    ),
  );
  const head = `"format":"${FORMAT}","target":"${target}","problem":${JSON.stringify(problem)}`;
  return `{${head},"actions":[\n${lines.join(',\n')}\n]}\n`;
}

/** @throws {TypeError} when `text` is no case file. */
export function decodeCase(text: string): Case {
  const { format, target, problem, actions } = JSON.parse(text);
  if (format !== FORMAT || !TARGETS.includes(target)) throw new TypeError('This is no case file');
  const decoded = actions.map((action: { op: string; octets: string }) =>
    action.op === 'message'
      ? { ...action, octets: new Uint8Array(Buffer.from(action.octets, 'hex')) }
      : action,
  );
  return { target, problem, actions: decoded };
}

/** As `action` with octets of its own. */
export function kept(action: Action): Action {
  return action.op === 'message' ? { ...action, octets: action.octets.slice() } : action;
}
