/**
 * The words of a selector. Operators are words only directly after a label, so that labels may be named `in`,
 * `contains` or `has`; multi-word operators may have any blanks between their words, or none.
 */

export interface SelectorError {
  readonly message: string;
  /** 0-based offset into the text. */
  readonly offset: number;
}

export interface Token {
  readonly kind:
    | '('
    | ')'
    | '{'
    | '}'
    | ','
    | '!'
    | '&&'
    | '||'
    | 'all()'
    | 'global()'
    | 'has()'
    | 'label'
    | 'operator'
    | 'string';
  /** The label, the string's content, or the operator in its spelling with single blanks. */
  readonly text: string;
  readonly offset: number;
}

/** Longest label that Calico's reader takes. */
const LABEL_LENGTH_MAX = 512;

type Rule = readonly [RegExp, (match: RegExpExecArray) => Omit<Token, 'offset'>];

const ANYWHERE: readonly Rule[] = [
  [/\(/y, () => plain('(')],
  [/\)/y, () => plain(')')],
  [/\{/y, () => plain('{')],
  [/\}/y, () => plain('}')],
  [/,/y, () => plain(',')],
  [/&&/y, () => plain('&&')],
  [/\|\|/y, () => plain('||')],
  [/!/y, () => plain('!')],
  [/'([^']*)'|"([^"]*)"/y, (m) => ({ kind: 'string', text: m[1] ?? m[2] ?? '' })],
  // The parenthesis is attached to the word; blanks inside are fine.
  [/all\([ \t]*\)/y, () => plain('all()')],
  [/global\([ \t]*\)/y, () => plain('global()')],
  [/has\([ \t]*([A-Za-z0-9_./-]{1,512})[ \t]*\)/y, (m) => ({ kind: 'has()', text: m[1]! })],
  [/[A-Za-z0-9_./-]+/y, (m) => ({ kind: 'label', text: m[0] })],
];

const AFTER_LABEL: readonly Rule[] = [
  [/==/y, () => operator('==')],
  [/!=/y, () => operator('!=')],
  [/contains(?![A-Za-z0-9_./-])/y, () => operator('contains')],
  [/starts[ \t]*with(?![A-Za-z0-9_./-])/y, () => operator('starts with')],
  [/ends[ \t]*with(?![A-Za-z0-9_./-])/y, () => operator('ends with')],
  [/not[ \t]*in(?![A-Za-z0-9_./-])/y, () => operator('not in')],
  [/in(?![A-Za-z0-9_./-])/y, () => operator('in')],
];

export function tokenizeSelector(text: string): Token[] | SelectorError {
  const tokens: Token[] = [];
  let offset = skipBlanks(text, 0);
  while (offset < text.length) {
    const rules = tokens.at(-1)?.kind === 'label' ? AFTER_LABEL : [];
    const found = firstMatch([...rules, ...ANYWHERE], text, offset);
    if (found === undefined) return { message: unexpected(text, offset), offset };
    if (found.token.kind === 'label' && found.token.text.length > LABEL_LENGTH_MAX) {
      return { message: `A label has at most ${LABEL_LENGTH_MAX} characters`, offset };
    }
    tokens.push({ ...found.token, offset });
    offset = skipBlanks(text, found.end);
  }
  return tokens;
}

function firstMatch(
  rules: readonly Rule[],
  text: string,
  offset: number,
): { readonly token: Omit<Token, 'offset'>; readonly end: number } | undefined {
  for (const [expression, make] of rules) {
    expression.lastIndex = offset;
    const match = expression.exec(text);
    if (match !== null) return { token: make(match), end: expression.lastIndex };
  }
  return undefined;
}

function unexpected(text: string, offset: number): string {
  const char = text[offset]!;
  if (char === "'" || char === '"') return `The string that begins with ${char} has no end`;
  if (char === '=') return 'Unexpected =: equality is written ==';
  if (char === '&' || char === '|') return `Unexpected ${char}: write ${char}${char}`;
  return `Unexpected character ${JSON.stringify(char)}`;
}

/** Space and tab only. */
function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at;
}

function plain(kind: Token['kind']): Omit<Token, 'offset'> {
  return { kind, text: kind };
}

function operator(text: string): Omit<Token, 'offset'> {
  return { kind: 'operator', text };
}
