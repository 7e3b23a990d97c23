/** Calico's resources as calico-node and calicoctl write them to the Kubernetes API, written here from calico model 5.2. */

import { createHash } from 'node:crypto';
import type { KubernetesDouble } from './kubernetes-double.ts';
import type { Collection, StoredObject } from './kubernetes-store.ts';

interface Resource {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
}

export function putResource(api: KubernetesDouble, resource: unknown): void {
  const { collection, object } = stored(api, resource as Resource);
  api.store.put(collection, object);
}

export function deleteResource(api: KubernetesDouble, resource: unknown): void {
  const { collection, object } = stored(api, resource as Resource);
  api.store.delete(collection, object.metadata.name, object.metadata.namespace);
}

/** As it is stored now. */
export function storedOf(api: KubernetesDouble, resource: unknown): StoredObject | undefined {
  const { kind, metadata } = resource as Resource;
  return api.store.get(collectionOf(api, kind), metadata.name, metadata.namespace);
}

export function collectionOf(api: KubernetesDouble, kind: string): Collection {
  const found = api.collections.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`The double has no ${kind}`);
  return found;
}

function stored(
  api: KubernetesDouble,
  resource: Resource,
): { readonly collection: Collection; readonly object: Resource } {
  const collection = collectionOf(api, resource.kind);
  return { collection, object: objectOf(resource, collection.group) };
}

function objectOf(resource: Resource, group: string): Resource {
  const { kind, metadata, spec } = resource;
  if (kind === 'Node') return nodeObject(resource);
  if (kind === 'BlockAffinity') {
    const labels = {
      'projectcalico.org/hostname-hash': hostHash(String(spec?.['node'])),
      'projectcalico.org/affinity-type': 'host',
    };
    // A text in the one group and a boolean in the other.
    const deleted = spec?.['deleted'] === true;
    const first = group === 'crd.projectcalico.org';
    const written = { ...spec, deleted: first ? String(deleted) : deleted };
    return { kind, metadata: { ...metadata, labels }, spec: written };
  }
  if (group !== 'crd.projectcalico.org') return resource;
  const { labels, ...rest } = metadata;
  const annotations = { 'projectcalico.org/metadata': JSON.stringify({ labels, generation: 1 }) };
  return { ...resource, metadata: { ...rest, annotations } as Resource['metadata'] };
}

const ANNOTATIONS: Readonly<Record<string, string>> = {
  asNumber: 'ASNumber',
  ipv4Address: 'IPv4Address',
  ipv6Address: 'IPv6Address',
  ipv4IPIPTunnelAddr: 'IPv4IPIPTunnelAddr',
  routeReflectorClusterID: 'RouteReflectorClusterID',
};

function nodeObject({ kind, metadata, spec }: Resource): Resource {
  const bgp = (spec?.['bgp'] ?? {}) as Readonly<Record<string, unknown>>;
  const annotations: Record<string, string> = {
    'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
  };
  for (const [field, value] of Object.entries(bgp)) {
    annotations[`projectcalico.org/${ANNOTATIONS[field]}`] = String(value);
  }
  return {
    kind,
    metadata: { ...metadata, annotations } as Resource['metadata'],
    spec: { podCIDRs: ['10.200.0.0/24'] },
  };
}

/** Base 32 of SHA3-256 without padding, by long division: not the way of the code under test. */
function hostHash(host: string): string {
  let rest = BigInt(`0x${createHash('sha3-256').update(host).digest('hex')}`) << 4n; // 256 + 4 = 52 × 5 bits
  let text = '';
  for (; text.length < 52; rest >>= 5n) {
    text = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number(rest & 31n)]! + text;
  }
  return text;
}
