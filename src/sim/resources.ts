/**
 * Calico resources for simulated clusters, as plain documents, and the plan of a node from them by the real
 * `datastore/plan.ts`.
 */

import { plainDocument } from '../datastore/documents.ts';
import { NO_LAST_GOOD, type Settled, settle } from '../datastore/last-good.ts';
import type { PeerSettings } from '../datastore/peer-settings.ts';
import { planFor } from '../datastore/plan.ts';
import type { PlanOptions } from '../datastore/plan-options.ts';
import type { SpeakerPlan } from '../datastore/plan-types.ts';
import { type IpAddress, ip } from '../net/ip-address.ts';

/** A resource as YAML would give it. */
export type Document = object;

const SIM_PLAN_OPTIONS: PlanOptions = {
  datastore: 'file',
  compat: 'auto',
  outside: 'least-privilege',
  table: 254,
  tunnelDevice: 'tunl0',
};

/** AS number of a cluster that says nothing about it. */
export const CLUSTER_AS = 64_512;

export function resource(kind: string, name: string, spec: object): Document {
  return { apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec };
}

export interface MeshOptions {
  readonly nodes: number;
  /** Nodes in one subnet; more begin another, behind a router. Default: all in one. */
  readonly perRack?: number;
  readonly ipv6?: boolean;
  readonly ipipMode?: 'Always' | 'CrossSubnet' | 'Never';
  /** Further resources, e.g. BGPPeers. */
  readonly more?: readonly Document[];
}

export interface MeshNode {
  readonly name: string;
  readonly ipv4: IpAddress;
  readonly ipv6: IpAddress | undefined;
  /** Its subnet, as `10.0.1`: hosts are .1 to .250, the router is .254. */
  readonly rack: number;
  readonly block: string;
  readonly block6: string | undefined;
}

/** Hosts a rack holds. */
const RACK_MAX = 250;

export function meshNodes(options: MeshOptions): MeshNode[] {
  const perRack = Math.min(options.perRack ?? RACK_MAX, RACK_MAX);
  return Array.from({ length: options.nodes }, (_, index) => {
    const rack = Math.floor(index / perRack);
    const host = (index % perRack) + 1;
    const hex = (index + 1).toString(16);
    return {
      name: `n${index + 1}`,
      ipv4: ip(`10.0.${rack}.${host}`),
      ipv6:
        options.ipv6 === true
          ? ip(`fd00:0:0:${rack.toString(16)}::${host.toString(16)}`)
          : undefined,
      rack,
      block: `10.244.${index >> 2}.${(index & 3) * 64}/26`,
      block6: options.ipv6 === true ? `fd00:244::${hex}00/122` : undefined,
    };
  });
}

export function meshResources(options: MeshOptions): Document[] {
  const { ipipMode = 'CrossSubnet', ipv6 = false, more = [] } = options;
  const documents: Document[] = [
    resource('IPPool', 'pods', { cidr: '10.244.0.0/16', ipipMode, blockSize: 26 }),
  ];
  if (ipv6) documents.push(resource('IPPool', 'pods6', { cidr: 'fd00:244::/64', blockSize: 122 }));
  for (const node of meshNodes(options)) documents.push(...nodeDocuments(node));
  return [...documents, ...more];
}

function nodeDocuments(node: MeshNode): Document[] {
  const bgp = {
    ipv4Address: `${node.ipv4}/24`,
    ...(node.ipv6 === undefined ? {} : { ipv6Address: `${node.ipv6}/64` }),
  };
  const documents = [resource('Node', node.name, { bgp }), affinity(node.name, node.block)];
  if (node.block6 !== undefined) documents.push(affinity(node.name, node.block6));
  return documents;
}

export function affinity(node: string, cidr: string): Document {
  return resource('BlockAffinity', `${node}-${cidr.replaceAll(/[./:]+/g, '-')}`, {
    node,
    cidr,
    state: 'confirmed',
  });
}

export interface SimPlanOptions extends Partial<PlanOptions> {
  /** The mistakes in the resources are what it is about. */
  readonly flawed?: boolean;
  /** What resources cannot say yet, said in the plan itself. */
  readonly change?: (plan: SpeakerPlan) => SpeakerPlan;
  /** What a profile would say of every peer. */
  readonly settings?: PeerSettings;
}

/** Of the newest documents: a thousand nodes read the same ones. */
let lastSettled: { readonly of: readonly Document[]; readonly settled: Settled } | undefined;

function settled(documents: readonly Document[]): Settled {
  if (lastSettled?.of !== documents) {
    const raw = documents.map((document) => plainDocument('simulated', document));
    const result = settle(NO_LAST_GOOD, { documents: raw, broken: [] });
    lastSettled = { of: documents, settled: result };
  }
  return lastSettled.settled;
}

/** @throws when the resources give this node no plan, or have mistakes: the scenario is wrong. */
export function planOfNode(
  name: string,
  documents: readonly Document[],
  options: SimPlanOptions = {},
): SpeakerPlan {
  const { resources, problems } = settled(documents);
  const { flawed = false, change, settings, ...rest } = options;
  const result = planFor(name, resources, { ...SIM_PLAN_OPTIONS, ...rest });
  const errors = [...problems, ...result.problems].filter(({ severity }) => severity === 'error');
  if (result.plan === undefined || (errors.length > 0 && !flawed)) {
    throw new Error(`No plan for ${name}: ${errors.map(({ message }) => message).join('; ')}`);
  }
  const plan = change === undefined ? result.plan : change(result.plan);
  if (settings === undefined) return plan;
  return { ...plan, peers: plan.peers.map((peer) => ({ ...peer, settings })) };
}
