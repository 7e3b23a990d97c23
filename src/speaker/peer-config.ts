/** From the plan of a peer and its session to what the RIB needs: the import and the export side. */

import { settingsOf } from '../datastore/peer-settings.ts';
import { type AfiSafi, factsOf } from '../net/afi-safi.ts';
import { type IpAddress, ipFamily, ipToOctets, ipv4ToU32 } from '../net/ip-address.ts';
import type { AddPathSend, ExportConfig, PeerRibConfig } from '../rib/rib-config.ts';
import { importMigration, pathEdits } from './as-path-settings.ts';
import type { Core } from './core.ts';
import { importGuardOf } from './import-guards.ts';
import { limitOf } from './limit-in-force.ts';
import type { Peer, PeerFamily, SessionSlot } from './peer.ts';
import { peerRoleOf } from './roles.ts';

/** RFC 4271 §4.1. */
const MESSAGE_OCTETS_MAX = 4096;
/** RFC 8654 §4. */
const EXTENDED_MESSAGE_OCTETS_MAX = 65_535;

export function ribConfigOf(core: Core, peer: Peer, family: AfiSafi): PeerRibConfig {
  const { plan, negotiated } = peer;
  const own = core.plan!;
  return {
    ebgp: peer.ebgp,
    peerAs: peer.remoteAs,
    localAs: plan.localAs,
    routerId: peer.identifier,
    address: plan.remoteAddress,
    allowLocalAs: plan.allowLocalAs,
    ownRouterId: ipv4ToU32(own.routerId),
    ...(own.clusterId === undefined ? {} : { ownClusterId: ipv4ToU32(own.clusterId) }),
    rrClient: plan.rrClient,
    addPathReceive: negotiated?.addPath[family].receive ?? false,
    importPolicy: core.policies.compiled(plan.importPolicy),
    guard: importGuardOf(peer),
    honourBlackhole: settingsOf(plan).honourBlackhole,
    ...importMigration(plan, own.localAs),
    honourGracefulShutdown: settingsOf(plan).honourGracefulShutdown,
    ...pathsMaxOf(core, peer.family(family)),
  };
}

/** What is over a limit that drops is not taken. */
function pathsMaxOf(core: Core, state: PeerFamily): Pick<PeerRibConfig, 'pathsMax'> {
  const { most, action } = limitOf(core, state);
  const limit = action === 'drop' ? most : Number.POSITIVE_INFINITY;
  const pathsMax = Math.min(limit, core.options.pathsMax ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(pathsMax) ? { pathsMax } : {};
}

export function exportConfigOf(core: Core, slot: SessionSlot, family: AfiSafi): ExportConfig {
  const { peer } = slot;
  const { plan, negotiated } = peer;
  const own = core.plan!;
  const peerRole = peerRoleOf(peer);
  return {
    policy: core.policies.compiled(plan.exportPolicy),
    ebgp: peer.ebgp,
    localAs: plan.localAs,
    as4: negotiated?.as4 ?? true,
    rrClient: plan.rrClient,
    ...(own.clusterId === undefined ? {} : { clusterId: ipv4ToU32(own.clusterId) }),
    nextHop: plan.nextHop,
    selfNextHop: ipToOctets(selfAddress(core, slot, family)),
    messageMax:
      negotiated?.extendedMessage === true ? EXTENDED_MESSAGE_OCTETS_MAX : MESSAGE_OCTETS_MAX,
    ...(peerRole === undefined ? {} : { peerRole }),
    ...(plan.settings?.maxPrefixesOut === undefined
      ? {}
      : { prefixesMax: plan.settings.maxPrefixesOut }),
    longLived: negotiated?.longLived !== undefined,
    ...(core.drain === undefined
      ? {}
      : { shutdown: core.drain.phase === 'announced' ? 'announced' : 'withdrawn' }),
    ...addPathOf(peer, family),
    ...pathEdits(plan, own.localAs),
  };
}

/** RFC 7911 §4: identifiers are sent where the peer said that it receives them, and we that we send them. */
function addPathOf(peer: Peer, family: AfiSafi): { addPath?: AddPathSend } {
  if (peer.negotiated?.addPath[family].send !== true) return {};
  const { send = 'all' } = settingsOf(peer.plan).addPath;
  // Turned off while the session stands: the best alone, still under an identifier.
  if (send === 'none') return { addPath: 1 };
  return { addPath: typeof send === 'object' ? send.best : send };
}

/** RFC 4271 §5.1.3: our address on the session; of the node where the session is of the other family. */
function selfAddress(core: Core, slot: SessionSlot, family: AfiSafi): IpAddress {
  const wanted = factsOf(family).ipFamily;
  const local = slot.connection?.local ?? slot.peer.plan.localAddress;
  if (local !== undefined && ipFamily(local) === wanted) return local;
  const { ipv4, ipv6 } = core.plan!.addresses;
  const address = wanted === 4 ? ipv4 : ipv6;
  // The plan gives a peer only families of which the node has an address.
  return address ?? ((wanted === 4 ? '0.0.0.0' : '::') as IpAddress);
}
