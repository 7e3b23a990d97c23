/**
 * The resources as one node sees them: who it is, who the others are, and whose defaults an unset field follows.
 * Everything that the parts of the plan have in common is decided here, once.
 */

import type { ConfigError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { IpAddress } from '../net/ip-address.ts';
import { compareText } from './plan-data.ts';
import type { PlanMemo } from './plan-memo.ts';
import type { PlanOptions } from './plan-options.ts';
import type {
  BgpConfigurationResource,
  ClusterRoutes,
  NodeResource,
  Resources,
} from './resources.ts';

/** Calico's default AS number of every node. */
const DEFAULT_AS = 64_512;
/** RFC 4271 §8.2.1: where we listen, and whom we call. */
export const BGP_PORT = 179;
/** Metric of an ordinary workload route (calico model 3.8). */
const NORMAL_ROUTE_PRIORITY = 1024;
/** LOCAL_PREF = this − metric (calico model 3.8). */
export const PRIORITY_SUM = 2_147_483_647;

export type Family = 4 | 6;

export interface Cluster {
  readonly own: NodeResource;
  readonly resources: Resources;
  readonly options: PlanOptions;
  /** By name, so that no result depends on the order of reading. */
  readonly nodes: readonly NodeResource[];
  readonly global: BgpConfigurationResource | undefined;
  readonly ownConfiguration: BgpConfigurationResource | undefined;
  readonly localAs: number;
  readonly globalAs: number;
  readonly compat: 'v3.31' | 'v3.32' | 'v3.33';
  /** There is no Calico here at all: no Felix that would program anything. */
  readonly standalone: boolean;
  readonly programClusterRoutes: ClusterRoutes;
  readonly problems: ConfigError[];
  /** What the plan before has taught. */
  readonly memo: PlanMemo;
}

export interface PlanQuestion {
  readonly node: string;
  readonly resources: Resources;
  readonly options: PlanOptions;
}

/** Undefined, with a problem, when the own Node is missing. */
export function viewCluster(
  { node, resources, options }: PlanQuestion,
  memo: PlanMemo,
): { readonly cluster?: Cluster; readonly problems: ConfigError[] } {
  const problems: ConfigError[] = [];
  const own = resources.nodes.get(node);
  if (own === undefined) {
    problems.push(unknownNode(node, resources));
    return { problems };
  }
  const global = resources.bgpConfigurations.get('default');
  const globalAs = global?.asNumber ?? DEFAULT_AS;
  const standalone = resources.clusterInformation === undefined && options.compat === 'auto';
  const compat = compatOf(resources, options);
  const cluster: Cluster = {
    own,
    resources,
    options,
    nodes: memo.nodesOf(resources.nodes),
    global,
    ownConfiguration: resources.bgpConfigurations.get(`node.${node}`),
    localAs: own.asNumber ?? globalAs,
    globalAs,
    compat,
    standalone,
    programClusterRoutes: global?.programClusterRoutes ?? defaultClusterRoutes(compat, standalone),
    problems,
    memo,
  };
  memo.begin(cluster);
  return { cluster, problems };
}

export function nodeAddress(node: NodeResource, family: Family): IpAddress | undefined {
  return (family === 4 ? node.ipv4 : node.ipv6)?.address;
}

/** The port on which others reach `node`; undefined = nothing is said, so 179 (calico model 2.2). */
export function listenPortOf(cluster: Cluster, node: NodeResource): number | undefined {
  return cluster.memo.listenPort(node.name);
}

export function remoteAsOf(cluster: Cluster, node: NodeResource): number {
  return node.asNumber ?? cluster.globalAs;
}

export function normalPriority(cluster: Cluster, family: Family): number {
  const { global } = cluster;
  const written = family === 4 ? global?.ipv4NormalRoutePriority : global?.ipv6NormalRoutePriority;
  return written ?? NORMAL_ROUTE_PRIORITY;
}

/** Calico ≤ v3.31 writes no metrics and sends LOCAL_PREF 100 (calico model 3.8). */
export function hasPriorities(cluster: Cluster): boolean {
  return cluster.compat !== 'v3.31';
}

function unknownNode(node: string, resources: Resources): ConfigError {
  const names = [...resources.nodes.keys()].sort(compareText);
  const near = nearest(node, names);
  const known = names.length === 0 ? 'There is no Node at all' : `Nodes: ${names.join(', ')}`;
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return {
    kind: 'ConfigError',
    severity: 'error',
    code: 'UnknownNode',
    resource: `Node/${node}`,
    message: `There is no Node resource for this node, named ${node}`,
    remedy: `Write one, or set nodeName to the name of one. ${known}${hint}`,
  };
}

function compatOf(resources: Resources, options: PlanOptions): Cluster['compat'] {
  if (options.compat !== 'auto') return options.compat;
  const version = resources.clusterInformation?.calicoVersion;
  const match = /^v?([0-9]+)\.([0-9]+)/.exec(version ?? '');
  if (match === null) return 'v3.32';
  const minor = Number(match[1]) * 1000 + Number(match[2]);
  if (minor <= 3031) return 'v3.31';
  return minor === 3032 ? 'v3.32' : 'v3.33';
}

/** DESIGN 2: without Calico tunnels are ours; up to v3.32 BIRD owned all; later IP-in-IP is Felix's. */
function defaultClusterRoutes(compat: Cluster['compat'], standalone: boolean): ClusterRoutes {
  return standalone || compat !== 'v3.33' ? 'Enabled' : 'EnabledNoEncapOnly';
}
