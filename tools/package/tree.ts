/**
 * What is installed, as a folder that can be moved: `usr/lib/godwit` with the compiled program, a Node and the shim; the
 * two commands, the unit, manual pages, completion, documentation, default configuration.
 */

import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { COMMANDS } from '../../src/cli/commands/table.ts';
import { completionScript, type Shell } from '../../src/cli/completion.ts';
import { REPOSITORY } from '../cache-dir.ts';
import { runOk } from '../fabric/process.ts';
import type { Architecture } from './architecture.ts';
import { manPage } from './man.ts';

const LIBRARY = 'usr/lib/godwit';

/** From the checkout to below `usr/lib/godwit`. */
const PROGRAM = ['package.json', 'proto', 'bin/godwitd', 'bin/godwit', 'bin/node-flags'];

/** Where each shell looks for the completion of `godwit`. */
const COMPLETION: Readonly<Record<Shell, string>> = {
  bash: 'usr/share/bash-completion/completions/godwit',
  zsh: 'usr/share/zsh/vendor-completions/_godwit',
  fish: 'usr/share/fish/vendor_completions.d/godwit.fish',
};

export interface TreeParts {
  readonly architecture: Architecture;
  /** Compiled JavaScript, from `npm run build`. */
  readonly dist: string;
  readonly node: { readonly program: string; readonly license: string };
  readonly shim: string;
  readonly version: string;
}

/** Fills `root`, which is empty. */
export async function fillTree(root: string, parts: TreeParts): Promise<void> {
  const library = join(root, LIBRARY);
  for (const path of PROGRAM) copy(join(REPOSITORY, path), join(library, path));
  copy(parts.dist, join(library, 'dist'));
  copy(parts.node.program, join(library, 'bin/node'));
  copy(parts.node.license, join(root, 'usr/share/doc/godwit/LICENSE.node'));
  copy(join(parts.dist, 'LICENSES.txt'), join(root, 'usr/share/doc/godwit/LICENSES.packages'));
  copy(parts.shim, join(library, 'dist/godwit_native.node'));
  for (const program of ['godwitd', 'godwit']) {
    chmodSync(join(library, 'bin', program), 0o755);
    // Relative, so that the tree runs wherever it is unpacked.
    mkdirSync(join(root, 'usr/bin'), { recursive: true });
    symlinkSync(`../lib/godwit/bin/${program}`, join(root, 'usr/bin', program));
  }
  copy(
    join(REPOSITORY, 'config/systemd/godwitd.service'),
    join(root, 'lib/systemd/system/godwitd.service'),
  );
  copy(join(REPOSITORY, 'config/godwit.yaml'), join(root, 'etc/godwit/godwit.yaml'));
  mkdirSync(join(root, 'etc/godwit/resources'), { recursive: true });
  copy(join(REPOSITORY, 'docs'), join(root, 'usr/share/doc/godwit/docs'));
  for (const file of ['README.md', 'CHANGELOG.md', 'LICENSE']) {
    copy(join(REPOSITORY, file), join(root, 'usr/share/doc/godwit', file));
  }
  for (const [shell, path] of Object.entries(COMPLETION)) {
    write(join(root, path), `${completionScript(shell as Shell, COMMANDS)}\n`);
  }
  await writeManPages(root, parts.version);
}

async function writeManPages(root: string, version: string): Promise<void> {
  const usage = await runOk(['sh', join(REPOSITORY, 'bin/godwitd'), '--help']);
  const daemon = `\`\`\`\n${usage.trimEnd()}\n\`\`\`\n${readDoc('exit-codes.md')}`;
  const pages = [
    { name: 'godwitd', section: 8, summary: 'BGP daemon of a Kubernetes node', markdown: daemon },
    {
      name: 'godwit',
      section: 1,
      summary: 'asks and commands godwitd',
      markdown: readDoc('cli.md'),
    },
    {
      name: 'godwit.yaml',
      section: 5,
      summary: 'configuration of godwitd',
      markdown: readDoc('config.md'),
    },
  ];
  for (const { markdown, ...page } of pages) {
    const path = `usr/share/man/man${page.section}/${page.name}.${page.section}`;
    write(join(root, path), manPage({ ...page, version }, markdown));
  }
}

function readDoc(file: string): string {
  return readFileSync(join(REPOSITORY, 'docs/reference', file), 'utf8');
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
