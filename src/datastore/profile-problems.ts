/** What PeerProfiles say together, or of other resources, that cannot be as it is written. */

import { nearest } from '../base/nearest.ts';
import { factsOf } from '../net/afi-safi.ts';
import { prefixCovers } from '../net/prefix.ts';
import { type Cluster, nodeAddress } from './cluster.ts';
import { compareText } from './plan-data.ts';
import type { PeerPlan } from './plan-types.ts';

export function reportProfiles(cluster: Cluster, peers: readonly PeerPlan[]): void {
  if (cluster.memo.profiles.inOrder.length === 0) return;
  reportNames(cluster);
  reportFamilies(cluster);
  reportTogether(cluster, peers);
  reportUnderPassword(cluster, peers);
}

function reportNames({ memo, resources, problems }: Cluster): void {
  for (const { name, sessions, listenRanges } of memo.profiles.inOrder) {
    const resource = `PeerProfile/${name}`;
    for (const [index, peer] of (sessions.peers ?? []).entries()) {
      if (resources.bgpPeers.has(peer)) continue;
      const near = nearest(peer, [...resources.bgpPeers.keys()].sort(compareText));
      problems.push({
        kind: 'ConfigError',
        severity: 'warning',
        code: 'UnknownPeer',
        resource,
        path: `spec.sessions.peers[${index}]`,
        value: peer,
        message: 'There is no BGPPeer of this name: it selects nothing',
        remedy: near === undefined ? `Create BGPPeer/${peer}` : `Did you mean ${near}?`,
      });
    }
    for (const [index, range] of listenRanges.entries()) {
      for (const [at, filter] of range.filters.entries()) {
        if (resources.bgpFilters.has(filter)) continue;
        const near = nearest(filter, [...resources.bgpFilters.keys()].sort(compareText));
        problems.push({
          kind: 'ConfigError',
          severity: 'error',
          code: 'UnknownFilter',
          resource,
          path: `spec.listenRanges[${index}].filters[${at}]`,
          value: filter,
          message: 'There is no BGPFilter of this name',
          remedy: near === undefined ? `Create BGPFilter/${filter}` : `Did you mean ${near}?`,
        });
      }
    }
  }
}

/** A family without an address of this node would have no next hop. */
function reportFamilies({ memo, own, problems }: Cluster): void {
  for (const { name, settings } of memo.profiles.inOrder) {
    for (const family of (settings.families ?? []) as NonNullable<PeerPlan['families']>) {
      const { ipFamily } = factsOf(family);
      if (nodeAddress(own, ipFamily) !== undefined) continue;
      problems.push({
        kind: 'ConfigError',
        severity: 'warning',
        code: 'NoAddress',
        resource: `PeerProfile/${name}`,
        path: 'spec.settings.families',
        value: family,
        message: `Left out on this node: Node/${own.name} has no IPv${ipFamily} address to be the next hop`,
        remedy: `Write spec.bgp.ipv${ipFamily}Address of Node/${own.name}`,
      });
    }
  }
}

/** Each profile is possible by itself (`kinds/peer-profile.ts`); several together may not be. Named once a setting. */
function reportTogether({ problems }: Cluster, peers: readonly PeerPlan[]): void {
  const named = new Set<string>();
  const report = (peer: PeerPlan, path: string, message: string): void => {
    const resource = peer.settingsFrom?.[path] ?? peer.origin;
    if (named.has(`${resource} ${path}`)) return;
    named.add(`${resource} ${path}`);
    problems.push({
      kind: 'ConfigError',
      severity: 'warning',
      code: 'Together',
      ...(resource.includes('/') && !resource.includes(' ') ? { resource } : {}),
      path: `spec.settings.${path}`,
      message: `${message}, as with ${peer.name}`,
      remedy: 'godwit show neighbors NAME says which profile gives what',
    });
  };
  for (const peer of peers) {
    const { settings, holdTime, keepaliveTime } = peer;
    if (settings === undefined) continue;
    const { timers, role, roleStrict } = settings;
    if (holdTime > 0 && timers?.keepaliveTime !== undefined && keepaliveTime! > holdTime / 3) {
      report(
        peer,
        'timers.keepaliveTime',
        `More than a third of the hold time of ${holdTime} s: a third is used`,
      );
    }
    if (holdTime > 0 && (timers?.minHoldTime ?? 0) > holdTime) {
      report(
        peer,
        'timers.minHoldTime',
        `More than the hold time of ${holdTime} s that is offered: every session is refused`,
      );
    }
    if (roleStrict === true && role === undefined) {
      report(peer, 'roleStrict', 'No effect without a role of our own');
    }
  }
}

/** TCP-MD5 (RFC 2385): the kernel wants a signature from everybody under the key of a prefix, and knows no exceptions. */
function reportUnderPassword(cluster: Cluster, peers: readonly PeerPlan[]): void {
  for (const { name, listenRanges } of cluster.memo.profiles.inOrder) {
    for (const [index, { prefix, password }] of listenRanges.entries()) {
      if (password === undefined) continue;
      const under = peers.find(
        (peer) => peer.password === undefined && prefixCovers(prefix, peer.remoteAddress),
      );
      if (under === undefined) continue;
      cluster.problems.push({
        kind: 'ConfigError',
        severity: 'warning',
        code: 'UnderPassword',
        resource: `PeerProfile/${name}`,
        path: `spec.listenRanges[${index}].password`,
        value: prefix,
        message: `The kernel drops calls from ${under.remoteAddress} (${under.name}), which has no password and is in this range`,
        remedy: `Give ${under.origin} a password, or leave its address out of the range`,
      });
    }
  }
}
