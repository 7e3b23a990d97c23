/** `node tools/package/trim.ts FOLDER`: removes from a `node_modules` what never runs (`not-loaded.ts`). For the image. */

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { refuseArguments, toolArguments } from '../arguments.ts';
import { isLoaded } from './not-loaded.ts';

const USAGE = `node tools/package/trim.ts FOLDER

Removes from FOLDER, a node_modules, what of our dependencies never runs.
`;

const { positionals } = toolArguments({ usage: USAGE, allowPositionals: true });
const [folder] = positionals;
if (folder === undefined) refuseArguments('Name the folder', USAGE);
else trim(folder, '');

function trim(root: string, inside: string): void {
  for (const entry of readdirSync(join(root, inside), { withFileTypes: true })) {
    const path = join(inside, entry.name);
    if (!isLoaded(path)) rmSync(join(root, path), { recursive: true });
    else if (entry.isDirectory()) trim(root, path);
  }
}
