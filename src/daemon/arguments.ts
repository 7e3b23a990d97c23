/** `godwitd` from its command line: run, `--check`, `--cleanup`, `--replay` or `--version`. Exit codes as in sysexits.h. */

import { formatConfigError } from '../base/errors.ts';
import { ExitCode } from '../io/exit-codes.ts';
import { openLog } from '../io/log.ts';
import { packageVersion } from '../io/package-root.ts';
import { runCheck } from './check.ts';
import { runCleanup } from './cleanup.ts';
import { loadSettings } from './config.ts';
import { Daemon } from './daemon.ts';
import { logLine } from './log-lines.ts';
import { type ReplayArguments, runReplay } from './replay.ts';

const USAGE = `Usage: godwitd [--config FILE] [--check] [--version] [--help]
       godwitd --cleanup [--list] [--config FILE]
       godwitd --replay FILE [--compare] [--effects]

  --config FILE   settings of the daemon; default /etc/godwit/godwit.yaml, which may be missing
  --check         read settings and resources, print what is wrong, and exit: 0 usable, 78 not
  --cleanup       remove from the kernel all that godwit wrote, while no daemon runs (godwit cleanup calls it)
    --list        only list what would be removed
  --replay FILE   feed a recording to the core and print the tables it ends with; touches nothing else
    --compare     end at the first step that gives something else than was recorded: exit 3
    --effects     print every step with what it gave
  --version       print the version
`;

interface Arguments {
  readonly configPath: string | undefined;
  readonly action: 'run' | 'check' | 'cleanup' | 'replay' | 'version' | 'help';
  /** With `cleanup`: nothing is removed. */
  readonly list?: boolean;
  /** With `replay`. */
  readonly replay?: ReplayArguments;
}

/** @returns the exit code. */
export async function runGodwitd(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const parsed = parseArguments(argv);
  if (typeof parsed === 'string') {
    process.stderr.write(`${parsed}\n\n${USAGE}`);
    return ExitCode.Usage;
  }
  const { action, configPath, replay } = parsed;
  if (action === 'version') {
    process.stdout.write(`godwitd ${packageVersion()}\n`);
    return 0;
  }
  if (action === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const streams = {
    out: (line: string) => process.stdout.write(`${line}\n`),
    err: (line: string) => process.stderr.write(`${line}\n`),
  };
  if (action === 'check') return runCheck({ configPath, env }, streams);
  if (action === 'cleanup') {
    return runCleanup({ configPath, env, list: parsed.list === true }, streams);
  }
  if (replay !== undefined) return runReplay(replay, streams);
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

/** @returns a sentence when the arguments make no sense. */
export function parseArguments(argv: readonly string[]): Arguments | string {
  let configPath: string | undefined;
  let action: Arguments['action'] = 'run';
  let path: string | undefined;
  const flags = { compare: false, effects: false };
  let list = false;
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [name, inline] = word.split('=', 2);
    switch (name) {
      case '--config':
      case '-c':
        configPath = inline ?? rest.shift();
        if (configPath === undefined || configPath === '') return '--config needs a file';
        break;
      case '--check':
        action = 'check';
        break;
      case '--cleanup':
        action = 'cleanup';
        break;
      case '--list':
        list = true;
        break;
      case '--replay':
        path = inline ?? rest.shift();
        if (path === undefined || path === '') return '--replay needs a file';
        action = 'replay';
        break;
      case '--compare':
      case '--effects':
        flags[name === '--compare' ? 'compare' : 'effects'] = true;
        break;
      case '--version':
        action = 'version';
        break;
      case '--help':
      case '-h':
        action = 'help';
        break;
      default:
        return `Unknown argument ${word}`;
    }
  }
  if (path !== undefined && action === 'replay') {
    return { configPath, action, replay: { path, ...flags } };
  }
  if (list && action !== 'cleanup') return '--list belongs to --cleanup';
  if (list) return { configPath, action, list };
  if (flags.compare || flags.effects) return '--compare and --effects belong to --replay FILE';
  return { configPath, action };
}
