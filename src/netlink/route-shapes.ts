/**
 * Route shapes as the kernel says them, decoded once each: a table of 100,000 routes through four next hops is
 * four shapes. Found by the octets of everything but the key, so equal octets are the same object.
 *
 * Invariant: a shape depends on its octets only; forgetting all of them costs time, never correctness.
 */

import { RouteAttribute, RouteFlag } from './codes.ts';
import type { RouteShape } from './kernel-route.ts';
import type { RawRoute } from './raw-route.ts';
import { decodeRouteShape } from './route.ts';

/** Shapes kept: far more next-hop combinations than a node has peers; all are dropped when exceeded. */
const SHAPES_MAX = 65_536;

interface Entry {
  readonly octets: Uint8Array;
  readonly shape: RouteShape;
}

export class RouteShapes {
  #scratch = new Uint8Array(1024);
  #length = 0;
  #count = 0;
  readonly #byHash = new Map<number, Entry[]>();

  /** The shape of `raw`, to keep. O(octets of the message); allocates on its first sight only. */
  shapeOf(raw: RawRoute): RouteShape {
    this.#gather(raw);
    const hash = this.#hash();
    const entries = this.#byHash.get(hash);
    if (entries !== undefined) {
      for (const entry of entries) if (this.#equals(entry.octets)) return entry.shape;
    }
    return this.#remember(hash, { ...decodeRouteShape(raw), flags: raw.flags & SHAPE_FLAGS });
  }

  /** Copies what is not the key, nor of the moment (cache statistics, route preference). */
  #gather(raw: RawRoute): void {
    const size = raw.attributesEnd - raw.attributesStart + 5;
    if (size > this.#scratch.length) this.#scratch = new Uint8Array(size * 2);
    const out = this.#scratch;
    out[0] = raw.family;
    out[1] = raw.typeCode;
    out[2] = raw.protocol;
    out[3] = raw.scope;
    out[4] = raw.flags & SHAPE_FLAGS;
    let length = 5;
    const attribute = raw.attributes();
    while (attribute.next()) {
      if (KEY_OR_PASSING.has(attribute.type)) continue;
      const { octets, end } = attribute;
      for (let at = attribute.start - 4; at < end; at++) out[length++] = octets[at]!;
    }
    this.#length = length;
  }

  /** FNV-1a; the kernel's own octets need no seed. */
  #hash(): number {
    let hash = 0x811c9dc5;
    for (let at = 0; at < this.#length; at++) {
      hash = Math.imul(hash ^ this.#scratch[at]!, 0x01000193);
    }
    return hash;
  }

  #equals(octets: Uint8Array): boolean {
    if (octets.length !== this.#length) return false;
    for (let at = 0; at < this.#length; at++) if (octets[at] !== this.#scratch[at]) return false;
    return true;
  }

  #remember(hash: number, shape: RouteShape): RouteShape {
    if (this.#count === SHAPES_MAX) {
      this.#byHash.clear();
      this.#count = 0;
    }
    this.#count++;
    const entry = { octets: this.#scratch.slice(0, this.#length), shape };
    const entries = this.#byHash.get(hash);
    if (entries === undefined) this.#byHash.set(hash, [entry]);
    else entries.push(entry);
    return shape;
  }
}

const SHAPE_FLAGS = RouteFlag.ONLINK | RouteFlag.DEAD | RouteFlag.LINKDOWN;

const KEY_OR_PASSING: ReadonlySet<number> = new Set([
  RouteAttribute.DST,
  RouteAttribute.TABLE,
  RouteAttribute.PRIORITY,
  RouteAttribute.CACHEINFO,
  RouteAttribute.PREF,
]);
