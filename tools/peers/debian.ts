/**
 * Unpacks Debian packages into a folder without installing them: nobody needs to be root, no service
 * starts, nothing of the machine changes. Uses the machine's own package lists where it has any,
 * and otherwise keeps private ones beside the packages.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export class PackageError extends Error {
  override readonly name = 'PackageError';
}

const DOWNLOAD_MS_MAX = 300_000; // a slow mirror and 50 MB; beyond it something hangs
const LIBRARIES_MAX = 60; // packages; the closure of FRR has about 25, of docker-compose as many

export class Unpacker {
  /** Keeps `.deb` files and private package lists, for every peer. */
  readonly #store: string;
  #privateLists: string[] | undefined;

  constructor(store: string) {
    this.#store = store;
    mkdirSync(store, { recursive: true });
  }

  /** Unpacks `name` itself into `root` and returns the names of the packages that it depends on. */
  unpack(name: string, root: string): string[] {
    const deb = this.#download(name);
    mkdirSync(root, { recursive: true });
    must('dpkg-deb', ['--extract', deb, root]);
    const depends = must('dpkg-deb', ['--field', deb, 'Depends']);
    return parseDepends(depends);
  }

  /**
   * Unpacks what `binaries` still miss of shared libraries, following the dependencies of the
   * packages already unpacked. Returns the folders for LD_LIBRARY_PATH; empty when none is needed.
   */
  unpackLibraries(root: string, binaries: readonly string[], depends: readonly string[]): string[] {
    const queue = depends.filter(isLibrary);
    const seen = new Set<string>();
    let missing = missingLibraries(binaries, libraryFolders(root));
    while (missing.length > 0) {
      const next = queue.shift();
      if (next === undefined || seen.size === LIBRARIES_MAX) {
        throw new PackageError(
          `No package brings ${missing.join(', ')} for ${binaries.join(', ')}`,
        );
      }
      if (seen.has(next) || isInstalled(next)) continue;
      seen.add(next);
      queue.push(...this.unpack(next, root).filter(isLibrary));
      missing = missingLibraries(binaries, libraryFolders(root));
    }
    return seen.size === 0 ? [] : libraryFolders(root);
  }

  /** Unpacks the Python modules among `depends` and what those depend on. Returns folders for PYTHONPATH. */
  unpackModules(root: string, depends: readonly string[]): string[] {
    const queue = depends.filter(isModule);
    const seen = new Set<string>();
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (seen.has(next)) continue;
      if (seen.size === LIBRARIES_MAX) throw new PackageError(`Too many modules: ${[...seen]}`);
      seen.add(next);
      queue.push(...this.unpack(next, root).filter(isModule));
    }
    const lib = join(root, 'usr/lib');
    const own = readdirSync(lib).filter((name) => /^python3\.\d+$/.test(name));
    return [join(lib, 'python3/dist-packages'), ...own.map((name) => join(lib, name))];
  }

  #download(name: string): string {
    const present = this.#find(name);
    if (present !== undefined) return present;
    const lists = this.#privateLists ?? [];
    let answer = apt([...lists, 'download', name], this.#store);
    if (answer.status !== 0 && this.#privateLists === undefined) {
      this.#privateLists = this.#updateLists();
      answer = apt([...this.#privateLists, 'download', name], this.#store);
    }
    const deb = this.#find(name);
    if (answer.status === 0 && deb !== undefined) return deb;
    throw new PackageError(`apt-get download ${name}: ${lastLine(answer.stderr)}`);
  }

  #find(name: string): string | undefined {
    const deb = readdirSync(this.#store).find(
      (file) => file.startsWith(`${name}_`) && file.endsWith('.deb'),
    );
    return deb === undefined ? undefined : join(this.#store, deb);
  }

  /** A machine whose lists are empty, old or not ours to renew: `apt-get update` beside the packages. */
  #updateLists(): string[] {
    const state = join(this.#store, 'apt');
    for (const folder of ['lists/partial', 'archives/partial']) {
      mkdirSync(join(state, folder), { recursive: true });
    }
    const options = [
      `-oDir::State::Lists=${join(state, 'lists')}`,
      `-oDir::Cache=${state}`,
      '-oDir::State::status=/var/lib/dpkg/status',
      '-oDir::Etc::Trusted=/etc/apt/trusted.gpg',
    ];
    const answer = apt([...options, 'update'], this.#store);
    if (answer.status !== 0) {
      rmSync(state, { recursive: true, force: true });
      throw new PackageError(`apt-get update: ${lastLine(answer.stderr)}`);
    }
    return options;
  }
}

/** `libc6 (>= 2.33), libssh-gcrypt-4 | libssh-4, adduser` → names, the first of each alternative. */
export function parseDepends(field: string): string[] {
  return field
    .split(',')
    .map(
      (item) =>
        item
          .split('|')[0]!
          .trim()
          .split(/[\s:(]/)[0]!,
    )
    .filter((name) => name !== '');
}

/** The `not found` lines of ldd, as library names. */
export function parseMissing(ldd: string): string[] {
  return [...ldd.matchAll(/^\s*(\S+) => not found$/gm)].map(([, name]) => name!);
}

function missingLibraries(binaries: readonly string[], folders: readonly string[]): string[] {
  const env = { ...process.env, LD_LIBRARY_PATH: folders.join(':') };
  const missing = binaries.flatMap((binary) => {
    // A script or a static binary makes ldd exit 1 and names no library: nothing is missing.
    const { stdout } = spawnSync('ldd', [binary], { encoding: 'utf8', env });
    return parseMissing(stdout ?? '');
  });
  return [...new Set(missing)];
}

/** Where libraries stand below `root`: the folders of the machine's architecture first. */
function libraryFolders(root: string): string[] {
  return ['usr/lib', 'lib'].flatMap((lib) => {
    const base = join(root, lib);
    if (!existsSync(base)) return [];
    const triples = readdirSync(base).filter((name) => /-linux-\w+$/.test(name));
    const folders = triples.flatMap((name) => [join(base, name), join(base, name, 'frr')]);
    return [...folders.filter((folder) => existsSync(folder)), base];
  });
}

function isLibrary(name: string): boolean {
  return name.startsWith('lib') && !/^(libc6|libgcc-s1)$/.test(name);
}

/** Python itself and what its own package brings are the machine's. */
function isModule(name: string): boolean {
  return name.startsWith('python3-') && !/^python3-(minimal|lib2to3)$/.test(name);
}

function isInstalled(name: string): boolean {
  const { stdout } = spawnSync('dpkg-query', ['--list', name], { encoding: 'utf8' });
  return /^ii /m.test(stdout ?? '');
}

function apt(args: readonly string[], cwd: string): { status: number | null; stderr: string } {
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  const options = { cwd, env, encoding: 'utf8', timeout: DOWNLOAD_MS_MAX } as const;
  // Root would hand the download to the user _apt, who may not write here.
  const answer = spawnSync('apt-get', ['-q', '-oAPT::Sandbox::User=root', ...args], options);
  return { status: answer.status, stderr: answer.stderr ?? answer.error?.message ?? '' };
}

function must(program: string, args: readonly string[]): string {
  const answer = spawnSync(program, args, { encoding: 'utf8' });
  if (answer.status === 0) return answer.stdout;
  const why = answer.error?.message ?? lastLine(answer.stderr);
  throw new PackageError(`${program} ${args.join(' ')}: ${why}`);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
