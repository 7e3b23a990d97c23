/** Nodes that have one address: no session between them is possible, and packets for one reach the other. */

import type { ConfigError } from '../base/errors.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { Cluster } from './cluster.ts';
import { compareText } from './plan-data.ts';

/** Addresses named one by one; more are one mistake that was made many times. */
const NAMED_MAX = 20;

export function reportSameAddress({ memo, own, problems }: Cluster): void {
  const all = [...memo.nodes.sharedAddresses()].sort(compareText);
  const more = all.length - NAMED_MAX;
  for (const [i, address] of all.slice(0, NAMED_MAX).entries()) {
    const names = memo.nodes.withAddress(address).map((node) => node.name);
    const rest = more > 0 && i === NAMED_MAX - 1 ? ` (and ${more} more addresses)` : '';
    problems.push(problemOf(address, { names, own: own.name, rest }));
  }
}

function problemOf(
  address: IpAddress,
  { names, own, rest }: { names: readonly string[]; own: string; rest: string },
): ConfigError {
  const others = names.filter((name) => name !== own);
  const isOurs = others.length < names.length;
  const field = address.includes(':') ? 'ipv6Address' : 'ipv4Address';
  const who = isOurs
    ? `This node and ${others.map((name) => `Node/${name}`).join(', ')} have one address: they cannot be neighbors`
    : `${names.map((name) => `Node/${name}`).join(', ')} have one address: there is one session for all`;
  return {
    kind: 'ConfigError',
    severity: isOurs ? 'error' : 'warning',
    code: 'SameNodeAddress',
    resource: `Node/${others[0]!}`,
    path: `spec.bgp.${field}`,
    value: address,
    message: `${who}, and packets for one reach another${rest}`,
    remedy: `Correct spec.bgp.${field} of all but one`,
  };
}
