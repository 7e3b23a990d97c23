/**
 * Calico's label selectors: `rack == 'a' && (has(gpu) || zone in {'x', 'y'})`.
 *
 * The grammar is Calico's exactly (precedence `!` over `&&` over `||`, no escapes in strings, blanks are space and
 * tab); an error names its column. Invariant: a parsed selector matches or not, it never fails.
 * @see https://docs.tigera.io/calico/latest/reference/resources/networkpolicy#selectors
 */

import { type SelectorError, type Token, tokenizeSelector } from './selector-tokens.ts';

export interface Selector {
  /** As it was written. */
  readonly text: string;
  matches(labels: Readonly<Record<string, string>>): boolean;
}

export type ParsedSelector =
  | { readonly ok: true; readonly selector: Selector }
  | { readonly ok: false; readonly error: SelectorError };

/** Deeper nesting than any person writes; keeps the recursive descent off the end of the stack. */
const SELECTOR_DEPTH_MAX = 100;

type Labels = Readonly<Record<string, string>>;
type Test = (labels: Labels) => boolean;

/** An empty or blank text is `all()`. */
export function parseSelector(text: string): ParsedSelector {
  const tokens = tokenizeSelector(text);
  if ('message' in tokens) return { ok: false, error: tokens };
  const parser = new Parser(tokens, text.length);
  const test = tokens.length === 0 ? (): boolean => true : parser.parse();
  if (test === undefined) return { ok: false, error: parser.error! };
  return { ok: true, selector: { text, matches: test } };
}

/** Recursive descent; after a failure `error` is set and every method gives undefined. */
class Parser {
  readonly #tokens: readonly Token[];
  readonly #end: number;
  #at = 0;
  #depth = 0;
  error: SelectorError | undefined;

  constructor(tokens: readonly Token[], end: number) {
    this.#tokens = tokens;
    this.#end = end;
  }

  parse(): Test | undefined {
    const test = this.#or();
    if (test === undefined) return undefined;
    if (this.#at < this.#tokens.length) return this.#fail('Expected && or || or the end');
    return test;
  }

  #or(): Test | undefined {
    return this.#chain('||', () => this.#and(), anyOf);
  }

  #and(): Test | undefined {
    return this.#chain('&&', () => this.#operation(), allOf);
  }

  #chain(
    kind: '&&' | '||',
    operand: () => Test | undefined,
    combine: (tests: readonly Test[]) => Test,
  ): Test | undefined {
    const tests: Test[] = [];
    do {
      const test = operand();
      if (test === undefined) return undefined;
      tests.push(test);
    } while (this.#take(kind) !== undefined);
    return tests.length === 1 ? tests[0] : combine(tests);
  }

  #operation(): Test | undefined {
    let negated = false;
    while (this.#take('!') !== undefined) negated = !negated;
    const test = this.#primary();
    if (test === undefined || !negated) return test;
    return (labels) => !test(labels);
  }

  #primary(): Test | undefined {
    if (this.#take('(') !== undefined) return this.#parenthesised();
    if (this.#take('all()') !== undefined || this.#take('global()') !== undefined) {
      return () => true;
    }
    const has = this.#take('has()');
    if (has !== undefined) return (labels) => labelValue(labels, has.text) !== undefined;
    const label = this.#take('label');
    if (label !== undefined) return this.#comparison(label.text);
    return this.#fail("Expected a label, has(label), all(), ! or '('");
  }

  #parenthesised(): Test | undefined {
    if (++this.#depth > SELECTOR_DEPTH_MAX) {
      return this.#fail(`More than ${SELECTOR_DEPTH_MAX} parentheses inside each other`);
    }
    const test = this.#or();
    this.#depth--;
    if (test === undefined) return undefined;
    if (this.#take(')') === undefined) return this.#fail("Expected ')'");
    return test;
  }

  #comparison(label: string): Test | undefined {
    const operator = this.#take('operator');
    if (operator === undefined) {
      return this.#fail(
        `Expected an operator after the label ${label}: ==, !=, contains, starts with, ends with, in, not in`,
      );
    }
    if (operator.text === 'in' || operator.text === 'not in') {
      const set = this.#set();
      if (set === undefined) return undefined;
      // A label that is missing is in no set: `in` is false and `not in` is true.
      if (operator.text === 'in') return (labels) => isIn(labelValue(labels, label), set);
      return (labels) => !isIn(labelValue(labels, label), set);
    }
    const operand = this.#take('string');
    if (operand === undefined) return this.#fail('Expected a string in \' or "');
    return compare(operator.text, label, operand.text);
  }

  #set(): ReadonlySet<string> | undefined {
    if (this.#take('{') === undefined) return this.#fail("Expected '{'");
    const values = new Set<string>();
    for (;;) {
      if (this.#take('}') !== undefined) return values;
      const value = this.#take('string');
      if (value === undefined) return this.#fail("Expected a string or '}'");
      values.add(value.text);
      if (this.#take(',') !== undefined) continue;
      if (this.#take('}') !== undefined) return values;
      return this.#fail("Expected ',' or '}'");
    }
  }

  #take(kind: Token['kind']): Token | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.kind !== kind) return undefined;
    this.#at++;
    return token;
  }

  #fail(message: string): undefined {
    const offset = this.#tokens[this.#at]?.offset ?? this.#end;
    this.error ??= { message, offset };
    return undefined;
  }
}

function compare(operator: string, label: string, operand: string): Test {
  if (operator === '!=') return (labels) => labelValue(labels, label) !== operand; // true when missing
  if (operator === '==') return (labels) => labelValue(labels, label) === operand;
  if (operator === 'contains') {
    return (labels) => labelValue(labels, label)?.includes(operand) ?? false;
  }
  if (operator === 'starts with') {
    return (labels) => labelValue(labels, label)?.startsWith(operand) ?? false;
  }
  return (labels) => labelValue(labels, label)?.endsWith(operand) ?? false;
}

/** Own labels only: a label named `constructor` is missing unless somebody set it. */
function labelValue(labels: Labels, label: string): string | undefined {
  return Object.hasOwn(labels, label) ? labels[label] : undefined;
}

function isIn(value: string | undefined, set: ReadonlySet<string>): boolean {
  return value !== undefined && set.has(value);
}

function anyOf(tests: readonly Test[]): Test {
  return (labels) => tests.some((test) => test(labels));
}

function allOf(tests: readonly Test[]): Test {
  return (labels) => tests.every((test) => test(labels));
}
