import { describe, expect, it } from 'vitest';
import { Output } from './output.ts';

function printed(print: (out: Output) => void, width?: number): string {
  let text = '';
  const write = (part: string): void => {
    text += part;
  };
  print(new Output({ write, writeError: (part) => write(`! ${part}`), width }));
  return text;
}

describe('Output', () => {
  it('aligns columns by their widest cell, and leaves no blank at the end of a line', () => {
    const text = printed((out) =>
      out.table(
        ['Prefix', 'N', 'Because'],
        [
          ['fd00:10:244::/122', 1, ''],
          ['10.0.0.0/8', 1000, 'it is so'],
        ],
      ),
    );
    expect(text).toBe(
      [
        'Prefix             N     Because',
        'fd00:10:244::/122  1',
        '10.0.0.0/8         1000  it is so',
        '',
      ].join('\n'),
    );
  });

  it('shortens the last column to the terminal, and nothing where there is no terminal', () => {
    const rows = [['10.0.0.0/8', 'a long reason that goes on and on']];
    expect(printed((out) => out.table(['Prefix', 'Because'], rows), 30)).toBe(
      'Prefix      Because\n10.0.0.0/8  a long reason tha…\n',
    );
    expect(printed((out) => out.table(['Prefix', 'Because'], rows))).toContain('on and on');
    expect(printed((out) => out.table(['Prefix', 'Because'], rows), 20)).toContain('on and on');
  });

  it('takes a hundred thousand rows', () => {
    const rows = Array.from({ length: 100_000 }, (_, i) => [i, 'x']);
    expect(printed((out) => out.table(['N', 'X'], rows)).split('\n')).toHaveLength(100_002);
  });

  it('aligns facts and leaves out those that are not known', () => {
    const text = printed((out) =>
      out.facts([
        ['Node', 'a'],
        ['Cluster id', ''],
        ['Local AS', 0],
        ['Up', undefined],
      ]),
    );
    expect(text).toBe('Node:      a\nLocal AS:  0\n');
  });

  it('prints one JSON object a line, and complaints apart', () => {
    expect(printed((out) => out.json({ a: 'ü\n' }))).toBe('{"a":"ü\\n"}\n');
    expect(printed((out) => out.error('no'))).toBe('! no\n');
  });
});
