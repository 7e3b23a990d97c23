/** What stands in the text: an opening comment, citations in one form, nothing that names a machine. */

import type { Finding } from './finding.ts';
import { folderOf, isTest } from './imports.ts';
import { FORBIDDEN_TEXT, FORBIDDEN_TEXT_EXEMPT } from './rules.ts';
import type { SourceFile } from './source.ts';

export function checkSourceText(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) => [
    ...file.syntaxErrors.map((what) =>
      finding(file.path, 1, {
        rule: 'syntax',
        what,
        remedy: 'make it parse',
      }),
    ),
    ...checkOpening(file),
    ...checkCitations(file),
    ...checkSkips(file),
  ]);
}

/** Machine paths, hosts of registries and tasks without an owner, in any file of text. */
export function checkForbiddenText(path: string, text: string): Finding[] {
  if (FORBIDDEN_TEXT_EXEMPT.some((exempt) => exempt.test(path))) return [];
  const findings: Finding[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    for (const { pattern, rule, remedy } of FORBIDDEN_TEXT) {
      const match = pattern.exec(line);
      if (match === null) continue;
      findings.push(finding(path, index + 1, { rule, what: `'${match[0]}'`, remedy }));
    }
  }
  return findings;
}

function checkOpening({ path, comments, text }: SourceFile): Finding[] {
  if (folderOf(path) === undefined || isTest(path)) return [];
  const first = comments[0];
  const opens = first !== undefined && /^(#![^\n]*\n)?\s*\/\*\*/.test(text);
  const words = opens ? first.text.replaceAll(/[\s*]+/g, ' ').trim() : '';
  if (words.length >= 40) return []; // characters; less than a sentence says nothing
  const what = opens ? 'the opening comment is no sentence' : 'no doc comment opens the file';
  const remedy = 'open with /** what it is, its RFCs, what it deliberately does not do */';
  return [finding(path, 1, { rule: 'opening-comment', what, remedy })];
}

/** A test that does not run carries its reason, and none runs alone. */
function checkSkips({ path, names }: SourceFile): Finding[] {
  if (!isTest(path)) return [];
  return names
    .filter(({ name }) => /^(describe|it|test|suite)\.(skip|skipIf|runIf|todo|only)$/.test(name))
    .map(({ name, line }) => {
      const remedy = 'use describeWith() of test/support/requirements.ts, or let it run';
      const what = `${name} leaves tests out without a reason`;
      return finding(path, line, { rule: 'unexplained-skip', what, remedy });
    });
}

/** `RFC 4271 §6.8`, so that tools/docs.ts and a reader's search find every one. */
function checkCitations({ path, comments }: SourceFile): Finding[] {
  const findings: Finding[] = [];
  for (const comment of comments) {
    for (const [index, line] of comment.text.split('\n').entries()) {
      const match =
        /\bRFC-?\d{3,5}\b|\brfc ?\d{3,5}\b|\bRFC \d{3,5},? (?:[Ss]ect?(?:ion|\.) ?)\d/.exec(line);
      if (match === null || /[\w/-]\.(ts|md|txt)/.test(line)) continue;
      const remedy = 'write `RFC 4271 §6.8`';
      const what = `'${match[0]}' is not how we cite`;
      findings.push(finding(path, comment.line + index, { rule: 'citation', what, remedy }));
    }
  }
  return findings;
}

function finding(
  file: string,
  line: number,
  problem: Pick<Finding, 'rule' | 'what' | 'remedy'>,
): Finding {
  return { file, line, severity: 'error', ...problem };
}
