/**
 * The kernel as last told: links, addresses, and the routes of others, from which next hops are resolved.
 * Routes of protocol 12 are never kept here: a BGP route resolves no next hop (calico model 3.2).
 *
 * Invariant: `generation` moves only when an answer of `resolve` that somebody was given has changed.
 */

import type { IpAddress } from '../net/ip-address.ts';
import { ipToOctets, isLinkLocal } from '../net/ip-address.ts';
import { prefixAddress, prefixFrom, prefixLength } from '../net/prefix.ts';
import type { InterfaceAddress } from '../netlink/address.ts';
import type { KernelRoute } from '../netlink/kernel-route.ts';
import type { Link } from '../netlink/link.ts';
import { type ForeignRoute, ForeignRoutes } from './foreign-routes.ts';
import type { Resolution, ResolvedHop } from './types.ts';

/** Next hops whose resolution is remembered; past it all are forgotten. About 300 octets each. */
const RESOLUTIONS_MAX = 65_536;

/** RT_TABLE_MAIN. */
const MAIN_TABLE = 254;

export interface KernelViewOptions {
  /** Routing tables that resolve next hops, e.g. main (254). */
  readonly tables: readonly number[];
  /** Whether a default route is enough to reach a next hop, as Calico has it. */
  readonly viaDefaultRoute?: boolean;
}

interface Remembered {
  readonly octets: Uint8Array;
  resolution: Resolution;
}

export class KernelView {
  /** Moves when a resolution that was asked for has changed; compare, never count. */
  generation = 0;
  /** Moves with everything that is told of links and addresses, and with every dump. */
  linkNews = 0;
  readonly foreign: ForeignRoutes;
  /** The first of the tables that resolve next hops: whose routes are learned. */
  mainTable: number;
  #viaDefaultRoute: boolean;
  readonly #links = new Map<number, Link>();
  readonly #indexByName = new Map<string, number>();
  readonly #addresses = new Map<string, InterfaceAddress>();
  readonly #ownAddresses = new Map<IpAddress, number>(); // how many interfaces have it
  readonly #remembered = new Map<string, Remembered>();
  #gateways: ReadonlyMap<IpAddress, IpAddress> = new Map();
  /** What was said last of a route that next hops are reached through. */
  readonly #answers = new WeakMap<ForeignRoute, Resolution>();
  /** Some resolution was forgotten: every change counts as a change of it. */
  #forgotten = false;
  #dumping = false;
  #synced = false;
  #seenLinks = new Set<number>();
  #seenAddresses = new Set<string>();

  constructor(options: KernelViewOptions) {
    this.#viaDefaultRoute = options.viaDefaultRoute ?? true;
    this.mainTable = options.tables[0] ?? MAIN_TABLE;
    this.foreign = new ForeignRoutes(options.tables);
  }

  /** A whole dump has been seen. Before that nothing resolves. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Hosts that our own routes reach by a gateway: what the table of others says of them does not count. */
  setGateways(gateways: ReadonlyMap<IpAddress, IpAddress>): void {
    if (gateways.size === 0 && this.#gateways.size === 0) return;
    this.#gateways = gateways;
    this.#recheckAll();
  }

  /** Whether a default route is enough to reach a next hop. */
  setViaDefaultRoute(isEnough: boolean): void {
    if (this.#viaDefaultRoute === isEnough) return;
    this.#viaDefaultRoute = isEnough;
    this.#recheckAll();
  }

  /** Next hops are resolved, and routes learned, by this table alone from now on; read the kernel anew. */
  useTable(table: number): void {
    this.mainTable = table;
    this.foreign.useTable(table);
  }

  link(index: number): Link | undefined {
    return this.#links.get(index);
  }

  linkByName(name: string): Link | undefined {
    const index = this.#indexByName.get(name);
    return index === undefined ? undefined : this.#links.get(index);
  }

  links(): Iterable<Link> {
    return this.#links.values();
  }

  addresses(): Iterable<InterfaceAddress> {
    return this.#addresses.values();
  }

  interfaceName(index: number): string | undefined {
    return this.#links.get(index)?.name;
  }

  /** Why routes through this interface cannot be written now; undefined when they can. */
  linkTrouble(index: number): string | undefined {
    const link = this.#links.get(index);
    if (link === undefined) return `Interface ${index} does not exist`;
    return link.up ? undefined : `Link ${link.name} is down`;
  }

  isOwnAddress(address: IpAddress): boolean {
    return this.#ownAddresses.has(address);
  }

  /** @returns whether routes may have vanished silently: the link went down, or away. */
  onLink(link: Link, removed: boolean): boolean {
    this.linkNews++;
    const before = this.#links.get(link.index);
    this.#seenLinks.add(link.index);
    this.#dropLink(link.index);
    if (!removed) {
      this.#links.set(link.index, link);
      this.#indexByName.set(link.name, link.index);
    }
    const wentDown = before?.up === true && (removed || !link.up);
    // The kernel drops IPv4 routes of a link that goes down without a word.
    if (wentDown) this.foreign.dropInterface(link.index, 4);
    if (removed) this.foreign.dropInterface(link.index, 6);
    if (removed || before === undefined || !sameForUs(before, link)) this.#recheckAll();
    return wentDown;
  }

  /** @returns whether routes may have vanished silently: an address went. */
  onAddress(address: InterfaceAddress, removed: boolean): boolean {
    this.linkNews++;
    const key = `${address.interfaceIndex} ${address.address}/${address.prefixLength}`;
    const known = this.#addresses.has(key);
    this.#seenAddresses.add(key);
    if (removed) {
      if (!known) return false;
      this.#addresses.delete(key);
      this.#countAddress(address.address, -1);
    } else {
      this.#addresses.set(key, address);
      if (known) return false;
      this.#countAddress(address.address, 1);
    }
    this.#recheckAddress(address.address);
    return removed;
  }

  /** Any route of any table; what does not concern next hops is passed over. */
  onRoute(route: KernelRoute, removed: boolean): void {
    if (!this.foreign.change(route, removed)) return;
    if (this.#dumping || !this.#synced) return;
    const octets = ipToOctets(prefixAddress(route.prefix));
    const length = prefixLength(route.prefix);
    for (const [key, remembered] of this.#remembered) {
      if (covers(octets, length, remembered.octets)) this.#recheck(key, remembered);
    }
    if (this.#forgotten) this.generation++;
  }

  dumpStarted(): void {
    this.#dumping = true;
    this.#seenLinks = new Set();
    this.#seenAddresses = new Set();
    this.foreign.dumpStarted();
  }

  /** Events were lost: the running dump proves nothing. */
  dumpFailed(): void {
    this.#dumping = false;
    this.foreign.dumpFailed();
  }

  dumpDone(): void {
    if (!this.#dumping) return;
    this.#dumping = false;
    for (const index of [...this.#links.keys()]) {
      if (!this.#seenLinks.has(index)) this.#dropLink(index);
    }
    for (const [key, address] of [...this.#addresses]) {
      if (this.#seenAddresses.has(key)) continue;
      this.#addresses.delete(key);
      this.#countAddress(address.address, -1);
    }
    this.foreign.dumpDone();
    this.linkNews++;
    this.#synced = true;
    this.#recheckAll();
  }

  /**
   * How the kernel would reach `nextHop`: longest match over the routes of others.
   *
   * @param interfaceIndex  For a link-local next hop: the interface of the session it came from.
   */
  resolve(nextHop: IpAddress, interfaceIndex?: number): Resolution {
    const key = interfaceIndex === undefined ? nextHop : `${nextHop}%${interfaceIndex}`;
    const known = this.#remembered.get(key);
    if (known !== undefined) return known.resolution;
    if (this.#remembered.size >= RESOLUTIONS_MAX) {
      this.#remembered.clear();
      this.#forgotten = true;
    }
    const octets = ipToOctets(nextHop);
    const resolution = this.#lookUp(nextHop, octets, interfaceIndex);
    this.#remembered.set(key, { octets, resolution });
    return resolution;
  }

  #lookUp(nextHop: IpAddress, octets: Uint8Array, interfaceIndex: number | undefined): Resolution {
    if (!this.#synced) {
      return unreachable('not-synced', 'The kernel has not been read yet');
    }
    if (this.#ownAddresses.has(nextHop)) {
      return unreachable('own-address', `${nextHop} is an address of this node`);
    }
    if (isLinkLocal(nextHop)) return this.#resolveLinkLocal(nextHop, interfaceIndex);
    const gateway = this.#gateways.get(nextHop);
    if (gateway !== undefined && gateway !== nextHop) return this.#byGateway(nextHop, gateway);
    let refusal: Resolution | undefined;
    for (let length = octets.length * 8; length >= (this.#viaDefaultRoute ? 0 : 1); length--) {
      if (!this.foreign.hasLength(octets.length === 4 ? 4 : 6, length)) continue;
      const routes = this.foreign.at(prefixFrom(octets, length));
      if (routes === undefined) continue;
      // Sorted by metric: the first usable one is what the kernel uses.
      for (const route of routes) {
        const answer = this.#through(nextHop, route);
        if (answer === undefined) continue;
        if (answer.reachable || answer.code !== 'link-down') return answer;
        refusal ??= answer;
      }
      if (refusal !== undefined) return refusal;
    }
    const covering = this.#viaDefaultRoute ? '' : ' other than the default route';
    return unreachable('no-route', `No kernel route${covering} covers ${nextHop}`);
  }

  /** By way of `gateway`, which has to be on a link. */
  #byGateway(nextHop: IpAddress, gateway: IpAddress): Resolution {
    const answer = this.#lookUp(gateway, ipToOctets(gateway), undefined);
    if (!answer.reachable) return answer;
    if (!answer.connected) {
      return unreachable('no-route', `${gateway}, by which ${nextHop} is reached, is on no link`);
    }
    const hops = answer.hops.map((hop) => ({ ...hop, gateway }));
    return { ...answer, hops, connected: false, via: `reachableBy ${gateway}` };
  }

  #resolveLinkLocal(nextHop: IpAddress, interfaceIndex: number | undefined): Resolution {
    const link = interfaceIndex === undefined ? undefined : this.#links.get(interfaceIndex);
    if (link === undefined) {
      return unreachable('no-route', `Link-local next hop ${nextHop} without a known interface`);
    }
    if (!link.up || !link.carrier) {
      return unreachable('link-down', `Link ${link.name} to ${nextHop} is down`);
    }
    const hop = { interfaceIndex: link.index, interfaceName: link.name, weight: 1, onlink: false };
    return {
      reachable: true,
      hops: [hop],
      metric: 0,
      connected: true,
      via: `fe80::/64 dev ${link.name}`,
    };
  }

  /** The answer that this covering route gives; undefined when it says nothing (throw, multicast). */
  #through(nextHop: IpAddress, route: ForeignRoute): Resolution | undefined {
    const { prefix, type } = route;
    if (type === 'blackhole' || type === 'unreachable' || type === 'prohibit') {
      return unreachable('rejected', `${nextHop} is covered by ${type} ${prefix}`);
    }
    if (type === 'local')
      return unreachable('own-address', `${nextHop} is an address of this node`);
    if (type !== 'unicast') return undefined;
    if (route.nextHops.length === 0) {
      const reason = `${prefix} covering ${nextHop} uses nexthop object ${route.nexthopId ?? ''}`;
      return unreachable('nexthop-object', reason.trimEnd());
    }
    const hops: ResolvedHop[] = [];
    let down = '';
    for (const { gateway, interfaceIndex, weight, onlink } of route.nextHops) {
      const link = interfaceIndex === undefined ? undefined : this.#links.get(interfaceIndex);
      if (link === undefined || !link.up || !link.carrier) {
        down = link?.name ?? `if${interfaceIndex ?? '?'}`;
        continue;
      }
      const device = { interfaceIndex: link.index, interfaceName: link.name, weight, onlink };
      hops.push(gateway === undefined ? device : { gateway, ...device });
    }
    if (hops.length === 0) {
      return unreachable('link-down', `Link ${down} of ${prefix} covering ${nextHop} is down`);
    }
    const connected = hops.every((hop) => hop.gateway === undefined);
    const via = `${prefix} dev ${hops.map((hop) => hop.interfaceName).join(',')}`;
    const answer: Resolution = { reachable: true, hops, metric: route.metric, connected, via };
    // A thousand next hops on one subnet share what is said of them.
    const before = this.#answers.get(route);
    if (before !== undefined && sameResolution(before, answer)) return before;
    this.#answers.set(route, answer);
    return answer;
  }

  #dropLink(index: number): void {
    const link = this.#links.get(index);
    if (link === undefined) return;
    this.#links.delete(index);
    if (this.#indexByName.get(link.name) === index) this.#indexByName.delete(link.name);
  }

  #countAddress(address: IpAddress, by: 1 | -1): void {
    const count = (this.#ownAddresses.get(address) ?? 0) + by;
    if (count > 0) this.#ownAddresses.set(address, count);
    else this.#ownAddresses.delete(address);
  }

  #recheckAddress(address: IpAddress): void {
    const remembered = this.#remembered.get(address);
    if (remembered !== undefined && !this.#dumping) this.#recheck(address, remembered);
    if (this.#forgotten) this.generation++;
  }

  #recheckAll(): void {
    if (this.#dumping) return; // dumpDone does it once
    for (const [key, remembered] of this.#remembered) this.#recheck(key, remembered);
    if (this.#forgotten) this.generation++;
  }

  #recheck(key: string, remembered: Remembered): void {
    const percent = key.indexOf('%');
    const nextHop = (percent < 0 ? key : key.slice(0, percent)) as IpAddress;
    const scope = percent < 0 ? undefined : Number(key.slice(percent + 1));
    const resolution = this.#lookUp(nextHop, remembered.octets, scope);
    if (sameResolution(remembered.resolution, resolution)) return;
    remembered.resolution = resolution;
    this.generation++;
  }
}

function unreachable(
  code: Extract<Resolution, { reachable: false }>['code'],
  reason: string,
): Resolution & { reachable: false } {
  return { reachable: false, code, reason };
}

/** Flags that the kernel changes and that change nothing for routes are passed over. */
function sameForUs(a: Link, b: Link): boolean {
  return a.name === b.name && a.up === b.up && a.carrier === b.carrier;
}

function covers(octets: Uint8Array, length: number, address: Uint8Array): boolean {
  if (octets.length !== address.length) return false;
  const whole = length >> 3;
  for (let i = 0; i < whole; i++) if (octets[i] !== address[i]) return false;
  const mask = 0xff00 >> (length & 7);
  return (length & 7) === 0 || ((octets[whole]! ^ address[whole]!) & mask & 0xff) === 0;
}

function sameResolution(a: Resolution, b: Resolution): boolean {
  if (a === b) return true;
  if (!a.reachable || !b.reachable) {
    return !a.reachable && !b.reachable && a.code === b.code && a.reason === b.reason;
  }
  if (a.metric !== b.metric || a.hops.length !== b.hops.length || a.via !== b.via) return false;
  return a.hops.every((hop, i) => sameHop(hop, b.hops[i]!));
}

function sameHop(a: ResolvedHop, b: ResolvedHop): boolean {
  return (
    a.gateway === b.gateway &&
    a.interfaceIndex === b.interfaceIndex &&
    a.interfaceName === b.interfaceName &&
    a.weight === b.weight &&
    a.onlink === b.onlink
  );
}
