/**
 * What the `kubernetes` datastore reads: kinds, their places in the API, and how little of each a node asks for. Pure.
 * The rights that follow from it are in `config/kubernetes/rbac.yaml`, which a test compares.
 * @see calico model 5.2; docs/decisions/0027-kubernetes-datastore.md
 */

import { createHash } from 'node:crypto';
import type { RawDocument } from '../../datastore/documents.ts';

export interface FollowedKind {
  /** Of the resources that come of it, as `validate.ts` reads them. */
  readonly kind: string;
  /** '' for Kubernetes' own first group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Labels and annotations say it all: nothing else is sent (metav1.PartialObjectMetadata). */
  readonly metadataOnly?: true;
  /** Listed whole; a watch tells who has changed, and who concerns us is asked for by name. */
  readonly byName?: true;
  /** Counts as one that holds nothing: a kind whose CRD is not there, or (`allowed`) also one that we may not read. */
  readonly ifThere?: 'installed' | 'allowed';
}

export type CalicoGroup = 'crd.projectcalico.org/v1' | 'projectcalico.org/v3';

const HOSTNAME_HASH = 'projectcalico.org/hostname-hash';
export const WITHOUT_LABEL = `!${HOSTNAME_HASH}`;
/** As kube-proxy has it: headless services have no address that could be announced. */
const NOT_HEADLESS = '!service.kubernetes.io/headless';

export interface KindOptions {
  readonly node: string;
  readonly calico: CalicoGroup;
  readonly usePodCidr: boolean;
  /** Whether affinities can be asked for by the label of their node. */
  readonly byHash: boolean;
}

/** What every node follows from the start. */
export function firstKinds({ node, calico, usePodCidr, byHash }: KindOptions): FollowedKind[] {
  const [group, version] = calico.split('/') as [string, string];
  const crd = (kind: string, plural: string): FollowedKind => ({ kind, group, version, plural });
  const nodes = { kind: 'Node', group: '', version: 'v1', plural: 'nodes' } as const;
  const own = `metadata.name=${node}`;
  return [
    crd('BGPConfiguration', 'bgpconfigurations'),
    crd('BGPFilter', 'bgpfilters'),
    crd('BGPPeer', 'bgppeers'),
    crd('ClusterInformation', 'clusterinformations'),
    crd('IPPool', 'ippools'),
    // Those of this node, and those that an old release has written without a label.
    ...(byHash
      ? [affinitiesOf(calico, ownLabel(node)), affinitiesOf(calico, WITHOUT_LABEL)]
      : [affinitiesOf(calico)]),
    // What the cluster gave to this node stands in its spec; of all others the annotations are enough.
    ...(usePodCidr
      ? [
          { ...nodes, fieldSelector: own },
          { ...nodes, fieldSelector: own.replace('=', '!='), metadataOnly: true as const },
        ]
      : [{ ...nodes, metadataOnly: true as const }]),
    {
      kind: 'PeerProfile',
      group: 'godwit.dev',
      version: 'v1',
      plural: 'peerprofiles',
      ifThere: 'installed',
    },
    statusesOf(calico),
  ];
}

/** All of the cluster; `label`: of one node. */
export function affinitiesOf(calico: CalicoGroup, label?: string): FollowedKind {
  const [group, version] = calico.split('/') as [string, string];
  const kind = { kind: 'BlockAffinity', group, version, plural: 'blockaffinities' };
  return label === undefined ? kind : { ...kind, labelSelector: label };
}

/**
 * Each node writes its own every few seconds, with all its routes where somebody asks for them: what others write comes
 * as a name, not as a table.
 */
export function statusesOf(calico: CalicoGroup): FollowedKind {
  const [group, version] = calico.split('/') as [string, string];
  const kind = { kind: 'CalicoNodeStatus', group, version, plural: 'caliconodestatuses' };
  return { ...kind, byName: true, ifThere: 'allowed' };
}

export function ownLabel(node: string): string {
  return `${HOSTNAME_HASH}=${hostnameHash(node)}`;
}

/** What is followed only because of what the first kinds say: Secrets one by one, Services where some are announced. */
export function furtherKinds(
  documents: readonly RawDocument[],
  { secrets, services }: { readonly secrets: string; readonly services: boolean },
): FollowedKind[] {
  const names = new Set<string>();
  let announced = services;
  for (const { value } of documents) {
    const { kind, metadata, spec } = value as {
      readonly kind: string;
      readonly metadata: { readonly name: string };
      readonly spec?: Readonly<Record<string, unknown>>;
    };
    if (kind === 'BGPPeer' || kind === 'BGPConfiguration' || kind === 'PeerProfile') {
      collectSecrets(spec, names);
    }
    if (kind === 'BGPConfiguration' && metadata.name === 'default') {
      announced ||= ANNOUNCING.some((field) => hasItems(spec?.[field]));
    }
  }
  return [
    ...[...names].sort().map((name) => secretNamed(name, secrets)),
    ...(announced ? SERVICE_KINDS : []),
  ];
}

const ANNOUNCING = ['serviceClusterIPs', 'serviceExternalIPs', 'serviceLoadBalancerIPs'];

function hasItems(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

/** By name: a node reads no Secret that no session names. */
function secretNamed(name: string, namespace: string): FollowedKind {
  const secrets = { kind: 'Secret', group: '', version: 'v1', plural: 'secrets' };
  return { ...secrets, namespace, fieldSelector: `metadata.name=${name}`, ifThere: 'allowed' };
}

const SERVICE_KINDS: readonly FollowedKind[] = [
  { kind: 'Service', group: '', version: 'v1', plural: 'services', labelSelector: NOT_HEADLESS },
  {
    kind: 'EndpointSlice',
    group: 'discovery.k8s.io',
    version: 'v1',
    plural: 'endpointslices',
    labelSelector: NOT_HEADLESS,
  },
];

/** What may be the name of a Secret; no other can exist. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

function collectSecrets(value: unknown, names: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const name: unknown = key === 'secretKeyRef' ? (inner as { name?: unknown })?.name : undefined;
    if (typeof name === 'string' && NAME.test(name)) names.add(name);
    else collectSecrets(inner, names);
  }
}

/** Different for any two that are followed at once. */
export function idOf(kind: FollowedKind): string {
  return collectionPath(kind) + selectorsOf(kind);
}

export function collectionPath({ group, version, namespace, plural }: FollowedKind): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${root}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}`;
}

/** The path of one object, under which it is named to people: `kubectl get --raw` shows it. */
export function objectPath(kind: FollowedKind, name: string, namespace?: string): string {
  const place = namespace === undefined ? kind : { ...kind, namespace };
  return `${collectionPath(place)}/${name}`;
}

export function selectorsOf({ labelSelector, fieldSelector }: FollowedKind): string {
  const label =
    labelSelector === undefined ? '' : `&labelSelector=${encodeURIComponent(labelSelector)}`;
  const field =
    fieldSelector === undefined ? '' : `&fieldSelector=${encodeURIComponent(fieldSelector)}`;
  return label + field;
}

/** A rule of a Role or ClusterRole. */
export interface RbacRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** What has to be granted to follow it. */
export function ruleFor({ group, plural, byName }: FollowedKind): RbacRule {
  const verbs = byName ? ['get', 'list', 'watch'] : ['list', 'watch'];
  return { apiGroups: [group], resources: [plural], verbs };
}

/** What has to be granted to write the status; in Calico's second group that stands apart. */
export function statusRule(calico: CalicoGroup): RbacRule {
  const { group, plural } = statusesOf(calico);
  const resource = group === 'projectcalico.org' ? `${plural}/status` : plural;
  return { apiGroups: [group], resources: [resource], verbs: ['update'] };
}

export function statusPath(calico: CalicoGroup, name: string): string {
  const path = objectPath(statusesOf(calico), name);
  return calico === 'projectcalico.org/v3' ? `${path}/status` : path;
}

/** As it would stand in a manifest. */
export function formatRule({ apiGroups, resources, verbs }: RbacRule): string {
  const list = (items: readonly string[]): string =>
    `[${items.map((item) => JSON.stringify(item)).join(', ')}]`;
  return `apiGroups: ${list(apiGroups)}, resources: ${list(resources)}, verbs: ${list(verbs)}`;
}

/** Value of the label by which affinities of one node can be asked for (calico model 5.2). */
function hostnameHash(node: string): string {
  const digest = createHash('sha3-256').update(node).digest();
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'; // RFC 4648 §6, without padding
  let [bits, length, text] = [0, 0, ''];
  for (const octet of digest) {
    bits = ((bits << 8) | octet) & 0xfff;
    length += 8;
    for (; length >= 5; length -= 5) text += alphabet[(bits >>> (length - 5)) & 31];
  }
  return text + alphabet[(bits << (5 - length)) & 31];
}
