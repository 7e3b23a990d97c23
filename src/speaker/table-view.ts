/**
 * The node's routing as a router's table shows it: usable paths with outgoing interfaces, and beside them what the
 * kernel has of others and the subnets of its interfaces. Pages and iterators: nothing is ever built whole.
 */

import type { ForeignRoute } from '../fib/foreign-routes.ts';
import { type AfiSafi, factsOf } from '../net/afi-safi.ts';
import { type IpAddress, ipToOctets } from '../net/ip-address.ts';
import { type Prefix, parsePrefix, prefixFrom } from '../net/prefix.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import type { InterfaceAddress } from '../netlink/address.ts';
import { RouteProtocol, RouteScope } from '../netlink/codes.ts';
import type { Rib } from '../rib/rib.ts';
import type { PathReason } from '../rib/views.ts';
import type { Core } from './core.ts';
import type { Peer } from './peer.ts';
import type { InterfaceView, TablePathView, TableQuery, TableRouteView } from './snapshot.ts';

/** Prefixes looked at in one page, matching or not. */
const SCANNED_PER_PAGE_MAX = 5000;
/** Preferences that BIRD gives to the subnets of interfaces and to routes of the kernel (calico model 3.1). */
const CONNECTED_PREFERENCE = 240;
const KERNEL_PREFERENCE = 10;

export function tableRoutes(
  core: Core,
  query: TableQuery,
): { routes: TableRouteView[]; next?: number } {
  const rib = core.ribs[query.family];
  const told = query.toldTo === undefined ? undefined : core.peers.get(query.toldTo);
  if (query.toldTo !== undefined && told === undefined) return { routes: [] };
  const visit = (id: PrefixId, routes: TableRouteView[]): void => {
    if (told !== undefined && !rib.isAdvertisedTo(told.id, id)) return;
    const paths = pathsOf(core, rib, { id, rejected: query.rejected === true });
    if (paths.length > 0) routes.push({ prefix: rib.prefixOf(id), paths });
  };
  const routes: TableRouteView[] = [];
  if (query.prefix !== undefined) {
    const prefix = parsePrefix(query.prefix);
    const id = prefix === undefined ? 0 : rib.find(prefix);
    if (id !== 0) visit(id, routes);
    return { routes };
  }
  const from = Math.max(1, query.cursor ?? 1);
  const end = Math.min(rib.prefixes.top + 1, from + SCANNED_PER_PAGE_MAX);
  let id = from;
  for (; id < end && routes.length < query.limit; id++) {
    if (rib.prefixes.isLive(id)) visit(id, routes);
  }
  return id > rib.prefixes.top ? { routes } : { routes, next: id };
}

function pathsOf(
  core: Core,
  rib: Rib,
  { id, rejected }: { id: PrefixId; rejected: boolean },
): TablePathView[] {
  const paths: TablePathView[] = [];
  for (const reason of rib.explain(id)) {
    const wanted = rejected
      ? reason.state === 'rejected'
      : reason.state === 'usable' || reason.state === 'unresolvable';
    // What was learned from the kernel is told from the kernel's picture (`foreignRoutes`).
    if (wanted && !isLearned(rib, reason.path)) paths.push(pathOf(core, rib, { id, ...reason }));
  }
  return paths;
}

function isLearned(rib: Rib, path: number): boolean {
  const source = rib.sourceOf(path);
  return source === 'direct' || source === 'kernel';
}

function pathOf(
  core: Core,
  rib: Rib,
  { id, path, best, state }: PathReason & { readonly id: PrefixId },
): TablePathView {
  const peer = core.peerById(rib.peerOf(path));
  const common = { best, stale: rib.isStale(path), preference: rib.preferenceOf(path) };
  if (rib.peerOf(path) === 0) {
    const gateway = core.origins.get(`${rib.prefixOf(id)} ${rib.sourceOf(path)}`)?.gateway;
    const via = gateway === undefined ? undefined : hopsTo(core, gateway);
    if (via !== undefined) {
      return { kind: 'own', from: '', hops: via.hops, type: 'unicast', ...common };
    }
    return { kind: 'own', from: '', hops: [], type: 'blackhole', ...common };
  }
  const accepted = rib.attributesOf(path);
  const reachable = state === 'unresolvable' ? undefined : hopsOf(core, rib, path);
  return {
    kind: 'bgp',
    from: core.peerName(rib.peerOf(path)),
    ...peerPart(core, peer),
    hops: reachable?.hops ?? [],
    type: reachable === undefined ? 'unreachable' : 'unicast',
    ...(reachable === undefined ? {} : { metric: reachable.metric }),
    attributes: core.sets.decode(accepted === 0 ? rib.receivedAttributesOf(path) : accepted),
    ...common,
  };
}

function peerPart(
  core: Core,
  peer: Peer | undefined,
): Pick<TablePathView, 'fromAddress' | 'sinceMs'> {
  if (peer === undefined) return {};
  return { fromAddress: peer.plan.remoteAddress, sinceMs: core.now - peer.phaseSince };
}

/** Undefined where the next hop cannot be reached, as far as the kernel's picture goes. */
function hopsOf(
  core: Core,
  rib: Rib,
  path: number,
): { hops: TablePathView['hops']; metric: number } | undefined {
  const nextHop = rib.nextHopOf(path);
  if (nextHop === 0) return undefined;
  return hopsTo(core, core.nextHops.addressOf(nextHop));
}

function hopsTo(
  core: Core,
  address: IpAddress,
): { hops: TablePathView['hops']; metric: number } | undefined {
  // Without a kernel every next hop counts as reachable, by an interface that nobody knows.
  if (core.kernelState.state !== 'synced') {
    return { hops: [{ gateway: address, interfaceName: 'unknown' }], metric: 0 };
  }
  const resolution = core.kernelView.resolve(address);
  if (!resolution.reachable) return undefined;
  // A hop without a gateway is on the link: the next hop itself is where packets go.
  const hops = resolution.hops.map(({ gateway = address, interfaceName }) => ({
    gateway,
    interfaceName,
  }));
  return { hops, metric: resolution.metric };
}

/** Kernel routes of others and connected subnets. The walk bears changes between its steps. */
export function* foreignRoutes(
  core: Core,
  family: AfiSafi,
  only?: string,
): Generator<TableRouteView> {
  const { ipFamily } = factsOf(family);
  const connected = connectedRoutes(core, ipFamily);
  for (const [prefix, routes] of core.kernelView.foreign.entries(ipFamily, only)) {
    const paths = [...(connected.get(prefix) ?? []), ...kernelPaths(core, routes)];
    connected.delete(prefix);
    if (paths.length > 0) yield { prefix, paths: markBest(paths) };
  }
  for (const [prefix, paths] of connected) {
    if (only === undefined || only === prefix) yield { prefix, paths: markBest(paths) };
  }
}

function connectedRoutes(core: Core, family: 4 | 6): Map<Prefix, TablePathView[]> {
  const found = new Map<Prefix, TablePathView[]>();
  for (const { up, name, addresses } of interfaceViews(core)) {
    if (!up) continue;
    for (const address of addresses) {
      if (address.family !== family || address.scope >= RouteScope.LINK) continue;
      const prefix = prefixFrom(ipToOctets(address.peer ?? address.address), address.prefixLength);
      const paths = found.get(prefix) ?? [];
      found.set(prefix, paths);
      if (paths.some(({ hops }) => hops[0]?.interfaceName === name)) continue;
      paths.push({
        kind: 'connected',
        hops: [{ interfaceName: name }],
        type: 'unicast',
        preference: CONNECTED_PREFERENCE,
        ...PLAIN,
      });
    }
  }
  return found;
}

const PLAIN = { from: '', best: false, stale: false } as const;

function kernelPaths(core: Core, routes: readonly ForeignRoute[]): TablePathView[] {
  return routes.flatMap((route): TablePathView[] => {
    const { type, protocol, metric, nextHops } = route;
    // Subnets are the interfaces' own; local and broadcast routes are no routes of a table.
    if (protocol === RouteProtocol.KERNEL) return [];
    if (type !== 'unicast' && type !== 'blackhole' && type !== 'unreachable' && type !== 'prohibit')
      return [];
    const hops = nextHops.flatMap(({ gateway, interfaceIndex }) => {
      const interfaceName =
        interfaceIndex === undefined ? undefined : core.kernelView.interfaceName(interfaceIndex);
      if (interfaceName === undefined) return [];
      return gateway === undefined ? [{ interfaceName }] : [{ gateway, interfaceName }];
    });
    if (type === 'unicast' && hops.length === 0) return [];
    return [
      {
        kind: 'kernel',
        hops: type === 'unicast' ? hops : [],
        type,
        preference: KERNEL_PREFERENCE,
        metric,
        kernelProtocol: protocol,
        ...PLAIN,
      },
    ];
  });
}

function markBest([first, ...others]: TablePathView[]): TablePathView[] {
  return first === undefined ? [] : [{ ...first, best: true }, ...others];
}

export function interfaceViews(core: Core): InterfaceView[] {
  const addresses = new Map<number, InterfaceAddress[]>();
  for (const address of core.kernelView.addresses()) {
    const known = addresses.get(address.interfaceIndex);
    if (known === undefined) addresses.set(address.interfaceIndex, [address]);
    else known.push(address);
  }
  const links = [...core.kernelView.links()].sort((a, b) => a.index - b.index);
  return links.map((link) => ({ ...link, addresses: addresses.get(link.index) ?? [] }));
}
