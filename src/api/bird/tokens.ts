/** A request line as words. Keywords are exact and lower case: clients expand abbreviations before they send. */

import { BirdError, Code } from './reply.ts';

export interface Token {
  readonly text: string;
  /** Stood in double quotes: a pattern, a path, never a keyword. */
  readonly quoted: boolean;
}

/** BIRD's lexer knows no other characters outside quotes, apart from operators of filters. */
const WORD = /\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))/y;

export function tokensOf(line: string): Token[] {
  const text = line.trimEnd();
  const tokens: Token[] = [];
  WORD.lastIndex = 0;
  while (WORD.lastIndex < text.length) {
    const match = WORD.exec(text);
    if (match === null) throw new BirdError(Code.ParseError, 'Unknown character');
    tokens.push({
      text: match[1] ?? match[2] ?? match[3]!,
      quoted: match[1] !== undefined,
    });
  }
  return tokens;
}

export const syntaxError = (): BirdError => new BirdError(Code.ParseError, 'syntax error');

/** A symbol as BIRD's configuration has them. */
export function isSymbol({ text, quoted }: Token): boolean {
  return !quoted && /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}
