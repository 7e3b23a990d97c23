/**
 * Service addresses: which prefixes this node announces for the Services of the cluster, and which it never writes to
 * its kernel. Each Service is judged whole, by all that is known of it, whenever anything of it changes; no event can
 * be missed, and none leaves a route behind. @see calico model 3.7; docs/decisions/0023-services.md
 */

import type { Prefix } from '../net/prefix.ts';
import type { Cluster } from './cluster.ts';
import { compareText } from './plan-data.ts';
import type { OriginatedPrefix } from './plan-types.ts';
import { isSingle, type ServiceSettings, servicePrefix } from './service-rules.ts';

/** A node with this label, and exactly the value `true`, announces no services (Kubernetes' own convention). */
const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';

export function serviceSettings({ own, global, options }: Cluster): ServiceSettings {
  const { advertiseClusterIps } = options;
  return {
    // calico model 0: the variable wins over the field.
    clusterCidrs:
      advertiseClusterIps === undefined ? (global?.serviceClusterIps ?? []) : [advertiseClusterIps],
    externalCidrs: global?.serviceExternalIps ?? [],
    loadBalancerCidrs: global?.serviceLoadBalancerIps ?? [],
    aggregation: global?.serviceLoadBalancerAggregation !== 'Disabled',
    excluded: own.labels[EXCLUDE_LABEL] === 'true',
    kubernetesNode: options.kubernetesNode ?? own.kubernetesName ?? own.name,
  };
}

/** CIDRs that stand for all services inside them, whether or not this node announces them. */
export function aggregates(settings: ServiceSettings): readonly Prefix[] {
  const { clusterCidrs, externalCidrs, loadBalancerCidrs, aggregation } = settings;
  const loadBalancers = aggregation ? loadBalancerCidrs : [];
  const wide = [...externalCidrs, ...loadBalancers].filter((cidr) => !isSingle(cidr));
  return [...new Set([...clusterCidrs, ...wide])].sort(compareText);
}

/** Prefixes that export accepts from anywhere as services of this node (calico model 3.4, step 8). */
export function announcedCidrs(settings: ServiceSettings): readonly Prefix[] {
  return settings.excluded ? [] : aggregates(settings);
}

/** What a reflector passes on for those that announce it (calico model 3.4, step 9). */
export function reflectedCidrs({ loadBalancerCidrs, externalCidrs }: ServiceSettings): Prefix[] {
  return [...new Set([...loadBalancerCidrs, ...externalCidrs])].sort(compareText);
}

/** By prefix, each once, whatever the number of those that ask for it; the first by name is its origin. */
export function servicePrefixes(cluster: Cluster): OriginatedPrefix[] {
  const settings = serviceSettings(cluster);
  const { resources, memo, options } = cluster;
  const prefixes = new Map<Prefix, OriginatedPrefix>();
  const fromEnvironment = options.advertiseClusterIps !== undefined;
  const origin = fromEnvironment
    ? 'BGPConfiguration/default and CALICO_ADVERTISE_CLUSTER_IPS'
    : 'BGPConfiguration/default';
  for (const cidr of announcedCidrs(settings)) prefixes.set(cidr, servicePrefix(cidr, origin));
  if (!isAdvertising(settings) || settings.excluded) return [...prefixes.values()];
  for (const item of memo.services.announced(resources, settings)) {
    if (!prefixes.has(item.prefix)) prefixes.set(item.prefix, item);
  }
  return [...prefixes.values()];
}

/** Services are looked at only where some CIDR of theirs is configured. */
export function isAdvertising({
  clusterCidrs,
  externalCidrs,
  loadBalancerCidrs,
}: ServiceSettings): boolean {
  return clusterCidrs.length + externalCidrs.length + loadBalancerCidrs.length > 0;
}
