/**
 * What the listener and the connections must know of the peers for TCP-MD5 and GTSM: keys and minimum TTLs before a SYN
 * arrives, a new key on connections that stand, and what the host said of it.
 */

import { settingsOf } from '../datastore/peer-settings.ts';
import type { PeerPlan } from '../datastore/plan-types.ts';
import type { IpAddress } from '../net/ip-address.ts';
import { type Prefix, prefixCovers } from '../net/prefix.ts';
import type { Core } from './core.ts';
import type { ListenerPeer } from './effects.ts';
import type { HostInput } from './inputs.ts';
import { KEYS_BY_ADDRESS_MAX } from './listener-keys.ts';
import type { Peer } from './peer.ts';

type Keyed = Pick<PeerPlan, 'password' | 'settings' | 'ttlSecurity'>;

/** TCP-MD5 keys and minimum TTLs of all peers, and of those to come, by name or by a range. */
export function tellListenerPeers(core: Core, coming: readonly PeerPlan[] = []): void {
  const plans = new Map<string, PeerPlan>();
  for (const peer of core.peers.values()) {
    // Those that came by a range have the key of the range.
    if (!core.dynamic.has(peer)) plans.set(peer.plan.name, peer.plan);
  }
  for (const plan of coming) plans.set(plan.name, plan);
  const peers = [...plans.values()].map((plan) => listenerPeer(plan, plan.remoteAddress));
  for (const { range } of core.dynamic.ranges) peers.push(listenerPeer(range.peer, range.prefix));
  const keyed = peers.filter(({ password }) => password !== undefined).length;
  // Those without anything to say matter only where a key for a prefix must not cover them.
  const ranges = core.dynamic.ranges.map(({ range }) => range.prefix);
  const told =
    keyed > KEYS_BY_ADDRESS_MAX
      ? peers
      : peers.filter((peer) => hasSomething(peer) || isInside(peer.address, ranges));
  core.effect({ type: 'listenerPeers', peers: told });
}

function hasSomething({ password, minTtl }: ListenerPeer): boolean {
  return password !== undefined || minTtl !== undefined;
}

/** What a range asks of its callers is not asked of a neighbor that is named. */
function isInside(address: ListenerPeer['address'], ranges: readonly Prefix[]): boolean {
  return ranges.some(
    (range) => !address.includes('/') && prefixCovers(range, address as IpAddress),
  );
}

/** @param address  Of the peer, or the prefix of those to come. While a key cannot be read nobody is let in by a range. */
function listenerPeer(plan: Keyed, address: ListenerPeer['address']): ListenerPeer {
  const password = passwordOf(plan);
  return {
    address,
    ...(password === undefined ? {} : { password, ...authenticationOf(plan) }),
    ...(plan.ttlSecurity === undefined ? {} : { minTtl: 256 - plan.ttlSecurity }),
  };
}

/** RFC 5925 where a profile asks for it. */
export function authenticationOf(plan: Pick<PeerPlan, 'settings'>): {
  readonly authentication?: 'ao';
} {
  return settingsOf(plan).authentication === 'ao' ? { authentication: 'ao' } : {};
}

function passwordOf({ password }: Pick<PeerPlan, 'password'>): string | undefined {
  return password !== undefined && 'value' in password ? password.value : undefined;
}

/**
 * The password is another one: connections that stand, or are being made, go over to it. What the peer signs with the
 * old one is dropped and sent again until it has changed too (RFC 4808), within its hold time.
 */
export function rekey(core: Core, peer: Peer, before: PeerPlan): void {
  const { password } = peer;
  if (password === undefined || password === passwordOf(before)) return;
  for (const { connection } of peer.sessions) {
    if (connection === undefined) continue;
    core.effect({ type: 'rekey', connection: connection.id, password });
  }
}

export function onHost(core: Core, input: HostInput): void {
  switch (input.type) {
    case 'md5Counters':
      return core.md5.note(input, core.now);
    case 'listenerKeysChanged': {
      const concerned = new Set(input.addresses);
      for (const peer of core.peers.values()) {
        if (concerned.has(peer.plan.remoteAddress)) peer.listenerKeyError = input.error;
      }
    }
  }
}
