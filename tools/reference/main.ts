/**
 * Writes the generated pages of `docs/reference`. `--check` writes nothing and exits 1 when a page is not what would
 * be written.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../cache-dir.ts';
import { referencePages } from './pages.ts';

const read = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');
const folder = join(REPOSITORY, 'docs/reference');
const pages = referencePages({
  proto: read('proto/godwit/v1/godwit.proto'),
  events: read('src/speaker/events.ts'),
});
mkdirSync(folder, { recursive: true });
for (const [name, wanted] of pages) {
  const path = join(folder, name);
  if (existsSync(path) && readFileSync(path, 'utf8') === wanted) continue;
  if (process.argv.includes('--check')) {
    console.error(`docs/reference/${name} is not what the program says: run npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, wanted);
    console.log(`docs/reference/${name}`);
  }
}
