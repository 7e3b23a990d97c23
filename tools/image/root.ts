/** A command in a folder that is a whole file system: with /proc, the machine's resolver, and nothing else of it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runOk } from '../fabric/process.ts';

export interface RootOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly workdir?: string;
  /** Path inside → file or folder outside. */
  readonly binds?: Readonly<Record<string, string>>;
  /** A user of /etc/passwd there; root by default. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Names without `cap_`: all that a process there can ever get. All of root's, by default. */
  readonly capabilities?: readonly string[];
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Packages are fetched and compiled. */
const RUN_MS_MAX = 600_000;

/** Runs a shell script there. */
export function runInRoot(
  root: string,
  script: string,
  options: RootOptions = {},
): Promise<string> {
  return runOk(inRoot(root, ['sh', '-c', script], options), { timeoutMs: RUN_MS_MAX });
}

/** The command line that runs `argv` there; the pid stays that of the program. */
export function inRoot(root: string, argv: readonly string[], options: RootOptions): string[] {
  const { env = {}, workdir = '/', binds = {}, user, capabilities } = options;
  const mounts = { '/proc': '/proc', '/etc/resolv.conf': '/etc/resolv.conf', ...binds };
  const lines = Object.entries(mounts).map(([target, source]) => {
    makePlace(join(root, target), source);
    return `mount --rbind '${source}' '${join(root, target)}'`;
  });
  const variables = Object.entries({ PATH, HOME: '/root', ...env }).map(([k, v]) => `${k}=${v}`);
  const rights = [
    ...(user === undefined ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups']),
    ...(capabilities === undefined ? [] : boundTo(capabilities)),
  ];
  const script = `${lines.join(' && ')} && exec chroot '${root}' "$@"`;
  return [
    ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh'],
    ...['env', '-i', '-C', workdir, ...variables],
    ...(rights.length === 0 ? [] : ['setpriv', ...rights, '--']),
    ...argv,
  ];
}

/** As an engine starts a container: what is not in the bounding set comes back by no file's capabilities. */
function boundTo(capabilities: readonly string[]): string[] {
  const kept = capabilities.map((name) => `+${name}`);
  return [`--bounding-set=${['-all', ...kept].join(',')}`, '--inh-caps=-all'];
}

/** Something to mount over. */
function makePlace(path: string, source: string): void {
  if (
    source === '/etc/resolv.conf' ||
    /\/[^/]+\.[a-z]+$/.test(source) ||
    source === '/dev/net/tun'
  ) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '', { flag: 'a' });
  } else mkdirSync(path, { recursive: true });
}
