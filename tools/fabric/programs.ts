/**
 * What the fabric needs of the machine: programs, and the right to make namespaces. What is
 * missing is named together with the line that brings it; nothing is installed here.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Program → Debian package. The compiler is for the socket shim and for the IP-in-IP stand-in. */
const PACKAGES = {
  ip: 'iproute2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  ping: 'iputils-ping',
  tcpdump: 'tcpdump',
  cc: 'gcc libc6-dev',
} as const;

export type Program = keyof typeof PACKAGES;

/** Reasons this fabric cannot come up, each with its remedy; exit status 69 (EX_UNAVAILABLE). */
export class MissingError extends Error {
  override readonly name = 'MissingError';
}

/** Throws a {@link MissingError} that names every absent program and one line that installs all. */
export function requirePrograms(
  programs: readonly Program[],
  find: (name: Program) => string | undefined = findProgram,
): void {
  const absent = programs.filter((program) => find(program) === undefined);
  if (absent.length === 0) return;
  const packages = [...new Set(absent.map((program) => PACKAGES[program]))].join(' ');
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  throw new MissingError(
    `Missing: ${absent.join(', ')}. On Debian or Ubuntu: ${sudo}apt-get install ${packages}`,
  );
}

/** Absolute path of a program, on the PATH or in the folders of administrators. */
export function findProgram(name: string): string | undefined {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of [...path, '/usr/sbin', '/sbin', '/usr/bin', '/bin']) {
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this folder, or not for us: look in the next.
    }
  }
  return undefined;
}

const CAP_NET_ADMIN = 12n;
const CAP_SYS_ADMIN = 21n;

export type Rights =
  | { readonly kind: 'root' }
  /** Not root: a user namespace is to be tried. */
  | { readonly kind: 'user' }
  | { readonly kind: 'none'; readonly reason: string };

/** Whether this process may make network namespaces as it stands. */
export function rightsHere(): Rights {
  if (process.getuid?.() !== 0) return { kind: 'user' };
  const status = readFileSync('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const lacking = [
    ['CAP_SYS_ADMIN', CAP_SYS_ADMIN],
    ['CAP_NET_ADMIN', CAP_NET_ADMIN],
  ] as const;
  const names = lacking.filter(([, bit]) => ((effective >> bit) & 1n) === 0n).map(([name]) => name);
  if (names.length === 0) return { kind: 'root' };
  const reason = `Root without ${names.join(' and ')}, as in an unprivileged container: network \
namespaces cannot be made here. Run it in a container with --privileged, or on the machine itself`;
  return { kind: 'none', reason };
}
