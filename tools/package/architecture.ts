/** The two machines that packages are made for, and what each needs: a Node and a shim compiled for it. */

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { cacheDir, REPOSITORY } from '../cache-dir.ts';
import { runOk } from '../fabric/process.ts';
import { buildShim } from '../shim.ts';

export interface Architecture {
  /** Debian's name. */
  readonly debian: 'amd64' | 'arm64';
  /** Node's name. */
  readonly node: 'x64' | 'arm64';
  /** The cross compiler, from gcc-aarch64-linux-gnu; `cc` where the machine is of this kind itself. */
  readonly compiler: string;
}

export const ARCHITECTURES: readonly Architecture[] = [
  { debian: 'amd64', node: 'x64', compiler: 'x86_64-linux-gnu-gcc' },
  { debian: 'arm64', node: 'arm64', compiler: 'aarch64-linux-gnu-gcc' },
];

export interface NodeFiles {
  readonly program: string;
  readonly license: string;
  readonly headers: string;
}

/** The Node that package-lock.json names, from npm; unpacked once. */
export async function nodeFor({ node }: Architecture): Promise<NodeFiles> {
  const name = `node-linux-${node}`;
  const installed = join(REPOSITORY, 'node_modules', name);
  if (existsSync(join(installed, 'bin/node'))) return filesBelow(installed);
  const version = lockedVersion(name);
  const cache = cacheDir('package');
  const folder = join(cache, `${name}-${version}`);
  if (!existsSync(folder)) {
    const scratch = `${folder}.part`;
    rmSync(scratch, { recursive: true, force: true });
    mkdirSync(scratch, { recursive: true });
    await runOk(['npm', 'pack', `${name}@${version}`, '--silent', '--pack-destination', scratch], {
      timeoutMs: 300_000,
    });
    await runOk(['tar', '-xzf', join(scratch, `${name}-${version}.tgz`), '-C', scratch]);
    renameSync(join(scratch, 'package'), folder);
    rmSync(scratch, { recursive: true });
  }
  return filesBelow(folder);
}

function filesBelow(folder: string): NodeFiles {
  return {
    program: join(folder, 'bin/node'),
    license: join(folder, 'LICENSE'),
    headers: join(folder, 'include/node'),
  };
}

function lockedVersion(name: string): string {
  const lock = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version: string }>>;
  };
  const entry = lock.packages[`node_modules/${name}`];
  if (entry === undefined) throw new Error(`package-lock.json has no ${name}: run npm install`);
  return entry.version;
}

/** The shim for `architecture`, compiled here. */
export async function shimFor(architecture: Architecture, { headers }: NodeFiles): Promise<string> {
  const own = architecture.node === process.arch;
  if (own) return buildShim();
  const target = join(cacheDir('package'), `godwit_native.${architecture.debian}.node`);
  const sources = readdirSync(join(REPOSITORY, 'native'))
    .filter((file) => file.endsWith('.c'))
    .map((file) => join(REPOSITORY, 'native', file));
  const flags = [
    '-O2',
    '-pthread',
    '-fPIC',
    '-shared',
    '-Wall',
    '-Wextra',
    '-Wno-unused-parameter',
  ];
  await runOk([
    architecture.compiler,
    ...flags,
    '-DNAPI_VERSION=8',
    `-I${headers}`,
    '-o',
    `${target}.part`,
    ...sources,
  ]);
  cpSync(`${target}.part`, target);
  rmSync(`${target}.part`);
  return target;
}
