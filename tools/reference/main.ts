/**
 * Writes the generated pages of `docs/reference` and the CRD of our own kind. `--check` writes nothing and exits 1 when
 * a file is not what would be written.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toolArguments } from '../arguments.ts';
import { REPOSITORY } from '../cache-dir.ts';
import { CRD_FILE, peerProfileCrd } from './crd.ts';
import { referencePages } from './pages.ts';
import { EXAMPLE_FILE } from './peer-profile.ts';

const { values } = toolArguments({
  usage: `npm run docs -- [--check]

Writes what is generated of docs/ and config/crds. --check writes nothing and exits 1 where something is not what
would be written.
`,
  options: { check: { type: 'boolean', default: false } },
});

const read = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');
const pages = referencePages({
  proto: read('proto/godwit/v1/godwit.proto'),
  events: read('src/speaker/events.ts'),
  profiles: read(EXAMPLE_FILE),
});
const files = new Map([...pages].map(([name, text]) => [`docs/reference/${name}`, text]));
files.set(CRD_FILE, peerProfileCrd());
for (const [name, wanted] of files) {
  const path = join(REPOSITORY, name);
  if (existsSync(path) && readFileSync(path, 'utf8') === wanted) continue;
  if (values.check) {
    console.error(`${name} is not what the program says: run npm run docs`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, wanted);
    console.log(name);
  }
}
