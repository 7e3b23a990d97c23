/** What PeerProfiles make of the values of a session: families, times, settings, and where each comes from. */

import { ANY_EXTERNAL_AS } from '../fsm/negotiate.ts';
import { TIMER_DEFAULTS } from '../fsm/timers.ts';
import { AFI_SAFIS, type AfiSafi, afiSafiOfIpFamily, factsOf } from '../net/afi-safi.ts';
import { type Cluster, type Family, nodeAddress } from './cluster.ts';
import type { PeerPlan } from './plan-types.ts';
import type { Profiled } from './profiles.ts';
import type { SessionEntry } from './session-entry.ts';
import { localAsOf } from './sessions.ts';
import type { RemoteAs } from './setting-field.ts';

/** Offered hold time. Calico's BIRD offers 240; a dead node is to be noticed sooner (DESIGN 2). */
const HOLD_TIME_SECONDS = TIMER_DEFAULTS.holdTime.value!;

/** The sessions that are asked for, each with its peer in the AS that a profile says. */
export function profiledEntries(
  { memo, localAs: nodeAs }: Cluster,
  entries: readonly SessionEntry[],
): readonly SessionEntry[] {
  const { profiles } = memo;
  if (profiles.inOrder.length === 0) return entries;
  return entries.map((entry) => {
    const localAs = localAsOf(entry, nodeAs);
    const { asNumber } = profiles.of(entry, localAs);
    return asNumber === undefined ? entry : profiles.inAs(entry, remoteAsOf(asNumber, localAs));
  });
}

export function remoteAsOf(asNumber: RemoteAs, localAs: number): number {
  if (asNumber === 'internal') return localAs;
  return asNumber === 'external' ? ANY_EXTERNAL_AS : asNumber;
}

/**
 * Without a profile separate sessions by family, as Calico's two daemons have them. A family of which this node has
 * no address has no next hop to announce. One object for all that say the same.
 */
export function familiesOf(
  { own }: Cluster,
  families: readonly AfiSafi[] | undefined,
  transport: Family,
): readonly AfiSafi[] {
  const usable = (families ?? [])
    .map((family) => factsOf(family).ipFamily)
    .filter((family) => nodeAddress(own, family) !== undefined);
  return usable.length === 2 ? AFI_SAFIS : BY_IP_FAMILY[usable[0] ?? transport];
}

const BY_IP_FAMILY = {
  4: [afiSafiOfIpFamily(4)],
  6: [afiSafiOfIpFamily(6)],
} as const;

export function timesOf(
  { settings }: Profiled,
  keepaliveTime: number | undefined,
): Pick<PeerPlan, 'holdTime' | 'keepaliveTime'> {
  const keepalive = settings?.timers?.keepaliveTime ?? keepaliveTime;
  return {
    holdTime: settings?.timers?.holdTime ?? HOLD_TIME_SECONDS,
    ...(keepalive === undefined ? {} : { keepaliveTime: keepalive }),
  };
}

/** @param written  What Calico's resources say themselves; a profile's word is later. */
export function settingsOf(
  { settings, from }: Profiled,
  written: Readonly<Record<string, string>> | undefined,
): Pick<PeerPlan, 'settings' | 'settingsFrom'> {
  const settingsFrom = written === undefined ? from : { ...written, ...from };
  return {
    ...(settings === undefined ? {} : { settings }),
    ...(settingsFrom === undefined ? {} : { settingsFrom }),
  };
}

/** Which of Calico's resources gave which field of the plan; undefined when all are defaults. */
export function writtenBy(
  { global }: Cluster,
  { peer, byAddress, kind }: SessionEntry,
): Readonly<Record<string, string>> | undefined {
  const from: Record<string, string> = {};
  if (peer === undefined) {
    if (kind !== 'mesh') return undefined;
    if (global?.nodeMeshMaxRestartTime !== undefined) from['restartTime'] = MESH_CONFIGURATION;
    if (global?.nodeMeshPassword !== undefined) from['secret'] = MESH_CONFIGURATION;
    return Object.keys(from).length === 0 ? undefined : from;
  }
  const name = `BGPPeer/${peer.name}`;
  if (byAddress && peer.asNumber !== undefined) from['asNumber'] = name;
  if (byAddress && peer.localAsNumber !== undefined) from['localAs'] = name;
  if (peer.filters.length > 0) from['filters'] = name;
  // Nothing else counts of a BGPPeer with a localWorkloadSelector.
  if (kind === 'workload') return from;
  if (peer.maxRestartTime !== undefined) from['restartTime'] = name;
  if (peer.keepaliveTime !== undefined) from['timers.keepaliveTime'] = name;
  if (peer.ttlSecurity !== 0) from['ttlSecurity'] = name;
  if (peer.password !== undefined) from['secret'] = name;
  if (peer.nextHopMode !== undefined || peer.keepOriginalNextHop) from['nextHop'] = name;
  if (peer.sourceAddress === 'None') from['localAddress'] = name;
  if (byAddress && peer.numAllowedLocalAsNumbers !== 0) from['allowLocalAs'] = name;
  return Object.keys(from).length === 0 ? undefined : from;
}

const MESH_CONFIGURATION = 'BGPConfiguration/default';
