/**
 * Daemons that insist on users and groups which only their package makes: a mount namespace of their own shows them
 * an /etc/passwd and an /etc/group that have them, and whatever else is to lie over the machine's.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Account {
  readonly name: string;
  /** Of user and group; 0 keeps the rights of root, which inside a test's namespaces harms nobody. */
  readonly id: number;
}

/** The command line that runs `argv` with these accounts; files go into `dir`. `over`: directory by mount point. */
export function withAccounts(
  dir: string,
  accounts: readonly Account[],
  over: Readonly<Record<string, string>> = {},
): (argv: readonly string[]) => string[] {
  const passwd = accounts.map(({ name, id }) => `${name}:x:${id}:${id}::/:/usr/sbin/nologin\n`);
  const group = accounts.map(({ name, id }) => `${name}:x:${id}:\n`);
  // In front: of two entries with one name the first counts, as on a machine that has the package.
  writeFileSync(join(dir, 'passwd'), passwd.join('') + readFileSync('/etc/passwd', 'utf8'));
  writeFileSync(join(dir, 'group'), group.join('') + readFileSync('/etc/group', 'utf8'));
  const mounts = { '/etc/passwd': join(dir, 'passwd'), '/etc/group': join(dir, 'group'), ...over };
  const script = Object.entries(mounts).map(([at, from]) => `mount --bind ${from} ${at}`);
  const shell = ['unshare', '--mount', 'sh', '-c', `${script.join(' && ')} && exec "$@"`, 'sh'];
  return (argv) => [...shell, ...argv];
}
