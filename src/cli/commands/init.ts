/** `godwit init`: writes a first set of resources for the file datastore; never over what is there. */

import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode } from '../../io/exit-codes.ts';
import { command, flag, path, text } from '../command.ts';
import { factsOf, gatherFacts } from '../init/facts.ts';
import { generateResources } from '../init/generate.ts';

export interface InitOptions {
  /** Directory of the resources; default that of godwit.yaml. */
  readonly dir?: string | undefined;
  readonly node?: string | undefined;
  readonly interfaceName?: string | undefined;
  /** Overwrite files that exist. */
  readonly force?: boolean | undefined;
}

export interface InitStreams {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

const DEFAULT_RESOURCES = '/etc/godwit/resources';

export const init = command({
  path: ['init'],
  summary: 'Write a first set of resources for this machine; never over files that are there',
  options: {
    dir: path('Directory of the resources (default /etc/godwit/resources)'),
    interface: text("Take this interface's address (default: that of the default route)"),
    force: flag('Write over files that are there'),
  },
  examples: ['init', '-n node-a init --dir ./resources --interface eth0'],
  exitCodes: {
    0: 'written',
    73: 'a file is there already or cannot be written',
    78: 'nothing can be derived from this machine; the sentence says why',
  },
  async run({ options, out, node }) {
    const { dir, interface: interfaceName, force } = options;
    const streams = {
      out: (line: string) => out.line(line),
      err: (line: string) => out.error(line),
    };
    return runInit({ dir, node, interfaceName, force }, streams);
  },
});

/** @returns The exit code: 0 written, 73 a file exists or cannot be written, 78 nothing can be derived. */
export async function runInit(options: InitOptions, streams: InitStreams): Promise<number> {
  const { interfaceName, node, dir = DEFAULT_RESOURCES } = options;
  const found =
    interfaceName === undefined ? await gatherFacts(node) : factsOf(interfaceName, node);
  if (!found.ok) return fail(streams, ExitCode.Config, found.reason);
  const files = generateResources(found.facts);
  if (files === undefined) {
    return fail(
      streams,
      ExitCode.Config,
      'Every pool that could be proposed overlaps a local subnet',
    );
  }
  const paths = files.map(({ name, text }) => ({ path: join(dir, name), text }));
  if (options.force !== true) {
    const present = await firstPresent(paths.map(({ path }) => path));
    if (present !== undefined) {
      const reason = `${present} exists and is left as it is. Use --force to write over it`;
      return fail(streams, ExitCode.CannotCreate, reason);
    }
  }
  try {
    await mkdir(dir, { recursive: true });
    for (const { path, text } of paths) {
      await writeFile(path, text);
      streams.out(`wrote ${path}`);
    }
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? String(error);
    return fail(streams, ExitCode.CannotCreate, `${dir} cannot be written: ${errno}`);
  }
  streams.out('Read them, change what is not so, then: godwitd --check');
  return 0;
}

function fail(streams: InitStreams, exitCode: number, reason: string): number {
  streams.err(reason);
  return exitCode;
}

async function firstPresent(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      await access(path);
      return path;
    } catch {
      // Not there, which is what is wanted; what else is wrong shows when it is written.
    }
  }
  return undefined;
}
