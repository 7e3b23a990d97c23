/**
 * Which routes that others wrote to the kernel, and which subnets of interfaces, the tables take in.
 *
 * Calico's BIRD takes all of them, and its export filters refuse nearly all: a node that routes for others pulls in
 * tables of any size. Here only what some export policy could accept is taken: the result for peers is the same.
 * @see calico model 3.1, 3.4
 */

import { type Prefix, prefix, prefixContains } from '../net/prefix.ts';
import type { Cluster } from './cluster.ts';
import { poolsInForce } from './kernel.ts';
import { ownBlocks } from './originate.ts';
import { compareText } from './plan-data.ts';
import type { LearnPlan } from './plan-types.ts';
import type { FilterRule } from './resources.ts';
import { announcedCidrs, reflectedCidrs, serviceSettings } from './services.ts';

/** Devices of workloads and of kube-proxy's virtual servers (calico model 3.1). */
const NEVER_DIRECT: readonly string[] = ['cali*', 'kube-ipvs*'];

export function learnPlan(cluster: Cluster): LearnPlan {
  const services = serviceSettings(cluster);
  const areas = [
    ...poolsInForce(cluster).flatMap(({ cidr, disableBgpExport }) =>
      disableBgpExport ? [] : [cidr],
    ),
    ...ownBlocks(cluster).map((block) => block.cidr),
    ...announcedCidrs(services),
    ...(cluster.own.routeReflectorClusterId === undefined ? [] : reflectedCidrs(services)),
    ...filterAreas(cluster),
  ];
  return {
    inside: widest(areas),
    ignoredInterfaces: [...(cluster.global?.ignoredInterfaces ?? []), ...NEVER_DIRECT],
  };
}

/** Without what lies inside others: a block of a pool changes nothing. */
function widest(areas: readonly Prefix[]): Prefix[] {
  const distinct = [...new Set(areas)].sort(compareText);
  return distinct.filter(
    (area) => !distinct.some((other) => other !== area && prefixContains(other, area)),
  );
}

/** A filter may accept what the rest of the policy would refuse. */
function filterAreas({ resources }: Cluster): Prefix[] {
  const areas: Prefix[] = [];
  const names = new Set([...resources.bgpPeers.values()].flatMap((peer) => peer.filters));
  for (const name of names) {
    const filter = resources.bgpFilters.get(name);
    if (filter === undefined) continue;
    areas.push(...filter.exportV4.flatMap((rule) => areaOf(rule, prefix('0.0.0.0/0'))));
    areas.push(...filter.exportV6.flatMap((rule) => areaOf(rule, prefix('::/0'))));
  }
  return areas;
}

function areaOf({ action, remotePeersOnly, match }: FilterRule, all: Prefix): Prefix[] {
  if (action === 'Reject' || remotePeersOnly) return [];
  const bounded = match?.operator === 'equal' || match?.operator === 'in';
  return [bounded ? match.cidr : all];
}
