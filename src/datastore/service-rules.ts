/**
 * Whether this node announces a Service, and which of its addresses: decided by the Service, its EndpointSlices and
 * the settings alone. @see calico model 3.7; docs/decisions/0023-services.md
 */

import type { IpAddress } from '../net/ip-address.ts';
import {
  hostPrefix,
  type Prefix,
  prefixCovers,
  prefixFamily,
  prefixLength,
} from '../net/prefix.ts';
import type { OriginatedPrefix } from './plan-types.ts';
import type { EndpointSliceResource, ServiceResource } from './resources.ts';

const ANNOUNCED_TYPES: readonly string[] = ['ClusterIP', 'NodePort', 'LoadBalancer'];

/** What BGPConfiguration/default and the own Node say of services; compared by value, so that a memo can tell. */
export interface ServiceSettings {
  readonly clusterCidrs: readonly Prefix[];
  readonly externalCidrs: readonly Prefix[];
  readonly loadBalancerCidrs: readonly Prefix[];
  readonly aggregation: boolean;
  readonly excluded: boolean;
  /** As endpoints name it. */
  readonly kubernetesNode: string;
}

export function servicePrefix(prefix: Prefix, origin: string): OriginatedPrefix {
  // No blackhole: packets for a service never get as far as the route (DESIGN 2).
  return { prefix, source: 'service', blackhole: false, origin };
}

/** What this node announces for one Service: all of its addresses or none, of both families. */
export function announcedFor(
  service: ServiceResource,
  slices: readonly EndpointSliceResource[],
  settings: ServiceSettings,
): OriginatedPrefix[] {
  if (!isAnnounced(service, slices, settings)) return [];
  const origin = `Service/${service.namespace}/${service.name}`;
  return candidates(service, settings).map((address) => servicePrefix(hostPrefix(address), origin));
}

/** Cluster addresses are not compared with the CIDRs: that some are configured is enough. */
function candidates(service: ServiceResource, settings: ServiceSettings): IpAddress[] {
  const { clusterCidrs, externalCidrs, loadBalancerCidrs } = settings;
  const all = [
    ...(clusterCidrs.length > 0 ? service.clusterIps : []),
    ...service.externalIps.filter((address) => isCovered(address, externalCidrs)),
    ...service.ingressIps.filter((address) => isCovered(address, loadBalancerCidrs)),
  ];
  return [...new Set(all)];
}

function isAnnounced(
  service: ServiceResource,
  slices: readonly EndpointSliceResource[],
  settings: ServiceSettings,
): boolean {
  if (settings.excluded || !ANNOUNCED_TYPES.includes(service.type) || service.headless) {
    return false;
  }
  // Nothing is known yet of where it runs.
  if (slices.length === 0) return false;
  const local = service.externalTrafficPolicy === 'Local';
  if (service.externalTrafficPolicy === 'Cluster' && hasSingleEntry(service, settings)) return true;
  // The CIDR is announced by every node, and stands for this address too.
  if (!local && settings.aggregation) return false;
  return slices.some(({ family, ready, readyNodes }) => {
    if (!ready || family === undefined || !service.families.includes(family)) return false;
    return !local || readyNodes.has(settings.kubernetesNode);
  });
}

/** An entry of a single address is never announced as a CIDR, so the Service has to be. */
function hasSingleEntry(service: ServiceResource, settings: ServiceSettings): boolean {
  const { type, ingressIps, loadBalancerIp, externalIps } = service;
  const balanced = loadBalancerIp === undefined ? ingressIps : [loadBalancerIp, ...ingressIps];
  const single = (address: IpAddress, cidrs: readonly Prefix[]): boolean =>
    isCovered(address, cidrs.filter(isSingle));
  if (
    type === 'LoadBalancer' &&
    balanced.some((address) => single(address, settings.loadBalancerCidrs))
  ) {
    return true;
  }
  return externalIps.some((address) => single(address, settings.externalCidrs));
}

function isCovered(address: IpAddress, cidrs: readonly Prefix[]): boolean {
  return cidrs.some((cidr) => prefixCovers(cidr, address));
}

/** An entry of one address. */
export function isSingle(cidr: Prefix): boolean {
  return prefixLength(cidr) === (prefixFamily(cidr) === 4 ? 32 : 128);
}
