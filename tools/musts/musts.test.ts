/** The lists of what RFCs demand: read, joined, and nothing in them that nobody obeys and nobody explains. */

import { describe, expect, it } from 'vitest';
import { citationsOfTree } from '../citations-of-tree.ts';
import { metBy, parseMusts, readMusts, unmet } from './musts.ts';

describe('the lists of MUSTs', () => {
  it('have a section, a rule, and perhaps a reason in each line', () => {
    const text = '# why\n\n4.2: the smaller one\n7: none -- not: there is no version 5\n';
    expect(parseMusts(4271, text)).toEqual([
      { rfc: 4271, section: '4.2', rule: 'the smaller one' },
      { rfc: 4271, section: '7', rule: 'none', whyNot: 'there is no version 5' },
    ]);
    expect(() => parseMusts(4271, 'the smaller one')).toThrow(/line 1/);
  });

  it('are met by who cites the section or a letter of it, and by nobody else', () => {
    const [must] = parseMusts(4271, '9.1.2.2: MED');
    const citation = { rule: '', implemented: true, file: 'src/a.ts' };
    const cited = { ...citation, rfc: 4271, section: '9.1.2.2(c)' };
    expect(metBy(must!, [cited])).toEqual(['src/a.ts']);
    const others = [
      { ...citation, rfc: 4271, section: '9.1.2' },
      { ...citation, rfc: 4724, section: '9.1.2.2' },
    ];
    expect(unmet([must!], others)).toEqual([must]);
  });

  it('hold nothing that is neither cited where it is obeyed nor explained', () => {
    expect(unmet(readMusts(), citationsOfTree().sources)).toEqual([]);
  });
});
