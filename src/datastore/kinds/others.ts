/** BlockAffinity, ClusterInformation and Kubernetes' Secret. @see calico model 1.6, 1.7 */

import type { Fields } from '../fields.ts';
import { asObject } from '../fields.ts';
import type {
  BlockAffinityResource,
  ClusterInformationResource,
  SecretResource,
} from '../resources.ts';
import { readCidr } from './common.ts';

export function readBlockAffinity(name: string, spec: Fields): BlockAffinityResource | undefined {
  const node = spec.required('node', spec.text('node'), 'Name of the node that has the block');
  const cidr = spec.required('cidr', readCidr(spec, 'cidr', true), 'Write a CIDR');
  const state = spec.oneOf('state', ['confirmed', 'pending', 'pendingDeletion']) ?? 'confirmed';
  const type = spec.oneOf('type', ['host', 'virtual']) ?? 'host';
  // A boolean in projectcalico.org/v3, a text in crd.projectcalico.org/v1.
  const deleted = spec.parsed('deleted', 'true or false', (value) => {
    if (value === true || value === 'true') return true;
    return value === false || value === 'false' || value === '' ? false : undefined;
  });
  if (node === undefined || cidr === undefined) return undefined;
  return { name, node, cidr, state, type, deleted: deleted ?? false };
}

export function readClusterInformation(name: string, spec: Fields): ClusterInformationResource {
  spec.ignore('clusterGUID', 'clusterType', 'datastoreReady', 'variant');
  return { name, calicoVersion: spec.text('calicoVersion') };
}

/** Values are never repeated in a message. */
export function readSecret(name: string, namespace: string, root: Fields): SecretResource {
  const data: Record<string, string> = {};
  for (const [field, decode] of [
    ['data', decodeBase64],
    ['stringData', asPlain],
  ] as const) {
    const entries = root.parsed(field, 'an object of texts', asObject) ?? {};
    for (const [key, value] of Object.entries(entries)) {
      const text = typeof value === 'string' ? decode(value) : undefined;
      if (text !== undefined) data[key] = text;
      else {
        const message = field === 'data' ? 'Not base64' : 'Not a text';
        root.reportAt([field, key], { code: 'BadSecret', message });
      }
    }
  }
  root.ignore('type', 'immutable');
  return { name, namespace, data };
}

function asPlain(value: string): string {
  return value;
}

function decodeBase64(value: string): string | undefined {
  const compact = value.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact) || compact.length % 4 !== 0) return undefined;
  return Buffer.from(compact, 'base64').toString('utf8');
}
