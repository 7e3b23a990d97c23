/**
 * Which TCP-MD5 keys a listener needs for its peers (RFC 2385): one an address, or, where there are many, one a prefix
 * that holds peers with the same password and no others.
 *
 * A socket holds some hundreds of keys (net.core.optmem_max); a mesh has one password and may have thousands of nodes.
 * Pure. Invariant: no key covers a peer with another password, or with none: its packets would be dropped.
 */

import { type IpAddress, ipFamily, ipFromOctets, ipToOctets } from '../net/ip-address.ts';
import { type Prefix, prefixFrom } from '../net/prefix.ts';

export interface KeyedPeer {
  readonly address: IpAddress;
  readonly password?: string;
}

export interface ListenerKey {
  readonly match: IpAddress | Prefix;
  readonly password: string;
}

/** Keys by address on one listener: 149 fit where optmem_max is 20,480 (Linux 6.1), with other options beside them. */
export const KEYS_BY_ADDRESS_MAX = 128;

interface Entry {
  readonly octets: Uint8Array;
  readonly password: string | undefined;
}

/** @param peers  All peers, those without a password too where prefixes may be needed. */
export function listenerKeys(peers: readonly KeyedPeer[]): ListenerKey[] {
  return ([4, 6] as const).flatMap((family) => {
    const ofFamily = peers.filter(({ address }) => ipFamily(address) === family);
    const byAddress = new Map(ofFamily.map((peer) => [peer.address, peer.password]));
    const keyed = [...byAddress].flatMap(([match, password]) =>
      password === undefined ? [] : [{ match, password }],
    );
    return keyed.length <= KEYS_BY_ADDRESS_MAX ? keyed : byPrefix(byAddress);
  });
}

function byPrefix(byAddress: ReadonlyMap<IpAddress, string | undefined>): ListenerKey[] {
  const entries = [...byAddress].map(([address, password]): Entry => {
    return { octets: ipToOctets(address), password };
  });
  entries.sort((a, b) => Buffer.compare(a.octets, b.octets));
  const keys: ListenerKey[] = [];
  cover(entries, keys);
  return keys;
}

/** Entries in order: one key when all have the same password, otherwise each half of them by the first bit that differs. */
function cover(entries: readonly Entry[], keys: ListenerKey[]): void {
  const [first] = entries;
  if (first === undefined) return;
  const last = entries.at(-1)!;
  const length = commonBits(first.octets, last.octets);
  const { password } = first;
  if (entries.every((entry) => entry.password === password)) {
    if (password === undefined) return;
    const isOne = entries.length === 1;
    const match = isOne ? ipFromOctets(first.octets) : prefixFrom(first.octets, length);
    keys.push({ match, password });
    return;
  }
  const middle = entries.findIndex(({ octets }) => bitAt(octets, length) === 1);
  cover(entries.slice(0, middle), keys);
  cover(entries.slice(middle), keys);
}

function commonBits(a: Uint8Array, b: Uint8Array): number {
  for (let bit = 0; bit < a.length * 8; bit++) if (bitAt(a, bit) !== bitAt(b, bit)) return bit;
  return a.length * 8;
}

function bitAt(octets: Uint8Array, bit: number): number {
  return (octets[bit >>> 3]! >>> (7 - (bit & 7))) & 1;
}
