import { describe, expect, it } from 'vitest';
import { codesOf, documents, problemsOf } from '../../../test/support/resources.ts';
import { checkDocument } from '../validate.ts';

const status = (spec: object): unknown => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'CalicoNodeStatus',
  metadata: { name: 's' },
  spec,
});

describe('a CalicoNodeStatus', () => {
  it('says of which node what is asked, and how often: every ten seconds unless it is written', () => {
    const spec = { node: 'a', classes: ['Agent', 'Routes'] };
    const read = (value: object): unknown =>
      documents([status(value)]).flatMap(checkDocument)[0]?.entry?.value;
    expect(read(spec)).toEqual({
      name: 's',
      node: 'a',
      classes: ['Agent', 'Routes'],
      periodSeconds: 10,
    });
    expect(read({ ...spec, updatePeriodSeconds: 0 })).toMatchObject({ periodSeconds: 0 });
  });

  it('is refused without a node, with a class that is none, and with a period beyond a day', () => {
    expect(codesOf('CalicoNodeStatus', {})).toEqual(['Missing spec.node']);
    const wrong = { node: 'a', classes: ['BIRD'], updatePeriodSeconds: 86_401 };
    expect(problemsOf(status(wrong)).map(({ path }) => path)).toEqual([
      'spec.classes[0]',
      'spec.updatePeriodSeconds',
    ]);
  });
});
