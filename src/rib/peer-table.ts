/**
 * What a RIB knows of each peer: its configuration, its generations of paths, its counters.
 *
 * Generations make losing a peer O(1). Each path row carries one of four; a peer has one current generation, perhaps a
 * stale one (RFC 4724), and what is in neither is dead: not a candidate from that moment on, and swept in slices.
 * Invariant: a generation becomes current only when no row is left in it.
 */

import { assert } from '../base/assert.ts';
import { compareIp, type IpAddress, ipToOctets } from '../net/ip-address.ts';
import { LOCAL_PEER, PEER_ID_MAX, type PeerId } from './ids.ts';
import type { PeerRibConfig } from './rib-config.ts';

/** Paths one peer may hold where `pathsMax` does not say less. */
export const PATHS_MAX = 8_000_000;
export const GENERATIONS = 4;

export class PeerTable {
  readonly configs: (PeerRibConfig | undefined)[] = [];
  /** 1: eBGP, 2: reflector client, by PeerId. */
  kinds = new Uint8Array(16);
  routerIds = new Uint32Array(16);
  current = new Uint8Array(16);
  /** Bit per live generation. */
  live = new Uint8Array(16);
  /** Bit per stale generation whose paths are kept for long (RFC 9494 §4.2). */
  longLived = new Uint8Array(16);
  /** Rows by peer × generation: all, rejected by policy, looped. */
  paths = new Uint32Array(16 * GENERATIONS);
  rejected = new Uint32Array(16 * GENERATIONS);
  looped = new Uint32Array(16 * GENERATIONS);
  /** Bit 1: import is to be evaluated again by the running scan. */
  pending = new Uint8Array(16);
  #identifiers = new Uint32Array(16); // see `identifierOf`
  #order = new Uint32Array(16);
  #isOrderFresh = true;

  constructor() {
    this.live[LOCAL_PEER] = 1;
  }

  add(peer: PeerId, config: PeerRibConfig): void {
    assert(peer > 0 && peer <= PEER_ID_MAX, 'a peer id is in 1 … PEER_ID_MAX');
    assert(this.configs[peer] === undefined, 'a peer that is added is not there');
    this.#ensure(peer);
    if (this.live[peer] === 0) this.renew(peer, 0);
    this.set(peer, config);
  }

  /** Whether the id was used before, for a peer that others were told of in other words. */
  isOther(peer: PeerId, config: PeerRibConfig): boolean {
    const before = this.routerIds[peer] ?? 0; // RFC 6286 §2.1: never 0 once used
    return before !== 0 && (before !== config.routerId || this.kinds[peer] !== kindsOf(config));
  }

  set(peer: PeerId, config: PeerRibConfig): void {
    this.configs[peer] = config;
    this.kinds[peer] = kindsOf(config);
    this.routerIds[peer] = config.routerId;
    this.#identifiers[peer] = identifierFrom(config.address);
    this.#isOrderFresh = false;
  }

  remove(peer: PeerId): void {
    this.configs[peer] = undefined;
    this.#isOrderFresh = false;
  }

  has(peer: PeerId): boolean {
    return this.configs[peer] !== undefined;
  }

  config(peer: PeerId): PeerRibConfig {
    const config = this.configs[peer];
    assert(config !== undefined, 'the peer was added to this RIB');
    return config;
  }

  isLive(peer: PeerId, generation: number): boolean {
    return ((this.live[peer]! >>> generation) & 1) !== 0;
  }

  isLongLived(peer: PeerId, generation: number): boolean {
    return ((this.longLived[peer]! >>> generation) & 1) !== 0;
  }

  /** Bit per live generation that has rows. */
  usedOf(peer: PeerId): number {
    let used = 0;
    for (let generation = 0; generation < GENERATIONS; generation++) {
      if (this.paths[peer * GENERATIONS + generation] !== 0) used |= 1 << generation;
    }
    return used & this.live[peer]!;
  }

  /** Begins a new generation beside those in the mask `keep`. False when the dead ones must be swept first. */
  renew(peer: PeerId, keep: number): boolean {
    for (let generation = 0; generation < GENERATIONS; generation++) {
      if ((keep >>> generation) & 1 || this.paths[peer * GENERATIONS + generation] !== 0) continue;
      this.current[peer] = generation;
      this.live[peer] = keep | (1 << generation);
      return true;
    }
    this.live[peer] = keep;
    return false;
  }

  /** Rows in any generation, dead ones included. */
  rowsOf(peer: PeerId): number {
    return this.#sum(this.paths, peer, 0xf);
  }

  deadOf(peer: PeerId): number {
    return this.#sum(this.paths, peer, ~this.live[peer]! & 0xf);
  }

  receivedOf(peer: PeerId): number {
    return this.#sum(this.paths, peer, this.live[peer]!);
  }

  rejectedOf(peer: PeerId): number {
    return this.#sum(this.rejected, peer, this.live[peer]!);
  }

  loopedOf(peer: PeerId): number {
    return this.#sum(this.looped, peer, this.live[peer]!);
  }

  staleOf(peer: PeerId): number {
    return this.#sum(this.paths, peer, this.live[peer]! & ~(1 << this.current[peer]!));
  }

  /** Position of a peer by its address, lowest first: the tie-break of RFC 4271 §9.1.2.2 g. */
  orderOf(peer: PeerId): number {
    if (!this.#isOrderFresh) this.#sort();
    return this.#order[peer]!;
  }

  /** A number from the peer's address alone: path identifiers that others are told begin with it. */
  identifierOf(peer: PeerId): number {
    return this.#identifiers[peer]!;
  }

  #sum(column: Uint32Array, peer: PeerId, mask: number): number {
    let sum = 0;
    for (let generation = 0; generation < GENERATIONS; generation++) {
      // A peer that the table has never held has no rows.
      if ((mask >>> generation) & 1) sum += column[peer * GENERATIONS + generation] ?? 0;
    }
    return sum;
  }

  #sort(): void {
    const known: PeerId[] = [];
    for (let peer = 1; peer < this.configs.length; peer++) if (this.has(peer)) known.push(peer);
    known.sort((a, b) => compareIp(this.config(a).address, this.config(b).address) || a - b);
    this.#order.fill(0);
    for (const [position, peer] of known.entries()) this.#order[peer] = position + 1;
    this.#isOrderFresh = true;
  }

  #ensure(peer: PeerId): void {
    if (peer < this.kinds.length) return;
    const capacity = Math.max(peer + 1, this.kinds.length * 2);
    this.kinds = copied(this.kinds, new Uint8Array(capacity));
    this.routerIds = copied(this.routerIds, new Uint32Array(capacity));
    this.current = copied(this.current, new Uint8Array(capacity));
    this.live = copied(this.live, new Uint8Array(capacity));
    this.longLived = copied(this.longLived, new Uint8Array(capacity));
    this.pending = copied(this.pending, new Uint8Array(capacity));
    this.paths = copied(this.paths, new Uint32Array(capacity * GENERATIONS));
    this.rejected = copied(this.rejected, new Uint32Array(capacity * GENERATIONS));
    this.looped = copied(this.looped, new Uint32Array(capacity * GENERATIONS));
    this.#identifiers = copied(this.#identifiers, new Uint32Array(capacity));
    this.#order = copied(this.#order, new Uint32Array(capacity));
  }
}

/** Bits of `kinds`. */
export const Kind = { Ebgp: 1, Client: 2 } as const;

function kindsOf({ ebgp, rrClient }: PeerRibConfig): number {
  return (ebgp ? Kind.Ebgp : 0) | (rrClient ? Kind.Client : 0);
}

/** IPv4: the address, which operators recognise; IPv6: its four words folded. */
function identifierFrom(address: IpAddress): number {
  const octets = ipToOctets(address);
  let folded = 0;
  for (let at = 0; at < octets.length; at += 4) {
    const word =
      (octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!;
    folded = Math.imul(folded, 0x85eb_ca6b) ^ word;
  }
  return folded >>> 0;
}

function copied<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
