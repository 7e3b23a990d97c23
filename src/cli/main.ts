/**
 * `godwit` from its command line. Exit codes: 0 done, 1 the daemon said no, 64 usage, 69 daemon not reachable,
 * 70 it could not answer; others are each command's own and stand in its help.
 */

import { CommanderError, Command as Program, Option as ProgramOption } from 'commander';
import { ClientError, GodwitClient } from '../io/client.ts';
import type { Command, Option } from './command.ts';
import { COMMANDS } from './commands/table.ts';
import { findSocket } from './find-socket.ts';
import { Output } from './output/output.ts';

const EXIT_REFUSED = 1;
const EXIT_USAGE = 64;
const EXIT_UNREACHABLE = 69;
const EXIT_SOFTWARE = 70;

const EXIT_BY_KIND = {
  refused: EXIT_REFUSED,
  unreachable: EXIT_UNREACHABLE,
  failed: EXIT_SOFTWARE,
} as const;

export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  let exitCode = 0;
  const program = buildProgram(env, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (error instanceof ClientError) {
      process.stderr.write(`${error.message}\n`);
      return EXIT_BY_KIND[error.kind];
    }
    throw error;
  }
}

/** The whole command tree; also read by completion and by the documentation. */
export function buildProgram(env: NodeJS.ProcessEnv, done: (exitCode: number) => void): Program {
  const program = new Program('godwit')
    .description('Talks to godwitd: what it knows, what it does, and why')
    .option(
      '-n, --node <node>',
      'speak to the daemon of this node, where several run on one machine',
    )
    .option('--socket <path>', 'speak to the daemon on this control socket')
    .showHelpAfterError('(godwit --help lists the commands)')
    .exitOverride();
  for (const definition of COMMANDS) addCommand(program, definition, env, done);
  return program;
}

function addCommand(
  program: Program,
  definition: Command,
  env: NodeJS.ProcessEnv,
  done: (exitCode: number) => void,
): void {
  let parent = program;
  for (const word of definition.path.slice(0, -1)) parent = groupOf(parent, word);
  const leaf = parent
    .command(definition.path.at(-1)!)
    .description(definition.summary)
    .exitOverride();
  for (const argument of definition.arguments ?? []) leaf.argument(argument);
  for (const [name, option] of Object.entries(definition.options))
    leaf.addOption(programOption(name, option));
  leaf.addHelpText('after', helpAfter(definition));
  leaf.action(async (...args: unknown[]) => {
    const words = args
      .slice(0, definition.arguments?.length ?? 0)
      .filter((word) => typeof word === 'string');
    done(await run(definition, { words, options: leaf.opts(), globals: program.opts(), env }));
  });
}

interface Invocation {
  readonly words: readonly string[];
  readonly options: Record<string, unknown>;
  readonly globals: { node?: string; socket?: string };
  readonly env: NodeJS.ProcessEnv;
}

async function run(
  definition: Command,
  { words, options, globals, env }: Invocation,
): Promise<number> {
  let client: GodwitClient | undefined;
  const api = (): GodwitClient => {
    if (client !== undefined) return client;
    const found = findSocket({ ...globals, env });
    if ('error' in found) throw new ClientError('unreachable', found.error);
    client = new GodwitClient(found.path);
    return client;
  };
  try {
    const values = Object.fromEntries(
      Object.entries(definition.options).map(([name, option]) => [
        name,
        valueOf(option, options[name]),
      ]),
    );
    return (await definition.run({ options: values as never, words, out: new Output(), api })) ?? 0;
  } finally {
    client?.close();
  }
}

function valueOf(option: Option, value: unknown): unknown {
  if (option.kind === 'flag') return value === true;
  return value;
}

function groupOf(parent: Program, word: string): Program {
  const known = parent.commands.find((candidate) => candidate.name() === word);
  return (
    known ??
    parent
      .command(word)
      .description(GROUPS[word] ?? '')
      .exitOverride()
  );
}

const GROUPS: Readonly<Record<string, string>> = { show: 'Show what the daemon knows' };

function programOption(name: string, option: Option): ProgramOption {
  const made = new ProgramOption(
    option.kind === 'flag' ? `--${name}` : `--${name} <${name}>`,
    option.help,
  );
  if (option.values !== undefined) made.choices(option.values);
  if (option.kind === 'number') made.argParser(wholeNumber);
  return made;
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text))
    throw new CommanderError(EXIT_USAGE, 'godwit.number', `"${text}" is not a whole number`);
  return Number(text);
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
