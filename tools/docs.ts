/**
 * `npm run docs`: writes `docs/rfc-coverage.md` from the citations in sources and the titles of
 * tests, and `docs/interop.md` from the results of the matrix. `--check` writes nothing and exits 1 when a file is not
 * what would be written.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { REPOSITORY } from './cache-dir.ts';
import { type Citation, citationsIn, citationsInText } from './citations.ts';
import { renderInterop } from './interop/render.ts';
import { DOCUMENT as INTEROP, type MatrixResults, FILE as RESULTS } from './interop/results.ts';
import { isTest } from './tidy/imports.ts';
import { readSource } from './tidy/source.ts';
import { readTree } from './tidy/tree.ts';

const FILE = 'docs/rfc-coverage.md';
const HEAD = `# RFC coverage

Made by \`npm run docs\` from the comments in \`src/\` and the tests; do not edit.
A rule is listed where a comment cites it as \`RFC 4271 §6.8: …\`; the words are ours.
`;

function collect(): { sources: Citation[]; tests: Citation[] } {
  const sources: Citation[] = [];
  const tests: Citation[] = [];
  for (const { path, text } of readTree(REPOSITORY)) {
    if (text === undefined || !/^(src|test)\/.*\.ts$/.test(path)) continue;
    // In a test the titles cite, and they are strings: the whole text counts.
    if (isTest(path)) tests.push(...citationsInText(text, path));
    else if (path.startsWith('src/')) sources.push(...citationsIn(readSource(path, text)));
  }
  return { sources, tests };
}

function render(sources: readonly Citation[], tests: readonly Citation[]): string {
  const parts = [HEAD];
  const rfcs = [...new Set(sources.map(({ rfc }) => rfc))].sort((a, b) => a - b);
  for (const rfc of rfcs) {
    parts.push(`## RFC ${rfc}\n`, '| § | rule | where | tests |', '| --- | --- | --- | --- |');
    const cited = sources.filter((citation) => citation.rfc === rfc);
    const sections = [...new Set(cited.map(({ section }) => section))].sort(bySection);
    for (const section of sections) {
      const here = cited.filter((citation) => citation.section === section);
      const tested = tests.filter((test) => test.rfc === rfc && test.section === section);
      parts.push(row(section, here, tested));
    }
    parts.push('');
  }
  return parts.join('\n');
}

function row(section: string, here: readonly Citation[], tested: readonly Citation[]): string {
  const rules = here
    .filter(({ rule }) => rule !== '')
    .map(({ rule, implemented }) => (implemented ? rule : `**${rule}**`));
  const cells = [section, unique(rules), files(here), files(tested)];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function files(citations: readonly Citation[]): string {
  return unique(
    citations.map(({ file }) => `\`${file.replace(/^src\//, '')}\``),
    ', ',
  );
}

function unique(items: readonly string[], separator = '; '): string {
  return [...new Set(items)].join(separator);
}

/** 6.2 before 6.10. */
function bySection(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** Writes the file, or with `--check` only says that it would. */
function put(file: string, wanted: string, summary: string): void {
  const path = join(REPOSITORY, file);
  const present = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (present === wanted) return;
  if (process.argv.includes('--check')) {
    console.error(`${file} is not what the tree says: run npm run docs`);
    process.exitCode = 1;
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, wanted);
  console.log(`${file}: ${summary}`);
}

const { sources, tests } = collect();
put(FILE, render(sources, tests), `${sources.length} citations`);
const results = JSON.parse(readFileSync(join(REPOSITORY, RESULTS), 'utf8')) as MatrixResults;
put(INTEROP, renderInterop(results), `${results.features.length} features`);
