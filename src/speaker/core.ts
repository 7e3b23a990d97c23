/**
 * The speaker's own state, shared by the `on-*.ts` files: the plan, the peers, the tables, and the effects of the
 * step that runs. Nothing here decides anything.
 *
 * Ground state is the plan, the received paths and the kernel view; all else is derived from them.
 */

import { assert } from '../base/assert.ts';
import { Prng } from '../base/prng.ts';
import { TimerTable } from '../base/timer-table.ts';
import type { Millis } from '../base/units.ts';
import type { OriginatedPrefix, SpeakerPlan } from '../datastore/plan-types.ts';
import type { KernelPolicy } from '../fib/kernel-policy.ts';
import { KernelView } from '../fib/kernel-view.ts';
import { RouteProgrammer } from '../fib/route-programmer.ts';
import { RouteShapes } from '../fib/route-shape.ts';
import { AFI_SAFIS, type AfiSafi } from '../net/afi-safi.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { NextHopId, PeerId } from '../rib/ids.ts';
import { AttributeSets } from '../rib/path-attributes.ts';
import { NextHops } from '../rib/next-hops.ts';
import { Rib } from '../rib/rib.ts';
import type { Effect } from './effects.ts';
import type { SpeakerEvent } from './events.ts';
import type { ConnectionId, Endpoint } from './inputs.ts';
import { KernelRoutes, nextHopResolver } from './kernel-routes.ts';
import type { Connection, Peer } from './peer.ts';
import { Policies } from './policies.ts';
import { UnknownCallers } from './unknown-callers.ts';

export interface SpeakerOptions {
  /** Seeds jitter and hash keys; a simulation repeats exactly with the same. */
  readonly seed: number;
  /** False: never write to the kernel. */
  readonly kernelEnabled: boolean;
  /** We stopped for a restart and come back: the R bit is offered and old kernel routes are adopted (RFC 4724 §4.1). */
  readonly restarting: boolean;
  /** Routes that we wrote before (`RouteProgrammer.exportJournal`). */
  readonly journal?: Uint8Array;
  /** Shown to peers in their show commands; undefined = not sent. */
  readonly softwareVersion?: string;
  readonly now: Millis;
}

/** Peers a speaker can have: PeerId is 16 bits wide in the RIB's columns, 0 is the node itself. */
export const PEERS_MAX = 65_534;

/** RT_TABLE_MAIN: next hops are resolved in it. */
const MAIN_TABLE = 254;

export type ListenerState = { readonly local: Endpoint; readonly error?: string };

export class Core {
  readonly options: SpeakerOptions;
  readonly prng: Prng;
  readonly timers = new TimerTable();
  readonly sets: AttributeSets;
  readonly nextHops: NextHops;
  readonly ribs: Readonly<Record<AfiSafi, Rib>>;
  readonly kernelView: KernelView;
  readonly shapes: RouteShapes;
  readonly programmer: RouteProgrammer;
  readonly peers = new Map<string, Peer>();
  readonly peersByAddress = new Map<IpAddress, Peer>();
  readonly connections = new Map<ConnectionId, Connection>();
  readonly policies = new Policies();
  readonly unknownCallers = new UnknownCallers();
  readonly listeners = new Map<string, ListenerState>();
  readonly updateFaults = new Map<string, number>();
  readonly kernelRoutes: Readonly<Record<AfiSafi, KernelRoutes>>;
  kernelPolicy: KernelPolicy | undefined;
  /** Of the kernel policy when next hops were last resolved. */
  kernelGeneration = '';
  readonly resolveNextHop: (id: NextHopId) => void;
  /** Own prefixes by `prefix source`. */
  readonly origins = new Map<string, OriginatedPrefix>();


  plan: SpeakerPlan | undefined;
  planRevision = 0;
  datastore: { state: 'in-sync' | 'lost' | 'waiting'; reason?: string; since: Millis };
  kernelState: { state: 'synced' | 'syncing' | 'unavailable' | 'disabled'; reason?: string };
  /** Waiting for peers' End-of-RIB after our own start (RFC 4724 §4.1); see `recovery.ts`. */
  recovering = true;
  recoveryStarted: Millis | undefined;
  /** Families whose routes the kernel still held when we came back. */
  readonly survived = new Set<AfiSafi>();
  /** Families whose adopted kernel routes have been swept: nobody can confirm one any more. */
  readonly sweptFamilies = new Set<AfiSafi>();
  stopping: 'restart' | 'leave' | undefined;
  now: Millis;

  readonly #peersById: (Peer | undefined)[] = [undefined];
  #effects: Effect[] = [];
  #nextConnection = 1;

  constructor(options: SpeakerOptions) {
    this.options = options;
    this.now = options.now;
    this.prng = new Prng(options.seed);
    this.nextHops = new NextHops(this.prng.u32());
    this.sets = new AttributeSets({ seed: this.prng.u32(), nextHops: this.nextHops });
    const rib = (family: AfiSafi): Rib => new Rib({ family, sets: this.sets, seed: this.prng.u32() });
    this.ribs = { 'ipv4-unicast': rib('ipv4-unicast'), 'ipv6-unicast': rib('ipv6-unicast') };
    this.kernelView = new KernelView({ tables: [MAIN_TABLE] });
    this.shapes = new RouteShapes();
    this.programmer = new RouteProgrammer({
      view: this.kernelView,
      shapes: this.shapes,
      enabled: options.kernelEnabled,
      seed: this.prng.u32(),
    });
    if (options.journal !== undefined) this.programmer.loadJournal(options.journal);
    this.kernelRoutes = {
      'ipv4-unicast': new KernelRoutes(this, 'ipv4-unicast'),
      'ipv6-unicast': new KernelRoutes(this, 'ipv6-unicast'),
    };
    this.resolveNextHop = nextHopResolver(this);
    this.datastore = { state: 'waiting', since: options.now };
    this.kernelState = { state: options.kernelEnabled ? 'syncing' : 'disabled' };
  }

  effect(effect: Effect): void {
    this.#effects.push(effect);
  }

  publish(event: SpeakerEvent): void {
    this.#effects.push({ type: 'publish', event });
  }

  takeEffects(): readonly Effect[] {
    const effects = this.#effects;
    if (effects.length > 0) this.#effects = [];
    return effects;
  }

  /** Dialled connections have odd numbers; the shell gives even ones to those it accepts. */
  nextConnectionId(): ConnectionId {
    const id = this.#nextConnection;
    this.#nextConnection += 2;
    return id;
  }

  freePeerId(): PeerId {
    for (let id = 1; id <= PEERS_MAX; id++) if (this.#peersById[id] === undefined) return id as PeerId;
    throw new RangeError(`More than ${PEERS_MAX} peers`);
  }

  addPeer(peer: Peer): void {
    assert(this.#peersById[peer.id] === undefined, 'a peer id is used once');
    this.#peersById[peer.id] = peer;
    this.peers.set(peer.plan.name, peer);
    this.peersByAddress.set(peer.plan.remoteAddress, peer);
  }

  removePeer(peer: Peer): void {
    this.#peersById[peer.id] = undefined;
    this.peers.delete(peer.plan.name);
    if (this.peersByAddress.get(peer.plan.remoteAddress) === peer) {
      this.peersByAddress.delete(peer.plan.remoteAddress);
    }
  }

  peerById(id: PeerId): Peer | undefined {
    return this.#peersById[id];
  }

  forEachRib(visit: (rib: Rib, family: AfiSafi) => void): void {
    for (const family of AFI_SAFIS) visit(this.ribs[family], family);
  }
}
