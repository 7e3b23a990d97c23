/** `godwit init`: writes a first set of resources for the file datastore; never over what is there. */

import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

/** sysexits.h: EX_CANTCREAT, EX_CONFIG. */
const EXIT_CANNOT_CREATE = 73;
const EXIT_CONFIG = 78;

/** @returns The exit code: 0 written, 73 a file exists or cannot be written, 78 nothing can be derived. */
export async function runInit(options: InitOptions, streams: InitStreams): Promise<number> {
  const { interfaceName, node, dir = DEFAULT_RESOURCES } = options;
  const found =
    interfaceName === undefined ? await gatherFacts(node) : factsOf(interfaceName, node);
  if (!found.ok) return fail(streams, EXIT_CONFIG, found.reason);
  const files = generateResources(found.facts);
  if (files === undefined) {
    return fail(streams, EXIT_CONFIG, 'Every pool that could be proposed overlaps a local subnet');
  }
  const paths = files.map(({ name, text }) => ({ path: join(dir, name), text }));
  if (options.force !== true) {
    const present = await firstPresent(paths.map(({ path }) => path));
    if (present !== undefined) {
      const reason = `${present} exists and is left as it is. Use --force to write over it`;
      return fail(streams, EXIT_CANNOT_CREATE, reason);
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
    return fail(streams, EXIT_CANNOT_CREATE, `${dir} cannot be written: ${errno}`);
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
