/** Paths as people see them: attributes decoded, and for each loser the reason why it lost. */

import { ipv4FromU32 } from '../net/ip-address.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import type { PathId } from '../rib/ids.ts';
import type { Rib } from '../rib/rib.ts';
import type { PathReason } from '../rib/views.ts';
import { formatAsPath } from '../wire/attributes/as-path.ts';
import { decodeAttributes } from '../wire/attributes/codec.ts';
import { formatCommunity } from '../wire/attributes/communities.ts';
import { formatExtendedCommunity } from '../wire/attributes/extended-communities.ts';
import { Origin, type PathAttributes } from '../wire/attributes/path-attributes.ts';
import { attributeName } from '../wire/attributes/table.ts';
import { toHex } from '../wire/text.ts';
import type { Core } from './core.ts';
import type { PeerFamily } from './peer.ts';
import type { PathView } from './snapshot.ts';

const ORIGIN_NAMES = {
  [Origin.Igp]: 'IGP',
  [Origin.Egp]: 'EGP',
  [Origin.Incomplete]: 'incomplete',
} as const;

/** All paths of a prefix, best first. */
export function pathViews(core: Core, rib: Rib, prefix: PrefixId): PathView[] {
  return rib.explain(prefix).map((reason) => pathView(core, rib, reason));
}

/** What `peer` has been told of `prefix`: several paths where ADD-PATH is in force (RFC 7911). */
export function sentPathViews(core: Core, state: PeerFamily, prefix: PrefixId): PathView[] {
  const { peer } = state;
  const rib = core.ribs[state.family];
  if (state.group === undefined) return [];
  const best = rib.best(prefix);
  return rib.advertisedTo(peer.id, prefix).map((told) => ({
    from: told.source !== 0 ? core.peerName(told.source) : best === 0 ? 'withdrawing' : 'local',
    source: told.source === 0 && best !== 0 ? rib.sourceOf(best) : 'bgp',
    best:
      told.identifier === 0 ||
      (best !== 0 && rib.peerOf(best) === told.source && rib.attributesOf(best) === told.accepted),
    multipath: false,
    state: 'usable',
    stale: false,
    ...(told.identifier === 0 ? {} : { pathId: told.identifier }),
    ...attributesView(decodeAttributes(told.octets)),
  }));
}

function pathView(core: Core, rib: Rib, reason: PathReason): PathView {
  const { path, best, multipath, state } = reason;
  const because = becauseOf(core, rib, reason);
  const pathId = rib.pathIdentifierOf(path);
  const accepted = rib.attributesOf(path);
  return {
    from: fromName(core, rib, path),
    source: rib.sourceOf(path),
    best,
    multipath,
    state,
    ...(because === undefined ? {} : { because }),
    stale: rib.isStale(path),
    ...(pathId === 0 ? {} : { pathId }),
    ...attributesView(core.sets.decode(accepted === 0 ? rib.receivedAttributesOf(path) : accepted)),
    ...resolvedVia(core, rib, path),
  };
}

/** A rejected path names the statement that did it. */
function becauseOf(core: Core, rib: Rib, reason: PathReason): string | undefined {
  const { path, because, statement } = reason;
  if (because === undefined || statement === undefined) return because;
  const policy = core.peerById(rib.peerOf(path))?.plan.importPolicy;
  const name = statement < 0 ? 'no statement accepts it' : policy?.statements[statement]?.name;
  return name === undefined ? because : `${because}: ${name}`;
}

function fromName(core: Core, rib: Rib, path: PathId): string {
  const peer = rib.peerOf(path);
  return peer === 0 ? 'local' : core.peerName(peer);
}

function resolvedVia(core: Core, rib: Rib, path: PathId): { resolvedVia?: string } {
  const nextHop = rib.nextHopOf(path);
  if (nextHop === 0 || core.kernelState.state !== 'synced') return {};
  const resolution = core.kernelView.resolve(core.nextHops.addressOf(nextHop));
  return { resolvedVia: resolution.reachable ? resolution.via : resolution.reason };
}

type AttributesPart = Omit<
  PathView,
  | 'from'
  | 'source'
  | 'best'
  | 'multipath'
  | 'because'
  | 'state'
  | 'stale'
  | 'pathId'
  | 'resolvedVia'
>;

function attributesView(attributes: PathAttributes): AttributesPart {
  return {
    origin: ORIGIN_NAMES[attributes.origin],
    asPath: formatAsPath(attributes.asPath),
    ...(attributes.nextHop === undefined ? {} : { nextHop: attributes.nextHop }),
    ...(attributes.med === undefined ? {} : { med: attributes.med }),
    ...(attributes.localPref === undefined ? {} : { localPref: attributes.localPref }),
    communities: attributes.communities.map(formatCommunity),
    largeCommunities: attributes.largeCommunities.map((parts) => parts.join(':')),
    extendedCommunities: attributes.extendedCommunities.map(formatExtendedCommunity),
    ...(attributes.originatorId === undefined
      ? {}
      : { originatorId: ipv4FromU32(attributes.originatorId) }),
    clusterList: attributes.clusterList.map(ipv4FromU32),
    other: otherAttributes(attributes),
  };
}

function otherAttributes(attributes: PathAttributes): string[] {
  const { aggregator, atomicAggregate, linkLocalNextHop, otc, unknown } = attributes;
  const others = unknown.map(({ type, value }) => `${attributeName(type)} ${toHex(value)}`);
  if (atomicAggregate) others.unshift('ATOMIC_AGGREGATE');
  if (aggregator !== undefined)
    others.unshift(`AGGREGATOR ${aggregator.asn} ${aggregator.address}`);
  if (otc !== undefined) others.push(`OTC ${otc}`);
  if (linkLocalNextHop !== undefined) others.push(`link-local next hop ${linkLocalNextHop}`);
  others.push(...attributes.ipv6ExtendedCommunities.map((hex) => `IPv6 extended community ${hex}`));
  return others;
}
