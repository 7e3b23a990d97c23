/**
 * Socket options of Linux by number (asm-generic, as on x64 and arm64) and the structures that some take.
 * Numbers and octets only; who sets what when is decided in `tcp-*.ts` and `netlink-*.ts`.
 */

import { type IpAddress, ipFamily } from '../net/ip-address.ts';
import { type Prefix, prefixAddress, prefixFamily, prefixLength } from '../net/prefix.ts';
import { writeU16, writeU32 } from '../netlink/host-order.ts';
import { encodeSockaddr } from './sockaddr.ts';

export const SOCK_STREAM = 1;
export const SOCK_RAW = 3;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_ERROR = 4;
export const SO_RCVBUF = 8;
export const SO_BINDTODEVICE = 25;
export const SO_RCVBUFFORCE = 33;

export const NETLINK_ROUTE = 0;
export const SOL_NETLINK = 270;
export const NETLINK_ADD_MEMBERSHIP = 1;
export const NETLINK_CAP_ACK = 10;
export const NETLINK_EXT_ACK = 11;
export const NETLINK_GET_STRICT_CHK = 12;

const IPPROTO_IP = 0;
const IP_TOS = 1;
const IP_TTL = 2;
const IP_FREEBIND = 15;
const IP_MINTTL = 21;

export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const TCP_MD5SIG = 14;
export const TCP_USER_TIMEOUT = 18;
/** On a listener: keep the headers of each SYN for `TCP_SAVED_SYN` of the accepted socket, which gives them away once. */
export const TCP_SAVE_SYN = 27;
export const TCP_SAVED_SYN = 28;
export const TCP_MD5SIG_EXT = 32;
export const TCP_AO_ADD_KEY = 38;
export const TCP_AO_DEL_KEY = 39;

export const IPPROTO_IPV6 = 41;
const IPV6_UNICAST_HOPS = 16;
export const IPV6_V6ONLY = 26;
const IPV6_TCLASS = 67;
const IPV6_MINHOPCOUNT = 73;
const IPV6_FREEBIND = 78;

/** Class selector 6, network control: what BGP is sent with by BIRD and FRR alike (RFC 4271 appendix E). */
export const TOS_CS6 = 0xc0;

/** An `int` option. */
export function intOption(value: number): Uint8Array {
  const octets = new Uint8Array(4);
  writeU32(octets, 0, value);
  return octets;
}

/** A key of RFC 2385: octets, 1 to 80 of them. */
export const MD5_KEY_OCTETS_MAX = 80;
/** Octets of `struct tcp_md5sig`: a sockaddr_storage, flags, prefix length, key length, device, key. */
const TCP_MD5SIG_OCTETS = 128 + 1 + 1 + 2 + 4 + MD5_KEY_OCTETS_MAX;
const TCP_MD5SIG_FLAG_PREFIX = 1;

/**
 * `struct tcp_md5sig` for one peer or, with TCP_MD5SIG_EXT, for all in a prefix.
 *
 * @param key  Empty removes the key.
 */
export function encodeMd5Key(peer: IpAddress | Prefix, key: Uint8Array): Uint8Array {
  const isPrefix = peer.includes('/');
  const address = isPrefix ? prefixAddress(peer as Prefix) : (peer as IpAddress);
  const out = new Uint8Array(TCP_MD5SIG_OCTETS);
  out.set(encodeSockaddr({ address, port: 0 }));
  if (isPrefix) {
    out[128] = TCP_MD5SIG_FLAG_PREFIX;
    out[129] = prefixLength(peer as Prefix);
  }
  writeU16(out, 130, key.length);
  out.set(key, 136);
  return out;
}

/** KeyID that we send and expect (RFC 5925 §3.1): one key a peer, and the number is agreed on by hand. */
const AO_KEY_ID = 1;
/** RFC 5926 §3.1: HMAC-SHA-1-96, which every implementation must have. */
const AO_ALGORITHM = 'hmac(sha1)';
const AO_ALGORITHM_AT = 128;
const AO_ADD_OCTETS = 288;
const AO_DEL_OCTETS = 144;

/** `struct tcp_ao_add` of include/uapi/linux/tcp.h. */
export function encodeAoKey(peer: IpAddress, key: Uint8Array): Uint8Array {
  const out = new Uint8Array(AO_ADD_OCTETS);
  out.set(encodeSockaddr({ address: peer, port: 0 }));
  out.set(new TextEncoder().encode(AO_ALGORITHM), AO_ALGORITHM_AT);
  out[202] = ipFamily(peer) === 4 ? 32 : 128; // prefix
  out[203] = AO_KEY_ID; // sndid
  out[204] = AO_KEY_ID; // rcvid
  // maclen (205) and keyflags (206) stay 0: 96 bits, TCP options are covered.
  out[207] = key.length;
  out.set(key, 208);
  return out;
}

/** `struct tcp_ao_del`. */
export function encodeAoRemoval(peer: IpAddress): Uint8Array {
  const out = new Uint8Array(AO_DEL_OCTETS);
  out.set(encodeSockaddr({ address: peer, port: 0 }));
  out[138] = ipFamily(peer) === 4 ? 32 : 128; // prefix
  out[139] = AO_KEY_ID; // sndid
  out[140] = AO_KEY_ID; // rcvid
  return out;
}

/** IPv4 and IPv6 have an option each for the same thing. */
export interface FamilyOption {
  readonly level: number;
  readonly name: number;
}

export type FamilyOptionName = 'ttl' | 'minTtl' | 'trafficClass' | 'freeBind';

const FAMILY_OPTIONS: Readonly<Record<FamilyOptionName, readonly [FamilyOption, FamilyOption]>> = {
  ttl: [
    { level: IPPROTO_IP, name: IP_TTL },
    { level: IPPROTO_IPV6, name: IPV6_UNICAST_HOPS },
  ],
  minTtl: [
    { level: IPPROTO_IP, name: IP_MINTTL },
    { level: IPPROTO_IPV6, name: IPV6_MINHOPCOUNT },
  ],
  trafficClass: [
    { level: IPPROTO_IP, name: IP_TOS },
    { level: IPPROTO_IPV6, name: IPV6_TCLASS },
  ],
  freeBind: [
    { level: IPPROTO_IP, name: IP_FREEBIND },
    { level: IPPROTO_IPV6, name: IPV6_FREEBIND },
  ],
};

export function familyOption(name: FamilyOptionName, address: IpAddress | Prefix): FamilyOption {
  const v4 = address.includes('/')
    ? prefixFamily(address as Prefix) === 4
    : ipFamily(address as IpAddress) === 4;
  return FAMILY_OPTIONS[name][v4 ? 0 : 1];
}
