/**
 * A pure kernel for simulations and tests: takes the octets of route requests, answers errnos, keeps a table with
 * Linux's keys and manners, and tells events. Others can write to it, too.
 *
 * Manners kept: IPv4 and IPv6 keys are prefix and metric (IPv6: 0 becomes 1024); EXCL refuses any owner of the key,
 * REPLACE overwrites any; DELETE matches protocol and, where given, metric; a link that goes down drops IPv4 routes
 * without a word and tells IPv6 ones; gateways must be on a connected subnet of an up link unless `onlink`.
 */

import { present } from '../base/assert.ts';
import { type IpAddress, ipToOctets } from '../net/ip-address.ts';
import {
  type Prefix,
  prefixCovers,
  prefixFamily,
  prefixFrom,
  prefixLength,
} from '../net/prefix.ts';
import type { InterfaceAddress } from '../netlink/address.ts';
import { MessageFlag, MessageType, RouteProtocol } from '../netlink/codes.ts';
import { Errno } from '../netlink/errno.ts';
import { type KernelNextHop, type KernelRoute, kernelMetric } from '../netlink/kernel-route.ts';
import type { Link } from '../netlink/link.ts';
import { MessageCursor } from '../netlink/message.ts';
import { RawRoute } from '../netlink/raw-route.ts';
import { decodeRoute } from '../netlink/route.ts';

/** RT_TABLE_MAIN. */
const MAIN_TABLE = 254;

export type SimKernelEvent =
  | { readonly type: 'link'; readonly link: Link; readonly removed: boolean }
  | { readonly type: 'address'; readonly address: InterfaceAddress; readonly removed: boolean }
  | { readonly type: 'route'; readonly route: KernelRoute; readonly removed: boolean };

export interface SimKernelOptions {
  /** Whether events of the requests themselves are told, as on a socket that does not filter by port. */
  readonly echo?: boolean;
  /** Called before and after each change of a prefix's routes. */
  readonly onTransition?: (
    prefix: Prefix,
    before: readonly KernelRoute[],
    after: readonly KernelRoute[],
  ) => void;
  /** The first `SimKernel.fault`. */
  readonly fault?: ((route: KernelRoute, deleting: boolean) => number) | undefined;
}

export class SimKernel {
  /** Not read by anyone yet, oldest first. */
  events: SimKernelEvent[] = [];
  requests = 0;
  /** An errno to answer instead of carrying out a request; 0 lets it pass. */
  fault: SimKernelOptions['fault'];
  /** Changes of the routing tables so far. */
  changes = 0;
  readonly #options: SimKernelOptions;
  readonly #links = new Map<number, Link>();
  readonly #addresses = new Map<string, InterfaceAddress>();
  /** By table and prefix. */
  readonly #routes = new Map<string, readonly KernelRoute[]>();
  /** Prefix lengths in the main table, longest first, with how many prefixes have them. */
  #lengths: { readonly length: number; readonly family: 4 | 6; count: number }[] = [];
  /** Of the interfaces' own subnets. */
  readonly #connected = new Set<KernelRoute>();

  constructor(options: SimKernelOptions = {}) {
    this.#options = options;
    this.fault = options.fault;
  }

  /** Carries out a batch of requests, each on its own. @returns positive errnos in order. */
  request(octets: Uint8Array, count: number): Int32Array {
    const errnos = new Int32Array(count);
    const message = new MessageCursor().reset(octets, octets.length);
    const raw = new RawRoute();
    while (message.next()) {
      this.requests++;
      if (!raw.load(message)) {
        errnos[message.sequence] = Errno.EINVAL;
        continue;
      }
      const route = decodeRoute(raw);
      const deleting = message.type === MessageType.DELROUTE;
      const fault = this.fault?.(route, deleting) ?? 0;
      const quiet = this.#options.echo !== true;
      if (fault !== 0) errnos[message.sequence] = fault;
      else if (deleting) errnos[message.sequence] = this.delete(route, quiet);
      else errnos[message.sequence] = this.write(route, { flags: message.flags, quiet });
    }
    return errnos;
  }

  /** @returns errno. `flags` as of nlmsghdr; `quiet` tells no event. */
  write(asked: KernelRoute, how: { readonly flags: number; readonly quiet?: boolean }): number {
    const route = { ...asked, metric: kernelMetric(asked.family, asked.metric) };
    const refused = this.#validate(route);
    if (refused !== 0) return refused;
    const before = this.routesTo(route.prefix, route.table);
    const victim = before.find((other) => other.metric === route.metric);
    if (victim === undefined) {
      if ((how.flags & MessageFlag.CREATE) === 0) return Errno.ENOENT;
    } else if ((how.flags & MessageFlag.EXCL) !== 0 || (how.flags & MessageFlag.REPLACE) === 0) {
      return Errno.EEXIST;
    }
    const after =
      before.length === 0 ? [route] : [...before.filter((other) => other !== victim), route];
    this.#set(route, before, after);
    if (how.quiet !== true) this.events.push({ type: 'route', route, removed: false });
    return 0;
  }

  /** Deletes the first route of this prefix, table, protocol (0: any) and metric (0: any). @returns errno. */
  delete(route: KernelRoute, quiet = false): number {
    const before = this.routesTo(route.prefix, route.table);
    const victim = before.find(
      (other) =>
        (route.protocol === 0 || other.protocol === route.protocol) &&
        (route.metric === 0 || other.metric === route.metric),
    );
    if (victim === undefined) return Errno.ESRCH;
    this.#set(
      victim,
      before,
      before.filter((other) => other !== victim),
    );
    if (!quiet) this.events.push({ type: 'route', route: victim, removed: true });
    return 0;
  }

  /** Routes to exactly `prefix`, lowest metric first. */
  routesTo(prefix: Prefix, table = 254): readonly KernelRoute[] {
    return this.#routes.get(`${table} ${prefix}`) ?? [];
  }

  /** The route that a packet takes: longest match in the main table, then the lowest metric. */
  longestMatch(target: MatchKeys): KernelRoute | undefined {
    for (const { length, family } of this.#lengths) {
      if (family !== target.family) continue;
      const routes = this.#routes.get(target.key(length));
      if (routes !== undefined) return routes[0];
    }
    return undefined;
  }

  *routes(): Iterable<KernelRoute> {
    for (const list of this.#routes.values()) yield* list;
  }

  /** Everything, as a dump says it. */
  dump(): SimKernelEvent[] {
    const events: SimKernelEvent[] = [];
    for (const link of this.#links.values()) events.push({ type: 'link', link, removed: false });
    for (const address of this.#addresses.values()) {
      events.push({ type: 'address', address, removed: false });
    }
    for (const route of this.routes()) events.push({ type: 'route', route, removed: false });
    return events;
  }

  /** A link that appears, or changes; going down drops what went through it. */
  setLink(link: Link): void {
    const before = this.#links.get(link.index);
    this.#links.set(link.index, link);
    if (before?.up === true && !link.up) this.#dropRoutesOf(link.index);
    this.events.push({ type: 'link', link, removed: false });
    if (link.up && before?.up !== true) this.#connect(link.index);
  }

  removeLink(index: number): void {
    const link = this.#links.get(index);
    if (link === undefined) return;
    this.#links.set(index, { ...link, up: false, carrier: false });
    this.#dropRoutesOf(index);
    for (const [key, address] of [...this.#addresses]) {
      if (address.interfaceIndex === index) this.#addresses.delete(key);
    }
    this.#links.delete(index);
    this.events.push({ type: 'link', link, removed: true });
  }

  /** Adds an address and its connected route. */
  addAddress(interfaceIndex: number, address: IpAddress, subnet: Prefix): void {
    const family = prefixFamily(subnet);
    const entry: InterfaceAddress = {
      family,
      interfaceIndex,
      address,
      prefixLength: Number(subnet.slice(subnet.indexOf('/') + 1)),
      scope: 0,
      secondary: false,
      tentative: false,
      deprecated: false,
      duplicate: false,
    };
    this.#addresses.set(`${interfaceIndex} ${address}`, entry);
    this.events.push({ type: 'address', address: entry, removed: false });
    this.#subnets.set(`${interfaceIndex} ${address}`, subnet);
    if (this.#links.get(interfaceIndex)?.up === true) this.#connect(interfaceIndex);
  }

  readonly #subnets = new Map<string, Prefix>();

  #connect(interfaceIndex: number): void {
    for (const [key, address] of this.#addresses) {
      if (address.interfaceIndex !== interfaceIndex) continue;
      const route = connectedRoute(present(this.#subnets.get(key), key), interfaceIndex);
      const before = this.routesTo(route.prefix);
      if (before.some((other) => other.protocol === RouteProtocol.KERNEL)) continue;
      this.#set(route, before, [...before, route]);
      this.events.push({ type: 'route', route, removed: false });
    }
  }

  #validate(route: KernelRoute): number {
    for (const hop of route.nextHops) {
      const link =
        hop.interfaceIndex === undefined ? undefined : this.#links.get(hop.interfaceIndex);
      if (link === undefined) return Errno.ENODEV;
      if (!link.up) return Errno.ENETDOWN;
      if (hop.gateway === undefined || hop.onlink) continue;
      if (!this.#onLink(hop.gateway, link.index)) {
        return route.family === 4 ? Errno.ENETUNREACH : Errno.EHOSTUNREACH;
      }
    }
    return 0;
  }

  #onLink(gateway: IpAddress, interfaceIndex: number): boolean {
    for (const route of this.#connected) {
      if (route.nextHops[0]?.interfaceIndex !== interfaceIndex) continue;
      if (prefixCovers(route.prefix, gateway)) return true;
    }
    return false;
  }

  #dropRoutesOf(interfaceIndex: number): void {
    for (const list of [...this.#routes.values()]) {
      for (const route of [...list]) {
        if (route.nextHops.length === 0) continue;
        const usable = (hop: KernelNextHop): boolean =>
          hop.interfaceIndex !== interfaceIndex &&
          this.#links.get(hop.interfaceIndex ?? 0)?.up === true;
        if (route.nextHops.some(usable)) continue;
        const before = this.routesTo(route.prefix, route.table);
        this.#set(
          route,
          before,
          before.filter((other) => other !== route),
        );
        if (route.family === 6) this.events.push({ type: 'route', route, removed: true });
      }
    }
  }

  #countLength({ prefix, family }: KernelRoute, by: number): void {
    const length = prefixLength(prefix);
    const known = this.#lengths.find((one) => one.length === length && one.family === family);
    if (known !== undefined) known.count += by;
    else this.#lengths.push({ length, family, count: by });
    this.#lengths = this.#lengths.filter(({ count }) => count > 0);
    this.#lengths.sort((a, b) => b.length - a.length);
  }

  #set(route: KernelRoute, before: readonly KernelRoute[], after: readonly KernelRoute[]): void {
    this.changes++;
    const key = `${route.table} ${route.prefix}`;
    const sorted = after.length < 2 ? after : after.toSorted((a, b) => a.metric - b.metric);
    if (sorted.length === 0) this.#routes.delete(key);
    else this.#routes.set(key, sorted);
    for (const one of before) {
      if (one.protocol === RouteProtocol.KERNEL) this.#connected.delete(one);
    }
    for (const one of after) if (one.protocol === RouteProtocol.KERNEL) this.#connected.add(one);
    const by = Number(sorted.length > 0) - Number(before.length > 0);
    if (by !== 0 && route.table === MAIN_TABLE) this.#countLength(route, by);
    this.#options.onTransition?.(route.prefix, before, sorted);
  }
}

/** What a target is looked up by, made once a length and target: `<table> <prefix>`. */
export class MatchKeys {
  readonly target: IpAddress;
  readonly family: 4 | 6;
  readonly #octets: Uint8Array;
  readonly #keys: string[] = [];

  constructor(target: IpAddress) {
    this.target = target;
    this.#octets = ipToOctets(target);
    this.family = this.#octets.length === 4 ? 4 : 6;
  }

  key(length: number): string {
    let key = this.#keys[length];
    if (key === undefined) {
      key = `${MAIN_TABLE} ${prefixFrom(this.#octets, length)}`;
      this.#keys[length] = key;
    }
    return key;
  }
}

function connectedRoute(subnet: Prefix, interfaceIndex: number): KernelRoute {
  const family = prefixFamily(subnet);
  return {
    family,
    type: 'unicast',
    protocol: RouteProtocol.KERNEL,
    scope: family === 4 ? 253 : 0,
    nextHops: [{ interfaceIndex, weight: 1, onlink: false }],
    flags: 0,
    table: 254,
    prefix: subnet,
    metric: family === 4 ? 0 : 256,
  };
}

/** A link as `setLink` takes it: up, with carrier, unless told otherwise. */
export function simLink(index: number, name: string, up = true): Link {
  return {
    index,
    name,
    up,
    carrier: up,
    operState: up ? 'up' : 'down',
    mtu: 1500,
    loopback: false,
    pointToPoint: false,
  };
}
