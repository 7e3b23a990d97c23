import { describe, expect, it } from 'vitest';
import { codesOf, documents, problemsOf } from '../../../test/support/resources.ts';
import { checkDocument } from '../validate.ts';

describe('BlockAffinity and Secret', () => {
  const wrong: readonly [object, string[]][] = [
    [{ node: 'a' }, ['Missing spec.cidr']],
    [{ node: 'a', cidr: '10.0.0.0/26', state: 'sure' }, ['BadValue spec.state']],
  ];
  for (const [spec, expected] of wrong) {
    it(`${JSON.stringify(spec)} is refused`, () => {
      expect(codesOf('BlockAffinity', spec)).toEqual(expected);
    });
  }

  it('a Secret is decoded, and its values never stand in a message', () => {
    const secret = (data: object): unknown => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'kube-system' },
      data,
    });
    const [good] = documents([secret({ key: 'cGFzcw==' })]).flatMap(checkDocument);
    expect(good).toMatchObject({
      key: 'Secret/kube-system/s',
      entry: { value: { data: { key: 'pass' } } },
    });
    const bad = problemsOf(secret({ key: 'not base64!' }));
    expect(JSON.stringify(bad)).not.toContain('not base64!');
    expect(bad).toHaveLength(1);
  });
});
