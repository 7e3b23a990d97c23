/** What `godwitd` does once it knows what it is asked for (`arguments.ts`): everything that needs the program whole. */

import { formatConfigError } from '../base/errors.ts';
import { ExitCode } from '../io/exit-codes.ts';
import { openLog } from '../io/log.ts';
import { runCheck } from './check.ts';
import { runCleanup } from './cleanup.ts';
import { loadSettings } from './config.ts';
import { Daemon } from './daemon.ts';
import { logLine } from './log-lines.ts';
import { type ReplayArguments, runReplay } from './replay.ts';

export interface Arguments {
  readonly configPath: string | undefined;
  readonly action: 'run' | 'check' | 'cleanup' | 'replay' | 'version' | 'help';
  /** With `cleanup`: nothing is removed. */
  readonly list?: boolean;
  /** With `replay`. */
  readonly replay?: ReplayArguments;
}

const STREAMS = {
  out: (line: string) => process.stdout.write(`${line}\n`),
  err: (line: string) => process.stderr.write(`${line}\n`),
};

/** @returns the exit code. */
export function perform(asked: Arguments, env: NodeJS.ProcessEnv): Promise<number> {
  const { action, configPath, list, replay } = asked;
  if (action === 'check') return runCheck({ configPath, env }, STREAMS);
  if (action === 'cleanup') return runCleanup({ configPath, env, list: list === true }, STREAMS);
  if (replay !== undefined) return runReplay(replay, STREAMS);
  return run(configPath, env);
}

async function run(configPath: string | undefined, env: NodeJS.ProcessEnv): Promise<number> {
  const { settings, problems } = await loadSettings({ configPath, env });
  if (settings === undefined) {
    for (const problem of problems)
      process.stderr.write(`${problem.severity}: ${formatConfigError(problem)}\n`);
    return ExitCode.Config;
  }
  const log = openLog({
    level: settings.log.level ?? 'info',
    format: settings.log.format,
    node: settings.nodeName,
  });
  for (const problem of problems) {
    const text = formatConfigError(problem);
    logLine(log, 'config-warning', { fields: { code: problem.code }, text });
  }
  try {
    return await Daemon.run(settings, log);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const said = `Internal error: ${text.split('\n', 1)[0]}`;
    logLine(log, 'crash', { fields: { error: text }, text: said });
    return ExitCode.Software;
  }
}
