/**
 * Route requests, many to a buffer: RTM_NEWROUTE and RTM_DELROUTE with the key written per route and the rest
 * copied from a shape encoded once. Sequence numbers are indices; the writer adds its own base.
 *
 * Invariant: a batch is whole messages, ACK asked for on the last only (the kernel reports every failing
 * one by sequence all the same, and goes on); no allocation per route.
 */

import { assert } from '../base/assert.ts';
import { ipToOctets } from '../net/ip-address.ts';
import { prefixAddress, prefixLength } from '../net/prefix.ts';
import { AddressFamily, MessageFlag, MessageType, RouteAttribute, RouteScope } from './codes.ts';
import { writeU16, writeU32 } from './host-order.ts';
import type { KernelRoute } from './kernel-route.ts';
import { MESSAGE_HEADER_OCTETS } from './message.ts';
import { ROUTE_HEADER_OCTETS } from './raw-route.ts';
import { type EncodedRouteShape, encodeRouteShape } from './route.ts';

/**
 * `add` fails with EEXIST where the key is taken (CREATE|EXCL); `replace` overwrites whoever owns
 * the key (CREATE|REPLACE), so only for keys known to be ours; `delete` removes.
 */
export type RouteOperation = 'add' | 'replace' | 'delete';

/** A route's key as octets, for the path that has no `Prefix` text. */
export interface RouteKey {
  readonly family: 4 | 6;
  /** 4 or 16 octets or more in network order from `octetsAt`; bits past `length` must be zero. */
  readonly octets: Uint8Array;
  readonly octetsAt: number;
  readonly length: number;
  readonly table: number;
  readonly metric: number;
}

/** Whole messages for one sendmsg. */
export interface KernelRequestBatch {
  readonly octets: Uint8Array;
  /** Messages in it; their sequence numbers are 0 to count - 1. */
  readonly count: number;
}

/** Requests a batch: 512 keep the writer's thread busy for about 2 ms, at 4 µs a route (decision 0011). */
export const BATCH_REQUESTS_MAX = 512;
/** Octets of a batch; the writer cuts it into several sendmsg. */
const BATCH_OCTETS_MAX = 131_072;

export class RouteRequestWriter {
  #octets: Uint8Array = new Uint8Array(4096);
  #length = 0;
  #count = 0;
  #lastAt = 0;

  get count(): number {
    return this.#count;
  }

  /** No further request should be added: send first. */
  get full(): boolean {
    return this.#count >= BATCH_REQUESTS_MAX || this.#length >= BATCH_OCTETS_MAX / 2;
  }

  reset(): void {
    this.#length = 0;
    this.#count = 0;
  }

  /**
   * Appends one request. @returns its index in the batch.
   *
   * A `delete` names the key and the protocol, so it cannot hit another owner's route (ESRCH); the
   * shape's next hops are left out, so it hits ours whatever its next hops have become. For IPv4
   * a metric of 0 matches any metric (first the lowest): give the metric that was installed.
   */
  add(operation: RouteOperation, key: RouteKey, shape: EncodedRouteShape): number {
    assert(this.#count < BATCH_REQUESTS_MAX, 'a batch is sent before it is overfull');
    const deleting = operation === 'delete';
    const width = key.family === 4 ? 4 : 16;
    const extra = deleting ? 0 : shape.attributes.length;
    const length = MESSAGE_HEADER_OCTETS + ROUTE_HEADER_OCTETS + 4 + width + 8 + 8 + extra;
    const at = this.#reserve(length);
    this.#writeHeaders(operation, key, shape);
    const octets = this.#octets;
    writeU32(octets, at, length);
    let to = at + MESSAGE_HEADER_OCTETS + ROUTE_HEADER_OCTETS;
    to = writeAttributeHeader(octets, to, { type: RouteAttribute.DST, length: width });
    for (let i = 0; i < width; i++) octets[to + i] = key.octets[key.octetsAt + i]!;
    to = writeU32Attribute(octets, to + width, { type: RouteAttribute.TABLE, value: key.table });
    to = writeU32Attribute(octets, to, { type: RouteAttribute.PRIORITY, value: key.metric });
    // Some ten octets: `set` would be a call into the runtime, a route.
    for (let i = 0; i < extra; i++) octets[to + i] = shape.attributes[i]!;
    return this.#count++;
  }

  /** `add` for a single route as a value. */
  addRoute(operation: RouteOperation, route: KernelRoute): number {
    const key: RouteKey = {
      family: route.family,
      octets: ipToOctets(prefixAddress(route.prefix)),
      octetsAt: 0,
      length: prefixLength(route.prefix),
      table: route.table,
      metric: route.metric,
    };
    return this.add(operation, key, encodeRouteShape(route));
  }

  /** The batch so far, as a view that `reset` and the next `add` overwrite. At least one request. */
  batch(): KernelRequestBatch {
    assert(this.#count > 0, 'a batch has at least one request');
    const octets = this.#octets.subarray(0, this.#length);
    octets[this.#lastAt + 6]! |= MessageFlag.ACK;
    return { octets, count: this.#count };
  }

  #writeHeaders(operation: RouteOperation, key: RouteKey, shape: EncodedRouteShape): void {
    const at = this.#lastAt;
    const octets = this.#octets;
    const deleting = operation === 'delete';
    writeU16(octets, at + 4, deleting ? MessageType.DELROUTE : MessageType.NEWROUTE);
    writeU16(octets, at + 6, flagsOf(operation));
    writeU32(octets, at + 8, this.#count);
    writeU32(octets, at + 12, 0);
    const header = at + MESSAGE_HEADER_OCTETS;
    octets[header] = key.family === 4 ? AddressFamily.INET : AddressFamily.INET6;
    octets[header + 1] = key.length;
    octets[header + 2] = 0;
    octets[header + 3] = 0;
    octets[header + 4] = key.table < 256 ? key.table : 0;
    octets[header + 5] = shape.protocol;
    // Nowhere and type 0 match any scope and type, so a delete finds a blackhole become unicast too.
    octets[header + 6] = deleting ? RouteScope.NOWHERE : shape.scope;
    octets[header + 7] = deleting ? 0 : shape.typeCode;
    writeU32(octets, header + 8, deleting ? 0 : shape.flags);
  }

  #reserve(length: number): number {
    const at = this.#length;
    const needed = at + length;
    if (needed > this.#octets.length) {
      const larger = new Uint8Array(Math.max(needed, this.#octets.length * 2));
      larger.set(this.#octets.subarray(0, at));
      this.#octets = larger;
    }
    if (this.#count > 0) this.#octets[this.#lastAt + 6]! &= ~MessageFlag.ACK;
    this.#lastAt = at;
    this.#length = needed;
    return at;
  }
}

/** Not a table by name: reading one costs a call into the runtime, a route. */
function flagsOf(operation: RouteOperation): number {
  if (operation === 'delete') return MessageFlag.REQUEST;
  const created = MessageFlag.REQUEST | MessageFlag.CREATE;
  return created | (operation === 'add' ? MessageFlag.EXCL : MessageFlag.REPLACE);
}

function writeAttributeHeader(
  octets: Uint8Array,
  at: number,
  { type, length }: { readonly type: number; readonly length: number },
): number {
  writeU16(octets, at, 4 + length);
  writeU16(octets, at + 2, type);
  return at + 4;
}

function writeU32Attribute(
  octets: Uint8Array,
  at: number,
  { type, value }: { readonly type: number; readonly value: number },
): number {
  writeU16(octets, at, 8);
  writeU16(octets, at + 2, type);
  writeU32(octets, at + 4, value);
  return at + 8;
}
