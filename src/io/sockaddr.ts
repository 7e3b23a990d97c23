/**
 * `sockaddr_in`, `sockaddr_in6`, `sockaddr_nl`, `sockaddr_un` as octets. Family and scope in host order, port and address in
 * network order, as the kernel lays them out.
 */

import { type IpAddress, ipFamily, ipFromOctets, ipToOctets } from '../net/ip-address.ts';
import { AddressFamily } from '../netlink/codes.ts';
import { readU16, readU32, writeU16, writeU32 } from '../netlink/host-order.ts';

/** One end of a TCP connection. */
export interface Endpoint {
  readonly address: IpAddress;
  readonly port: number;
  /** Interface index that a link-local address is meant on; absent for all others. */
  readonly scopeId?: number;
}

/** Room for any address: `struct sockaddr_storage`. */
export const SOCKADDR_STORAGE_OCTETS = 128;
const SOCKADDR_IN_OCTETS = 16;
const SOCKADDR_IN6_OCTETS = 28;
const SOCKADDR_NL_OCTETS = 12;
export const AF_NETLINK = 16;
export const AF_UNIX = 1;
/** `sun_path` has 108 octets; one is for the zero at its end. */
const UNIX_PATH_OCTETS_MAX = 107;

export function encodeSockaddr({ address, port, scopeId }: Endpoint): Uint8Array {
  const v4 = ipFamily(address) === 4;
  const out = new Uint8Array(v4 ? SOCKADDR_IN_OCTETS : SOCKADDR_IN6_OCTETS);
  writeU16(out, 0, v4 ? AddressFamily.INET : AddressFamily.INET6);
  out[2] = port >>> 8;
  out[3] = port;
  out.set(ipToOctets(address), v4 ? 4 : 8);
  if (!v4) writeU32(out, 24, scopeId ?? 0);
  return out;
}

/** undefined for a family other than IPv4 and IPv6. */
export function decodeSockaddr(octets: Uint8Array): Endpoint | undefined {
  const family = readU16(octets, 0);
  const port = (octets[2]! << 8) | octets[3]!;
  if (family === AddressFamily.INET) return { address: ipFromOctets(octets.subarray(4, 8)), port };
  if (family !== AddressFamily.INET6) return undefined;
  const address = ipFromOctets(octets.subarray(8, 24));
  const scopeId = readU32(octets, 24);
  return scopeId === 0 ? { address, port } : { address, port, scopeId };
}

/** `sockaddr_nl`; port 0 lets the kernel choose. Groups are joined by setsockopt. */
export function encodeNetlinkSockaddr(): Uint8Array {
  const out = new Uint8Array(SOCKADDR_NL_OCTETS);
  writeU16(out, 0, AF_NETLINK);
  return out;
}

/**
 * `sockaddr_un`: a path that ends with a zero octet, or a name in the abstract namespace, written with `@` in front.
 *
 * @returns undefined where it does not fit.
 */
export function encodeUnixSockaddr(path: string): Uint8Array | undefined {
  const name = new TextEncoder().encode(path);
  if (name.length === 0 || name.length > UNIX_PATH_OCTETS_MAX) return undefined;
  const isAbstract = path.startsWith('@');
  const out = new Uint8Array(2 + name.length + (isAbstract ? 0 : 1));
  writeU16(out, 0, AF_UNIX);
  out.set(name, 2);
  if (isAbstract) out[2] = 0;
  return out;
}

/** The port of a `sockaddr_nl`. */
export function netlinkPort(octets: Uint8Array): number {
  return readU32(octets, 4);
}

/** `10.0.0.1:179`, `[fd00::1]:179`, `[fe80::1%3]:179`. */
export function formatEndpoint({ address, port, scopeId }: Endpoint): string {
  if (ipFamily(address) === 4) return `${address}:${port}`;
  return scopeId === undefined ? `[${address}]:${port}` : `[${address}%${scopeId}]:${port}`;
}
