/** The document of the interop matrix: complete or not at all, and each note once. */

import { describe, expect, it } from 'vitest';
import { renderInterop } from './render.ts';
import type { CellResult } from './results.ts';

function document(cells: Readonly<Record<string, CellResult>>): string {
  const daemons = { bird2: 'BIRD version 2.0.12', frr: 'bgpd version 8.4.4' };
  const feature = { section: 'Paths', rfcs: [4271, 4760] };
  return renderInterop({
    daemons,
    features: [
      { ...feature, id: 'one', title: 'routes go both ways', cells },
      { ...feature, id: 'two', title: 'routes come back', cells },
    ],
  });
}

describe('the document of the interop matrix', () => {
  it('says for each daemon what was shown, and why something is not applicable', () => {
    const text = document({ bird2: { shown: '' }, frr: { notApplicable: 'FRR 8.4: no' } });
    expect(text).toContain('| Routes go both ways | 4271, 4760 | ✓ | n/a [1](#notes) |');
    expect(text).toContain('| BIRD 2 | BIRD version 2.0.12 |');
  });

  it('gives one number to one note of one daemon, however often it stands there', () => {
    const text = document({ bird2: { shown: 'shows it twice' }, frr: { shown: '' } });
    expect(text.match(/✓ \[1\]\(#notes\)/g)).toHaveLength(2);
    expect(text).toContain('1. BIRD 2: shows it twice.');
    expect(text).not.toContain('2. ');
  });

  it('is not made while a cell is empty', () => {
    expect(() => document({ bird2: { shown: '' } })).toThrow('Nobody has tried one with frr');
  });
});
