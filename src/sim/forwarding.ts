/**
 * Where a packet goes: from node to node by the simulated kernels' routes alone, as the real ones would forward it.
 */

import type { IpAddress } from '../net/ip-address.ts';
import type { KernelRoute } from '../netlink/kernel-route.ts';
import type { MatchKeys } from './kernel.ts';
import { type Lab, TUNL0 } from './lab.ts';
import type { SimNode } from './node.ts';

/** More hops than any path in a laboratory has: a loop. */
const HOPS_MAX = 32;

export type Fate =
  /** It came to the node that has the block. */
  | { readonly end: 'delivered'; readonly at: string; readonly path: readonly string[] }
  | {
      readonly end: 'lost';
      readonly at: string;
      readonly why: string;
      readonly path: readonly string[];
    }
  | { readonly end: 'loop'; readonly at: string; readonly path: readonly string[] };

/** Follows a packet from `start` for the target of `keys`. */
export function followPacket(lab: Lab, start: SimNode, keys: MatchKeys): Fate {
  const path: string[] = [];
  let at = start;
  for (let hops = 0; hops < HOPS_MAX; hops++) {
    path.push(at.name);
    const hop = hopOf(at, keys);
    if (hop.end === 'delivered') return { ...hop, at: at.name, path };
    if (hop.end === 'lost') return { ...hop, at: at.name, path };
    const next = lab.nodeAt(hop.to);
    if (next === undefined) return { end: 'lost', at: at.name, why: hop.orWhy, path };
    at = next;
  }
  return { end: 'loop', at: at.name, path };
}

export type Hop =
  | { readonly end: 'delivered' }
  | { readonly end: 'lost'; readonly why: string }
  /** To the machine at `to`; where there is none it is lost, `orWhy`. */
  | { readonly end: 'goesOn'; readonly to: IpAddress; readonly orWhy: string };

/** What the kernel of `at` does with a packet for the target of `keys`. */
export function hopOf(at: SimNode, keys: MatchKeys): Hop {
  const route = at.kernel.longestMatch(keys);
  if (route === undefined) return { end: 'lost', why: 'no route' };
  if (route.type === 'blackhole') {
    return isOwnBlock(at, route)
      ? { end: 'delivered' }
      : { end: 'lost', why: `blackhole ${route.prefix}` };
  }
  if (route.type !== 'unicast') return { end: 'lost', why: route.type };
  // Through a tunnel the outer packet goes to the gateway wherever it is; otherwise the gateway is a neighbor.
  const hop = route.nextHops[0];
  const to = hop?.gateway ?? keys.target;
  const way = hop?.interfaceIndex === TUNL0 ? 'tunnel' : 'router';
  return { end: 'goesOn', to, orWhy: `${way} ${to} knows no pods` };
}

function isOwnBlock(node: SimNode, route: KernelRoute): boolean {
  return node.plan?.originated.some(({ prefix }) => prefix === route.prefix) === true;
}
