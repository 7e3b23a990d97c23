/** What counts as a citation of an RFC, and which words become its rule. */

import { describe, expect, it } from 'vitest';
import { citationsIn, citationsInText } from './citations.ts';
import { readSource } from './tidy/source.ts';

describe('RFC citations', () => {
  it('takes the first sentence behind the colon as the rule', () => {
    const [citation] = citationsInText(
      'RFC 4271 §6.8: the higher one stays. More follows.',
      'a.ts',
    );
    expect(citation).toEqual({
      rfc: 4271,
      section: '6.8',
      rule: 'the higher one stays',
      implemented: true,
      file: 'a.ts',
    });
  });

  it('reads several sections, letters and sections inside a rule', () => {
    const found = citationsInText('RFC 7606 §3(j), §5.3: reset (RFC 4271 §6.3)', 'a.ts');
    expect(found.map(({ rfc, section }) => `${rfc} ${section}`)).toEqual([
      '7606 3(j)',
      '7606 5.3',
      '4271 6.3',
    ]);
  });

  it('keeps a mere reference without a rule and drops the full stop', () => {
    expect(citationsInText('as in RFC 4271 §9.1.2.2.', 'a.ts')).toMatchObject([
      { section: '9.1.2.2', rule: '' },
    ]);
  });

  it('marks what is not implemented', () => {
    const [citation] = citationsInText('RFC 4271 §9.2.1.1: not implemented, 0 s suits us', 'a.ts');
    expect(citation).toMatchObject({ implemented: false });
  });

  it('joins line comments that follow each other, and parts block comments at empty lines', () => {
    const source = readSource(
      'a.ts',
      [
        '// RFC 4271 §4.3: trailing bits',
        '// do not matter',
        'use(1);',
        '/**',
        ' * RFC 4760 §5: one',
        ' * rule.',
        ' *',
        ' * Not part of it.',
        ' */',
        'use(2);',
      ].join('\n'),
    );
    expect(citationsIn(source).map(({ rule }) => rule)).toEqual([
      'trailing bits do not matter',
      'one rule',
    ]);
  });
});
