/**
 * Manual pages from the reference in `docs/`: one text for both, so that they cannot disagree. Understands the part
 * of Markdown that those pages use: headings, paragraphs, lists, tables, fenced code, inline code and links.
 */

export interface ManPage {
  readonly name: string;
  readonly section: number;
  /** One line, as `whatis` shows it. */
  readonly summary: string;
  readonly version: string;
}

/** roff(7) with the macros of man(7). */
export function manPage({ name, section, summary, version }: ManPage, markdown: string): string {
  const head = [
    `.TH ${name.toUpperCase()} ${section} "" "godwit ${version}" "godwit"`,
    '.nh',
    '.SH NAME',
    `${text(name)} \\- ${text(summary)}`,
  ];
  return `${[...head, ...body(markdown)].join('\n')}\n`;
}

function* body(markdown: string): Generator<string> {
  const lines = markdown.split('\n');
  yield '.SH DESCRIPTION';
  for (let i = 0; i < lines.length; ) {
    const line = lines[i]!;
    if (line.startsWith('```')) {
      const end = lines.indexOf('```', i + 1);
      yield* code(lines.slice(i + 1, end));
      i = end + 1;
    } else if (line.startsWith('|')) {
      const end = lines.findIndex((other, at) => at > i && !other.startsWith('|'));
      yield* table(lines.slice(i, end < 0 ? lines.length : end));
      i = end < 0 ? lines.length : end;
    } else {
      yield* prose(line);
      i++;
    }
  }
}

function* prose(line: string): Generator<string> {
  const heading = /^(#+) (.*)$/.exec(line);
  const item = /^\s*(?:[-*]|\d+\.) (.*)$/.exec(line);
  // The title of the page stands in its head already.
  if (heading?.[1] === '#') return;
  if (heading !== null) yield `${heading[1] === '##' ? '.SH' : '.SS'} ${text(heading[2]!)}`;
  else if (item !== null) yield* ['.IP \\(bu 2', text(item[1]!)];
  else if (line.trim() === '') yield '.PP';
  else yield text(line.trim());
}

function* code(lines: readonly string[]): Generator<string> {
  yield* ['.PP', '.RS 4', '.nf'];
  for (const line of lines) yield guarded(escaped(line));
  yield* ['.fi', '.RE'];
}

/** First column as the tag, the others as its text; the heading and the rule below it are left out. */
function* table(rows: readonly string[]): Generator<string> {
  for (const row of rows.slice(2)) {
    // A bar inside a cell is written `\|`.
    const cells = row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|'));
    const [tag = '', ...rest] = cells;
    yield* ['.TP', `.B ${text(tag)}`, text(rest.filter((cell) => cell !== '').join('; ')) || '\\&'];
  }
}

/** Inline code becomes bold, a link its words. */
function text(markdown: string): string {
  const words = markdown.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('\\<', '<');
  const parts = words
    .split('`')
    .map((part, i) =>
      i % 2 === 1 ? `\\fB${escaped(part)}\\fR` : escaped(part).replaceAll('**', ''),
    );
  return guarded(parts.join(''));
}

/** Hyphens of commands must stay hyphens. */
function escaped(plain: string): string {
  return plain.replaceAll('\\', '\\e').replaceAll('-', '\\-');
}

/** A line must not begin with a control character. */
function guarded(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}
