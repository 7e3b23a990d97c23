import { describe, expect, it } from 'vitest';
import { parseSelector } from './selector.ts';

const LABELS = { rack: 'a1', zone: 'x', in: 'yes', 'a.b/c-d_e': '1' };

function matches(text: string, labels: Record<string, string> = LABELS): boolean {
  const parsed = parseSelector(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.error.message} at ${parsed.error.offset}`);
  return parsed.selector.matches(labels);
}

function errorOf(text: string): { message: string; offset: number } {
  const parsed = parseSelector(text);
  if (parsed.ok) throw new Error(`${text} is a selector`);
  return parsed.error;
}

describe('Calico selectors', () => {
  const cases: readonly [string, boolean][] = [
    ['', true],
    [' \t', true],
    ['all()', true],
    ['all( \t)', true],
    ['global()', true],
    ["rack == 'a1'", true],
    ['rack=="a1"', true],
    ["rack == 'a'", false],
    ["rack != 'a'", true],
    ["rack != 'a1'", false],
    ["nothing == ''", false],
    ["nothing != 'x'", true],
    ['has(rack)', true],
    ['has( rack )', true],
    ['has(nothing)', false],
    ["rack contains '1'", true],
    ["rack starts with 'a'", true],
    ["rack startswith 'b'", false],
    ["rack ends \t with '1'", true],
    ["rack endswith'1'", true],
    ["nothing contains ''", false],
    ["nothing starts with ''", false],
    ["rack in {'a1', 'b'}", true],
    ["rack in {'a1',}", true],
    ['rack in {}', false],
    ['rack not in {}', true],
    ["rack notin {'a1'}", false],
    ["nothing in {'a1'}", false],
    ["nothing not in {'a1'}", true],
    ["in == 'yes'", true],
    ["in in {'yes'}", true],
    ["in not in {'yes'}", false],
    ["contains contains 'x'", false],
    ["has == 'x'", false],
    ["all != 'x'", true],
    ["a.b/c-d_e == '1'", true],
    ['!has(rack)', false],
    ['!!has(rack)', true],
    ['! ! !has(rack)', false],
    ["!rack == 'b'", true],
    ['has(nothing) && has(nothing) || has(rack)', true],
    ['has(rack) || has(nothing) && has(nothing)', true],
    ['(has(rack) || has(nothing)) && has(nothing)', false],
    ['!(has(rack) && has(zone))', false],
    ['!has(nothing) && has(zone)', true],
  ];
  for (const [text, expected] of cases) {
    it(`${text === '' ? '(empty)' : text} is ${expected}`, () => {
      expect(matches(text)).toBe(expected);
    });
  }

  it('does not take what every object inherits for a label', () => {
    expect(matches('has(constructor)')).toBe(false);
    expect(matches("toString != 'x'")).toBe(true);
  });

  it('needs a word boundary behind an operator made of letters', () => {
    expect(errorOf("rack in2 {'a'}").offset).toBe(5);
    expect(errorOf("rack containsx 'a'").offset).toBe(5);
  });

  it('takes space and tab alone for blanks', () => {
    expect(errorOf("rack ==\n'a1'").offset).toBe(7);
  });

  it('names the place of a mistake', () => {
    expect(errorOf("rack = 'a'")).toEqual({ message: expect.stringContaining('=='), offset: 5 });
    expect(errorOf("rack == 'a")).toEqual({
      message: expect.stringContaining('no end'),
      offset: 8,
    });
    expect(errorOf("rack == 'a' &&").offset).toBe(14);
    expect(errorOf("rack == 'a' zone == 'x'").offset).toBe(12);
    expect(errorOf('has (rack)').offset).toBe(4);
    expect(errorOf('rack').message).toContain('Expected an operator after the label rack');
    expect(errorOf("rack in {'a' 'b'}").offset).toBe(13);
    expect(errorOf('rack in {,}').offset).toBe(9);
    expect(errorOf(`${'a'.repeat(513)} == 'x'`).message).toContain('512');
  });

  it('refuses parentheses so deep that they would exhaust the stack', () => {
    expect(errorOf('('.repeat(50_000)).message).toContain('parentheses');
    expect(matches(`${'('.repeat(100)}all()${')'.repeat(100)}`)).toBe(true);
  });
});
