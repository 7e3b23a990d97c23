import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../cache-dir.ts';
import { manPage } from './man.ts';

const PAGE = { name: 'godwit', section: 1, summary: 'asks godwitd', version: '1.2' };

const body = (markdown: string): string[] => manPage(PAGE, markdown).trimEnd().split('\n').slice(5);

describe('a manual page', () => {
  it('names itself, its section and the version', () => {
    expect(manPage(PAGE, '').split('\n').slice(0, 4)).toEqual([
      '.TH GODWIT 1 "" "godwit 1.2" "godwit"',
      '.nh',
      '.SH NAME',
      'godwit \\- asks godwitd',
    ]);
  });

  it('has the headings, code and links of the reference', () => {
    expect(
      body('# Title\n## Files\nSee [the *page*](a.md) and `--check`.\n```sh\n.x\n```'),
    ).toEqual([
      '.SH Files',
      'See the *page* and \\fB\\-\\-check\\fR.',
      '.PP',
      '.RS 4',
      '.nf',
      '\\&.x',
      '.fi',
      '.RE',
    ]);
  });

  it('has a paragraph for each row of a table', () => {
    expect(body('| key | default | |\n|---|---|---|\n| `a` | | one \\| two |')).toEqual([
      '.TP',
      '.B \\fBa\\fR',
      'one | two',
    ]);
  });

  it.each(['cli.md', 'config.md'])('is made of %s without a complaint of man', (file) => {
    const markdown = readFileSync(join(REPOSITORY, 'docs/reference', file), 'utf8');
    const page = manPage(PAGE, markdown);
    expect(page).not.toMatch(/^\.(?!TH|nh|SH|SS|PP|RS|RE|nf|fi|IP|TP|B )/m);
    if (!existsSync('/usr/bin/groff')) return;
    const complaints = execFileSync('sh', ['-c', 'groff -man -Tutf8 -ww -z 2>&1'], { input: page });
    expect(complaints.toString()).toBe('');
  });
});
