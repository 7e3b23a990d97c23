/** A Debian package of a filled tree: its description, checksums and scripts, built with dpkg-deb. */

import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { REPOSITORY } from '../cache-dir.ts';
import { runOk } from '../fabric/process.ts';
import type { Architecture } from './architecture.ts';

const SCRIPTS = ['postinst', 'prerm', 'postrm'];
/** xz over 150 MB on a busy machine. */
export const COMPRESS_MS_MAX = 600_000;
/** Kept as the administrator has them when a newer package comes. */
const CONFFILES = ['/etc/godwit/godwit.yaml'];

export interface DebParts {
  readonly architecture: Architecture;
  readonly version: string;
  /** `.deb` file to write. */
  readonly target: string;
}

/** @param root  The filled tree; a folder `DEBIAN` is added to it. */
export async function buildDeb(
  root: string,
  { architecture, version, target }: DebParts,
): Promise<void> {
  const control = join(root, 'DEBIAN');
  const files = [...filesBelow(root)];
  mkdirSync(control);
  const octets = files.reduce((sum, path) => sum + statSync(path).size, 0);
  writeFileSync(join(control, 'control'), description(architecture, version, octets));
  writeFileSync(join(control, 'conffiles'), `${CONFFILES.join('\n')}\n`);
  const sums = files.map((path) => `${md5(path)}  ${relative(root, path)}\n`);
  writeFileSync(join(control, 'md5sums'), sums.join(''));
  for (const script of SCRIPTS) {
    cpSync(join(REPOSITORY, 'config/debian', script), join(control, script));
    chmodSync(join(control, script), 0o755);
  }
  const build = ['dpkg-deb', '--root-owner-group', '-Zxz', '-z1', '--build', root, target];
  await runOk(build, { timeoutMs: COMPRESS_MS_MAX });
}

/** The C library is all that Node and the shim ask of the machine, and `ip` what people ask of it. */
function description({ debian }: Architecture, version: string, octets: number): string {
  return `Package: godwit
Version: ${version}
Architecture: ${debian}
Maintainer: The godwit authors <godwit@localhost>
Installed-Size: ${Math.ceil(octets / 1024)}
Depends: libc6 (>= 2.28), libstdc++6 (>= 8)
Recommends: iproute2
Section: net
Priority: optional
Description: BGP daemon and route distribution of a bare-metal Kubernetes node
 Forms the node-to-node mesh or peers with route reflectors and top-of-rack
 switches, announces the node's pod blocks, and installs those of the others in
 the kernel, as BIRD and confd do for Calico; and says why.
`;
}

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

function md5(path: string): string {
  return createHash('md5').update(readFileSync(path)).digest('hex');
}
