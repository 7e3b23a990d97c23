import { describe, expect, it } from 'vitest';
import { tokenizeSelector } from './selector-tokens.ts';

function kinds(text: string): string {
  const tokens = tokenizeSelector(text);
  if ('message' in tokens) return `${tokens.message} at ${tokens.offset}`;
  return tokens.map((token) => `${token.kind}:${token.text}`).join(' ');
}

describe('the words of a selector', () => {
  it('operators are words only directly behind a label', () => {
    expect(kinds("in in {'in'}")).toBe('label:in operator:in {:{ string:in }:}');
    expect(kinds('contains')).toBe('label:contains');
    expect(kinds('a notin')).toBe('label:a operator:not in');
    expect(kinds('a starts \t with')).toBe('label:a operator:starts with');
  });

  it('has, all and global need their parenthesis attached', () => {
    expect(kinds('has( x )')).toBe('has():x');
    expect(kinds('all()global()')).toBe('all():all() global():global()');
    expect(kinds('all ()')).toBe('label:all (:( ):)');
  });

  it('strings have no escapes and keep the other quote', () => {
    expect(kinds(`'a"b\\' "c'd"`)).toBe('string:a"b\\ string:c\'d');
  });

  it('what is no word is named with its place', () => {
    expect(kinds('a == $')).toBe('Unexpected character "$" at 5');
    expect(kinds('a & b')).toBe('Unexpected &: write && at 2');
  });
});
