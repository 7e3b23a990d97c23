/**
 * What the listeners know of the peers: their TCP-MD5 keys, by address or by prefix, and how each caller is to be
 * tightened before its first octet is read.
 *
 * Invariant: a peer that has a password gets in with it or not at all, also where its key could not be set. Keys that
 * stay are never touched; new ones are set before old ones are removed.
 */

import type { SystemError } from '../base/errors.ts';
import type { PendingConnection } from '../io/tcp.ts';
import type { TcpListener } from '../io/tcp-listener.ts';
import type { IpAddress } from '../net/ip-address.ts';
import { type Prefix, prefixCovers, prefixLength } from '../net/prefix.ts';
import type { ListenerPeer } from '../speaker/effects.ts';
import { listenerKeys } from '../speaker/listener-keys.ts';

type Match = IpAddress | Prefix;

export interface ListenerPeersOptions {
  /** The keys of these peers cannot be set, or can be again: told when it changes. */
  readonly onKeys: (addresses: readonly IpAddress[], error: SystemError | undefined) => void;
}

export class ListenerPeers {
  readonly #options: ListenerPeersOptions;
  #peers: ReadonlyMap<Match, ListenerPeer> = new Map();
  #keys: ReadonlyMap<Match, string> = new Map();
  #aoKeys: ReadonlyMap<IpAddress, string> = new Map();
  /** What each listener was given. */
  readonly #given = new WeakMap<TcpListener, Map<Match, string>>();
  readonly #givenAo = new WeakMap<TcpListener, Map<IpAddress, string>>();
  /** Keys that a listener did not take. */
  readonly #refused = new Map<Match, SystemError>();

  constructor(options: ListenerPeersOptions) {
    this.#options = options;
  }

  set(peers: readonly ListenerPeer[], listeners: Iterable<TcpListener>): void {
    this.#peers = new Map(peers.map((peer) => [peer.address, peer]));
    // A peer with TCP-AO has no TCP-MD5 key, and no prefix of others may cover it.
    const md5 = peers.map((peer) =>
      peer.authentication === 'ao' ? { address: peer.address } : peer,
    );
    this.#keys = new Map(listenerKeys(md5).map(({ match, password }) => [match, password]));
    this.#aoKeys = new Map(
      peers.flatMap(({ address, password, authentication }) =>
        authentication === 'ao' && password !== undefined && !isRange(address)
          ? [[address, password]]
          : [],
      ),
    );
    const before = new Map(this.#refused);
    this.#refused.clear();
    for (const listener of listeners) this.#arm(listener);
    this.#tell(before);
  }

  /** A listener that was just opened. */
  add(listener: TcpListener): void {
    const before = new Map(this.#refused);
    this.#arm(listener);
    this.#tell(before);
  }

  /** Makes the caller what its peer must be. @returns why it is refused instead. */
  tighten(pending: PendingConnection): { what: string; error: SystemError } | undefined {
    const { address } = pending.remote;
    const peer = this.#peers.get(address) ?? this.#rangeOf(address);
    if (peer === undefined) return undefined;
    const { minTtl, password, authentication } = peer;
    if (minTtl !== undefined) {
      // RFC 5082 §3: the listener is everybody's and takes any TTL. What came before accept() came with the TTL of the
      // SYN, what comes after is checked by the kernel.
      const error = pending.setMinTtl(minTtl) ?? tooFar(minTtl, pending.ttlOfSyn());
      if (error !== undefined) return { what: `minimum TTL of ${address}`, error };
    }
    if (password === undefined) return undefined;
    if (authentication === 'ao') {
      // RFC 5925 §7.3: a listener with the key takes no SYN without; one that has none takes everybody's.
      const error = this.#refused.get(address);
      return error === undefined ? undefined : { what: `TCP-AO key of ${address}`, error };
    }
    // Also where the handshake was over before the listener had the key: what is not signed is dropped from here on.
    const error = pending.setMd5Key(password);
    return error === undefined ? undefined : { what: `TCP-MD5 key of ${address}`, error };
  }

  /** The listen range that the caller is in, where it has something to say; the longest wins. */
  #rangeOf(address: IpAddress): ListenerPeer | undefined {
    let found: ListenerPeer | undefined;
    for (const [match, peer] of this.#peers) {
      if (!match.includes('/') || !prefixCovers(match as Prefix, address)) continue;
      if (
        found === undefined ||
        prefixLength(match as Prefix) > prefixLength(found.address as Match as Prefix)
      )
        found = peer;
    }
    return found;
  }

  #arm(listener: TcpListener): void {
    const given = this.#given.get(listener) ?? new Map<Match, string>();
    this.#given.set(listener, given);
    for (const [match, password] of this.#keys) {
      if (!isSameFamily(listener, match) || given.get(match) === password) continue;
      const error = listener.setMd5Key(match, password);
      if (error === undefined) given.set(match, password);
      else this.#refused.set(match, error);
    }
    for (const match of given.keys()) {
      if (this.#keys.has(match)) continue;
      listener.removeMd5Key(match);
      given.delete(match);
    }
    this.#armAo(listener);
    if (this.#refused.size > 0) this.#armAgain(listener, given);
  }

  /** One key a peer, with a number that does not change: another key takes the place of the old one. */
  #armAo(listener: TcpListener): void {
    const given = this.#givenAo.get(listener) ?? new Map<IpAddress, string>();
    this.#givenAo.set(listener, given);
    for (const [address, old] of given) {
      if (this.#aoKeys.get(address) === old) continue;
      listener.setAoKey(address, '');
      given.delete(address);
    }
    for (const [address, password] of this.#aoKeys) {
      if (!isSameFamily(listener, address) || given.has(address)) continue;
      const error = listener.setAoKey(address, password);
      if (error === undefined) given.set(address, password);
      else this.#refused.set(address, error);
    }
  }

  /** There was no room beside the keys that have gone by now. */
  #armAgain(listener: TcpListener, given: Map<Match, string>): void {
    for (const match of [...this.#refused.keys()]) {
      const password = this.#keys.get(match);
      if (password === undefined || !isSameFamily(listener, match)) continue;
      const error = listener.setMd5Key(match, password);
      if (error !== undefined) continue;
      given.set(match, password);
      this.#refused.delete(match);
    }
  }

  #tell(before: ReadonlyMap<Match, SystemError>): void {
    for (const [match, error] of this.#refused) {
      if (!before.has(match)) this.#options.onKeys(this.#addressesOf(match), error);
    }
    for (const match of before.keys()) {
      if (!this.#refused.has(match)) this.#options.onKeys(this.#addressesOf(match), undefined);
    }
  }

  #addressesOf(match: Match): IpAddress[] {
    const addresses = [...this.#peers.keys()].filter((peer) => !peer.includes('/')) as IpAddress[];
    return addresses.filter((address) =>
      match.includes('/') ? prefixCovers(match as Prefix, address) : match === address,
    );
  }
}

function isRange(match: Match): match is Prefix {
  return match.includes('/');
}

/** Why a connection is not taken whose first packet came from too far away. */
function tooFar(minTtl: number, ttl: number | undefined): SystemError | undefined {
  if (ttl === undefined || ttl >= minTtl) return undefined;
  const detail = `it calls with TTL ${ttl}, and ttlSecurity takes ${minTtl} and more: does the peer send 255?`;
  return { kind: 'SystemError', call: 'accept', errno: 'EPERM', detail };
}

function isSameFamily(listener: TcpListener, match: Match): boolean {
  return listener.local.address.includes(':') === match.includes(':');
}
