/** Every mistake is named by file, line, column, path and value, with what would be right. */

import { describe, expect, it } from 'vitest';
import { codesOf, documents, problemsOf, resource, yaml } from '../../test/support/resources.ts';
import { formatConfigError } from '../base/errors.ts';
import { checkDocument } from './validate.ts';

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
      problemsOf({
        apiVersion: 'projectcalico.org/v3',
        kind: 'FelixConfiguration',
        metadata: { name: 's' },
      })[0],
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
