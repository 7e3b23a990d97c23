import { describe, expect, it } from 'vitest';
import { codesOf, problemsOf, resource } from '../../../test/support/resources.ts';

describe('BGPConfiguration', () => {
  const wrong: readonly [object, string[]][] = [
    [{ listenPort: 0 }, ['BadValue spec.listenPort']],
    [{ logSeverityScreen: 'loud' }, ['BadValue spec.logSeverityScreen']],
    [{ nodeToNodeMeshEnabled: 'false' }, ['BadValue spec.nodeToNodeMeshEnabled']],
    [{ ipv4NormalRoutePriority: 2147483647 }, ['BadValue spec.ipv4NormalRoutePriority']],
    [{ programClusterRoutes: 'Yes' }, ['BadValue spec.programClusterRoutes']],
    [
      { prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities: ['blue'] }] },
      ['BadValue spec.prefixAdvertisements[0].communities[0]'],
    ],
  ];
  for (const [spec, expected] of wrong) {
    it(`${JSON.stringify(spec)} is refused`, () => {
      expect(codesOf('BGPConfiguration', spec)).toEqual(expected);
    });
  }

  it('fields that are for Felix are warnings by name', () => {
    const value = { localWorkloadPeeringIPV4: '169.254.1.1', localWorkloadPeeringIPV6: 'fe80::1' };
    const problems = problemsOf(resource('BGPConfiguration', 'default', value));
    expect(problems.map((item) => [item.severity, item.code, item.path])).toEqual([
      ['warning', 'NoEffect', 'spec.localWorkloadPeeringIPV4'],
      ['warning', 'NoEffect', 'spec.localWorkloadPeeringIPV6'],
    ]);
  });

  it('fields of default alone are warnings on a node, and other names have no effect', () => {
    const onNode = problemsOf(resource('BGPConfiguration', 'node.a', { asNumber: 65000 }));
    expect(onNode).toEqual([expect.objectContaining({ severity: 'warning', code: 'NoEffect' })]);
    const named = problemsOf(resource('BGPConfiguration', 'mine', {}));
    expect(named).toEqual([expect.objectContaining({ code: 'NoEffect', path: 'metadata.name' })]);
  });
});
