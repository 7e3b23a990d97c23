import { describe, expect, it } from 'vitest';
import { codesOf } from '../../../test/support/resources.ts';

describe('BGPFilter', () => {
  const wrong: readonly [object, string[]][] = [
    [{ importV4: [{}] }, ['Missing spec.importV4[0].action']],
    [
      { importV4: [{ action: 'Accept', cidr: '10.0.0.0/8' }] },
      ['Missing spec.importV4[0].matchOperator'],
    ],
    [{ importV4: [{ action: 'Accept', matchOperator: 'In' }] }, ['Missing spec.importV4[0].cidr']],
    [
      { exportV6: [{ action: 'Accept', cidr: '10.0.0.0/8', matchOperator: 'In' }] },
      ['BadValue spec.exportV6[0].cidr'],
    ],
    [
      {
        exportV4: [
          {
            action: 'Accept',
            cidr: '10.0.0.0/8',
            matchOperator: 'In',
            prefixLength: { min: 30, max: 24 },
          },
        ],
      },
      ['BadValue spec.exportV4[0].prefixLength.max'],
    ],
    [
      { exportV4: [{ action: 'Reject', operations: [{ setPriority: { value: 5 } }] }] },
      ['Exclusive spec.exportV4[0].operations'],
    ],
    [
      {
        exportV4: [
          {
            action: 'Accept',
            operations: [{ setPriority: { value: 5 }, addCommunity: { value: '1:1' } }],
          },
        ],
      },
      ['BadValue spec.exportV4[0].operations[0]'],
    ],
    [
      { exportV4: [{ action: 'Accept', communities: { values: ['1:1', '1:2'] } }] },
      ['BadValue spec.exportV4[0].communities.values'],
    ],
  ];
  for (const [spec, expected] of wrong) {
    it(`${JSON.stringify(spec)} is refused`, () => {
      expect(codesOf('BGPFilter', spec)).toEqual(expected);
    });
  }
});
