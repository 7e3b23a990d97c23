/** All checks of the structure over one tree of files. Pure: the tree is handed in, findings come out. */

import { checkArchitecture, checkFixtures, checkTested } from './coverage.ts';
import { checkExports } from './exports.ts';
import type { Finding } from './finding.ts';
import { checkImports } from './imports.ts';
import { checkLockfile } from './lockfile.ts';
import { checkPurity } from './purity.ts';
import { checkSize } from './size.ts';
import { readSource } from './source.ts';
import { checkForbiddenText, checkSourceText } from './text.ts';
import type { RepositoryFile } from './tree.ts';

/** Folders whose TypeScript is checked; configurations at the root belong to them. */
const SOURCES = /^(src|test|tools|bench)\/.*\.tsx?$|^[^/]+\.ts$/;
/** Where ARCHITECTURE.md's symbols may be defined. */
const SYMBOLS = /\.(ts|proto|c|h|ya?ml|json|sh)$/;

export function tidy(tree: readonly RepositoryFile[]): Finding[] {
  const texts = tree.filter((file) => file.text !== undefined) as { path: string; text: string }[];
  const sources = texts
    .filter(({ path }) => SOURCES.test(path))
    .map(({ path, text }) => readSource(path, text));
  const findings = [
    ...checkSourceText(sources),
    ...checkImports(sources),
    ...checkPurity(sources),
    ...checkSize(sources),
    ...checkExports(sources),
    ...checkTested(sources),
    ...texts.flatMap(({ path, text }) => checkForbiddenText(path, text)),
    ...checkFixtures(
      tree.map(({ path }) => path).filter((path) => path.startsWith('test/fixtures/')),
      sources.map(({ text }) => text),
    ),
  ];
  const lock = texts.find(({ path }) => path === 'package-lock.json');
  if (lock !== undefined) findings.push(...checkLockfile(lock.path, lock.text));
  const architecture = texts.find(({ path }) => path === 'ARCHITECTURE.md');
  if (architecture !== undefined) {
    const defining = texts.filter(({ path }) => SYMBOLS.test(path) && path !== 'package-lock.json');
    findings.push(
      ...checkArchitecture(architecture.path, architecture.text, {
        paths: tree.map(({ path }) => path),
        texts: defining.map(({ text }) => text),
      }),
    );
  }
  return findings.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}
