/**
 * Where the real BGP daemons are that we test against: on the PATH of this machine, or unpacked from
 * Debian packages under the peers cache by `tools/peers/fetch.ts`. Invariant: a daemon of the wrong
 * major version is as good as none.
 */

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cacheDir, REPOSITORY } from '../../tools/cache-dir.ts';

/** Names are those of the daemons; `bird1` is BIRD 1.6, the base of Calico's fork; `etcd` is a datastore and `docker-compose` a program, no peers. */
export const PEER_NAMES = [
  ...(['bird2', 'bird1', 'gobgpd', 'frr', 'openbgpd', 'etcd'] as const),
  'docker-compose',
] as const;
export type PeerName = (typeof PEER_NAMES)[number];

export interface FoundPeer {
  /** Absolute path of the daemon; of `bgpd` for FRR. */
  readonly daemon: string;
  /** Absolute path of its client. */
  readonly client: string;
  /** Further programs by name: `bird6`, `birdc6` of BIRD 1.6; `zebra`, `staticd` of FRR. */
  readonly others: Readonly<Record<string, string>>;
  /** To be laid over `process.env` when any of them is started. */
  readonly env: Readonly<Record<string, string>>;
  /** The line in which it names its version. */
  readonly version: string;
}
export interface MissingPeer {
  /** Why there is none, and the command that brings it. */
  readonly missing: string;
}

interface Recipe {
  readonly daemon: string;
  readonly client: string;
  readonly others: readonly string[];
  /** Folders beyond the PATH; relative to `/` here and to the unpacked root in the cache. */
  readonly folders: readonly string[];
  readonly versionArguments: readonly string[];
  readonly version: RegExp;
}

const SYSTEM_FOLDERS = ['usr/sbin', 'usr/bin', 'sbin', 'bin'];
const RECIPES: Readonly<Record<PeerName, Recipe>> = {
  bird2: {
    daemon: 'bird',
    client: 'birdc',
    others: [],
    folders: SYSTEM_FOLDERS,
    versionArguments: ['--version'],
    version: /BIRD version 2\./,
  },
  bird1: {
    daemon: 'bird',
    client: 'birdc',
    others: ['bird6', 'birdc6'],
    folders: SYSTEM_FOLDERS,
    versionArguments: ['--version'],
    version: /BIRD version 1\.6/,
  },
  gobgpd: {
    daemon: 'gobgpd',
    client: 'gobgp',
    others: [],
    folders: SYSTEM_FOLDERS,
    versionArguments: ['--version'],
    version: /gobgpd version/,
  },
  frr: {
    daemon: 'bgpd',
    client: 'vtysh',
    others: ['zebra', 'staticd'],
    folders: ['usr/lib/frr', ...SYSTEM_FOLDERS],
    versionArguments: ['--version'],
    version: /bgpd version \d/,
  },
  openbgpd: {
    daemon: 'bgpd',
    client: 'bgpctl',
    others: [],
    folders: SYSTEM_FOLDERS,
    versionArguments: ['-V'],
    version: /OpenBGPD/,
  },
  etcd: {
    daemon: 'etcd',
    client: 'etcdctl',
    others: [],
    folders: SYSTEM_FOLDERS,
    versionArguments: ['--version'],
    version: /etcd Version: 3\./,
  },
  'docker-compose': {
    daemon: 'docker-compose',
    client: 'docker-compose',
    others: [],
    folders: SYSTEM_FOLDERS,
    versionArguments: ['--version'],
    version: /docker-compose version 1\./,
  },
};

const found = new Map<PeerName, FoundPeer | MissingPeer>();

/**
 * The programs of `name`, from the PATH first, then from the peers cache. The answer is kept for the
 * life of the process; `anew` looks again, as after unpacking.
 */
export function findPeer(name: PeerName, how?: 'anew'): FoundPeer | MissingPeer {
  const known = found.get(name);
  if (known !== undefined && how === undefined) return known;
  const peer = lookFor(name);
  found.set(name, peer);
  return peer;
}

/** Where `tools/peers/fetch.ts` unpacks the packages of `name`: wrappers stand in `bin` there. */
export function peerFolder(name: PeerName): string {
  return join(cacheDir('peers'), name);
}

function lookFor(name: PeerName): FoundPeer | MissingPeer {
  const recipe = RECIPES[name];
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const system = recipe.folders.map((folder) => join('/', folder));
  const places = [...path, ...system].filter((folder) => !folder.includes('node_modules'));
  // What root has unpacked in the checkout serves everybody; only new peers go to a cache of one's own.
  const unpacked = [join(REPOSITORY, '.cache/peers', name), peerFolder(name)];
  for (const folders of [[...new Set(places)], ...unpacked.map((root) => [join(root, 'bin')])]) {
    const candidate = inFolders(recipe, folders);
    if (candidate !== undefined) return candidate;
  }
  return {
    missing: `${name} is neither on the PATH nor unpacked: run \`npm run peers -- ${name}\``,
  };
}

function inFolders(recipe: Recipe, folders: readonly string[]): FoundPeer | undefined {
  for (const folder of folders) {
    const daemon = join(folder, recipe.daemon);
    if (!isExecutable(daemon)) continue;
    const answer = spawnSync(daemon, recipe.versionArguments, {
      encoding: 'utf8',
      timeout: 10_000,
    });
    const version = `${answer.stdout ?? ''}${answer.stderr ?? ''}`;
    if (!recipe.version.test(version)) continue;
    const all = [folder, ...folders];
    const client = firstExecutable(recipe.client, all);
    const others = recipe.others.map((other) => [other, firstExecutable(other, all)] as const);
    if (client === undefined || others.some(([, path]) => path === undefined)) continue;
    return {
      daemon,
      client,
      others: Object.fromEntries(others) as Record<string, string>,
      env: {},
      version: version.trim().split('\n')[0]!,
    };
  }
  return undefined;
}

function firstExecutable(program: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // absent or not for us: either way it cannot be started
  }
}
