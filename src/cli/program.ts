/** The command table as a commander program: parsing, help and usage errors. The only file that knows commander. */

import {
  CommanderError,
  InvalidArgumentError,
  Command as Program,
  Argument as ProgramArgument,
  Option as ProgramOption,
} from 'commander';
import { packageVersion } from '../io/package-root.ts';
import type { Command, Option } from './command.ts';
import { GLOBAL_OPTIONS } from './completion.ts';

/** One command line, parsed. */
export interface Invocation {
  readonly words: readonly string[];
  /** Every option of the command, by name: a flag is true or false, another undefined when it was not given. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly globals: { readonly node?: string | undefined; readonly socket?: string | undefined };
}

export type Invoke = (definition: Command, invocation: Invocation) => Promise<void>;

interface Streams {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
}

/** Commands that stand under one word. */
const GROUPS: Readonly<Record<string, string>> = {
  show: 'Show what the daemon knows',
  clear: 'End what the daemon holds against a neighbor',
  record: 'Write every input to a file, for a bug report',
};

/** The largest number an option takes: 32 bits, as the API's fields have. */
const NUMBER_MAX = 4_294_967_295;

export function buildProgram(
  commands: readonly Command[],
  streams: Streams,
  invoke: Invoke,
): Program {
  const program = new Program('godwit')
    .description('Talks to godwitd: what it knows, what it does, and why')
    .version(`godwit ${packageVersion()}`, '--version', 'print the version')
    .showHelpAfterError('(godwit --help lists the commands)')
    .configureOutput({ writeOut: streams.write, writeErr: streams.writeError })
    .exitOverride();
  for (const [name, option] of Object.entries(GLOBAL_OPTIONS)) {
    program.addOption(programOption(name, option, name === 'node' ? '-n, ' : ''));
  }
  for (const definition of commands) addCommand(program, definition, invoke);
  return program;
}

/** Help or version was asked for and printed. */
export function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}

/** The command line makes no sense; commander has said why. */
export function isUsage(error: unknown): boolean {
  return error instanceof CommanderError;
}

function addCommand(program: Program, definition: Command, invoke: Invoke): void {
  let parent = program;
  for (const word of definition.path.slice(0, -1)) parent = groupOf(parent, word);
  const leaf = parent.command(definition.path.at(-1)!).description(definition.summary);
  for (const argument of definition.arguments ?? []) {
    const made = new ProgramArgument(argument);
    leaf.addArgument(
      definition.argumentValues === undefined ? made : made.choices(definition.argumentValues),
    );
  }
  for (const [name, option] of Object.entries(definition.options)) {
    leaf.addOption(
      programOption(name, option, option.short === undefined ? '' : `-${option.short}, `),
    );
  }
  leaf.addHelpText('after', helpAfter(definition));
  leaf.action(async () => {
    const given = leaf.opts();
    const options = Object.fromEntries(
      Object.entries(definition.options).map(([name, { kind }]) => [
        name,
        kind === 'flag' ? given[name] === true : given[name],
      ]),
    );
    await invoke(definition, { words: leaf.args, options, globals: program.opts() });
  });
}

function groupOf(parent: Program, word: string): Program {
  const known = parent.commands.find((candidate) => candidate.name() === word);
  return known ?? parent.command(word).description(GROUPS[word] ?? '');
}

function programOption(name: string, option: Option, short = ''): ProgramOption {
  const flags = option.kind === 'flag' ? `--${name}` : `--${name} <${name}>`;
  const made = new ProgramOption(`${short}${flags}`, option.help);
  if (option.values !== undefined) made.choices(option.values);
  if (option.kind === 'number') made.argParser(wholeNumber);
  return made;
}

function wholeNumber(text: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0 && value <= NUMBER_MAX) return value;
  throw new InvalidArgumentError(`Write a whole number up to ${NUMBER_MAX}.`);
}

function helpAfter({ examples, exitCodes }: Command): string {
  const codes = Object.entries(exitCodes).map(([code, meaning]) => `  ${code}  ${meaning}`);
  return [
    '',
    'Examples:',
    ...examples.map((example) => `  godwit ${example}`),
    '',
    'Exit codes:',
    ...codes,
    '  1  the daemon refused, 64 usage, 69 daemon not reachable, 70 it could not answer',
  ].join('\n');
}
