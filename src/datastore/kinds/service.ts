/**
 * Kubernetes' Service and EndpointSlice, as far as announcing service addresses needs them. Wherever they come from:
 * a directory of YAML or the Kubernetes API, the documents are the same. @see calico model 1.7, 3.7
 */

import { type IpAddress, ipFamily, parseIpAddress } from '../../net/ip-address.ts';
import type { Fields } from '../fields.ts';
import type { EndpointSliceResource, ServiceResource } from '../resources.ts';
import { asText, readAddress } from './common.ts';

/** The label by which a slice names its Service. */
const SERVICE_NAME = 'kubernetes.io/service-name';

export interface NamespacedParts {
  readonly namespace: string;
  readonly metadata: Fields;
  readonly spec: Fields;
  readonly root: Fields;
}

export function readService(name: string, parts: NamespacedParts): ServiceResource {
  const { namespace, spec, root } = parts;
  const clusterIps = readClusterIps(spec);
  const service: ServiceResource = {
    name,
    namespace,
    type: spec.text('type') ?? 'ClusterIP',
    clusterIps,
    headless: clusterIps.length === 0 || spec.text('clusterIP') === 'None',
    externalIps: spec.list('externalIPs', 'an IP address', asAddress),
    ingressIps: readIngress(root),
    loadBalancerIp: readAddress(spec, 'loadBalancerIP'),
    externalTrafficPolicy: spec.oneOf('externalTrafficPolicy', ['Cluster', 'Local']),
    families: readFamilies(spec, clusterIps),
  };
  // Ports, selectors and what Kubernetes adds in years to come: none of it concerns routing.
  spec.ignoreRest();
  return service;
}

function asAddress(value: unknown): IpAddress | undefined {
  return typeof value === 'string' ? parseIpAddress(value) : undefined;
}

/** Written before dual stack, or by hand, a Service may name its one address alone. */
function readClusterIps(spec: Fields): IpAddress[] {
  const written = spec.list('clusterIPs', 'an IP address, or None', asText);
  const single = spec.text('clusterIP');
  const texts = written.length > 0 || single === undefined ? written : [single];
  return texts.flatMap((text, index) => {
    if (text === 'None' || text === '') return [];
    const address = parseIpAddress(text);
    if (address === undefined) {
      spec.reportAt([...spec.path, 'clusterIPs', index], {
        code: 'BadValue',
        message: 'Not an IP address, or None',
        value: text,
      });
    }
    return address ?? [];
  });
}

/** A load balancer known by its host name has no address to announce. */
function readIngress(root: Fields): IpAddress[] {
  const status = root.object('status');
  const loadBalancer = status?.object('loadBalancer');
  return (loadBalancer?.objects('ingress') ?? []).flatMap(
    (ingress) => readAddress(ingress, 'ip') ?? [],
  );
}

/** Filled in by Kubernetes; written by hand it is told by the addresses. */
function readFamilies(spec: Fields, clusterIps: readonly IpAddress[]): readonly (4 | 6)[] {
  const written = spec.list('ipFamilies', 'IPv4 or IPv6', (value) =>
    value === 'IPv4' ? 4 : value === 'IPv6' ? 6 : undefined,
  );
  if (written.length > 0) return written;
  return [...new Set(clusterIps.map(ipFamily))];
}

export function readEndpointSlice(name: string, parts: NamespacedParts): EndpointSliceResource {
  const { namespace, metadata, root } = parts;
  const addressType = root.required('addressType', root.text('addressType'), 'Write IPv4 or IPv6');
  const ready = root.objects('endpoints').filter(isReady);
  const nodes = ready.map((endpoint) => endpoint.text('nodeName'));
  root.ignoreRest();
  return {
    name,
    namespace,
    service: metadata.object('labels')?.text(SERVICE_NAME),
    family: addressType === 'IPv4' ? 4 : addressType === 'IPv6' ? 6 : undefined,
    ready: ready.length > 0,
    readyNodes: new Set(nodes.filter((node) => node !== undefined)),
  };
}

/** Kubernetes: a condition that is not known counts as true. */
function isReady(endpoint: Fields): boolean {
  return endpoint.object('conditions')?.boolean('ready') !== false;
}
