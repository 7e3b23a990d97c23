/** What the pure folders must not name: clocks, chance, the world, and anything asynchronous. */

import type { Finding } from './finding.ts';
import { isPure } from './imports.ts';
import { BANNED_GLOBALS, BANNED_MEMBERS, IMPURE_NAMES } from './rules.ts';
import type { SourceFile } from './source.ts';

export function checkPurity(files: readonly SourceFile[]): Finding[] {
  return files.filter((file) => isPure(file.path)).flatMap(checkFile);
}

function checkFile(file: SourceFile): Finding[] {
  const forgiven = new Set(IMPURE_NAMES[file.path]?.names);
  const findings: Finding[] = [];
  const report = (line: number, what: string, remedy: string): void => {
    findings.push({ file: file.path, line, rule: 'pure-global', what, remedy, severity: 'error' });
  };
  for (const { name, line } of file.names) {
    if (!BANNED_GLOBALS.has(name) && !BANNED_MEMBERS.has(name)) continue;
    if (forgiven.has(name)) continue;
    report(line, `a pure folder names ${name}`, remedyFor(name));
  }
  if (forgiven.has('async')) return findings;
  for (const line of file.awaits) {
    report(line, 'a pure folder awaits', 'return an effect; its result comes back as an input');
  }
  for (const { isAsync, name, line } of file.functions) {
    if (!isAsync) continue;
    report(line, `${name} is async`, 'return an effect; its result comes back as an input');
  }
  return findings;
}

function remedyFor(name: string): string {
  if (/^(Date|performance)$/.test(name)) return 'take `now` as an argument';
  if (/^(set|clear|queue)/.test(name)) return 'set a deadline in the TimerTable';
  if (name === 'Math.random' || name === 'crypto') return 'use the seeded Prng';
  if (name === 'console') return 'publish an event';
  return 'let a shell in io/ do it and bring the result in as an input';
}
