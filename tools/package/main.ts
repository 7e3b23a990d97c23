/**
 * `npm run package`: a Debian package and a tarball for each machine, in `.cache/packages`, with Node and the shim
 * inside. `-- --arch amd64` makes one; `-- --version 1.2.3` gives it another version, as a test of upgrades wants.
 */

import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { refuseArguments, toolArguments } from '../arguments.ts';
import { cacheDir, giveToOwner, REPOSITORY } from '../cache-dir.ts';
import { runOk } from '../fabric/process.ts';
import { ARCHITECTURES, type Architecture, nodeFor, shimFor } from './architecture.ts';
import { buildDeb, COMPRESS_MS_MAX } from './deb.ts';
import { fillTree } from './tree.ts';

const USAGE = `npm run package -- [options]

A Debian package and a tarball for each machine, in .cache/packages, with Node and the socket shim inside.

  --arch NAME      only for ${ARCHITECTURES.map(({ debian }) => debian).join(' or ')} (default: all)
  --version V      another version than that of package.json
  --help           this text
`;

const { values } = toolArguments({
  usage: USAGE,
  options: { arch: { type: 'string' }, version: { type: 'string' } },
});

const OUTPUT = cacheDir('packages');
const version = values.version ?? packageVersion();
const wanted = ARCHITECTURES.filter(({ debian }) => (values.arch ?? debian) === debian);
if (wanted.length === 0) refuseArguments(`--arch ${values.arch}: no such machine`, USAGE);
await runOk(['sh', 'tools/node', 'tools/build.ts'], { timeoutMs: 300_000 });
for (const architecture of wanted) await packageFor(architecture);
giveToOwner(OUTPUT);

async function packageFor(architecture: Architecture): Promise<void> {
  const name = `godwit_${version}_${architecture.debian}`;
  const root = join(OUTPUT, name);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root);
  const node = await nodeFor(architecture);
  const shim = await shimFor(architecture, node);
  const dist = join(REPOSITORY, 'dist');
  await fillTree(root, { architecture, dist, node, shim, version });
  const tarball = join(OUTPUT, `${name}.tar.gz`);
  const pack = [
    'tar',
    '--owner=0',
    '--group=0',
    '--sort=name',
    '-czf',
    tarball,
    '-C',
    OUTPUT,
    name,
  ];
  await runOk(pack, { timeoutMs: COMPRESS_MS_MAX });
  const deb = join(OUTPUT, `${name}.deb`);
  await buildDeb(root, { architecture, version, target: deb });
  rmSync(root, { recursive: true });
  for (const file of [deb, tarball]) console.log(file);
}

function packageVersion(): string {
  const text = readFileSync(join(REPOSITORY, 'package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
