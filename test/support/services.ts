/** Kubernetes' Services and EndpointSlices in tests: short ways to write them. */

import { resource } from './resources.ts';

export function serviceConfiguration(spec: object): unknown {
  return resource('BGPConfiguration', 'default', spec);
}

/** With cluster address 10.96.0.10 unless `spec` says another. */
export function service(name: string, spec: object, status: object = {}): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: {
      clusterIP: '10.96.0.10',
      clusterIPs: ['10.96.0.10'],
      ipFamilies: ['IPv4'],
      ports: [{ port: 80, protocol: 'TCP' }],
      selector: { app: name },
      ...spec,
    },
    status,
  };
}

export interface SliceSpec {
  readonly name?: string;
  readonly namespace?: string;
  readonly addressType?: string;
  readonly endpoints?: readonly object[];
}

/** Of Service `of`; one ready endpoint on node `a` unless `spec` says others. */
export function endpointSlice(of: string, spec: SliceSpec = {}): unknown {
  const { name = `${of}-1`, namespace = 'default', addressType = 'IPv4' } = spec;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': of } },
    addressType,
    endpoints: spec.endpoints ?? [{ nodeName: 'a', conditions: { ready: true } }],
    ports: [{ port: 80, protocol: 'TCP' }],
  };
}

/** `count` Services of policy Local, from 10.96.0.0 on, with an endpoint on `nodeName`; each with its slice behind it. */
export function localServices(count: number, nodeName: string): unknown[] {
  return Array.from({ length: count }, (_, index) => {
    const address = `10.96.${index >> 8}.${index & 255}`;
    const spec = { clusterIP: address, clusterIPs: [address], externalTrafficPolicy: 'Local' };
    return [service(`s${index}`, { type: 'NodePort', ...spec }), localSlice(index, nodeName)];
  }).flat();
}

/** The slice of the Service of that index. */
export function localSlice(index: number, nodeName: string): unknown {
  return endpointSlice(`s${index}`, { endpoints: [{ nodeName }] });
}
