/**
 * Objects of the Kubernetes API → the documents that `validate.ts` reads, with what concerns routing and nothing else:
 * a kubelet that reports its node, or a pod that is replaced by another one, changes no document. Pure.
 * @see calico model 5.2
 */

import { ipv4FromU32, ipv4ToU32 } from '../../net/ip-address.ts';
import { parsePrefix, prefixAddress, prefixFamily } from '../../net/prefix.ts';

export interface ApiObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Texts;
    readonly annotations?: Texts;
  };
  readonly spec?: Values;
  readonly [field: string]: unknown;
}

type Texts = Readonly<Record<string, string>>;
type Values = Readonly<Record<string, unknown>>;

export interface ConvertOptions {
  readonly node: string;
  readonly usePodCidr: boolean;
}

/** `error`: what is wrong with it, as a sentence. Undefined: none of ours. */
export type Converted =
  | { readonly value: unknown }
  | { readonly error: string; readonly path: string }
  | undefined;

export function convert(kind: string, object: ApiObject, options: ConvertOptions): Converted {
  if (kind === 'Node') return nodeOf(object, options);
  if (kind === 'Secret') return plain(object, { apiVersion: 'v1', kind, data: object['data'] });
  if (kind === 'Service') return serviceOf(object);
  if (kind === 'EndpointSlice') return sliceOf(object);
  const ofNode = kind === 'BlockAffinity' || kind === 'CalicoNodeStatus';
  if (ofNode && object.spec?.['node'] !== options.node) return undefined;
  return customOf(kind, object);
}

/** Calico's metadata of a CR of the first group; whoever writes such a CR by hand leaves it out. */
const METADATA = 'projectcalico.org/metadata';

function customOf(kind: string, { metadata, spec }: ApiObject): Converted {
  const said = jsonOf(metadata.annotations, METADATA);
  if (said !== undefined && 'error' in said) return said;
  const labels = { ...metadata.labels, ...(said?.value['labels'] as Texts | undefined) };
  return {
    value: {
      apiVersion: kind === 'PeerProfile' ? 'godwit.dev/v1' : 'projectcalico.org/v3',
      kind,
      metadata: { name: metadata.name, labels },
      spec,
    },
  };
}

const ANNOTATIONS = {
  bgp: {
    asNumber: 'ASNumber',
    ipv4Address: 'IPv4Address',
    ipv6Address: 'IPv6Address',
    ipv4IPIPTunnelAddr: 'IPv4IPIPTunnelAddr',
    routeReflectorClusterID: 'RouteReflectorClusterID',
  },
  wireguard: {
    interfaceIPv4Address: 'IPv4WireguardInterfaceAddr',
    interfaceIPv6Address: 'IPv6WireguardInterfaceAddr',
  },
} as const;

function nodeOf({ metadata, spec }: ApiObject, { usePodCidr }: ConvertOptions): Converted {
  const { name, annotations } = metadata;
  const said = jsonOf(annotations, 'projectcalico.org/labels');
  if (said !== undefined && 'error' in said) return said;
  const podCidrs = usePodCidr ? ((spec?.['podCIDRs'] ?? []) as readonly string[]) : [];
  const tunnel = usePodCidr ? firstAddress(podCidrs) : undefined;
  const bgp = {
    ...annotated(annotations, ANNOTATIONS.bgp),
    ...(tunnel === undefined ? {} : { ipv4IPIPTunnelAddr: tunnel }),
  };
  const wireguard = annotated(annotations, ANNOTATIONS.wireguard);
  return {
    value: {
      apiVersion: 'projectcalico.org/v3',
      kind: 'Node',
      // What Kubernetes says of a label wins over what Calico does.
      metadata: { name, labels: { ...said?.value, ...metadata.labels } },
      spec: {
        ...(Object.keys(bgp).length === 0 ? {} : { bgp }),
        ...(Object.keys(wireguard).length === 0 ? {} : { wireguard }),
        orchRefs: [{ nodeName: name, orchestrator: 'k8s' }],
      },
      ...(podCidrs.length === 0 ? {} : { status: { podCIDRs: podCidrs } }),
    },
  };
}

function annotated(annotations: Texts | undefined, names: Texts): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [field, name] of Object.entries(names)) {
    const value = annotations?.[`projectcalico.org/${name}`];
    if (value !== undefined && value !== '') values[field] = value;
  }
  return values;
}

/** Host-local IPAM gives the tunnel the first address of the node's range. */
function firstAddress(podCidrs: readonly string[]): string | undefined {
  const ipv4 = podCidrs
    .map(parsePrefix)
    .find((one) => one !== undefined && prefixFamily(one) === 4);
  return ipv4 === undefined ? undefined : ipv4FromU32(ipv4ToU32(prefixAddress(ipv4)) + 1);
}

const SERVICE_FIELDS = [
  'type',
  'clusterIP',
  'clusterIPs',
  'externalIPs',
  'loadBalancerIP',
  'externalTrafficPolicy',
  'ipFamilies',
];

function serviceOf(object: ApiObject): Converted {
  const status = object['status'] as { readonly loadBalancer?: { readonly ingress?: Values[] } };
  const ingress = status?.loadBalancer?.ingress ?? [];
  return plain(object, {
    apiVersion: 'v1',
    kind: 'Service',
    spec: pick(object.spec, SERVICE_FIELDS),
    status: { loadBalancer: { ingress: ingress.map((one) => pick(one, ['ip'])) } },
  });
}

/** Of thousands of endpoints it matters whether some are ready, and on which nodes. */
function sliceOf(object: ApiObject): Converted {
  const endpoints = new Map<string, unknown>();
  for (const { conditions, nodeName } of (object['endpoints'] ?? []) as Values[]) {
    const ready = (conditions as Values | undefined)?.['ready'];
    const one = { conditions: ready === undefined ? {} : { ready }, nodeName };
    endpoints.set(JSON.stringify(one), one);
  }
  const keys = [...endpoints.keys()].sort();
  const service = pick(object.metadata.labels, ['kubernetes.io/service-name']);
  return plain(object, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: object.metadata.name, namespace: object.metadata.namespace, labels: service },
    addressType: object['addressType'],
    endpoints: keys.map((key) => endpoints.get(key)),
  });
}

function plain({ metadata: { name, namespace } }: ApiObject, rest: Values): Converted {
  return { value: { metadata: { name, namespace }, ...rest } };
}

function pick(values: Values | undefined, names: readonly string[]): Values {
  const entries = names.map((name) => [name, values?.[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** An annotation that holds an object as JSON. */
function jsonOf(
  annotations: Texts | undefined,
  name: string,
): { readonly value: Values } | { readonly error: string; readonly path: string } | undefined {
  const text = annotations?.[name];
  if (text === undefined || text === '') return undefined;
  const path = `metadata.annotations["${name}"]`;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { value: value as Values };
    return { error: 'Not an object', path };
  } catch (error) {
    return { error: `Not JSON: ${error instanceof Error ? error.message : String(error)}`, path };
  }
}
