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

  it('legal fields that are not honoured yet are warnings by name', () => {
    const value = { localWorkloadPeeringIPV4: '169.254.1.1', ignoredInterfaces: ['eth1'] };
    const problems = problemsOf(resource('BGPConfiguration', 'default', value));
    expect(problems.map((item) => [item.severity, item.code, item.path])).toEqual([
      ['warning', 'NotYetHonoured', 'spec.ignoredInterfaces'],
      ['warning', 'NotYetHonoured', 'spec.localWorkloadPeeringIPV4'],
    ]);
  });

  it('fields of default alone are warnings on a node, and other names have no effect', () => {
    const onNode = problemsOf(resource('BGPConfiguration', 'node.a', { asNumber: 65000 }));
    expect(onNode).toEqual([expect.objectContaining({ severity: 'warning', code: 'NoEffect' })]);
    const named = problemsOf(resource('BGPConfiguration', 'mine', {}));
    expect(named).toEqual([expect.objectContaining({ code: 'NoEffect', path: 'metadata.name' })]);
  });
});
