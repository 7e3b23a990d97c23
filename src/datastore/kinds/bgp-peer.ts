/** BGPPeer: explicit peerings. @see calico model 1.2 */

import { ipFamily } from '../../net/ip-address.ts';
import type { Fields } from '../fields.ts';
import type { BgpPeerResource } from '../resources.ts';
import { parseHostPort } from '../scalars.ts';
import {
  asText,
  readAddress,
  readAsNumber,
  readDuration,
  readLabels,
  readRestartTime,
  readSecretRef,
  readSelector,
  readTtlSecurity,
} from './common.ts';

/** RFC 5082: the TTL has 8 bits; 255 hops would accept anything. */

/** A path with its own AS more often than this is a loop by any measure. */
const ALLOWED_LOCAL_AS_MAX = 255;

/** Twelve hours, so that a third of no sensible hold time is above it (RFC 4271 §4.2: 16 bits of seconds). */
const KEEPALIVE_MAX = 21_845;

export function readBgpPeer(name: string, metadata: Fields, spec: Fields): BgpPeerResource {
  const peer: BgpPeerResource = {
    name,
    labels: readLabels(metadata),
    node: spec.text('node'),
    nodeSelector: readSelector(spec, 'nodeSelector'),
    peerIp: readPeerIp(spec),
    peerSelector: readSelector(spec, 'peerSelector'),
    localWorkload: readSelector(spec, 'localWorkloadSelector') !== undefined,
    asNumber: spec.raw('asNumber') === 0 ? undefined : readAsNumber(spec, 'asNumber'),
    localAsNumber: readAsNumber(spec, 'localASNumber'),
    reversePeering: spec.oneOf('reversePeering', ['Auto', 'Manual']) ?? 'Auto',
    nextHopMode: spec.oneOf('nextHopMode', ['Auto', 'Self', 'Keep']),
    keepOriginalNextHop: spec.boolean('keepOriginalNextHop') ?? false,
    password: readSecretRef(spec, 'password'),
    sourceAddress: spec.oneOf('sourceAddress', ['UseNodeIP', 'None']) ?? 'UseNodeIP',
    maxRestartTime: readRestartTime(spec, 'maxRestartTime'),
    keepaliveTime: readKeepalive(spec),
    numAllowedLocalAsNumbers:
      spec.integer('numAllowedLocalASNumbers', { min: 0, max: ALLOWED_LOCAL_AS_MAX }) ?? 0,
    ttlSecurity: readTtlSecurity(spec),
    reachableBy: readAddress(spec, 'reachableBy'),
    filters: spec.list('filters', 'the name of a BGPFilter', asText),
  };
  spec.notYet('failureDetectionMode', 'BFD is not run');
  checkLocalSide(spec);
  checkRemoteSide(spec, peer);
  checkRest(spec, peer);
  return peer;
}

function readPeerIp(spec: Fields): BgpPeerResource['peerIp'] {
  if (spec.raw('peerIP') === '') return undefined;
  const what = 'an IP address, IPv4:port or [IPv6]:port, without a zone';
  return spec.parsed('peerIP', what, (value) =>
    typeof value === 'string' ? parseHostPort(value) : undefined,
  );
}

function readKeepalive(spec: Fields): number | undefined {
  const seconds = readDuration(spec, 'keepaliveTime');
  if (seconds === undefined || (seconds >= 1 && seconds <= KEEPALIVE_MAX)) return seconds;
  spec.bad('keepaliveTime', `a duration from 1s to ${KEEPALIVE_MAX}s`, spec.raw('keepaliveTime'));
  return undefined;
}

function isSet(spec: Fields, name: string): boolean {
  return spec.has(name) && spec.raw(name) !== '';
}

function exclusive(spec: Fields, name: string, other: string): void {
  if (!isSet(spec, name) || !isSet(spec, other)) return;
  spec.report(name, {
    code: 'Exclusive',
    message: `May not be set together with ${other}`,
    remedy: `Leave out ${name} or ${other}`,
    value: spec.raw(name),
  });
}

function checkLocalSide(spec: Fields): void {
  exclusive(spec, 'node', 'nodeSelector');
}

function checkRemoteSide(spec: Fields, peer: BgpPeerResource): void {
  exclusive(spec, 'peerIP', 'peerSelector');
  exclusive(spec, 'localWorkloadSelector', 'peerIP');
  exclusive(spec, 'localWorkloadSelector', 'peerSelector');
  const named = ['peerIP', 'peerSelector', 'localWorkloadSelector'].some((name) =>
    isSet(spec, name),
  );
  if (!named) {
    spec.report('peerIP', {
      code: 'Missing',
      message: 'Nobody to peer with',
      remedy: 'Write peerIP with asNumber, or peerSelector',
    });
  }
  if (isSet(spec, 'peerSelector') && peer.asNumber !== undefined) {
    spec.report('asNumber', {
      code: 'Exclusive',
      message: 'May not be set together with peerSelector: the nodes say their own AS numbers',
      remedy: 'Leave out asNumber',
      value: peer.asNumber,
    });
  }
  const needsAs = isSet(spec, 'peerIP') || isSet(spec, 'localWorkloadSelector');
  const written = spec.has('asNumber') && spec.raw('asNumber') !== 0;
  if (needsAs && !written) {
    spec.report('asNumber', {
      code: 'Missing',
      message: 'Missing',
      remedy: 'Write the AS number of the peer',
    });
  }
  if (isSet(spec, 'localWorkloadSelector')) warnOfWorkload(spec);
}

/** What a session with a local workload does not have (calico model 1.2). */
const NOT_FOR_WORKLOADS = [
  'password',
  'sourceAddress',
  'maxRestartTime',
  'keepaliveTime',
  'ttlSecurity',
  'numAllowedLocalASNumbers',
  'reversePeering',
  'keepOriginalNextHop',
  'nextHopMode',
] as const;

function warnOfWorkload(spec: Fields): void {
  for (const field of NOT_FOR_WORKLOADS) {
    if (!spec.has(field)) continue;
    spec.report(field, {
      code: 'NoEffect',
      severity: 'warning',
      message: 'Not for sessions with local workloads: it has no effect here',
    });
  }
}

function checkRest(spec: Fields, peer: BgpPeerResource): void {
  if (peer.keepOriginalNextHop && peer.nextHopMode !== undefined) {
    exclusive(spec, 'keepOriginalNextHop', 'nextHopMode');
  }
  const ofPeerIp = [
    ['localASNumber', peer.localAsNumber !== undefined],
    ['numAllowedLocalASNumbers', peer.numAllowedLocalAsNumbers > 0],
  ] as const;
  for (const [field, written] of ofPeerIp) {
    if (!written || peer.peerSelector === undefined) continue;
    spec.report(field, {
      code: 'NoEffect',
      severity: 'warning',
      message: 'Honoured for peers given by peerIP alone: it has no effect here',
    });
  }
  if (peer.reachableBy === undefined) return;
  if (peer.peerIp === undefined) {
    spec.report('reachableBy', { code: 'Exclusive', message: 'Needs peerIP' });
  } else if (ipFamily(peer.peerIp.address) !== ipFamily(peer.reachableBy)) {
    spec.report('reachableBy', {
      code: 'BadValue',
      message: 'Not of the family of peerIP',
      remedy: `Write an IPv${ipFamily(peer.peerIp.address)} address`,
      value: peer.reachableBy,
    });
  }
}
