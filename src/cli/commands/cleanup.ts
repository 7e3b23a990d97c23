/** `godwit cleanup`: all that godwit ever wrote to the kernel goes, nothing else does; `godwitd --cleanup` does it. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ClientError } from '../../io/client.ts';
import { ExitCode } from '../../io/exit-codes.ts';
import { packageRoot } from '../../io/package-root.ts';
import type { GodwitClient } from '../client.ts';
import { command, flag, path } from '../command.ts';
import type { Output } from '../output/output.ts';

/** Milliseconds for a daemon to end after it was asked to. */
const SHUT_MS_MAX = 15_000;
const ASK_EVERY_MS = 100;

export const cleanup = command({
  path: ['cleanup'],
  summary: 'Remove from the kernel all that godwit ever wrote, and nothing else',
  options: {
    config: path('Settings of the daemon (default /etc/godwit/godwit.yaml)'),
    list: flag('Only list what would be removed'),
    shut: flag('Stop the daemon first, saying goodbye to all neighbors'),
  },
  examples: ['cleanup --list', 'cleanup --shut', 'cleanup --config ./godwit.yaml'],
  exitCodes: {
    0: 'removed, or listed',
    1: 'the daemon runs (use --shut), or the kernel did not let something go',
    69: 'another daemon has the state directory',
    78: 'the configuration cannot be used',
  },
  async run({ api, options, out }) {
    const { config, list, shut } = options;
    if (!list && (await isUp(api()))) {
      if (!shut) {
        out.error(
          'godwitd runs and would write its routes again. Stop it for good first: systemctl disable --now godwit, or godwit cleanup --shut where nothing starts it again',
        );
        return ExitCode.Refused;
      }
      await api().command('shutdown', { leave: true, message: 'cleanup' });
      if (!(await hasEnded(api()))) {
        out.error(`godwitd did not end within ${SHUT_MS_MAX / 1000} s; nothing was removed`);
        return ExitCode.Refused;
      }
    }
    const argv = ['--cleanup', ...(list ? ['--list'] : [])];
    return runGodwitd(config === undefined ? argv : [...argv, '--config', config], out);
  },
});

async function isUp(api: GodwitClient): Promise<boolean> {
  try {
    await api.getStatus();
    return true;
  } catch (error) {
    if (error instanceof ClientError && error.kind === 'unreachable') return false;
    throw error;
  }
}

async function hasEnded(api: GodwitClient): Promise<boolean> {
  for (let waited = 0; waited < SHUT_MS_MAX; waited += ASK_EVERY_MS) {
    if (!(await isUp(api))) return true;
    await new Promise((resolve) => {
      setTimeout(resolve, ASK_EVERY_MS);
    });
  }
  return false;
}

function runGodwitd(argv: readonly string[], out: Output): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', [join(packageRoot(), 'bin/godwitd'), ...argv], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    forward(child.stdout, (line) => out.line(line));
    forward(child.stderr, (line) => out.error(line));
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? ExitCode.Software));
  });
}

/** Whole lines, as they come. */
function forward(stream: NodeJS.ReadableStream, write: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) write(line);
  });
  stream.on('end', () => {
    if (rest !== '') write(rest);
  });
}
