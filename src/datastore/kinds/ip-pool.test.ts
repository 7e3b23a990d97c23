import { describe, expect, it } from 'vitest';
import { codesOf } from '../../../test/support/resources.ts';

describe('IPPool', () => {
  const wrong: readonly [object, string[]][] = [
    [{}, ['Missing spec.cidr']],
    [{ cidr: '10.1.0.1/16' }, ['HostBits spec.cidr']],
    [{ cidr: '10.1.0.0/16', ipipMode: 'always' }, ['BadValue spec.ipipMode']],
    [
      { cidr: '10.1.0.0/16', ipipMode: 'Always', vxlanMode: 'Always' },
      ['Exclusive spec.vxlanMode'],
    ],
    [{ cidr: 'fd00::/48', ipipMode: 'Always' }, ['BadValue spec.ipipMode']],
    [{ cidr: '10.1.0.0/16', blockSize: 19 }, ['BadValue spec.blockSize']],
    [{ cidr: '10.1.0.0/28', blockSize: 26 }, ['BadValue spec.blockSize']],
  ];
  for (const [spec, expected] of wrong) {
    it(`${JSON.stringify(spec)} is refused`, () => {
      expect(codesOf('IPPool', spec)).toEqual(expected);
    });
  }
});
