/**
 * `npm run docs`: writes `docs/rfc-coverage.md` from the citations in sources and the titles of
 * tests, and `docs/interop.md` from the results of the matrix. `--check` writes nothing and exits 1 when a file is not
 * what would be written.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toolArguments } from './arguments.ts';
import { REPOSITORY } from './cache-dir.ts';
import type { Citation } from './citations.ts';
import { citationsOfTree } from './citations-of-tree.ts';
import { renderInterop } from './interop/render.ts';
import { DOCUMENT as INTEROP, type MatrixResults, FILE as RESULTS } from './interop/results.ts';
import { type Must, metBy, readMusts } from './musts/musts.ts';

const { values } = toolArguments({
  usage: `npm run docs -- [--check]

Writes what is generated of docs/ and config/crds. --check writes nothing and exits 1 where something is not what
would be written.
`,
  options: { check: { type: 'boolean', default: false } },
});

const FILE = 'docs/rfc-coverage.md';
const HEAD = `# RFC coverage

Made by \`npm run docs\` from the comments in \`src/\` and the tests; do not edit.
A rule is listed where a comment cites it as \`RFC 4271 §6.8: …\`; the words are ours. Where a list of an RFC's MUSTs has been
reviewed (\`tools/musts\`), it follows, each with the files that cite its section, or with the reason why it is not met.
`;

function render(
  sources: readonly Citation[],
  tests: readonly Citation[],
  musts: readonly Must[],
): string {
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
    const demanded = musts.filter((must) => must.rfc === rfc);
    if (demanded.length > 0) parts.push(...demands(demanded, sources));
  }
  return parts.join('\n');
}

/** The reviewed list of what the RFC says MUST, each line with who obeys it or why nobody does. */
function demands(musts: readonly Must[], sources: readonly Citation[]): string[] {
  const rows = musts.map((must) => {
    const where = metBy(must, sources).map((file) => `\`${file.replace(/^src\//, '')}\``);
    const met = must.whyNot === undefined ? where.join(', ') : `**not**: ${must.whyNot}`;
    return `| ${[must.section, must.rule, met].join(' | ')} |`;
  });
  const { rfc } = musts[0]!;
  return [
    `### What RFC ${rfc} says MUST\n`,
    '| § | demand | obeyed in |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ];
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
  if (values.check) {
    console.error(`${file} is not what the tree says: run npm run docs`);
    process.exitCode = 1;
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, wanted);
  console.log(`${file}: ${summary}`);
}

const { sources, tests } = citationsOfTree();
put(FILE, render(sources, tests, readMusts()), `${sources.length} citations`);
const results = JSON.parse(readFileSync(join(REPOSITORY, RESULTS), 'utf8')) as MatrixResults;
put(INTEROP, renderInterop(results), `${results.features.length} features`);
