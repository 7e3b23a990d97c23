/**
 * The speaker's own state, shared by the `on-*.ts` files: the plan, the peers, the tables, and the effects of the
 * step that runs. Nothing here decides anything.
 *
 * Ground state is the plan, the received paths and the kernel view; all else is derived from them.
 */

import { assert } from '../base/assert.ts';
import { Prng } from '../base/prng.ts';
import { TimerTable } from '../base/timer-table.ts';
import type { Millis, Octets } from '../base/units.ts';
import type { OriginatedPrefix, SpeakerPlan } from '../datastore/plan-types.ts';
import type { KernelPolicy } from '../fib/kernel-policy.ts';
import { KernelView } from '../fib/kernel-view.ts';
import { RouteProgrammer } from '../fib/route-programmer.ts';
import { RouteShapes } from '../fib/route-shape.ts';
import { TunnelDevice } from '../fib/tunnel-device.ts';
import type { NegotiatedSession } from '../fsm/negotiated-session.ts';
import type { SessionDown } from '../fsm/session-output.ts';
import { AFI_SAFIS, type AfiSafi } from '../net/afi-safi.ts';
import type { NextHopId, PeerId } from '../rib/ids.ts';
import type { Refusal } from '../rib/import-guard.ts';
import { NextHops } from '../rib/next-hops.ts';
import { AttributeSets } from '../rib/path-attributes.ts';
import { Rib } from '../rib/rib.ts';
import { RIB_SIZES, type RibSizes } from '../rib/rib-sizes.ts';
import type { MessageSpan } from '../wire/message-span.ts';
import type { CapabilitiesMemo } from '../wire/open.ts';
import { Callers } from './callers.ts';
import { ChangeLags, DecisionTimes } from './change-lags.ts';
import { DepartedCounters } from './departed-counters.ts';
import type { DrainState } from './drain-state.ts';
import { DynamicPeers } from './dynamic-ranges.ts';
import type { Effect } from './effects.ts';
import type { SpeakerEvent } from './events.ts';
import type { ConnectionId, Endpoint } from './inputs.ts';
import { KernelRoutes } from './kernel-routes.ts';
import { LearnedRoutes } from './learned-routes.ts';
import { Md5Watch } from './md5-watch.ts';
import { type Connection, type Peer, type SessionSlot, timerKeys } from './peer.ts';
import type { PlanWork, RevisedPlan } from './plan-work.ts';
import { Policies } from './policies.ts';
import { QuarantineRecords, type StoredQuarantine } from './quarantine-records.ts';
import { ResolutionHandles } from './resolution-handles.ts';
import { SessionConfigs } from './session-configs.ts';
import { TidyTime } from './tidy-time.ts';
import { TRAIL, Trails } from './trails.ts';
import { UnknownCallers } from './unknown-callers.ts';
import type { VrfGate } from './vrf-gate.ts';

export interface SpeakerOptions {
  /** Seeds jitter and hash keys; a simulation repeats exactly with the same. */
  readonly seed: number;
  /** False: never write to the kernel. */
  readonly kernelEnabled: boolean;
  /** We stopped for a restart and come back: the R bit is offered and old kernel routes are adopted (RFC 4724 §4.1). */
  readonly restarting: boolean;
  /** Routes that we wrote before (`RouteProgrammer.exportJournal`). */
  readonly journal?: Uint8Array;
  /** Paths that a peer may have in a family; default as in `rib/peer-table.ts`. */
  readonly pathsMax?: number;
  /** How much of a table is dealt with at once; default `RIB_SIZES`. */
  readonly ribSizes?: RibSizes;
  /** Of earlier runs. */
  readonly quarantines?: readonly StoredQuarantine[];
  /** Octets kept of what a peer sent last: evidence, should it bring out a bug of ours. Default as in `trails.ts`; 0: none. */
  readonly trailOctets?: Octets;
  /** Shown to peers in their show commands; undefined = not sent. */
  readonly softwareVersion?: string;
  /** The kernel can have no VRFs: what is said where one is wanted. */
  readonly lacksVrf?: boolean;
  readonly now: Millis;
}

/** Peers a speaker can have: PeerId is 16 bits wide in the RIB's columns, 0 is the node itself. */
const PEERS_MAX = 65_534;

/** RT_TABLE_MAIN: next hops are resolved in it. */
const MAIN_TABLE = 254;

/** What a session's life means beyond itself; the speaker wires it, so that sessions know nothing of tables. */
export interface SessionListener {
  /** @returns whether the connection is still there for the next message. */
  message(connection: Connection, message: MessageSpan): boolean;
  established(slot: SessionSlot, negotiated: NegotiatedSession): void;
  ended(peer: Peer, down: SessionDown): void;
}

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
  readonly tunnel: TunnelDevice;
  readonly peers = new Map<string, Peer>();
  readonly callers = new Callers();
  readonly dynamic = new DynamicPeers();
  readonly connections = new Map<ConnectionId, Connection>();
  /** What each peer sent last, in case it brings out a bug. */
  readonly trails: Trails;
  /** Its last OPENs, which stay with what is kept as evidence when the rest has moved on: one of each connection. */
  readonly opens: Trails;
  readonly policies = new Policies();
  readonly capabilities: CapabilitiesMemo = { octets: new Uint8Array(0), capabilities: [] };
  readonly sessionConfigs = new SessionConfigs();
  readonly unknownCallers = new UnknownCallers();
  readonly listeners = new Map<string, ListenerState>();
  readonly updateFaults = new Map<string, number>();
  readonly md5 = new Md5Watch();
  /** What mesh neighbors that are gone had counted. */
  readonly departed = new DepartedCounters();
  readonly lags = new ChangeLags();
  readonly decisionTimes = new DecisionTimes();
  readonly tidyTime = new TidyTime();
  /** Announced prefixes that import may not use, by reason. */
  readonly importRefusals = new Map<Refusal, number>();
  readonly quarantines: QuarantineRecords;
  readonly kernelRoutes: Readonly<Record<AfiSafi, KernelRoutes>>;
  readonly learned: LearnedRoutes;
  /** What of the kernel concerns us, where the plan names a VRF and a kernel is there. */
  vrf: VrfGate | undefined;
  /** It could be used before: what was bound then is bound to that one. */
  vrfWasUsed = false;
  kernelPolicy: KernelPolicy | undefined;
  /** Of the kernel policy when next hops were last resolved. */
  kernelGeneration = '';
  /** Small integers for resolutions, so that the RIB can tell that one changed. */
  readonly resolutions = new ResolutionHandles();
  /** Own prefixes by `prefix source`. */
  readonly origins = new Map<string, OriginatedPrefix>();

  /**
   * Monotonic milliseconds within a step, for measuring alone: nothing that the core gives may depend on it. `now` where
   * nobody measures.
   */
  clock: () => Millis = () => this.now;
  /** Set before the first input. */
  declare listener: SessionListener;
  /** The newest that was begun; `planRevision` is the newest that is wholly in force. */
  plan: SpeakerPlan | undefined;
  planRevision = 0;
  /** The plan that is being applied, slice by slice, and the one that waits for its end (`on-plan.ts`). */
  planWork: PlanWork | undefined;
  planNext: RevisedPlan | undefined;
  /** Peers whose sessions are still to be started for the first time. */
  starting: Iterator<Peer> | undefined;
  /** When the running plan was taken. */
  planSince: Millis;
  datastore: { state: 'in-sync' | 'lost' | 'waiting'; reason?: string; since: Millis };
  kernelState: { state: 'synced' | 'syncing' | 'unavailable' | 'disabled'; reason?: string };
  /** Waiting for peers' End-of-RIB after our own restart (RFC 4724 §4.1); see `recovery.ts`. */
  recovering: boolean;
  recoveryStarted: Millis | undefined;
  /** Families whose routes the kernel still held when we came back. */
  readonly survived = new Set<AfiSafi>();
  /** Families whose adopted kernel routes have been swept: nobody can confirm one any more. */
  readonly sweptFamilies = new Set<AfiSafi>();
  /** Where to go on looking for a peer that recovery waits for; see `findPeer`. */
  readonly waitsFor: Record<AfiSafi | 'endOfRib', PeerId> = {
    'ipv4-unicast': 1,
    'ipv6-unicast': 1,
    endOfRib: 1,
  };
  /** The node is being drained, or is (RFC 8326). */
  drain: DrainState | undefined;
  stopping: 'restart' | 'leave' | undefined;
  /** Commands that are answered when the proof of the kernel under way ends (`kernel-proof.ts`). */
  readonly proofsAwaited: number[] = [];
  now: Millis;

  readonly #peersById: (Peer | undefined)[] = [undefined];
  /** No id below is free. */
  #freeFrom = 1;
  #effects: Effect[] = [];
  #nextConnection = 1;

  constructor(options: SpeakerOptions) {
    this.options = options;
    this.now = options.now;
    this.planSince = options.now;
    this.recovering = options.restarting;
    this.quarantines = new QuarantineRecords(options.quarantines ?? [], options.now);
    const { trailOctets: octetsMax = TRAIL.octetsMax } = options;
    this.trails = new Trails({ ...TRAIL, octetsMax });
    this.opens = new Trails({ octetsMax, chunksMax: 2 });
    this.prng = new Prng(options.seed);
    this.nextHops = new NextHops(this.prng.u32());
    this.sets = new AttributeSets({ seed: this.prng.u32(), nextHops: this.nextHops });
    const interfaceOf = (id: NextHopId): string | undefined => this.#interfaceOf(id);
    const { ribSizes: sizes = RIB_SIZES } = options;
    const rib = (family: AfiSafi): Rib =>
      new Rib({ family, sets: this.sets, seed: this.prng.u32(), interfaceOf, sizes });
    this.ribs = { 'ipv4-unicast': rib('ipv4-unicast'), 'ipv6-unicast': rib('ipv6-unicast') };
    this.kernelView = new KernelView({ tables: [MAIN_TABLE] });
    this.tunnel = new TunnelDevice(this.kernelView);
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
    this.learned = new LearnedRoutes(this);
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

  /** Undefined when there are too many peers. */
  freePeerId(): PeerId | undefined {
    while (this.#peersById[this.#freeFrom] !== undefined) this.#freeFrom++;
    for (let id = this.#freeFrom; id <= PEERS_MAX; id++) {
      // Paths of a removed peer may still await sweeping; its id must not name another one meanwhile.
      if (
        this.#peersById[id] === undefined &&
        AFI_SAFIS.every((family) => this.ribs[family].isGone(id))
      )
        return id;
    }
    return undefined;
  }

  addPeer(peer: Peer): void {
    assert(this.#peersById[peer.id] === undefined, 'a peer id is used once');
    this.#peersById[peer.id] = peer;
    this.peers.set(peer.plan.name, peer);
    this.callers.add(peer);
  }

  removePeer(peer: Peer): void {
    if (peer.plan.kind === 'mesh') this.departed.add(peer);
    this.lags.forget(peer);
    this.#peersById[peer.id] = undefined;
    this.#freeFrom = Math.min(this.#freeFrom, peer.id);
    this.peers.delete(peer.plan.name);
    this.callers.remove(peer);
    this.trails.forget(peer.id);
    this.opens.forget(peer.id);
    // The id may be another peer's next.
    for (const key of Object.values(timerKeys(peer.id))) this.timers.clear(key);
  }

  /** Who announced a path, for people. */
  peerName(id: PeerId): string {
    return this.#peersById[id]?.name ?? 'a neighbor that was removed';
  }

  peerById(id: PeerId): Peer | undefined {
    return this.#peersById[id];
  }

  /**
   * A peer for which `test` holds, looked for from `from` on and then from the beginning. Whoever waits for all peers
   * goes on from the one that it waited for last: a step a peer, where asking all of them each time would be n².
   */
  findPeer(from: PeerId, test: (peer: Peer) => boolean): Peer | undefined {
    const peers = this.#peersById;
    for (let i = 0; i < peers.length; i++) {
      const peer = peers[(from + i) % peers.length];
      if (peer !== undefined && test(peer)) return peer;
    }
    return undefined;
  }

  /** Outgoing interface of the first hop, for policies on interfaces. */
  #interfaceOf(id: NextHopId): string | undefined {
    if (id === 0 || this.kernelState.state !== 'synced') return undefined;
    const resolution = this.kernelView.resolve(this.nextHops.addressOf(id));
    return resolution.reachable ? resolution.hops[0]?.interfaceName : undefined;
  }
}
