/**
 * What files offer: named exports only, no barrels, and nothing that nobody takes. A type may be
 * exported without being imported, as long as its own file uses it: it is part of a signature.
 */

import type { Finding } from './finding.ts';
import { isTest, resolveImport } from './imports.ts';
import { ENTRY_POINTS, KEPT_EXPORTS } from './rules.ts';
import type { ExportedName, SourceFile } from './source.ts';

export function checkExports(files: readonly SourceFile[]): Finding[] {
  const taken = namesTaken(files);
  const findings: Finding[] = [];
  for (const file of files) {
    const isEntry = ENTRY_POINTS.some((entry) => entry.test(file.path));
    for (const exported of file.exports) {
      const problem =
        formOf(exported, isEntry) ?? (isEntry ? undefined : orphan(file, exported, taken));
      if (problem === undefined) continue;
      findings.push({ file: file.path, line: exported.line, severity: 'error', ...problem });
    }
  }
  return findings;
}

type Problem = Pick<Finding, 'rule' | 'what' | 'remedy'>;

function formOf({ name, reExport }: ExportedName, isEntry: boolean): Problem | undefined {
  if (name === 'default' && !isEntry) {
    const remedy = 'export it by its name';
    return { rule: 'default-export', what: 'a default export', remedy };
  }
  if (!reExport) return undefined;
  const remedy = 'let users import the file that defines it';
  return { rule: 'barrel', what: `hands on ${name} from another file`, remedy };
}

function orphan(
  file: SourceFile,
  { name, isType }: ExportedName,
  taken: ReadonlyMap<string, ReadonlySet<string>>,
): Problem | undefined {
  const takers = taken.get(file.path);
  if (takers?.has(name) || takers?.has('*')) return undefined;
  if (`${file.path}#${name}` in KEPT_EXPORTS || isTest(file.path)) return undefined;
  const uses = file.names.filter((use) => use.name === name).length;
  if (uses > 1 && (isType || namesAType(file, name))) return undefined;
  return {
    rule: 'orphan-export',
    what: `nobody imports ${name}`,
    remedy: uses > 1 ? 'drop the word export' : 'delete it, or name it in KEPT_EXPORTS with why',
  };
}

/** A const object and its type share one name; the type may be all that the signature needs. */
function namesAType(file: SourceFile, name: string): boolean {
  return file.exports.some((entry) => entry.name === name && entry.isType);
}

function namesTaken(files: readonly SourceFile[]): Map<string, Set<string>> {
  const taken = new Map<string, Set<string>>();
  for (const { path, imports } of files) {
    for (const { specifier, names } of imports) {
      const target = resolveImport(path, specifier);
      if (target === undefined) continue;
      const set = taken.get(target) ?? new Set();
      for (const name of names) set.add(name);
      taken.set(target, set);
    }
  }
  return taken;
}
