/** `godwitd` from its command line: run, `--check`, `--cleanup`, `--replay` or `--version`. Exit codes as in sysexits.h. */

import { ExitCode } from '../io/exit-codes.ts';
import { packageVersion } from '../io/package-root.ts';
import type { Arguments } from './actions.ts';
import { keepProgramSmall } from './give-back-memory.ts';

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

/** @returns the exit code. */
export async function runGodwitd(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const parsed = parseArguments(argv);
  if (typeof parsed === 'string') {
    process.stderr.write(`${parsed}\n\n${USAGE}`);
    return ExitCode.Usage;
  }
  const { action } = parsed;
  if (action === 'version') {
    process.stdout.write(`godwitd ${packageVersion()}\n`);
    return 0;
  }
  if (action === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    if (action === 'run') keepProgramSmall('starting');
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return ExitCode.Unavailable;
  }
  // Only now: what it takes to load it is given back meanwhile.
  const { perform } = await import('./actions.ts');
  return perform(parsed, env);
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
