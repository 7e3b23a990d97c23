/**
 * Raw documents → checked resources, or what is wrong with them and where.
 *
 * Invariant: behind this file there are no malformed values. A document with an error gives no resource; one with
 * warnings alone does. Other documents are never affected.
 */

import type { ConfigError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Path, RawDocument } from './documents.ts';
import { asObject, Fields, type Findings } from './fields.ts';
import { readBgpConfiguration } from './kinds/bgp-configuration.ts';
import { readBgpFilter } from './kinds/bgp-filter.ts';
import { readBgpPeer } from './kinds/bgp-peer.ts';
import { readIpPool } from './kinds/ip-pool.ts';
import { readLocalWorkload } from './kinds/local-workload.ts';
import { readNode } from './kinds/node.ts';
import { readNodeStatus } from './kinds/node-status.ts';
import { readBlockAffinity, readClusterInformation, readSecret } from './kinds/others.ts';
import { readPeerProfile } from './kinds/peer-profile.ts';
import { readEndpointSlice, readService } from './kinds/service.ts';
import type {
  BgpConfigurationResource,
  BgpFilterResource,
  BgpPeerResource,
  BlockAffinityResource,
  ClusterInformationResource,
  EndpointSliceResource,
  IpPoolResource,
  LocalWorkloadResource,
  NodeResource,
  NodeStatusResource,
  PeerProfileResource,
  SecretResource,
  ServiceResource,
} from './resources.ts';

/** A checked resource by kind. */
export type Entry =
  | { readonly kind: 'Node'; readonly value: NodeResource }
  | { readonly kind: 'BGPConfiguration'; readonly value: BgpConfigurationResource }
  | { readonly kind: 'BGPPeer'; readonly value: BgpPeerResource }
  | { readonly kind: 'BGPFilter'; readonly value: BgpFilterResource }
  | { readonly kind: 'IPPool'; readonly value: IpPoolResource }
  | { readonly kind: 'BlockAffinity'; readonly value: BlockAffinityResource }
  | { readonly kind: 'ClusterInformation'; readonly value: ClusterInformationResource }
  | { readonly kind: 'CalicoNodeStatus'; readonly value: NodeStatusResource }
  | { readonly kind: 'PeerProfile'; readonly value: PeerProfileResource }
  | { readonly kind: 'Secret'; readonly value: SecretResource }
  | { readonly kind: 'LocalWorkload'; readonly value: LocalWorkloadResource }
  | { readonly kind: 'Service'; readonly value: ServiceResource }
  | { readonly kind: 'EndpointSlice'; readonly value: EndpointSliceResource };

export interface CheckedDocument {
  readonly document: RawDocument;
  /** `Kind/name`, `Secret/namespace/name`; undefined when it cannot be told which resource this is. */
  readonly key: string | undefined;
  /** Present when the resource can be used. */
  readonly entry: Entry | undefined;
  /** A kind that godwit does not use: neither good nor bad. */
  readonly unused: boolean;
  readonly problems: readonly ConfigError[];
}

type Reader = (name: string, parts: Parts) => Entry | undefined;

interface Parts {
  readonly metadata: Fields;
  readonly spec: Fields;
  readonly root: Fields;
  readonly namespace: string;
}

const CALICO_GROUPS: readonly string[] = ['projectcalico.org', 'crd.projectcalico.org'];

const READERS: Readonly<Record<string, Reader>> = {
  Node: (name, parts) => ({ kind: 'Node', value: readNode(name, parts) }),
  BGPConfiguration: (name, { spec }) => ({
    kind: 'BGPConfiguration',
    value: readBgpConfiguration(name, spec),
  }),
  BGPPeer: (name, { metadata, spec }) => ({
    kind: 'BGPPeer',
    value: readBgpPeer(name, metadata, spec),
  }),
  BGPFilter: (name, { spec }) => ({ kind: 'BGPFilter', value: readBgpFilter(name, spec) }),
  IPPool: (name, { spec }) => {
    const value = readIpPool(name, spec);
    return value === undefined ? undefined : { kind: 'IPPool', value };
  },
  BlockAffinity: (name, { spec }) => {
    const value = readBlockAffinity(name, spec);
    return value === undefined ? undefined : { kind: 'BlockAffinity', value };
  },
  CalicoNodeStatus: (name, { spec }) => {
    const value = readNodeStatus(name, spec);
    return value === undefined ? undefined : { kind: 'CalicoNodeStatus', value };
  },
  ClusterInformation: (name, { spec }) => ({
    kind: 'ClusterInformation',
    value: readClusterInformation(name, spec),
  }),
};

/** Kinds of our own. */
const GODWIT: Readonly<Record<string, Reader>> = {
  LocalWorkload: (name, { spec }) => ({
    kind: 'LocalWorkload',
    value: readLocalWorkload(name, spec),
  }),
  PeerProfile: (name, { spec }) => ({ kind: 'PeerProfile', value: readPeerProfile(name, spec) }),
};

/** Kinds of Kubernetes itself; they have namespaces, and not all of them a spec. */
const KUBERNETES: Readonly<Record<string, { readonly apiVersion: string; readonly read: Reader }>> =
  {
    Secret: {
      apiVersion: 'v1',
      read: (name, parts) => ({
        kind: 'Secret',
        value: readSecret(name, parts.namespace, parts.root),
      }),
    },
    Service: {
      apiVersion: 'v1',
      read: (name, parts) => ({ kind: 'Service', value: readService(name, parts) }),
    },
    EndpointSlice: {
      apiVersion: 'discovery.k8s.io/v1',
      read: (name, parts) => ({ kind: 'EndpointSlice', value: readEndpointSlice(name, parts) }),
    },
  };

const WITHOUT_SPEC: readonly string[] = ['Secret', 'EndpointSlice'];

/** Nobody else extends its schema, so an unknown key in it is an error. */
const PROFILE = { kind: 'PeerProfile', apiVersion: 'godwit.dev/v1' } as const;

/** Legal kinds that have no bearing on what godwit does now, and what follows from that. */
const UNUSED: Readonly<Record<string, string>> = {
  FelixConfiguration: 'it says what Felix does, not what godwit does',
  ...Object.fromEntries(
    [
      'NetworkPolicy GlobalNetworkPolicy StagedNetworkPolicy StagedGlobalNetworkPolicy Tier',
      'StagedKubernetesNetworkPolicy GlobalNetworkSet NetworkSet HostEndpoint WorkloadEndpoint',
      'Profile KubeControllersConfiguration IPAMConfiguration IPAMConfig IPAMBlock IPAMHandle',
      'IPReservation',
    ]
      .join(' ')
      .split(' ')
      .map((kind) => [kind, 'it has no bearing on routing']),
  ),
};

/** Checks one document; a list (`kind: BGPPeerList`, as calicoctl prints it) gives one answer an item. */
export function checkDocument(document: RawDocument): CheckedDocument[] {
  const value = asObject(document.value);
  if (value === undefined) return document.value === null ? [] : [notAnObject(document)];
  const { kind, items } = value;
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)) {
    return items.flatMap((item, index) => checkDocument(part(document, item, ['items', index])));
  }
  return [checkResource(document, value)];
}

function part(document: RawDocument, value: unknown, at: Path): RawDocument {
  const positionOf = (path: Path): ReturnType<RawDocument['positionOf']> =>
    document.positionOf([...at, ...path]);
  return { file: document.file, documentIndex: document.documentIndex, value, positionOf };
}

function notAnObject(document: RawDocument): CheckedDocument {
  const findings = newFindings(document, undefined);
  new Fields(findings, [], {}).reportAt([], {
    code: 'NotAResource',
    message: 'Not a resource',
    remedy: 'Write apiVersion, kind, metadata and spec',
    value: document.value,
  });
  return failed(findings, undefined);
}

function newFindings(document: RawDocument, resource: string | undefined): Findings {
  return { document, resource, unknownKeys: 'warning', problems: [] };
}

function failed(findings: Findings, key: string | undefined, unused = false): CheckedDocument {
  const { document, problems } = findings;
  return { document, key, entry: undefined, unused, problems };
}

function checkResource(
  document: RawDocument,
  value: Readonly<Record<string, unknown>>,
): CheckedDocument {
  const nameless = newFindings(document, undefined);
  const root = new Fields(nameless, [], value);
  const kind = root.required('kind', root.text('kind'), 'Write the kind, e.g. BGPPeer');
  const metadata = root.object('metadata');
  root.required('metadata', metadata, 'Write metadata with a name');
  const name = metadata?.text('name');
  metadata?.required('name', name, 'Write the name of the resource');
  if (kind === undefined || name === undefined) return failed(nameless, undefined);
  const namespace = metadata?.text('namespace') ?? 'default';
  const namespaced = Object.hasOwn(KUBERNETES, kind);
  const key = namespaced ? `${kind}/${namespace}/${name}` : `${kind}/${name}`;
  const findings: Findings = {
    ...newFindings(document, key),
    problems: nameless.problems,
    unknownKeys: kind === PROFILE.kind ? 'error' : 'warning',
  };
  const reader = readerFor(findings, kind, value['apiVersion']);
  if (reader === undefined) {
    const unused = findings.problems.every((problem) => problem.severity === 'warning');
    return failed(findings, key, unused);
  }
  return runReader({ findings, value, key, name, namespace, kind, reader });
}

interface Reading {
  readonly findings: Findings;
  readonly value: Readonly<Record<string, unknown>>;
  readonly key: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly reader: Reader;
}

function runReader(reading: Reading): CheckedDocument {
  const { findings, value, key, name, namespace, kind, reader } = reading;
  const root = new Fields(findings, [], value);
  root.ignore('apiVersion', 'kind', 'metadata', 'status');
  const metadata = new Fields(findings, ['metadata'], asObject(value['metadata']) ?? {});
  // A Node or a pool without one says nothing, which each reader judges.
  const spec = root.object('spec') ?? new Fields(findings, ['spec'], {});
  if (!WITHOUT_SPEC.includes(kind) && !root.has('spec')) {
    root.required('spec', undefined, 'Write spec');
  }
  const entry = reader(name, { metadata, spec, root, namespace });
  spec.finish();
  root.finish();
  const { document, problems } = findings;
  const usable = problems.every((problem) => problem.severity === 'warning');
  return { document, key, entry: usable ? entry : undefined, unused: false, problems };
}

/** The reader of a kind; undefined, and a problem, when there is none. */
function readerFor(findings: Findings, kind: string, apiVersion: unknown): Reader | undefined {
  const root = new Fields(findings, [], {});
  const group = typeof apiVersion === 'string' ? apiVersion.split('/', 1)[0]! : '';
  if (Object.hasOwn(GODWIT, kind) && apiVersion === PROFILE.apiVersion) return GODWIT[kind];
  const ofKubernetes = Object.hasOwn(KUBERNETES, kind) ? KUBERNETES[kind] : undefined;
  if (ofKubernetes !== undefined) {
    if (ofKubernetes.apiVersion === apiVersion) return ofKubernetes.read;
    root.report('apiVersion', {
      code: 'BadValue',
      message: `Not a ${kind} of Kubernetes`,
      remedy: `Write apiVersion: ${ofKubernetes.apiVersion}`,
      value: apiVersion ?? '',
    });
    return undefined;
  }
  if (Object.hasOwn(READERS, kind)) {
    if (CALICO_GROUPS.includes(group)) return READERS[kind];
    root.report('apiVersion', {
      code: 'BadValue',
      message: `Not a ${kind} of Calico`,
      remedy: 'Write apiVersion: projectcalico.org/v3',
      value: apiVersion ?? '',
    });
    return undefined;
  }
  if (kind === PROFILE.kind) {
    root.report('apiVersion', {
      code: 'BadValue',
      message: `Not a ${kind} of godwit`,
      remedy: `Write apiVersion: ${PROFILE.apiVersion}`,
      value: apiVersion ?? '',
    });
    return undefined;
  }
  if (Object.hasOwn(UNUSED, kind)) {
    root.report('kind', {
      code: 'NotYetHonoured',
      severity: 'warning',
      message: `This ${kind} is not used: ${UNUSED[kind]}`,
    });
    return undefined;
  }
  const kinds = [...Object.keys(READERS), PROFILE.kind, ...Object.keys(KUBERNETES)];
  const near = nearest(kind, kinds);
  const known = CALICO_GROUPS.includes(group) || near !== undefined;
  root.report('kind', {
    code: 'UnknownKind',
    severity: known ? 'error' : 'warning',
    message: known ? 'Unknown kind' : 'This kind is not used',
    remedy: near === undefined ? `Kinds in use: ${kinds.join(', ')}` : `Did you mean ${near}?`,
    value: kind,
  });
  return undefined;
}
