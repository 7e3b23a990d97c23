/**
 * Who imports whom: ranks of the folders of `src`, packages and `node:*` in the pure ones, cycles.
 * Invariant: no exceptions list for ranks and cycles; those few for packages stand in `rules.ts`.
 */

import { posix } from 'node:path';
import type { Finding } from './finding.ts';
import { IMPURE, PURE_PACKAGES, RANKS } from './rules.ts';
import type { ImportedFrom, SourceFile } from './source.ts';

/** The folder of `src` that a file belongs to; undefined for files elsewhere. */
export function folderOf(path: string): string | undefined {
  const match = /^src\/([^/]+)\//.exec(path);
  return match?.[1];
}

/** Tests, and what only tests use: files in a folder called `testing`. */
export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.includes('/testing/');
}

/** Whether `path` is a source of the core that must not touch the world. Tests may. */
export function isPure(path: string): boolean {
  const folder = folderOf(path);
  return folder !== undefined && !IMPURE.has(folder) && !isTest(path);
}

/** The file that `specifier` names as seen from `path`; undefined for a package or `node:`. */
export function resolveImport(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.normalize(posix.join(posix.dirname(path), specifier));
}

export function checkImports(files: readonly SourceFile[]): Finding[] {
  const findings: Finding[] = [];
  for (const file of files) {
    for (const entry of file.imports) {
      const problem = entry.specifier.startsWith('.')
        ? checkRelative(file.path, entry)
        : checkPackage(file.path, entry);
      if (problem !== undefined) {
        findings.push({ file: file.path, line: entry.line, severity: 'error', ...problem });
      }
    }
  }
  return [...findings, ...checkCycles(files)];
}

type Problem = Pick<Finding, 'rule' | 'what' | 'remedy'>;

function checkRelative(path: string, { specifier }: ImportedFrom): Problem | undefined {
  const target = resolveImport(path, specifier)!;
  if (!/\.(ts|json)$/.test(specifier)) {
    return {
      rule: 'import-extension',
      what: `'${specifier}' names no file`,
      remedy: 'import the file that defines the thing, with its .ts',
    };
  }
  const from = folderOf(path);
  if (from === undefined || isTest(path)) return undefined;
  if (isTest(target)) {
    return {
      rule: 'import-rank',
      what: `a source imports ${target}, which is for tests`,
      remedy: 'move what both need out of the tests',
    };
  }
  const to = folderOf(target);
  const rank = RANKS[from];
  if (rank === undefined) {
    return {
      rule: 'import-rank',
      what: `src/${from}/ has no rank`,
      remedy: 'give it one in tools/tidy/rules.ts, or put the file into a folder that has one',
    };
  }
  if (to === undefined) {
    return {
      rule: 'import-rank',
      what: `src/ imports ${target}`,
      remedy: 'sources import sources only; move what is shared into src/',
    };
  }
  if (to === from || (RANKS[to] ?? Number.POSITIVE_INFINITY) < rank) return undefined;
  return {
    rule: 'import-rank',
    what: `${from}/ (rank ${rank}) imports ${to}/ (rank ${RANKS[to] ?? 'unknown'})`,
    remedy: 'imports point to a lower rank; hand it in as a function or move the shared type down',
  };
}

function checkPackage(path: string, { specifier }: ImportedFrom): Problem | undefined {
  if (!isPure(path)) return undefined;
  if (specifier.startsWith('node:')) {
    return {
      rule: 'pure-import',
      what: `a pure folder imports ${specifier}`,
      remedy: 'let a shell in io/ do it and bring the result in as an input',
    };
  }
  const name = packageName(specifier);
  const allowed = PURE_PACKAGES.find((entry) => entry.package === name)?.within ?? [];
  if (allowed.some((prefix) => path.startsWith(prefix))) return undefined;
  return {
    rule: 'pure-import',
    what: `a pure folder imports the package ${name}`,
    remedy: 'packages enter in io/, daemon/ and cli/ only, each behind one file of ours',
  };
}

function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
}

/** Cycles of files, types included: two files that need each other are one file or three. */
function checkCycles(files: readonly SourceFile[]): Finding[] {
  const graph = new Map<string, { target: string; line: number }[]>();
  for (const { path, imports } of files) {
    const edges = imports.map(({ specifier, line }) => ({
      target: resolveImport(path, specifier) ?? '',
      line,
    }));
    graph.set(path, edges);
  }
  const findings: Finding[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    state.set(path, 'open');
    trail.push(path);
    for (const { target, line } of graph.get(path) ?? []) {
      if (state.get(target) === 'open') {
        const cycle = [...trail.slice(trail.indexOf(target)), target];
        findings.push({
          file: path,
          line,
          rule: 'import-cycle',
          what: `cycle ${cycle.join(' -> ')}`,
          remedy: 'move what both need into a file of its own',
          severity: 'error',
        });
      } else if (graph.has(target) && !state.has(target)) visit(target);
    }
    trail.pop();
    state.set(path, 'done');
  };
  for (const path of graph.keys()) if (!state.has(path)) visit(path);
  return findings;
}
