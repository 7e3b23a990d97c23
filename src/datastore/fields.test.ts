import { describe, expect, it } from 'vitest';
import { plainDocument } from './documents.ts';
import { Fields, type Findings } from './fields.ts';

function fields(value: Record<string, unknown>, unknownKeys: 'error' | 'warning' = 'error') {
  const document = plainDocument('f.yaml', value);
  const findings: Findings = { document, resource: 'Kind/x', unknownKeys, problems: [] };
  return { root: new Fields(findings, [], value), findings };
}

describe('reading an object field by field', () => {
  it('null and absent are both not written, and give no problem', () => {
    const { root, findings } = fields({ a: null });
    expect([root.string('a'), root.integer('b', { min: 0, max: 1 })]).toEqual([
      undefined,
      undefined,
    ]);
    expect(findings.problems).toEqual([]);
  });

  it('the empty text is not set where a text or a choice may be left out', () => {
    const { root, findings } = fields({ a: '', b: '' });
    expect([root.text('a'), root.oneOf('b', ['x'])]).toEqual([undefined, undefined]);
    expect(findings.problems).toEqual([]);
  });

  it('a value of the wrong type is reported where it stands, elements of lists one by one', () => {
    const { root, findings } = fields({ a: 1, b: { c: 'x' }, d: ['k', 2], e: [1] });
    root.string('a');
    root.object('b')!.boolean('c');
    expect(
      root.list('d', 'a text', (item) => (typeof item === 'string' ? item : undefined)),
    ).toEqual(['k']);
    expect(root.objects('e')).toEqual([]);
    expect(findings.problems.map((item) => item.path)).toEqual(['a', 'b.c', 'd[1]', 'e[0]']);
  });

  it('every key that nobody read is reported when the object is finished', () => {
    const { root, findings } = fields({ port: 1, prot: 2, ignored: 3 });
    root.integer('port', { min: 0, max: 9 });
    root.ignore('ignored');
    root.finish();
    expect(findings.problems).toEqual([
      expect.objectContaining({
        severity: 'error',
        code: 'UnknownKey',
        remedy: 'Did you mean port?',
      }),
    ]);
  });

  it('long values are cut in messages', () => {
    const { root, findings } = fields({ a: 'x'.repeat(500) });
    root.boolean('a');
    expect(findings.problems[0]!.value).toHaveLength(80);
  });
});
