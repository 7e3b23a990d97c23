import { describe, expect, it } from 'vitest';
import { plainDocument } from '../../datastore/documents.ts';
import {
  collectionPath,
  firstKinds,
  formatRule,
  furtherKinds,
  ownLabel,
  ruleFor,
  selectorsOf,
} from './kubernetes-kinds.ts';

const OPTIONS = {
  node: 'node-a',
  calico: 'crd.projectcalico.org/v1',
  usePodCidr: false,
  byHash: true,
} as const;
const FURTHER = { secrets: 'kube-system', services: false };

function documents(...values: readonly object[]): ReturnType<typeof plainDocument>[] {
  return values.map((value) => plainDocument('x', value));
}

describe('what a node asks the Kubernetes API for', () => {
  it('has the label of its own blocks as libcalico-go makes it', () => {
    // From libcalico-go's own test: base 32 of SHA3-256 of the name.
    const hash = 'PY3TQE2E3XMTETLM2MJO3UITKPFB27YUJ4T4E5XGPEJON3SM4QAA';
    expect(ownLabel('node-a')).toBe(`projectcalico.org/hostname-hash=${hash}`);
  });

  it('are the metadata of Nodes; with USE_POD_CIDR its own Node whole', () => {
    const nodes = (usePodCidr: boolean): (string | boolean | undefined)[][] =>
      firstKinds({ ...OPTIONS, usePodCidr })
        .filter(({ kind }) => kind === 'Node')
        .map(({ fieldSelector, metadataOnly }) => [fieldSelector, metadataOnly]);
    expect(nodes(false)).toEqual([[undefined, true]]);
    expect(nodes(true)).toEqual([
      ['metadata.name=node-a', undefined],
      ['metadata.name!=node-a', true],
    ]);
  });

  it('stand where each group has them', () => {
    const paths = firstKinds({ ...OPTIONS, calico: 'projectcalico.org/v3' }).map(collectionPath);
    expect(paths).toContain('/apis/projectcalico.org/v3/bgppeers');
    expect(paths).toContain('/apis/godwit.dev/v1/peerprofiles');
    expect(paths).toContain('/api/v1/nodes');
  });

  it('are the Secrets that are named somewhere, each by itself, and no name that none can have', () => {
    const ref = (name: string): object => ({ secretKeyRef: { name, key: 'k' } });
    const kinds = furtherKinds(
      documents(
        { kind: 'BGPPeer', metadata: { name: 'p' }, spec: { password: ref('b') } },
        { kind: 'BGPPeer', metadata: { name: 'q' }, spec: { password: ref('b,metadata.name!=b') } },
        { kind: 'BGPConfiguration', metadata: { name: 'd' }, spec: { nodeMeshPassword: ref('a') } },
        {
          kind: 'PeerProfile',
          metadata: { name: 'r' },
          spec: { listen: [{ password: ref('c') }] },
        },
        { kind: 'Node', metadata: { name: 'n' }, spec: { password: ref('other') } },
      ),
      FURTHER,
    );
    expect(kinds.map((kind) => collectionPath(kind) + selectorsOf(kind))).toEqual(
      ['a', 'b', 'c'].map(
        (name) => `/api/v1/namespaces/kube-system/secrets&fieldSelector=metadata.name%3D${name}`,
      ),
    );
  });

  it('are Services and their slices where BGPConfiguration/default or the environment announces some', () => {
    const configuration = (name: string): object => ({
      kind: 'BGPConfiguration',
      metadata: { name },
      spec: { serviceClusterIPs: [{ cidr: '10.96.0.0/12' }] },
    });
    const kinds = (name: string, services: boolean): string[] =>
      furtherKinds(documents(configuration(name)), { ...FURTHER, services }).map(
        ({ kind }) => kind,
      );
    expect(kinds('default', false)).toEqual(['Service', 'EndpointSlice']);
    expect(kinds('node.a', false)).toEqual([]);
    expect(kinds('node.a', true)).toEqual(['Service', 'EndpointSlice']);
  });

  it('need one rule each, as a manifest has it', () => {
    const [first] = firstKinds(OPTIONS);
    expect(formatRule(ruleFor(first!))).toBe(
      'apiGroups: ["crd.projectcalico.org"], resources: ["bgpconfigurations"], verbs: ["list", "watch"]',
    );
  });
});
