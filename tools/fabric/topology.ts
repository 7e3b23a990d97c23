/**
 * The demonstration fabric: `config/containerlab/godwit.clab.yml` with `config/resources`, and nothing besides. What
 * tests and the rehearsal want to know of it by name is read from those files here; nothing is said a second time.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { REPOSITORY } from '../cache-dir.ts';
import { type Expectations, readExpectations } from './lab-expect.ts';
import { type Lab, readLab } from './lab-file.ts';

export const DEMO_FILE = join(REPOSITORY, 'config/containerlab/godwit.clab.yml');
export const DEMO: Lab = readLab(DEMO_FILE);
export const DEMO_EXPECTED: Expectations = readExpectations(DEMO);

export interface FabricNode {
  readonly name: string;
  readonly ipv4: string;
  readonly ipv6: string;
  /** The ToR's addresses in this node's rack. */
  readonly gatewayV4: string;
  readonly gatewayV6: string;
  readonly blockV4: string;
  readonly blockV6: string;
  /** The namespace of its pod. */
  readonly pod: string;
  readonly podV4: string;
  readonly podV6: string;
  /** Whether this node peers with the outside. */
  readonly edge: boolean;
}

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

const RESOURCES: readonly Resource[] = readdirSync(join(REPOSITORY, 'config/resources')).flatMap(
  (name) => {
    const text = readFileSync(join(REPOSITORY, 'config/resources', name), 'utf8');
    return parseAllDocuments(text).map((document) => document.toJS() as Resource);
  },
);

export const CLUSTER_AS = of('BGPConfiguration', 'default').spec['asNumber'] as number;
export const POOL_V4 = of('IPPool', 'pods-v4').spec['cidr'] as string;
export const POOL_V6 = of('IPPool', 'pods-v6').spec['cidr'] as string;

/** The ToR announces one prefix of its own, so that something is learned from it. */
export const TOR = {
  name: 'tor',
  as: of('BGPPeer', 'tor-rack1-v4').spec['asNumber'] as number,
  ...accepted('from-tor'),
} as const;

/** A peer beyond the ToR: its sessions are multihop, its next hop lies behind a router. */
export const OUTSIDE = {
  name: 'outside',
  as: of('BGPPeer', 'outside-v4').spec['asNumber'] as number,
  ipv4: of('BGPPeer', 'outside-v4').spec['peerIP'] as string,
  ipv6: of('BGPPeer', 'outside-v6').spec['peerIP'] as string,
  ...accepted('from-outside'),
} as const;

export const NODES: readonly FabricNode[] = RESOURCES.filter(({ kind }) => kind === 'Node').map(
  readNode,
);

/** Names of one fabric; two checkouts on one machine differ in `id` and so never meet. */
export interface FabricNames {
  readonly id: string;
  readonly prefix: string;
  namespace(member: string): string;
}

export function fabricNames(checkout: string): FabricNames {
  const id = createHash('sha256').update(checkout).digest('hex').slice(0, 6);
  const prefix = `gw-${id}-`;
  return { id, prefix, namespace: (member) => `${prefix}${member}` };
}

function readNode({ metadata, spec }: Resource): FabricNode {
  const { name, labels = {} } = metadata;
  const { ipv4Address, ipv6Address } = spec['bgp'] as Record<string, string>;
  const cidrs = RESOURCES.filter(({ kind }) => kind === 'BlockAffinity')
    .filter((one) => one.spec['node'] === name)
    .map((one) => one.spec['cidr'] as string);
  const pod = name.replace('node-', 'pod-');
  const [podV4 = '', podV6 = ''] = DEMO_EXPECTED.pods.get(pod) ?? [];
  const gateway = (family: string): string =>
    of('BGPPeer', `tor-rack${labels['rack']}-${family}`).spec['peerIP'] as string;
  return {
    name,
    ipv4: ipv4Address?.split('/')[0] ?? '',
    ipv6: ipv6Address?.split('/')[0] ?? '',
    gatewayV4: gateway('v4'),
    gatewayV6: gateway('v6'),
    blockV4: cidrs.find((cidr) => !cidr.includes(':')) ?? '',
    blockV6: cidrs.find((cidr) => cidr.includes(':')) ?? '',
    pod,
    podV4,
    podV6,
    edge: labels['edge'] === 'true',
  };
}

/** The one prefix a family that a BGPFilter takes. */
function accepted(filter: string): { readonly prefixV4: string; readonly prefixV6: string } {
  const first = (rules: string): string => {
    const [rule] = of('BGPFilter', filter).spec[rules] as { readonly cidr: string }[];
    return rule?.cidr ?? '';
  };
  return { prefixV4: first('importV4'), prefixV6: first('importV6') };
}

function of(kind: string, name: string): Resource {
  const found = RESOURCES.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new RangeError(`config/resources has no ${kind} ${name}`);
  return found;
}
