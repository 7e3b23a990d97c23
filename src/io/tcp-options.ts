/**
 * Sets TCP options on an fd, each with a sentence for what the host may refuse. The order matters to no one: all
 * are set before connect or listen.
 */

import type { SystemError } from '../base/errors.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { Prefix } from '../net/prefix.ts';
import { Errno } from '../netlink/errno.ts';
import { nativeSockets } from './native.ts';
import {
  encodeMd5Key,
  familyOption,
  IPPROTO_TCP,
  intOption,
  MD5_KEY_OCTETS_MAX,
  SO_BINDTODEVICE,
  SOL_SOCKET,
  TCP_MD5SIG,
  TCP_MD5SIG_EXT,
  TCP_NODELAY,
  TCP_SAVED_SYN,
  TCP_USER_TIMEOUT,
  TOS_CS6,
} from './socket-options.ts';
import { systemError } from './system-error.ts';

/** IPv6 with extension headers, and TCP with all of its options: what is longer is cut. */
const SYN_HEADERS_OCTETS_MAX = 256;
const IPV4_HEADER_OCTETS = 20;
const IPV4_TTL_AT = 8;
const IPV6_HOP_LIMIT_AT = 7;

export interface TcpOptions {
  /** Hops that sent packets may take, 1 to 255. RFC 5082 §3: GTSM needs 255. */
  readonly ttl?: number;
  /** RFC 5082 §3: packets that took more hops than 255 - minTtl are dropped by the kernel. */
  readonly minTtl?: number;
  /** Interface name; only packets of that device or VRF. */
  readonly bindDevice?: string;
  /** Bind to an address that is not there yet. */
  readonly freeBind?: boolean;
  /** Milliseconds that sent octets may stay unacknowledged before the connection fails. */
  readonly userTimeoutMs?: number;
}

/** @returns what was refused first, if anything. */
export function applyTcpOptions(
  fd: number,
  address: IpAddress,
  options: TcpOptions,
): SystemError | undefined {
  const { ttl, minTtl, bindDevice, freeBind, userTimeoutMs } = options;
  const set = (name: string, at: { level: number; name: number }, value: Uint8Array) =>
    refusal(`setsockopt(${name})`, nativeSockets().setsockopt(fd, at.level, at.name, value));
  return (
    set('TCP_NODELAY', { level: IPPROTO_TCP, name: TCP_NODELAY }, intOption(1)) ??
    set('IP_TOS', familyOption('trafficClass', address), intOption(TOS_CS6)) ??
    (ttl === undefined ? undefined : set('IP_TTL', familyOption('ttl', address), intOption(ttl))) ??
    (minTtl === undefined ? undefined : setMinTtl(fd, address, minTtl)) ??
    (freeBind === true
      ? set('IP_FREEBIND', familyOption('freeBind', address), intOption(1))
      : undefined) ??
    (userTimeoutMs === undefined
      ? undefined
      : set(
          'TCP_USER_TIMEOUT',
          { level: IPPROTO_TCP, name: TCP_USER_TIMEOUT },
          intOption(userTimeoutMs),
        )) ??
    (bindDevice === undefined ? undefined : setBindDevice(fd, bindDevice))
  );
}

/** RFC 5082 §3: 255 takes only packets from the same link. */
/** TTL or hop limit with which the SYN of an accepted connection came; undefined where the kernel has not kept it. */
export function ttlOfSyn(fd: number): number | undefined {
  const headers = new Uint8Array(SYN_HEADERS_OCTETS_MAX);
  const length = nativeSockets().getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, headers);
  if (length < IPV4_HEADER_OCTETS) return undefined;
  const version = headers[0]! >>> 4;
  return headers[version === 4 ? IPV4_TTL_AT : IPV6_HOP_LIMIT_AT];
}

export function setMinTtl(fd: number, address: IpAddress, minTtl: number): SystemError | undefined {
  const { level, name } = familyOption('minTtl', address);
  return refusal(
    'setsockopt(IP_MINTTL)',
    nativeSockets().setsockopt(fd, level, name, intOption(minTtl)),
  );
}

/**
 * Sets the key of RFC 2385 for a peer, or for all peers in a prefix.
 *
 * @param key  1 to 80 octets as UTF-8; empty removes the key. Never part of an error.
 */
export function setMd5Key(
  fd: number,
  peer: IpAddress | Prefix,
  key: string,
): SystemError | undefined {
  const octets = new TextEncoder().encode(key);
  if (octets.length > MD5_KEY_OCTETS_MAX) {
    const detail = `the password has ${octets.length} octets, TCP MD5 takes at most ${MD5_KEY_OCTETS_MAX}`;
    return systemError('setsockopt(TCP_MD5SIG)', -Errno.ERANGE, detail);
  }
  const option = peer.includes('/') ? TCP_MD5SIG_EXT : TCP_MD5SIG;
  const value = encodeMd5Key(peer, octets);
  const result = nativeSockets().setsockopt(fd, IPPROTO_TCP, option, value);
  return refusal('setsockopt(TCP_MD5SIG)', result, MD5_REMEDIES.get(-result));
}

function setBindDevice(fd: number, name: string): SystemError | undefined {
  const value = new TextEncoder().encode(`${name}\0`);
  const result = nativeSockets().setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, value);
  return refusal('setsockopt(SO_BINDTODEVICE)', result, `interface ${name}`);
}

function refusal(call: string, result: number, detail?: string): SystemError | undefined {
  return result < 0 ? systemError(call, result, detail) : undefined;
}

const MD5_REMEDIES: ReadonlyMap<number, string> = new Map([
  [
    Errno.ENOMEM,
    'this socket holds no more keys: raise the sysctl net.core.optmem_max, or use one key for a prefix',
  ],
  [Errno.ENOENT, 'no such key'],
  [Errno.EPERM, 'TCP MD5 keys need CAP_NET_ADMIN'],
]);
