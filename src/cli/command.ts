/**
 * A command of `godwit` as data: help, completion and documentation come from the head, `run` does the work.
 */

import type { GodwitClient } from './client.ts';
import type { Output } from './output/output.ts';

export interface Option {
  readonly kind: 'flag' | 'text' | 'path' | 'oneOf' | 'number';
  readonly help: string;
  /** One letter that stands for it. */
  readonly short?: string;
  readonly values?: readonly string[];
}

export const flag = (help: string): Option & { kind: 'flag' } => ({ kind: 'flag', help });
export const text = (help: string): Option & { kind: 'text' } => ({ kind: 'text', help });
/** A file or directory. */
export const path = (help: string, short?: string): Option & { kind: 'path' } => ({
  kind: 'path',
  help,
  ...(short === undefined ? {} : { short }),
});
export const number = (help: string): Option & { kind: 'number' } => ({ kind: 'number', help });
export const oneOf = <const V extends readonly string[]>(
  values: V,
  help: string,
): Option & { kind: 'oneOf'; values: V } => ({
  kind: 'oneOf',
  help,
  values,
});

/** What the options of a command are at run time. */
export type OptionValues<T extends Readonly<Record<string, Option>>> = {
  readonly [K in keyof T]: T[K] extends { kind: 'flag' }
    ? boolean
    : T[K] extends { kind: 'number' }
      ? number | undefined
      : T[K] extends { kind: 'oneOf'; values: readonly (infer V)[] }
        ? V | undefined
        : string | undefined;
};

export interface RunContext<T extends Readonly<Record<string, Option>>> {
  readonly options: OptionValues<T>;
  /** Words after the command's path, as `arguments` names them. */
  readonly words: readonly string[];
  readonly out: Output;
  /** Connects when first asked for. */
  readonly api: () => GodwitClient;
  /** `-n`. */
  readonly node: string | undefined;
  /** Every command there is. */
  readonly commands: readonly Command[];
}

export interface Command<
  T extends Readonly<Record<string, Option>> = Readonly<Record<string, Option>>,
> {
  readonly path: readonly string[];
  readonly summary: string;
  /** `<name>` required, `[prefix]` optional. */
  readonly arguments?: readonly string[];
  /** The values its one argument can have, where they are known. */
  readonly argumentValues?: readonly string[];
  readonly options: T;
  readonly examples: readonly string[];
  /** Beside 64 (usage), 69 (daemon not reachable), 70 (it could not answer) and 1 (it said no). */
  readonly exitCodes: Readonly<Record<number, string>>;
  run(context: RunContext<T>): Promise<number | undefined>;
}

export function command<const T extends Readonly<Record<string, Option>>>(
  definition: Command<T>,
): Command {
  return definition as unknown as Command;
}

/** The flag that every listing has. */
export const JSON_FLAG = flag('Print one JSON object a line; field names are stable');
