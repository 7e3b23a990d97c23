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
    const route = at.kernel.longestMatch(keys);
    if (route === undefined) return { end: 'lost', at: at.name, why: 'no route', path };
    if (route.type === 'blackhole') {
      return isOwnBlock(at, route)
        ? { end: 'delivered', at: at.name, path }
        : { end: 'lost', at: at.name, why: `blackhole ${route.prefix}`, path };
    }
    if (route.type !== 'unicast') return { end: 'lost', at: at.name, why: route.type, path };
    const next = nextNode(lab, route, keys.target);
    if (typeof next === 'string') return { end: 'lost', at: at.name, why: next, path };
    at = next;
  }
  return { end: 'loop', at: at.name, path };
}

/** Through a tunnel the outer packet goes to the gateway wherever it is; otherwise the gateway is a neighbor. */
function nextNode(lab: Lab, route: KernelRoute, target: IpAddress): SimNode | string {
  const hop = route.nextHops[0];
  const gateway = hop?.gateway;
  const address = gateway ?? target;
  const node = lab.nodeAt(address);
  if (node !== undefined) return node;
  const way = hop?.interfaceIndex === TUNL0 ? 'tunnel' : 'router';
  return `${way} ${address} knows no pods`;
}

function isOwnBlock(node: SimNode, route: KernelRoute): boolean {
  return node.plan?.originated.some(({ prefix }) => prefix === route.prefix) === true;
}
