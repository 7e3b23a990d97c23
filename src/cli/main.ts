/**
 * `godwit` from its command line: words to a command of the table, what goes wrong to a sentence and an exit code
 * (`io/exit-codes.ts`); codes beyond the common ones are each command's own and stand in its help.
 */

import { ClientError } from '../io/client.ts';
import { ExitCode } from '../io/exit-codes.ts';
import { GodwitClient } from './client.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands/table.ts';
import { findSocket } from './find-socket.ts';
import { Output } from './output/output.ts';
import { buildProgram, type Invocation, isHelp, isUsage } from './program.ts';

const EXIT_BY_KIND = {
  refused: ExitCode.Refused,
  unreachable: ExitCode.Unavailable,
  failed: ExitCode.Software,
} as const;

export interface CliStreams {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Of the terminal; undefined where there is none. */
  readonly width?: number | undefined;
}

export async function main(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  streams: CliStreams = processStreams(),
): Promise<number> {
  const out = new Output(streams);
  let exitCode: number = ExitCode.Done;
  const program = buildProgram(COMMANDS, streams, async (definition, invocation) => {
    exitCode = await run(definition, invocation, { env, out });
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (isHelp(error)) return ExitCode.Done;
    if (isUsage(error)) return ExitCode.Usage;
    if (error instanceof ClientError) {
      out.error(error.message);
      return EXIT_BY_KIND[error.kind];
    }
    out.error(`godwit: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return ExitCode.Software;
  }
}

/** A reader that goes away (`godwit show routes | head`) ends the command quietly. */
function processStreams(): CliStreams {
  const { stdout, stderr } = process;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? ExitCode.Done : ExitCode.Software);
  });
  return {
    write: (text) => void stdout.write(text),
    writeError: (text) => void stderr.write(text),
    width: stdout.isTTY === true ? stdout.columns : undefined,
  };
}

async function run(
  definition: Command,
  { words, options, globals }: Invocation,
  { env, out }: { readonly env: NodeJS.ProcessEnv; readonly out: Output },
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
    const { node } = globals;
    const context = { options: options as never, words, out, api, node, commands: COMMANDS };
    return (await definition.run(context)) ?? ExitCode.Done;
  } finally {
    client?.close();
  }
}
