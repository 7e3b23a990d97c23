/**
 * Peers that are not named: the ranges of addresses from which a caller becomes one, each with all that the peer will
 * be but its name and its address (`PeerProfile` `spec.listenRanges`).
 */

import { factsOf } from '../net/afi-safi.ts';
import { prefixFamily } from '../net/prefix.ts';
import { BGP_PORT, type Cluster, nodeAddress } from './cluster.ts';
import { RESTART_TIME_SECONDS } from './effective.ts';
import { readPassword } from './password.ts';
import { compareText } from './plan-data.ts';
import type { ListenRange } from './plan-types.ts';
import { exportPolicy, importPolicy } from './policies.ts';
import { familiesOf, remoteAsOf, settingsOf, timesOf } from './profiled.ts';
import type { ListenRangeResource, PeerProfileResource } from './resources.ts';

/** By prefix; undefined when there are none. */
export function listenRangesOf(cluster: Cluster): readonly ListenRange[] | undefined {
  const byPrefix = new Map<string, ListenRange>();
  for (const profile of cluster.memo.profiles.inOrder) {
    for (const [index, range] of profile.listenRanges.entries()) {
      const at = { resource: `PeerProfile/${profile.name}`, path: `spec.listenRanges[${index}]` };
      const other = byPrefix.get(range.prefix);
      if (other !== undefined) reportDuplicate(cluster, { ...at, range, other });
      else if (nodeAddress(cluster.own, prefixFamily(range.prefix)) === undefined) {
        reportNoAddress(cluster, at, range);
      } else byPrefix.set(range.prefix, listenRange(cluster, profile, { ...at, range }));
    }
  }
  if (byPrefix.size === 0) return undefined;
  return [...byPrefix.values()].sort((a, b) => compareText(a.prefix, b.prefix));
}

interface Place {
  readonly resource: string;
  readonly path: string;
}

function listenRange(
  cluster: Cluster,
  profile: PeerProfileResource,
  { resource, path, range }: Place & { readonly range: ListenRangeResource },
): ListenRange {
  const { localAs, own, memo } = cluster;
  const { prefix, asNumber, peersMax, rateMax, filters, ttlSecurity, maxRestartTime } = range;
  const facts = { kind: 'dynamic', peer: undefined, remote: prefix, localAs } as const;
  const profiled = memo.profiles.merged({ ...facts, remoteAs: asNumber }, profile);
  const remoteAs = remoteAsOf(asNumber, localAs);
  const ibgp = remoteAs === localAs;
  const families = familiesOf(cluster, range.families ?? profiled.families, prefixFamily(prefix));
  const question = {
    cluster,
    filters,
    inside: false,
    ibgp,
    families: families.map((family) => factsOf(family).ipFamily),
  };
  const password = readPassword(cluster, range.password, { resource, path: `${path}.password` });
  const written = {
    asNumber: resource,
    ...(range.families === undefined ? {} : { families: resource }),
    ...(password === undefined ? {} : { secret: resource }),
    ...(filters.length === 0 ? {} : { filters: resource }),
    ...(ttlSecurity === 0 ? {} : { ttlSecurity: resource }),
    ...(maxRestartTime === undefined ? {} : { restartTime: resource }),
  };
  return {
    profile: profile.name,
    prefix,
    peersMax,
    rateMax,
    peer: {
      kind: 'dynamic',
      remotePort: BGP_PORT,
      localAs,
      remoteAs,
      passive: true,
      families,
      ...timesOf(profiled, undefined),
      restartTime: maxRestartTime ?? RESTART_TIME_SECONDS,
      ...(ttlSecurity === 0 ? {} : { ttlSecurity }),
      ...(password === undefined ? {} : { password }),
      nextHop: 'auto',
      // RFC 4456 §6: whoever else is iBGP of a reflector is its client.
      rrClient: ibgp && own.routeReflectorClusterId !== undefined,
      allowLocalAs: 0,
      importPolicy: importPolicy(question),
      exportPolicy: exportPolicy(question),
      origin: `${resource} range ${prefix}`,
      ...settingsOf({ ...profiled, from: { ...profiled.from, ...written } }, undefined),
    },
  };
}

function reportDuplicate(
  { problems }: Cluster,
  {
    resource,
    path,
    range,
    other,
  }: Place & { readonly range: ListenRangeResource; readonly other: ListenRange },
): void {
  problems.push({
    kind: 'ConfigError',
    severity: 'warning',
    code: 'DuplicateRange',
    resource,
    path,
    value: range.prefix,
    message: `PeerProfile/${other.profile}, which comes first, has the same range: this one has no effect`,
    remedy: 'Leave one of them out',
  });
}

function reportNoAddress(
  { problems, own }: Cluster,
  at: Place,
  { prefix }: ListenRangeResource,
): void {
  const family = prefixFamily(prefix);
  problems.push({
    kind: 'ConfigError',
    severity: 'warning',
    code: 'NoAddress',
    ...at,
    value: prefix,
    message: `Nobody can call from here: Node/${own.name} has no IPv${family} address`,
    remedy: `Write spec.bgp.ipv${family}Address of Node/${own.name}, or a nodeSelector in the profile`,
  });
}
