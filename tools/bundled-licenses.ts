/** Names, versions and licenses of the packages whose code stands in what we build: what their authors ask for. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @param modules  Paths of files, of which those below a `node_modules` are of packages. */
export function licensesOf(modules: Iterable<string>): string {
  const folders = new Set<string>();
  for (const path of modules) {
    const folder = packageFolder(path);
    if (folder !== undefined) folders.add(folder);
  }
  return [...folders]
    .sort()
    .map(licenseOf)
    .join(`\n${'-'.repeat(80)}\n\n`);
}

/** `…/node_modules/@scope/name` or `…/node_modules/name`, of the innermost `node_modules`. */
export function packageFolder(path: string): string | undefined {
  return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
}

interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

function licenseOf(folder: string): string {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as PackageFile;
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  if (license === undefined && texts.length === 0) throw new Error(`${name} names no license`);
  const heading = `${name} ${version}, ${license ?? 'see below'}\n`;
  return [heading, ...texts.map((file) => readFileSync(join(folder, file), 'utf8'))].join('\n');
}
