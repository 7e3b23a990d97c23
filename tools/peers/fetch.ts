/**
 * `npm run peers -- bird2 gobgpd …`: makes the real BGP daemons, etcd and docker-compose that the tests use available in
 * the peers cache, unless the machine has them (`--unpack`: even then). Installs nothing; exits 69
 * with the reason when one cannot be had.
 */

import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { findPeer, PEER_NAMES, type PeerName, peerFolder } from '../../test/support/peers.ts';
import { refuseArguments, toolArguments } from '../arguments.ts';
import { cacheDir, giveToOwner } from '../cache-dir.ts';
import { PackageError, Unpacker } from './debian.ts';

interface Recipe {
  /** The Debian package of the daemon, and that of its client where it is another. */
  readonly package: string;
  readonly clientPackage?: string;
  /** Programs to wrap, relative to the unpacked root; the first is the daemon. */
  readonly programs: readonly string[];
  /** The programs are Python: modules are unpacked beside them, and found by PYTHONPATH. */
  readonly python?: true;
}

const RECIPES: Readonly<Record<PeerName, Recipe>> = {
  bird2: { package: 'bird2', programs: ['usr/sbin/bird', 'usr/sbin/birdc'] },
  bird1: {
    package: 'bird',
    programs: ['usr/sbin/bird', 'usr/sbin/birdc', 'usr/sbin/bird6', 'usr/sbin/birdc6'],
  },
  gobgpd: { package: 'gobgpd', programs: ['usr/bin/gobgpd', 'usr/bin/gobgp'] },
  frr: {
    package: 'frr',
    programs: ['usr/lib/frr/bgpd', 'usr/lib/frr/zebra', 'usr/lib/frr/staticd', 'usr/bin/vtysh'],
  },
  openbgpd: { package: 'openbgpd', programs: ['usr/sbin/bgpd', 'usr/sbin/bgpctl'] },
  etcd: {
    package: 'etcd-server',
    clientPackage: 'etcd-client',
    programs: ['usr/bin/etcd', 'usr/bin/etcdctl'],
  },
  'docker-compose': {
    package: 'docker-compose',
    programs: ['usr/bin/docker-compose'],
    python: true,
  },
};
const EX_UNAVAILABLE = 69;

/** Unpacks `name` aside and moves it into place, so that half an unpacking is never used. */
function fetchPeer(name: PeerName): void {
  const recipe = RECIPES[name];
  const folder = peerFolder(name);
  const scratch = `${folder}.${process.pid}`;
  try {
    const unpacker = new Unpacker(cacheDir('peers/packages'));
    const root = join(scratch, 'root');
    const depends = unpacker.unpack(recipe.package, root);
    if (recipe.clientPackage !== undefined) {
      depends.push(...unpacker.unpack(recipe.clientPackage, root));
    }
    const binaries = recipe.programs.map((program) => join(root, program));
    const lacking = binaries.find((binary) => !existsSync(binary));
    if (lacking !== undefined) throw new PackageError(`${recipe.package} holds no ${lacking}`);
    const atHome = (path: string): string => path.replace(scratch, folder);
    const libraries = unpacker.unpackLibraries(root, binaries, depends).map(atHome);
    const modules = recipe.python ? unpacker.unpackModules(root, depends).map(atHome) : [];
    const bin = join(scratch, 'bin');
    mkdirSync(bin);
    for (const program of recipe.programs) {
      const wrapper = join(bin, basename(program));
      writeFileSync(wrapper, wrapperFor(join(folder, 'root', program), { libraries, modules }));
      chmodSync(wrapper, 0o755);
    }
    rmSync(folder, { recursive: true, force: true });
    renameSync(scratch, folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** `exec` keeps the process id, so that ending the wrapper ends the daemon. */
function wrapperFor(
  program: string,
  { libraries, modules }: Readonly<Record<'libraries' | 'modules', readonly string[]>>,
): string {
  const path = (name: string, folders: readonly string[]): string =>
    folders.length === 0 ? '' : `export ${name}='${folders.join(':')}'\n`;
  const python = modules.length === 0 ? '' : 'python3 ';
  return `#!/bin/sh
${path('LD_LIBRARY_PATH', libraries)}${path('PYTHONPATH', modules)}exec ${python}'${program}' "$@"
`;
}

const USAGE = `npm run peers -- [NAME …] [--unpack]

Unpacks real daemons from Debian's packages into .cache/peers. Names: ${PEER_NAMES.join(', ')}; without any
bird2, gobgpd and etcd. --unpack: also those that are there.
`;

function main(args: readonly string[]): number {
  const { values, positionals: names } = toolArguments(
    { usage: USAGE, options: { unpack: { type: 'boolean' } }, allowPositionals: true },
    args,
  );
  const always = values.unpack === true;
  const unknown = names.find((name) => !(PEER_NAMES as readonly string[]).includes(name));
  if (unknown !== undefined) {
    return refuseArguments(`No peer is called ${unknown}`, USAGE);
  }
  let status = 0;
  for (const name of (names.length === 0 ? ['bird2', 'gobgpd', 'etcd'] : names) as PeerName[]) {
    try {
      if (always || 'missing' in findPeer(name, 'anew')) fetchPeer(name);
      const peer = findPeer(name, 'anew');
      if ('missing' in peer) throw new PackageError('it was unpacked but does not start');
      console.log(`${name}: ${peer.daemon} (${peer.version})`);
    } catch (error) {
      if (!(error instanceof PackageError)) throw error;
      console.error(`${name}: ${error.message}`);
      status = EX_UNAVAILABLE;
    }
  }
  return status;
}

process.exitCode = main(process.argv.slice(2));
giveToOwner(cacheDir('peers'));
