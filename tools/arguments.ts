/**
 * The arguments of a tool: what is meant, or a sentence, the usage and exit code 2. `--help` is understood by all. A
 * stack trace is for mistakes of ours, not for a slip of the pen.
 */

import { type ParseArgsConfig, parseArgs } from 'node:util';

/** As most programs end that cannot make sense of what they were told; 1 says that something was not as it should be. */
export const EXIT_USAGE = 2;

type Options = NonNullable<ParseArgsConfig['options']>;

export interface ToolArguments<T extends Options> {
  /** All of the help, the first line with how it is called. */
  readonly usage: string;
  readonly options?: T;
  readonly allowPositionals?: boolean;
}

/** Ends the process where there is nothing to do but to say something. */
export function toolArguments<T extends Options = Record<never, never>>(
  { usage, options, allowPositionals = false }: ToolArguments<T>,
  argv: readonly string[] = process.argv.slice(2),
): ReturnType<typeof parseArgs<{ options: T; allowPositionals: boolean }>> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(`${usage.trimEnd()}\n`);
    process.exit(0);
  }
  try {
    return parseArgs({ args: [...argv], options: options ?? ({} as T), allowPositionals });
  } catch (error) {
    return refuseArguments(sentenceOf(error), usage);
  }
}

export function refuseArguments(why: string, usage: string): never {
  process.stderr.write(`${why}\n\n${usage.trimEnd()}\n`);
  process.exit(EXIT_USAGE);
}

/** Node adds how a positional argument with a dash is written, which no tool has. */
function sentenceOf(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  return said.split('. To specify a positional', 1)[0]!;
}
