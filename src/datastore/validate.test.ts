/** Every mistake is named by file, line, column, path and value, with what would be right. */

import { describe, expect, it } from 'vitest';
import { documents, resource, yaml } from '../../test/support/resources.ts';
import { type ConfigError, formatConfigError } from '../base/errors.ts';
import { checkDocument } from './validate.ts';

function problemsOf(value: unknown): readonly ConfigError[] {
  return documents([value])
    .flatMap(checkDocument)
    .flatMap((one) => one.problems);
}

function codesOf(kind: string, spec: object): string[] {
  return problemsOf(resource(kind, 'default', spec)).map((item) => `${item.code} ${item.path}`);
}

describe('a document', () => {
  it('with a mistake is named with its place in the file', () => {
    const text = `
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: default}
spec:
  cidr: "10.0.0.0/40"
`;
    const [checked] = yaml(text, 'pools.yaml').flatMap(checkDocument);
    expect(checked!.entry).toBeUndefined();
    expect(checked!.key).toBe('IPPool/default');
    expect(formatConfigError(checked!.problems[0]!)).toBe(
      'pools.yaml:6:9: IPPool/default spec.cidr "10.0.0.0/40": Not a CIDR such as 10.244.0.0/16' +
        ' or fd00:10:244::/64. Write a CIDR such as 10.244.0.0/16 or fd00:10:244::/64',
    );
  });

  it('with several mistakes names them all', () => {
    expect(
      codesOf('BGPPeer', { peerIP: 'tor', asNumber: 'x', node: 'a', nodeSelector: '&' }),
    ).toEqual([
      'BadSelector spec.nodeSelector',
      'BadValue spec.peerIP',
      'BadValue spec.asNumber',
      'Exclusive spec.node',
    ]);
  });

  it('with an unknown field is used, with a warning that proposes the nearest', () => {
    const pool = resource('IPPool', 'p', { cidr: '10.1.0.0/16', ipIpMode: 'Always' });
    const [checked] = documents([pool]).flatMap(checkDocument);
    expect(checked!.entry).toBeDefined();
    expect(checked!.problems).toEqual([
      expect.objectContaining({
        severity: 'warning',
        code: 'UnknownKey',
        path: 'spec.ipIpMode',
        remedy: 'Did you mean ipipMode?',
      }),
    ]);
  });

  it('may carry what Kubernetes adds to metadata and status', () => {
    const value = {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'IPPool',
      metadata: { name: 'p', uid: 'u', creationTimestamp: null, annotations: {}, generation: 1 },
      spec: { cidr: '10.1.0.0/16', natOutgoing: true, nodeSelector: 'all()', disabled: false },
      status: {},
    };
    expect(problemsOf(value)).toEqual([]);
  });

  it('of a legal kind that is not used yet is a warning, a misspelt kind an error', () => {
    expect(
      problemsOf({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' } })[0],
    ).toMatchObject({ severity: 'warning', code: 'NotYetHonoured' });
    expect(problemsOf(resource('BGPPeers', 'p', {}))[0]).toMatchObject({
      severity: 'error',
      code: 'UnknownKind',
      remedy: 'Did you mean BGPPeer?',
    });
    expect(
      problemsOf({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' } })[0],
    ).toMatchObject({ severity: 'warning', code: 'UnknownKind' });
  });

  it('without kind, name or spec, or with a foreign apiVersion, says what is missing', () => {
    expect(problemsOf({ metadata: { name: 'x' } })[0]).toMatchObject({
      code: 'Missing',
      path: 'kind',
    });
    expect(problemsOf({ kind: 'Node', metadata: {} })[0]).toMatchObject({ path: 'metadata.name' });
    expect(problemsOf('text')[0]).toMatchObject({ code: 'NotAResource' });
    const nameless = { apiVersion: 'projectcalico.org/v3', kind: 'Node', metadata: { name: 'n' } };
    expect(problemsOf(nameless)[0]).toMatchObject({ code: 'Missing', path: 'spec' });
    expect(problemsOf({ ...nameless, apiVersion: 'v1', spec: {} })[0]).toMatchObject({
      path: 'apiVersion',
      remedy: 'Write apiVersion: projectcalico.org/v3',
    });
  });

  it('that is a list gives its items', () => {
    const list = {
      apiVersion: 'projectcalico.org/v3',
      kind: 'IPPoolList',
      items: [
        resource('IPPool', 'a', { cidr: '10.1.0.0/16' }),
        resource('IPPool', 'b', { cidr: 1 }),
      ],
    };
    const checked = documents([list]).flatMap(checkDocument);
    expect(checked.map((one) => [one.key, one.entry !== undefined])).toEqual([
      ['IPPool/a', true],
      ['IPPool/b', false],
    ]);
  });
});

describe('each kind', () => {
  const wrong: readonly [string, object, string[]][] = [
    ['Node', { bgp: { ipv4Address: 'fd00::1/64' } }, ['BadValue spec.bgp.ipv4Address']],
    ['Node', { bgp: { asNumber: 0 } }, ['BadValue spec.bgp.asNumber']],
    [
      'Node',
      { bgp: { routeReflectorClusterID: '::1' } },
      ['BadValue spec.bgp.routeReflectorClusterID'],
    ],
    ['IPPool', {}, ['Missing spec.cidr']],
    ['IPPool', { cidr: '10.1.0.1/16' }, ['HostBits spec.cidr']],
    ['IPPool', { cidr: '10.1.0.0/16', ipipMode: 'always' }, ['BadValue spec.ipipMode']],
    [
      'IPPool',
      { cidr: '10.1.0.0/16', ipipMode: 'Always', vxlanMode: 'Always' },
      ['Exclusive spec.vxlanMode'],
    ],
    ['IPPool', { cidr: 'fd00::/48', ipipMode: 'Always' }, ['BadValue spec.ipipMode']],
    ['IPPool', { cidr: '10.1.0.0/16', blockSize: 19 }, ['BadValue spec.blockSize']],
    ['IPPool', { cidr: '10.1.0.0/28', blockSize: 26 }, ['BadValue spec.blockSize']],
    ['BGPConfiguration', { listenPort: 0 }, ['BadValue spec.listenPort']],
    ['BGPConfiguration', { logSeverityScreen: 'loud' }, ['BadValue spec.logSeverityScreen']],
    [
      'BGPConfiguration',
      { nodeToNodeMeshEnabled: 'false' },
      ['BadValue spec.nodeToNodeMeshEnabled'],
    ],
    [
      'BGPConfiguration',
      { ipv4NormalRoutePriority: 2147483647 },
      ['BadValue spec.ipv4NormalRoutePriority'],
    ],
    ['BGPConfiguration', { programClusterRoutes: 'Yes' }, ['BadValue spec.programClusterRoutes']],
    [
      'BGPConfiguration',
      { prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities: ['blue'] }] },
      ['BadValue spec.prefixAdvertisements[0].communities[0]'],
    ],
    ['BGPPeer', {}, ['Missing spec.peerIP']],
    ['BGPPeer', { peerIP: '10.0.0.1' }, ['Missing spec.asNumber']],
    ['BGPPeer', { peerIP: '10.0.0.1', asNumber: 0 }, ['Missing spec.asNumber']],
    ['BGPPeer', { peerSelector: 'all()', asNumber: 1 }, ['Exclusive spec.asNumber']],
    [
      'BGPPeer',
      { peerSelector: 'all()', peerIP: '10.0.0.1', asNumber: 1 },
      ['Exclusive spec.peerIP', 'Exclusive spec.asNumber'],
    ],
    [
      'BGPPeer',
      { peerIP: '10.0.0.1', asNumber: 1, ttlSecurity: 255 },
      ['BadValue spec.ttlSecurity'],
    ],
    [
      'BGPPeer',
      { peerIP: '10.0.0.1', asNumber: 1, reachableBy: '::1' },
      ['BadValue spec.reachableBy'],
    ],
    [
      'BGPPeer',
      { peerIP: '10.0.0.1', asNumber: 1, keepOriginalNextHop: true, nextHopMode: 'Self' },
      ['Exclusive spec.keepOriginalNextHop'],
    ],
    [
      'BGPPeer',
      { peerIP: '10.0.0.1', asNumber: 1, maxRestartTime: '2h' },
      ['BadValue spec.maxRestartTime'],
    ],
    ['BGPPeer', { peerIP: '10.0.0.1', asNumber: 1, password: {} }, ['Missing spec.password']],
    ['BGPFilter', { importV4: [{}] }, ['Missing spec.importV4[0].action']],
    [
      'BGPFilter',
      { importV4: [{ action: 'Accept', cidr: '10.0.0.0/8' }] },
      ['Missing spec.importV4[0].matchOperator'],
    ],
    [
      'BGPFilter',
      { importV4: [{ action: 'Accept', matchOperator: 'In' }] },
      ['Missing spec.importV4[0].cidr'],
    ],
    [
      'BGPFilter',
      { exportV6: [{ action: 'Accept', cidr: '10.0.0.0/8', matchOperator: 'In' }] },
      ['BadValue spec.exportV6[0].cidr'],
    ],
    [
      'BGPFilter',
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
      'BGPFilter',
      { exportV4: [{ action: 'Reject', operations: [{ setPriority: { value: 5 } }] }] },
      ['Exclusive spec.exportV4[0].operations'],
    ],
    [
      'BGPFilter',
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
      'BGPFilter',
      { exportV4: [{ action: 'Accept', communities: { values: ['1:1', '1:2'] } }] },
      ['BadValue spec.exportV4[0].communities.values'],
    ],
    ['BlockAffinity', { node: 'a' }, ['Missing spec.cidr']],
    ['BlockAffinity', { node: 'a', cidr: '10.0.0.0/26', state: 'sure' }, ['BadValue spec.state']],
  ];
  for (const [kind, spec, expected] of wrong) {
    it(`${kind} ${JSON.stringify(spec)}`, () => expect(codesOf(kind, spec)).toEqual(expected));
  }

  it('legal fields that are not honoured yet are warnings by name', () => {
    const value = { serviceClusterIPs: [{ cidr: '10.96.0.0/12' }], ignoredInterfaces: ['eth1'] };
    const problems = problemsOf(resource('BGPConfiguration', 'default', value));
    expect(problems.map((item) => [item.severity, item.code, item.path])).toEqual([
      ['warning', 'NotYetHonoured', 'spec.serviceClusterIPs'],
      ['warning', 'NotYetHonoured', 'spec.ignoredInterfaces'],
    ]);
  });

  it('fields of default alone are warnings on a node, and other names have no effect', () => {
    const onNode = problemsOf(resource('BGPConfiguration', 'node.a', { asNumber: 65000 }));
    expect(onNode).toEqual([expect.objectContaining({ severity: 'warning', code: 'NoEffect' })]);
    const named = problemsOf(resource('BGPConfiguration', 'mine', {}));
    expect(named).toEqual([expect.objectContaining({ code: 'NoEffect', path: 'metadata.name' })]);
  });

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
