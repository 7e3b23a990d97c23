/**
 * Resources and godwit.yaml files of the fabric: the nodes' as they stand in the topology's folders, those of a
 * godwit that plays the ToR or the outside peer of the demonstration made from them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { REPOSITORY } from '../cache-dir.ts';
import { CLUSTER_AS, type FabricNode, NODES, OUTSIDE, POOL_V4, POOL_V6, TOR } from './topology.ts';

/** File name → YAML text. */
export type ResourceFiles = Readonly<Record<string, string>>;

/** The directory every node of the demonstration reads: `config/resources`, as it stands. */
export function clusterResources(): ResourceFiles {
  return resourceFiles(join(REPOSITORY, 'config/resources'));
}

/** All files of a directory of resources. */
export function resourceFiles(dir: string): ResourceFiles {
  const names = readdirSync(dir).filter((name) => /\.(ya?ml|json)$/.test(name));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(dir, name), 'utf8')]));
}

/** Resources of a godwit that plays the ToR where there is no BIRD 2. */
export function torResources(): ResourceFiles {
  const [first] = NODES;
  if (first === undefined) throw new RangeError('The fabric has no node');
  const me = resource('Node', TOR.name, {
    bgp: {
      asNumber: TOR.as,
      ipv4Address: `${first.gatewayV4}/24`,
      ipv6Address: `${first.gatewayV6}/64`,
    },
  });
  return loneSpeaker({
    me,
    own: { v4: TOR.prefixV4, v6: TOR.prefixV6, name: TOR.name },
    pools: [
      { name: 'pods-v4', cidr: POOL_V4 },
      { name: 'pods-v6', cidr: POOL_V6 },
    ],
    peers: NODES,
    // Each node's own block only: nodes also re-announce each other's blocks over eBGP, and a
    // ToR that believed them could send a block's traffic to the wrong rack.
    accept: (node) => ({ v4: node.blockV4, v6: node.blockV6 }),
  });
}

/** Resources of a godwit that plays the outside peer where there is no GoBGP. */
export function outsideResources(): ResourceFiles {
  const me = resource('Node', OUTSIDE.name, {
    bgp: {
      asNumber: OUTSIDE.as,
      ipv4Address: `${OUTSIDE.ipv4}/24`,
      ipv6Address: `${OUTSIDE.ipv6}/64`,
    },
  });
  return loneSpeaker({
    me,
    own: { v4: OUTSIDE.prefixV4, v6: OUTSIDE.prefixV6, name: OUTSIDE.name },
    pools: [
      { name: 'pods-v4', cidr: POOL_V4 },
      { name: 'pods-v6', cidr: POOL_V6 },
    ],
    peers: NODES.filter((node) => node.edge),
    accept: () => ({ v4: POOL_V4, v6: POOL_V6 }),
  });
}

export interface DaemonPlaces {
  /** Directory of this member: resources, state and control socket live below it. */
  readonly dir: string;
  readonly httpListen: string;
  /** Of etcd; without them the resources are files. */
  readonly endpoints?: readonly string[];
  /** The godwit.yaml of its container: what it says beyond places is kept. */
  readonly base?: string;
}

/** The member's godwit.yaml. */
export function godwitYaml(member: string, places: DaemonPlaces): string {
  const base = (places.base === undefined ? {} : (parse(places.base) ?? {})) as {
    readonly kernel?: object;
  };
  return stringify({
    ...base,
    nodeName: member,
    datastore:
      places.endpoints === undefined
        ? { type: 'file', path: `${places.dir}/resources` }
        : { type: 'etcd', endpoints: places.endpoints },
    // Their usual place is one for the machine, and here are several nodes.
    bird: { sockets: 'off' },
    // The fabric makes the device, or a stand-in for it.
    kernel: { ...base.kernel, manageTunnel: false },
    state: { dir: `${places.dir}/state` },
    control: { socket: `${places.dir}/godwit.sock` },
    http: { listen: places.httpListen },
    log: { level: 'info', format: 'json' },
  });
}

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

function resource(kind: string, name: string, spec: Resource['spec']): Resource {
  return { apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec };
}

/** Named as Calico names them: node and block with every separator a dash. */
function affinity(node: string, cidr: string): Resource {
  const name = `${node}-${cidr.replace(/::\//, '--').replaceAll(/[.:/]/g, '-')}`;
  const spec = { node, cidr, state: 'confirmed', deleted: false };
  return resource('BlockAffinity', name, spec);
}

/** A filter that takes from a peer what lies in one prefix a family, and nothing else. */
function importOnly(name: string, v4: string, v6: string): Resource {
  const rules = (cidr: string, all: string): object[] => [
    { action: 'Accept', matchOperator: 'In', cidr },
    { action: 'Reject', matchOperator: 'In', cidr: all },
  ];
  return resource('BGPFilter', name, {
    importV4: rules(v4, '0.0.0.0/0'),
    importV6: rules(v6, '::/0'),
  });
}

interface LoneSpeaker {
  readonly me: Resource;
  readonly own: { readonly name: string; readonly v4: string; readonly v6: string };
  readonly pools: readonly { readonly name: string; readonly cidr: string }[];
  readonly peers: readonly FabricNode[];
  readonly accept: (node: FabricNode) => { readonly v4: string; readonly v6: string };
}

function loneSpeaker({ me, own, pools, peers, accept }: LoneSpeaker): ResourceFiles {
  const sessions = peers.flatMap((node) => {
    const peer = (family: string, peerIP: string): Resource =>
      resource('BGPPeer', `${node.name}-${family}`, {
        peerIP,
        asNumber: CLUSTER_AS,
        // The kernel's choice: the ToR has an address in each rack, and one only is its Node's.
        sourceAddress: 'None',
        filters: [`from-${node.name}`],
      });
    return [peer('v4', node.ipv4), peer('v6', node.ipv6)];
  });
  const filters = peers.map((node) => {
    const { v4, v6 } = accept(node);
    return importOnly(`from-${node.name}`, v4, v6);
  });
  const ownPools = [
    { name: 'own-v4', cidr: own.v4, blockSize: 26 },
    { name: 'own-v6', cidr: own.v6, blockSize: 122 },
  ];
  return {
    'node.yaml': documents([me]),
    'bgp-configuration.yaml': documents([
      resource('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
    ]),
    'ip-pools.yaml': documents(
      [...pools, ...ownPools].map(({ name, ...spec }) => resource('IPPool', name, spec)),
    ),
    'block-affinities.yaml': documents([affinity(own.name, own.v4), affinity(own.name, own.v6)]),
    'bgp-peers.yaml': documents(sessions),
    'bgp-filters.yaml': documents(filters),
  };
}

function documents(resources: readonly Resource[]): string {
  return resources.map((one) => stringify(one)).join('---\n');
}
