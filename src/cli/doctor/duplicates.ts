/** Addresses that two machines have: asked on the wire for IPv4, known to the kernel for IPv6. */

import type { NeighborMessage } from '../../api/messages.ts';
import { probeAddresses } from '../../io/arp-probe.ts';
import { readAddresses } from '../../io/read-links.ts';
import { type IpAddress, ipFamily, ipToOctets, parseIpAddress } from '../../net/ip-address.ts';
import { prefixCovers, prefixFrom } from '../../net/prefix.ts';
import type { InterfaceAddress } from '../../netlink/address.ts';
import type { DaemonFacts, Facts, Finding } from './facts.ts';

/** Neighbors asked for beside the own addresses: of those that are down. */
const NEIGHBORS_MAX = 8;

/**
 * Asks on the links that sessions come from who has their addresses, and those of neighbors on the link that are down.
 *
 * @returns by address the hardware addresses of others; nothing where asking is not allowed (CAP_NET_RAW).
 */
export async function askStations(
  neighbors: readonly NeighborMessage[],
): Promise<DaemonFacts['stations']> {
  const addresses = await readAddresses();
  if ('kind' in addresses) return new Map();
  const own = new Set(neighbors.map(({ localAddress }) => localAddress));
  const down = neighbors.filter(({ state }) => state !== 'Established');
  const found = new Map<string, readonly string[]>();
  const ends = addresses.filter(({ address }) => ipFamily(address) === 4 && own.has(address));
  for (const end of ends) {
    const near = down.flatMap((one) => onLink(one, end)).slice(0, NEIGHBORS_MAX);
    const asked = await probeAddresses(end.interfaceIndex, [end.address, ...near]);
    if ('kind' in asked) continue;
    for (const [address, stations] of asked) found.set(address, [...stations].sort());
  }
  return found;
}

function onLink({ address }: NeighborMessage, end: InterfaceAddress): IpAddress[] {
  const ip = parseIpAddress(address);
  if (ip === undefined || ipFamily(ip) !== 4) return [];
  return prefixCovers(prefixFrom(ipToOctets(end.address), end.prefixLength), ip) ? [ip] : [];
}

/** One other station with an address of ours, or two with a neighbor's. */
export function duplicates(daemon: DaemonFacts, { host }: Facts): Finding[] {
  const own = new Set(host.links.flatMap(({ addresses }) => addresses));
  const onWire = [...daemon.stations].filter(
    ([address, stations]) => stations.length > (own.has(address) ? 0 : 1),
  );
  const findings = onWire.map(([address, stations]) =>
    own.has(address) ? taken(address, stations) : twice(address, stations),
  );
  const refused = host.links.flatMap(({ duplicates: found = [] }) => found);
  return [...findings, ...refused.map((address) => taken(address, []))];
}

function taken(address: string, stations: readonly string[]): Finding {
  const who = stations.length === 0 ? '' : ` (${stations.join(', ')})`;
  return {
    code: 'DuplicateAddress',
    grade: 'broken',
    weight: 93,
    what: `Another machine on the link says that it has ${address}${who}, which is an address of this node`,
    remedy:
      'Find it by its hardware address in the table of the switch, and give one of the two another address',
  };
}

function twice(address: string, stations: readonly string[]): Finding {
  return {
    code: 'DuplicateNeighbor',
    grade: 'broken',
    weight: 60,
    what: `${stations.length} machines say that they have ${address}, the address of a neighbor: ${stations.join(', ')}`,
    remedy:
      'Find them by their hardware addresses in the table of the switch; one needs another address, unless both are links of one machine (then sysctl net.ipv4.conf.all.arp_ignore=1 there)',
  };
}
