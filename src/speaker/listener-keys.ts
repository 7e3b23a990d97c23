/**
 * Which TCP-MD5 keys a listener needs for its peers (RFC 2385): one an address, or, where there are many, one a prefix
 * that holds peers with the same password and no others.
 *
 * A socket holds some hundreds of keys (net.core.optmem_max); a mesh has one password and may have thousands of nodes.
 * Pure. Invariant: no key covers a peer with another password, or with none: its packets would be dropped.
 */

import { type IpAddress, ipFamily, ipFromOctets, ipToOctets } from '../net/ip-address.ts';
import { type Prefix, prefixCovers, prefixFrom } from '../net/prefix.ts';

export interface KeyedPeer {
  /** A prefix for all peers of a listen range: it has its key as it stands. */
  readonly address: IpAddress | Prefix;
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
  const ranges = peers.filter(({ address }) => address.includes('/'));
  const keys = ranges.flatMap(keyOf);
  for (const family of [4, 6] as const) {
    const ofFamily = peers.filter((peer) => isAddress(peer) && ipFamily(peer.address) === family);
    const byAddress = new Map(ofFamily.map((peer) => [peer.address, peer as SinglePeer]));
    const keyed = [...byAddress.values()].flatMap(keyOf);
    if (keyed.length <= KEYS_BY_ADDRESS_MAX) keys.push(...keyed);
    else keys.push(...byPrefix([...byAddress.values()], ranges));
  }
  return keys;
}

type SinglePeer = KeyedPeer & { readonly address: IpAddress };

function isAddress(peer: KeyedPeer): peer is SinglePeer {
  return !peer.address.includes('/');
}

function keyOf({ address: match, password }: KeyedPeer): ListenerKey[] {
  return password === undefined ? [] : [{ match, password }];
}

function byPrefix(peers: readonly SinglePeer[], ranges: readonly KeyedPeer[]): ListenerKey[] {
  // The longest match wins: a peer inside a range needs a key that no range is longer than.
  const isInRange = ({ address }: SinglePeer): boolean =>
    ranges.some((range) => prefixCovers(range.address as Prefix, address));
  const keys = peers.filter(isInRange).flatMap(keyOf);
  const entries = peers
    .filter((peer) => !isInRange(peer))
    .map(({ address, password }): Entry => ({ octets: ipToOctets(address), password }));
  entries.sort((a, b) => Buffer.compare(a.octets, b.octets));
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
