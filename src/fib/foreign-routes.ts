/**
 * Routes of others in the tables that resolve next hops, by prefix, each list sorted by metric.
 *
 * Not kept: protocol 12 (ours and stock BIRD's) and 186 (BGP of other daemons): a BGP route resolves no next hop,
 * and a node with an Internet table must not pull it in. Invariant: never more than `FOREIGN_ROUTES_MAX` routes,
 * except connected and default ones, which every node needs and has few of.
 */

import { type Prefix, prefixFamily, prefixLength } from '../net/prefix.ts';
import { RouteProtocol, type RouteType } from '../netlink/codes.ts';
import type { KernelNextHop, KernelRoute } from '../netlink/kernel-route.ts';

/** Routes of others that are kept, about 500 octets each: the pods of a full node and an IGP's table fit. */
export const FOREIGN_ROUTES_MAX = 65_536;
/** `bgp` of iproute2's rt_protos: FRR's BGP routes. */
const PROTOCOL_BGP = 186;

export interface ForeignRoute {
  readonly prefix: Prefix;
  readonly table: number;
  readonly metric: number;
  readonly protocol: number;
  readonly type: RouteType;
  readonly nextHops: readonly KernelNextHop[];
  readonly nexthopId?: number;
}

type Stored = ForeignRoute & { epoch: number };

export class ForeignRoutes {
  /** Routes that were not kept because of the limit, since start. */
  refused = 0;
  #tables: ReadonlySet<number>;
  readonly #byPrefix = new Map<Prefix, Stored[]>();
  readonly #lengths = { 4: new Int32Array(33), 6: new Int32Array(129) };
  #count = 0;
  #epoch = 0;
  #dumping = false;

  constructor(tables: readonly number[]) {
    this.#tables = new Set(tables);
  }

  /** From now on those of `table` alone; the others go with the next dump. */
  useTable(table: number): void {
    this.#tables = new Set([table]);
  }

  get count(): number {
    return this.#count;
  }

  /** Whether any route of this length is kept. */
  hasLength(family: 4 | 6, length: number): boolean {
    return this.#lengths[family][length]! > 0;
  }

  /** Routes to exactly `prefix`, lowest metric first. */
  at(prefix: Prefix): readonly ForeignRoute[] | undefined {
    return this.#byPrefix.get(prefix);
  }

  /** All of one family, or of one prefix. The walk may go on after changes. */
  *entries(
    family: 4 | 6,
    only?: string,
  ): Generator<readonly [prefix: Prefix, routes: readonly ForeignRoute[]]> {
    if (only !== undefined) {
      const routes = this.#byPrefix.get(only as Prefix);
      if (routes !== undefined) yield [only as Prefix, routes];
      return;
    }
    for (const entry of this.#byPrefix) if (prefixFamily(entry[0]) === family) yield entry;
  }

  /** @returns whether anything that is kept has changed. */
  change(route: KernelRoute, removed: boolean): boolean {
    if (!this.#tables.has(route.table)) return false;
    const kept = route.protocol !== RouteProtocol.BIRD && route.protocol !== PROTOCOL_BGP;
    if (removed) return kept && this.#remove(route);
    // A replace is told as the new route only: what had this key before is gone. A dump tells all.
    const displaced = !this.#dumping && this.#displace(route, kept);
    return (kept && this.#set(route)) || displaced;
  }

  /** Routes only through this interface are gone; of multipath ones, the hops through it. */
  dropInterface(interfaceIndex: number, family: 4 | 6): void {
    for (const [prefix, routes] of [...this.#byPrefix]) {
      if (prefixFamily(prefix) !== family) continue;
      for (const route of [...routes]) {
        const left = route.nextHops.filter((hop) => hop.interfaceIndex !== interfaceIndex);
        if (left.length === route.nextHops.length) continue;
        if (left.length === 0) this.#take(prefix, route);
        else routes[routes.indexOf(route)] = { ...route, nextHops: left };
      }
    }
  }

  dumpStarted(): void {
    this.#dumping = true;
    this.#epoch++;
  }

  /** The dump was given up; everything stays. */
  dumpFailed(): void {
    this.#dumping = false;
  }

  /** What the dump (or an event meanwhile) did not name is gone. */
  dumpDone(): void {
    this.#dumping = false;
    for (const [prefix, routes] of [...this.#byPrefix]) {
      for (const route of [...routes]) if (route.epoch !== this.#epoch) this.#take(prefix, route);
    }
  }

  #set(route: KernelRoute): boolean {
    const { prefix } = route;
    let routes = this.#byPrefix.get(prefix);
    const at = routes?.findIndex((other) => sameKey(other, route)) ?? -1;
    if (routes !== undefined && at >= 0) {
      const before = routes[at]!;
      if (sameHops(before, route)) {
        before.epoch = this.#epoch;
        return false;
      }
      routes[at] = stored(route, this.#epoch);
      return true;
    }
    const essential = route.protocol === RouteProtocol.KERNEL || prefixLength(prefix) === 0;
    if (this.#count >= FOREIGN_ROUTES_MAX && !essential) {
      this.refused++;
      return false;
    }
    if (routes === undefined) {
      routes = [];
      this.#byPrefix.set(prefix, routes);
    }
    routes.push(stored(route, this.#epoch));
    routes.sort((a, b) => a.metric - b.metric);
    this.#lengths[prefixFamily(prefix)][prefixLength(prefix)]!++;
    this.#count++;
    return true;
  }

  #remove(route: KernelRoute): boolean {
    const routes = this.#byPrefix.get(route.prefix);
    const at = routes?.findIndex((other) => sameKey(other, route)) ?? -1;
    if (routes === undefined || at < 0) return false;
    const before = routes[at]!;
    // IPv6 may name one hop of several; the others stay.
    const left = before.nextHops.filter(
      (hop) => !route.nextHops.some((gone) => sameHop(hop, gone)),
    );
    if (
      prefixFamily(route.prefix) === 6 &&
      left.length > 0 &&
      left.length < before.nextHops.length
    ) {
      routes[at] = { ...before, nextHops: left };
      return true;
    }
    this.#take(route.prefix, before);
    return true;
  }

  #displace(route: KernelRoute, kept: boolean): boolean {
    const routes = this.#byPrefix.get(route.prefix);
    if (routes === undefined) return false;
    let displaced = false;
    for (const other of [...routes]) {
      if (other.table !== route.table || other.metric !== route.metric) continue;
      if (kept && other.protocol === route.protocol) continue;
      // Connected routes of several links share prefix and metric; they go with their address.
      if (other.protocol === RouteProtocol.KERNEL) continue;
      this.#take(route.prefix, other);
      displaced = true;
    }
    return displaced;
  }

  #take(prefix: Prefix, route: Stored): void {
    const routes = this.#byPrefix.get(prefix)!;
    routes.splice(routes.indexOf(route), 1);
    if (routes.length === 0) this.#byPrefix.delete(prefix);
    this.#lengths[prefixFamily(prefix)][prefixLength(prefix)]!--;
    this.#count--;
  }
}

function stored(route: KernelRoute, epoch: number): Stored {
  const { prefix, table, metric, protocol, type, nextHops, nexthopId } = route;
  const object = nexthopId === undefined ? {} : { nexthopId };
  return { prefix, table, metric, protocol, type, nextHops, ...object, epoch };
}

function sameKey(a: ForeignRoute, b: KernelRoute): boolean {
  if (a.table !== b.table || a.metric !== b.metric || a.protocol !== b.protocol) return false;
  if (a.protocol !== RouteProtocol.KERNEL) return true;
  return a.nextHops[0]?.interfaceIndex === b.nextHops[0]?.interfaceIndex;
}

function sameHops(a: ForeignRoute, b: KernelRoute): boolean {
  return (
    a.type === b.type &&
    a.nexthopId === b.nexthopId &&
    a.nextHops.length === b.nextHops.length &&
    a.nextHops.every((hop, i) => {
      const other = b.nextHops[i]!;
      return sameHop(hop, other) && hop.weight === other.weight && hop.onlink === other.onlink;
    })
  );
}

function sameHop(a: KernelNextHop, b: KernelNextHop): boolean {
  return a.gateway === b.gateway && a.interfaceIndex === b.interfaceIndex;
}
