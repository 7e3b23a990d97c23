/**
 * What a route says apart from prefix and metric, interned: many prefixes share one shape, which is an integer in
 * the columns, a prebuilt run of netlink octets in requests, and text like iproute2's for people.
 *
 * Invariant: equal forwarding is an equal id, whether we wish it or the kernel tells it: hops are sorted, the weight
 * of a single hop is 1, and what the kernel adds (dead, linkdown, `dev lo` of an IPv6 blackhole) is left out.
 */

import { assert, assertShared, present } from '../base/assert.ts';
import { compareIp, type IpAddress, ipFamily } from '../net/ip-address.ts';
import { RouteProtocol, type RouteType } from '../netlink/codes.ts';
import type { KernelNextHop, RouteShape } from '../netlink/kernel-route.ts';
import { type EncodedRouteShape, encodeRouteShape, scopeFor } from '../netlink/route.ts';

declare const brand: unique symbol;
/** Names an interned shape, at least 1; `NO_SHAPE` is none. Valid while retained, else until `collect`. */
export type ShapeId = number & { readonly [brand]?: 'ShapeId' };
export const NO_SHAPE: ShapeId = 0;

/** Unreferenced shapes kept for reuse; past it `collect` frees them. Each costs about 300 octets. */
export const IDLE_SHAPES_MAX = 1024;
/** Next hops of one route: what `maximumPaths` may ask for. */
export const SHAPE_HOPS_MAX = 64;

export interface ShapeHop {
  readonly gateway?: IpAddress;
  readonly interfaceIndex: number;
  /** 1 to 256; without meaning for a single hop. */
  readonly weight: number;
  readonly onlink: boolean;
}

export interface ShapeExtras {
  readonly prefSrc?: IpAddress;
  readonly mtu?: number;
}

/** What is asked of `intern`. */
export interface ShapeSpec extends ShapeExtras {
  readonly family: 4 | 6;
  readonly type: RouteType;
  readonly hops: readonly ShapeHop[];
}

interface Entry {
  readonly key: string;
  readonly hash: number;
  readonly spec: ShapeSpec;
  readonly encoded: EncodedRouteShape;
  references: number;
}

export class RouteShapes {
  readonly #byKey = new Map<string, ShapeId>();
  readonly #entries: (Entry | undefined)[] = [undefined];
  readonly #free: ShapeId[] = [];
  #idle = 0;

  /** Shapes alive, idle ones included. */
  get size(): number {
    return this.#byKey.size;
  }

  /** A route through one hop, or several as multipath. At least one, at most `SHAPE_HOPS_MAX`. */
  unicast(family: 4 | 6, hops: readonly ShapeHop[], extras?: ShapeExtras): ShapeId {
    assert(hops.length > 0 && hops.length <= SHAPE_HOPS_MAX, 'a unicast shape has 1 to 64 hops');
    return this.intern({ family, type: 'unicast', hops, ...extras });
  }

  /** A route that discards. */
  discard(family: 4 | 6, type: 'blackhole' | 'unreachable' | 'prohibit'): ShapeId {
    return this.intern({ family, type, hops: [] });
  }

  /** The shape of a route that the kernel tells; dead and link-down marks are not part of it. */
  fromKernel(route: RouteShape): ShapeId {
    const hops = route.type === 'unicast' ? route.nextHops.map(hopFromKernel) : [];
    return this.intern({
      family: route.family,
      type: route.type,
      hops,
      ...(route.prefSrc === undefined ? {} : { prefSrc: route.prefSrc }),
      ...(route.mtu === undefined ? {} : { mtu: route.mtu }),
    });
  }

  intern(asked: ShapeSpec): ShapeId {
    const spec = canonical(asked);
    const key = keyOf(spec);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const id = this.#free.pop() ?? this.#entries.length;
    this.#entries[id] = { key, hash: hashOf(key), spec, encoded: encode(spec), references: 0 };
    this.#byKey.set(key, id);
    this.#idle++;
    return id;
  }

  /** Keeps `id` from being freed. `NO_SHAPE` is allowed and nothing. */
  retain(id: ShapeId): void {
    if (id === NO_SHAPE) return;
    const entry = this.#entry(id);
    if (entry.references++ === 0) this.#idle--;
  }

  release(id: ShapeId): void {
    if (id === NO_SHAPE) return;
    const entry = this.#entry(id);
    assertShared(entry.references > 0, 'a shape is released as often as it was retained');
    if (--entry.references === 0) this.#idle++;
  }

  /** Frees shapes that nobody retains, when there are too many. Ids that are not retained end here. */
  collect(): void {
    if (this.#idle <= IDLE_SHAPES_MAX) return;
    for (let id = 1; id < this.#entries.length; id++) {
      const entry = this.#entries[id];
      if (entry === undefined || entry.references > 0) continue;
      this.#byKey.delete(entry.key);
      this.#entries[id] = undefined;
      this.#free.push(id);
    }
    this.#idle = 0;
  }

  /** The netlink octets that follow the key. */
  encoded(id: ShapeId): EncodedRouteShape {
    return this.#entry(id).encoded;
  }

  spec(id: ShapeId): ShapeSpec {
    return this.#entry(id).spec;
  }

  /** 32 bits that equal shapes share, also in another run of the daemon while interfaces keep their numbers. */
  hash(id: ShapeId): number {
    return this.#entry(id).hash;
  }

  usesInterface(id: ShapeId, interfaceIndex: number): boolean {
    if (id === NO_SHAPE) return false;
    return this.#entry(id).spec.hops.some((hop) => hop.interfaceIndex === interfaceIndex);
  }

  /** Shapes alive with a hop on this interface, e.g. to see whether its going away concerns anybody. */
  shapesUsingInterface(interfaceIndex: number): ShapeId[] {
    const found: ShapeId[] = [];
    for (let id = 1; id < this.#entries.length; id++) {
      const entry = this.#entries[id];
      if (entry === undefined || entry.references === 0) continue;
      if (entry.spec.hops.some((hop) => hop.interfaceIndex === interfaceIndex)) found.push(id);
    }
    return found;
  }

  /** As iproute2 writes it: `via 10.0.0.2 dev eth0 onlink`, `blackhole`, `nexthop … weight 1 nexthop …`. */
  text(id: ShapeId, interfaceName: (index: number) => string | undefined): string {
    const { spec } = this.#entry(id);
    const hops = spec.hops.map((hop) => hopText(spec.family, hop, interfaceName));
    const source = spec.prefSrc === undefined ? '' : ` src ${spec.prefSrc}`;
    const mtu = spec.mtu === undefined ? '' : ` mtu ${spec.mtu}`;
    const [only] = hops;
    if (hops.length === 1) return `${only}${source}${mtu}`;
    if (spec.type !== 'unicast') return `${spec.type}${source}${mtu}`;
    const many = hops.map((text, i) => `nexthop ${text} weight ${spec.hops[i]!.weight}`);
    return `${many.join(' ')}${source}${mtu}`;
  }

  #entry(id: ShapeId): Entry {
    // No text made of `id`: it would be made at every call, some ten times a route written.
    return present(this.#entries[id], 'a shape that is alive');
  }
}

function hashOf(key: string): number {
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function hopFromKernel(hop: KernelNextHop): ShapeHop {
  return {
    ...(hop.gateway === undefined ? {} : { gateway: hop.gateway }),
    interfaceIndex: hop.interfaceIndex ?? 0,
    weight: hop.weight,
    onlink: hop.onlink,
  };
}

/** Stable order, so that the same set of hops is the same route whoever lists it. */
function canonical(spec: ShapeSpec): ShapeSpec {
  const [only] = spec.hops;
  if (spec.hops.length === 1) return { ...spec, hops: [{ ...only!, weight: 1 }] };
  return { ...spec, hops: spec.hops.toSorted(compareHops) };
}

function compareHops(a: ShapeHop, b: ShapeHop): number {
  if (a.gateway !== b.gateway) {
    if (a.gateway === undefined) return -1;
    if (b.gateway === undefined) return 1;
    return compareIp(a.gateway, b.gateway);
  }
  return a.interfaceIndex - b.interfaceIndex || a.weight - b.weight;
}

function keyOf(spec: ShapeSpec): string {
  const hops = spec.hops.map(
    (hop) => `${hop.gateway ?? ''}%${hop.interfaceIndex}*${hop.weight}${hop.onlink ? '!' : ''}`,
  );
  return `${spec.family}${spec.type}|${hops.join('|')}|${spec.prefSrc ?? ''}|${spec.mtu ?? ''}`;
}

function encode(spec: ShapeSpec): EncodedRouteShape {
  return encodeRouteShape({
    family: spec.family,
    type: spec.type,
    protocol: RouteProtocol.BIRD,
    scope: scopeFor(spec.family, spec.type, spec.hops),
    nextHops: spec.hops,
    flags: 0,
    ...(spec.prefSrc === undefined ? {} : { prefSrc: spec.prefSrc }),
    ...(spec.mtu === undefined ? {} : { mtu: spec.mtu }),
  });
}

function hopText(
  family: 4 | 6,
  hop: ShapeHop,
  interfaceName: (index: number) => string | undefined,
): string {
  const { gateway } = hop;
  const inet6 = gateway !== undefined && ipFamily(gateway) !== family ? 'inet6 ' : '';
  const via = gateway === undefined ? '' : `via ${inet6}${gateway} `;
  const device = interfaceName(hop.interfaceIndex) ?? `if${hop.interfaceIndex}`;
  return `${via}dev ${device}${hop.onlink ? ' onlink' : ''}`;
}
