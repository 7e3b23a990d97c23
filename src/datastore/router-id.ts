/**
 * The BGP Identifier of a node: CALICO_ROUTER_ID, else its IPv4 address, else a hash of its name.
 *
 * Calico's BIRD fails on nodes without IPv4 unless told `hash`; here the hash is what such a node gets.
 * @see RFC 6286 §2.1 (any non-zero number, unique within the AS)
 */

import type { ConfigError } from '../base/errors.ts';
import { sha256, utf8 } from '../base/sha256.ts';
import { type IpAddress, ipFamily, ipFromOctets, parseIpAddress } from '../net/ip-address.ts';
import type { Cluster } from './cluster.ts';

/** The first four octets of SHA-256 of the name; the first is kept below 224, as Calico does. */
export function hashedRouterId(nodeName: string): IpAddress {
  const octets = sha256(utf8(nodeName)).slice(0, 4);
  if (octets[0]! > 223) octets[0]! -= 32;
  return ipFromOctets(octets);
}

export function routerIdOf({ own, options, problems }: Cluster): IpAddress {
  const written = options.routerId;
  if (written !== undefined && written !== '' && written !== 'hash') {
    const address = parseIpAddress(written);
    // RFC 6286 §2.1: zero is no BGP Identifier.
    if (address !== undefined && ipFamily(address) === 4 && address !== '0.0.0.0') return address;
    problems.push(badRouterId(written));
  }
  if (written === 'hash' || own.ipv4 === undefined) return hashedRouterId(own.name);
  return own.ipv4.address;
}

function badRouterId(value: string): ConfigError {
  return {
    kind: 'ConfigError',
    severity: 'warning',
    code: 'BadRouterId',
    path: 'CALICO_ROUTER_ID',
    value,
    message: 'Not a BGP Identifier: the node address, or a hash of the node name, is used',
    remedy: 'Write an IPv4 address other than 0.0.0.0, or hash',
  };
}
