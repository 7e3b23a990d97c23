/**
 * What must exist because something else does: a test beside every source of the core, a user for
 * every fixture, a file or symbol for every name in ARCHITECTURE.md.
 */

import { posix } from 'node:path';
import type { Finding } from './finding.ts';
import { folderOf, isTest } from './imports.ts';
import { KNOWN_WORDS, RANKS, TESTED_ELSEWHERE, TESTED_UP_TO_RANK } from './rules.ts';
import type { SourceFile } from './source.ts';

/** Every file of ranks 0 to 4 with anything left at run time has `<name>*.test.ts` beside it. */
export function checkTested(files: readonly SourceFile[]): Finding[] {
  const tests = new Set(files.filter(({ path }) => isTest(path)).map(({ path }) => stem(path)));
  const paths = new Set(files.map(({ path }) => path));
  const findings: Finding[] = [];
  for (const { path, hasCode } of files) {
    const rank = RANKS[folderOf(path) ?? ''] ?? Number.POSITIVE_INFINITY;
    if (rank > TESTED_UP_TO_RANK || isTest(path) || !hasCode) continue;
    if (tests.has(stem(path))) continue;
    const elsewhere = elsewhereFor(path);
    if (elsewhere !== undefined && paths.has(elsewhere)) continue;
    findings.push({
      file: path,
      line: 1,
      rule: 'untested-file',
      what: elsewhere === undefined ? 'no test beside it' : `its test ${elsewhere} does not exist`,
      remedy: 'write one, or name the file and its test in TESTED_ELSEWHERE with the reason',
      severity: 'error',
    });
  }
  return findings;
}

function elsewhereFor(path: string): string | undefined {
  const entry =
    TESTED_ELSEWHERE[path] ??
    Object.entries(TESTED_ELSEWHERE).find(
      ([key]) => key.endsWith('/') && path.startsWith(key),
    )?.[1];
  return entry?.by;
}

/** `src/rib/decision.prop.test.ts` and `src/rib/decision.ts` share `src/rib/decision`. */
function stem(path: string): string {
  return posix.join(posix.dirname(path), posix.basename(path).split('.')[0]!);
}

/** A fixture is used when some test or tool names it, or the folder that it stands in. */
export function checkFixtures(fixtures: readonly string[], texts: readonly string[]): Finding[] {
  const all = texts.join('\n');
  return fixtures
    .filter((path) => {
      const folder = posix.relative('test/fixtures', posix.dirname(path));
      return !all.includes(posix.basename(path)) && !all.includes(`fixtures/${folder}`);
    })
    .map((file) => ({
      file,
      line: 1,
      rule: 'unused-fixture',
      what: 'no test names this fixture or its folder',
      remedy: 'use it or delete it',
      severity: 'error',
    }));
}

export interface Tree {
  /** Every file of the repository, relative, with `/`. */
  readonly paths: readonly string[];
  /** Texts in which a symbol may be defined: sources, protocol files, configuration, C. */
  readonly texts: readonly string[];
}

/** Every name in backticks of ARCHITECTURE.md is a file, a folder or a symbol that still exists. */
export function checkArchitecture(file: string, document: string, tree: Tree): Finding[] {
  const words = new Set(tree.texts.flatMap((text) => text.match(/[A-Za-z_$][\w$]*/g) ?? []));
  const findings: Finding[] = [];
  const prose = withoutCodeBlocks(document).split('\n');
  for (const [index, line] of prose.entries()) {
    for (const [, name] of line.matchAll(/`([^`]+)`/g)) {
      if (existsAs(name!, tree.paths, words)) continue;
      findings.push({
        file,
        line: index + 1,
        rule: 'architecture-name',
        what: `\`${name}\` names nothing that exists`,
        remedy: 'name the file or symbol as it is called now',
        severity: 'error',
      });
    }
  }
  return findings;
}

function existsAs(name: string, paths: readonly string[], words: ReadonlySet<string>): boolean {
  if (KNOWN_WORDS.has(name) || /[\s…<>|=]|^node:/.test(name)) return true; // a command, an expression, Node's own
  if (/\{.*\}/.test(name)) return expandBraces(name).every((one) => existsAs(one, paths, words));
  if (name.includes('*')) {
    const pattern = new RegExp(`(^|/)${name.split('*').map(literally).join('[^/]*')}(/|$)`);
    return paths.some((path) => pattern.test(path));
  }
  const plain = name.replace(/^\.?\//, '').replace(/\/$/, '');
  const asPath = paths.some(
    (path) => `/${path}`.endsWith(`/${plain}`) || `/${path}`.includes(`/${plain}/`),
  );
  if (asPath) return true;
  if (name.includes('/') || /\.(ts|md|sh|c|ya?ml|json|proto)$/.test(name)) return false;
  if (!/^[A-Za-z_$][\w$]*([.#][\w$]+)*(\(.*\))?$/.test(name)) return true; // `50 ms`, `12`, `--check`
  const symbols = name.replace(/\(.*\)$/, '').split(/[.#]/);
  return symbols.every((symbol) => words.has(symbol));
}

function expandBraces(name: string): string[] {
  const [, head, list, tail] = /^(.*?)\{(.*?)\}(.*)$/.exec(name) ?? [];
  return (list ?? '').split(',').map((item) => `${head}${item.trim()}${tail}`);
}

function literally(text: string): string {
  return text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&');
}

/** Blanks fenced blocks and keeps the line numbers. */
function withoutCodeBlocks(document: string): string {
  return document.replaceAll(/^```[\s\S]*?^```/gm, (block) => block.replaceAll(/[^\n]/g, ''));
}
