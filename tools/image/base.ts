/**
 * What stands for the images of a registry that the Dockerfile starts from: a Debian of the same release from its
 * mirror, kept as an archive, and on it a Node of the same major version from npm.
 */
import { appendFileSync, chmodSync, cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../cache-dir.ts';
import { runOk } from '../fabric/process.ts';
import { debianArchive } from './debian-archive.ts';
import { runInRoot } from './root.ts';

/** What node:24-bookworm has of the tools that the build needs. */
const BUILD_TOOLS = ['gcc', 'libc6-dev', 'ca-certificates'];

/** Base image → who makes its file system in an empty folder. */
export const BASES: Readonly<Record<string, (root: string) => Promise<void>>> = {
  'debian:bookworm-slim': unpackDebian,
  'node:24-bookworm': async (root) => {
    await unpackDebian(root);
    const install = `apt-get -q update && apt-get -q install -y --no-install-recommends ${BUILD_TOOLS.join(' ')}`;
    await runInRoot(root, install, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
    await addNode(root);
  },
};

async function unpackDebian(root: string): Promise<void> {
  const archive = await debianArchive('bookworm-minbase', []);
  // Without the packages that debootstrap has left there, as the image of a registry.
  const without = ['--exclude=./var/cache/apt/*', '--exclude=./var/lib/apt/lists/*'];
  await runOk(['tar', '-xf', archive, ...without, '-C', root], { timeoutMs: 120_000 });
  // The archive has the folder as mkdtemp made it: for root alone.
  chmodSync(root, 0o755);
}

/** Node with its headers and npm, where the image of Node has them. */
async function addNode(root: string): Promise<void> {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const node = join(REPOSITORY, `node_modules/node-linux-${arch}`);
  for (const part of ['bin/node', 'include']) {
    cpSync(join(node, part), join(root, 'usr/local', part), { recursive: true });
  }
  const npm = (await runOk(['npm', 'root', '--global'])).trim();
  const modules = join(root, 'usr/local/lib/node_modules');
  cpSync(join(npm, 'npm'), join(modules, 'npm'), { recursive: true, verbatimSymlinks: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));
  trustAsHere(root);
}

/** Who this machine trusts, as behind a proxy that signs for registries. */
function trustAsHere(root: string): void {
  const own = '/etc/ssl/certs/ca-certificates.crt';
  if (existsSync(own)) appendFileSync(join(root, own), readFileSync(own));
}
