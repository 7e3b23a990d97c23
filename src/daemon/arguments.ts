/** `godwitd` from its command line: run, `--check` or `--version`. Exit codes as in sysexits.h. */

import { formatConfigError } from '../base/errors.ts';
import { openLog } from '../io/log.ts';
import { EXIT_CONFIG, runCheck } from './check.ts';
import { loadSettings } from './config.ts';
import { Daemon, packageVersion } from './daemon.ts';

/** EX_USAGE. */
const EXIT_USAGE = 64;

const USAGE = `Usage: godwitd [--config FILE] [--check] [--version] [--help]

  --config FILE   settings of the daemon; default /etc/godwit/godwit.yaml, which may be missing
  --check         read settings and resources, print what is wrong, and exit: 0 usable, 78 not
  --version       print the version
`;

interface Arguments {
  readonly configPath: string | undefined;
  readonly action: 'run' | 'check' | 'version' | 'help';
}

export async function parseArguments(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const parsed = parse(argv);
  if (typeof parsed === 'string') {
    process.stderr.write(`${parsed}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  const { action, configPath } = parsed;
  if (action === 'version') {
    process.stdout.write(`godwitd ${packageVersion()}\n`);
    return 0;
  }
  if (action === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (action === 'check') {
    const streams = {
      out: (line: string) => process.stdout.write(`${line}\n`),
      err: (line: string) => process.stderr.write(`${line}\n`),
    };
    return runCheck({ configPath, env }, streams);
  }
  return run(configPath, env);
}

async function run(configPath: string | undefined, env: NodeJS.ProcessEnv): Promise<number> {
  const { settings, problems } = await loadSettings({ configPath, env });
  if (settings === undefined) {
    for (const problem of problems)
      process.stderr.write(`${problem.severity}: ${formatConfigError(problem)}\n`);
    return EXIT_CONFIG;
  }
  const log = openLog({
    level: settings.log.level ?? 'info',
    format: settings.log.format,
    node: settings.nodeName,
  });
  for (const problem of problems)
    log.warn({ event: 'config-warning', code: problem.code }, formatConfigError(problem));
  return Daemon.run(settings, log);
}

/** @returns a sentence when the arguments make no sense. */
function parse(argv: readonly string[]): Arguments | string {
  let configPath: string | undefined;
  let action: Arguments['action'] = 'run';
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [name, inline] = word.split('=', 2);
    switch (name) {
      case '--config':
      case '-c':
        configPath = inline ?? rest.shift();
        if (configPath === undefined) return '--config needs a file';
        break;
      case '--check':
        action = 'check';
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
  return { configPath, action };
}
