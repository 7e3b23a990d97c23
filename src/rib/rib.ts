/**
 * The tables of one address family behind one door: Adj-RIB-In, Loc-RIB, update groups (RFC 4271 §3.2, DESIGN 3.1).
 *
 * Nothing here knows of sessions, sockets or time. Calls that concern many prefixes only leave a note; `settle` does
 * the work in slices. Invariant: no call takes time in proportion to the table, except moving a single peer between
 * update groups (one pass over a column; in a large table one peer a slice).
 */

import { type AfiSafi, factsOf } from '../net/afi-safi.ts';
import { ipToOctets } from '../net/ip-address.ts';
import type { Prefix } from '../net/prefix.ts';
import { type PrefixId, PrefixTable } from '../net/prefix-table.ts';
import { AdjRibIn, type NlriSpan } from './adj-rib-in.ts';
import type { ExportContext } from './export-context.ts';
import { ExportOrders } from './export-orders.ts';
import { ExportSide } from './export-side.ts';
import { Exported } from './exported.ts';
import { Graves } from './graves.ts';
import type { AttributesId, GroupId, NextHopId, PathId, PeerId } from './ids.ts';
import { LOCAL_PEER } from './ids.ts';
import { ImportFilter, isOtherLoop } from './import-filter.ts';
import { isSameGuard, type Refusal } from './import-guard.ts';
import type { InstallGate } from './install-gate.ts';
import { LocRib, type Multipath } from './loc-rib.ts';
import { OwnPaths } from './own-paths.ts';
import type { AttributeSets } from './path-attributes.ts';
import { PathFlag, PathTable } from './path-table.ts';
import type { AdvertisedPath, PeerRibCounters } from './peer-counters.ts';
import { PATHS_MAX, PeerTable } from './peer-table.ts';
import { type PathSource, SOURCES } from './policy-port.ts';
import type { ExportConfig, Origination, PeerRibConfig } from './rib-config.ts';
import { RIB_SIZES, type RibSizes } from './rib-sizes.ts';
import type { SettleConsumer } from './settle-consumer.ts';
import { StaleRows } from './stale-rows.ts';
import { Tidying } from './tidying.ts';
import {
  type ExportReason,
  explainExport,
  explainPrefix,
  type PathReason,
  type ViewTables,
} from './views.ts';

/** Members of an ECMP set at most (calico model 3.10). */
const MULTIPATHS_MAX = 16;

export interface RibOptions {
  readonly family: AfiSafi;
  readonly sets: AttributeSets;
  readonly seed: number;
  /** ECMP members at most; 1 turns ECMP off. Default `MULTIPATHS_MAX`. */
  readonly maximumPaths?: number;
  /** Outgoing interface of a next hop, for policies on interfaces. */
  readonly interfaceOf?: (nextHop: NextHopId) => string | undefined;
  /** Default `RIB_SIZES`. */
  readonly sizes?: RibSizes;
}

export class Rib {
  readonly family: AfiSafi;
  readonly sets: AttributeSets;
  readonly prefixes: PrefixTable;
  readonly #paths = new PathTable();
  readonly #peers = new PeerTable();
  readonly #filter: ImportFilter;
  readonly #locRib: LocRib;
  readonly #in: AdjRibIn;
  readonly #stale: StaleRows;
  readonly #export: ExportSide;
  readonly #exported: Exported;
  readonly #graves: Graves;
  readonly tables: ViewTables & ExportContext; // for questions: nobody outside changes them
  readonly #own: OwnPaths;
  readonly #gate: { ask: InstallGate | undefined } = { ask: undefined };
  readonly #tidying: Tidying;

  constructor(options: RibOptions) {
    const { family, sets, seed } = options;
    const interfaceOf = options.interfaceOf ?? (() => undefined);
    this.family = family;
    this.sets = sets;
    this.prefixes = new PrefixTable(factsOf(family).width, seed);
    const common = {
      family,
      prefixes: this.prefixes,
      paths: this.#paths,
      peers: this.#peers,
      sets: sets.table,
    };
    this.#filter = new ImportFilter({ ...common, interfaceOf });
    this.#locRib = new LocRib({ ...common, maximumPaths: options.maximumPaths ?? MULTIPATHS_MAX });
    const changes = sets.nextHops.subscribe();
    this.#in = new AdjRibIn({ ...common, locRib: this.#locRib, filter: this.#filter, changes });
    this.#stale = new StaleRows(this.#peers, this.#in);
    this.#own = new OwnPaths({ ...common, sets, adjRibIn: this.#in });
    this.#graves = new Graves(this.#paths);
    const sizes = options.sizes ?? RIB_SIZES;
    this.#tidying = new Tidying({ ...common, graves: this.#graves, sizes });
    const interfaceOfPath = (path: PathId): string | undefined =>
      this.#own.interfaceOf(path) ?? interfaceOf(this.nextHopOf(path));
    const orders = new ExportOrders();
    this.#exported = new Exported(sets.table, orders);
    const exporting = {
      orders,
      sizes,
      exported: this.#exported,
      locRib: this.#locRib,
      interfaceOfPath,
      gate: this.#gate,
    };
    this.tables = { ...common, ...exporting, filter: this.#filter };
    this.#export = new ExportSide(this.tables, (prefix) => this.#graves.bury(prefix));
  }

  /** Prefixes held, those that wait to be freed included. */
  get prefixCount(): number {
    return this.prefixes.size;
  }

  get pathCount(): number {
    return this.#paths.count;
  }

  /** Decisions made so far. */
  get decisions(): number {
    return this.#locRib.decisions;
  }

  /** Members that fell so far behind that they were cut off from what others read. */
  get cutOffs(): number {
    return this.#export.cutOffs;
  }

  get groupCount(): number {
    return this.#export.groups.length;
  }

  // ---- Peers, import side

  addPeer(peer: PeerId, config: PeerRibConfig): void {
    // Who had this id before may stand in rewrites that are still remembered.
    if (this.#peers.isOther(peer, config)) this.#export.forget();
    this.#peers.add(peer, config);
    // RFC 4271 §5.1.3: from now on what has this next hop is withheld from it.
    if (this.sets.nextHops.names(ipToOctets(config.address))) this.#export.reexport();
  }

  /** Whatever changed is applied in slices by `settle`; paths stay as they were received. */
  updatePeer(peer: PeerId, config: PeerRibConfig): void {
    const old = this.#peers.config(peer);
    this.#peers.set(peer, config);
    const isOtherJudge =
      old.importPolicy !== config.importPolicy || !isSameGuard(old.guard, config.guard);
    if (isOtherJudge || isOtherLoop(old, config)) {
      this.#in.requestEvaluation(peer);
    }
    const isOtherSource =
      old.ebgp !== config.ebgp ||
      old.rrClient !== config.rrClient ||
      old.routerId !== config.routerId;
    if (!isOtherSource) return;
    if (this.#peers.rowsOf(peer) === 0) return this.#export.forget();
    this.#in.requestEvaluation(peer);
    this.#export.reexport();
  }

  hasPeer(peer: PeerId): boolean {
    return this.#peers.has(peer);
  }

  /** Its paths go and it leaves its group; the id may be given away again once `isGone`. */
  removePeer(peer: PeerId): void {
    this.leave(peer);
    this.dropPeer(peer);
    this.#peers.remove(peer);
  }

  /** No row names the peer any more. */
  isGone(peer: PeerId): boolean {
    return !this.#peers.has(peer) && this.#peers.rowsOf(peer) === 0;
  }

  /** @returns Prefixes that were refused, by `pathsMax` or because a table is full: see `whyFull`. */
  announce(peer: PeerId, nlri: NlriSpan, attributes: AttributesId): number {
    return this.#in.announce(peer, nlri, attributes);
  }

  /** Why what was announced last is not used whatever policy says; undefined when it may be. */
  get refusal(): Refusal | undefined {
    return this.#filter.refusal;
  }

  /** Why prefixes of `peer` are refused now, in words. */
  whyFull(peer: PeerId): string {
    if (this.#in.isCrowded) return this.#in.whyCrowded(peer);
    if (this.#paths.isFull) return `the ${this.family} table is full, with ${this.pathCount} paths`;
    const most = this.#peers.config(peer).pathsMax ?? PATHS_MAX;
    return this.#peers.receivedOf(peer) < most
      ? `the ${this.family} table is full, with ${this.prefixCount} prefixes`
      : `a neighbor may have at most ${most} ${this.family} paths`;
  }

  withdraw(peer: PeerId, nlri: NlriSpan): void {
    this.#in.withdraw(peer, nlri);
  }

  /** All paths of the peer become stale. Those that were so already go (RFC 4724 §4.2), unless `keepsOlder`. */
  markStale(peer: PeerId, keepsOlder = false): void {
    this.#stale.mark(peer, keepsOlder);
  }

  /** All stale paths of the peer are long-lived from now on: LLGR_STALE, or gone (RFC 9494 §4.2). */
  holdLongLived(peer: PeerId): void {
    this.#stale.holdLong(peer);
  }

  /** Paths that are still stale go. */
  sweepStale(peer: PeerId): void {
    this.#stale.sweep(peer);
  }

  /** All paths of the peer go, at once as far as decisions are concerned. */
  dropPeer(peer: PeerId): void {
    this.#stale.drop(peer);
  }

  // ---- Own paths

  /** A path of this node; another call with the same prefix and source replaces it. */
  originate(prefix: Prefix, origination: Origination): void {
    this.#own.originate(prefix, origination);
  }

  retract(prefix: Prefix, source: Origination['source']): void {
    this.#own.retract(prefix, source);
  }

  // ---- Decisions

  /**
   * Slices of whatever concerns many paths, then decisions on at most `budget` dirty prefixes.
   *
   * @returns Whether more is left to do without new input.
   */
  settle(budget: number, consumer: SettleConsumer): boolean {
    const hasMoves = this.#export.applyMoves();
    this.#in.scan();
    const paths = this.#paths;
    const { dirty } = paths;
    for (let i = 0; i < budget && dirty.size > 0; i++) {
      const prefix = dirty.shift();
      if (this.#locRib.decide(prefix)) {
        consumer.bestChanged(prefix);
        this.#export.decided(prefix);
      } else if (paths.isEachWatched) this.#export.looked(prefix);
      if (paths.heads[prefix] === 0) this.#graves.bury(prefix);
    }
    this.#export.dissolve();
    const hasLeftovers = this.#export.tidyMembers();
    const { isSettled } = this;
    const isTidying = this.#tidying.slice(isSettled, !consumer.isBusy, this.#export.groups);
    return !isSettled || hasMoves || isTidying || hasLeftovers || this.#export.isDissolving;
  }

  get tidying(): { readonly isNeeded: boolean; readonly isPutOff: boolean } {
    return this.#tidying;
  }

  /** Every prefix is decided and no scan runs. */
  get isSettled(): boolean {
    return this.#paths.dirty.size === 0 && !this.#in.isScanning;
  }

  // ---- Looking

  /** From now on routes of others are announced when `gate` lets them; undefined: at once. */
  setGate(gate: InstallGate | undefined): void {
    if (this.#gate.ask === gate) return;
    this.#gate.ask = gate;
    this.#export.reexport();
  }

  /** The gate may answer differently for the prefix. */
  gateMoved(prefix: Prefix): void {
    const id = this.prefixes.findPrefix(prefix);
    if (id !== 0) this.#export.decided(id);
  }

  gateMovedFor(id: PrefixId): void {
    if (this.#gate.ask !== undefined) this.#export.decided(id);
  }

  /** How many paths may share the traffic, and whether they may go through different neighbor ASes. */
  setMultipath(multipath: Multipath): void {
    if (this.#locRib.setMultipath(multipath)) this.#in.requestDecisions();
  }

  /** 0 when the prefix is not held. */
  find(prefix: Prefix): PrefixId {
    return this.prefixes.findPrefix(prefix);
  }

  prefixOf(prefix: PrefixId): Prefix {
    return this.prefixes.prefixOf(prefix);
  }

  /** The best path as last settled; 0 when there is none. */
  best(prefix: PrefixId): PathId {
    return this.#paths.best(prefix);
  }

  /** Whether the path shares the traffic of its prefix with others. */
  isMultipath(path: PathId): boolean {
    return (this.#paths.flags[path]! & PathFlag.Multipath) !== 0;
  }

  /** The ECMP set with the best in it, lowest neighbor address first. Own and unreachable routes stand alone. */
  forEachMultipath(prefix: PrefixId, visit: (path: PathId) => void): void {
    this.#locRib.forEachMultipath(prefix, visit);
  }

  /** All paths of the prefix, rejected and looped ones too, the best first. */
  forEachPath(prefix: PrefixId, visit: (path: PathId) => void): void {
    const { heads, next, peer, flags } = this.#paths;
    for (let path = heads[prefix] ?? 0; path !== 0; path = next[path]!) {
      // Paths of a lost peer that await sweeping are gone already.
      if (this.#peers.isLive(peer[path]!, flags[path]! & PathFlag.Generation)) visit(path);
    }
  }

  peerOf(path: PathId): PeerId {
    return this.#paths.peer[path]!;
  }

  sourceOf(path: PathId): PathSource {
    return SOURCES[this.#paths.source(path)]!;
  }

  /** After import policy. */
  attributesOf(path: PathId): AttributesId {
    return this.#paths.effective(path);
  }

  receivedAttributesOf(path: PathId): AttributesId {
    return this.#paths.attributes[path]!;
  }

  /** 0 when the path has none. */
  nextHopOf(path: PathId): NextHopId {
    return this.sets.nextHopOf(this.#paths.effective(path));
  }

  preferenceOf(path: PathId): number {
    return this.#paths.preference(path);
  }

  /** ADD-PATH identifier as received; 0 for own paths and without ADD-PATH. */
  pathIdentifierOf(path: PathId): number {
    return this.#paths.peer[path] === LOCAL_PEER ? 0 : this.#paths.identifiers[path]!;
  }

  isStale(path: PathId): boolean {
    const generation = this.#paths.flags[path]! & PathFlag.Generation;
    const peer = this.#paths.peer[path]!;
    return generation !== this.#peers.current[peer] && this.#peers.isLive(peer, generation);
  }

  isResolvable(path: PathId): boolean {
    return this.#locRib.isResolvable(path);
  }

  /** Every path of the prefix with what became of it and why. */
  explain(prefix: PrefixId): PathReason[] {
    return explainPrefix(this.tables, prefix);
  }

  /** Why `peer` is not told the best path; undefined when it is, or when it is in no group. */
  explainExport(peer: PeerId, prefix: PrefixId): ExportReason | undefined {
    const member = this.#export.member(peer);
    return member === undefined ? undefined : explainExport(this.tables, member, prefix);
  }

  /** Paths that the peer has announced in this session: what is kept of an earlier one does not count. O(1). */
  announcedBy(peer: PeerId): number {
    return this.#peers.receivedOf(peer) - this.#peers.staleOf(peer);
  }

  counters(peer: PeerId): PeerRibCounters {
    const peers = this.#peers;
    const received = peers.receivedOf(peer);
    const rejected = peers.rejectedOf(peer);
    const looped = peers.loopedOf(peer);
    const member = this.#export.member(peer);
    return {
      received,
      accepted: received - rejected - looped,
      rejected,
      looped,
      stale: peers.staleOf(peer),
      advertised: member === undefined ? 0 : member.group.out.countFor(peer),
      pending: member === undefined ? 0 : member.group.pendingFor(member),
      keepsBack: member?.group.keepsBack ?? false,
    };
  }

  // ---- Adj-RIB-Out

  /**
   * Into the update group of this configuration: the whole table, then End-of-RIB. A peer that is in a group already
   * goes over to its new one and is sent only what differs.
   */
  join(peer: PeerId, config: ExportConfig): GroupId {
    return this.#export.join(peer, config);
  }

  /** The session ended. */
  leave(peer: PeerId): void {
    this.#export.leave(peer);
  }

  groupOf(peer: PeerId): GroupId {
    return this.#export.member(peer)?.group.id ?? 0;
  }

  /** Everything again, for this peer only (RFC 2918 §4), `marked` at its beginning and end (RFC 7313 §4). */
  refresh(peer: PeerId, marked = false): void {
    this.#export.refresh(peer, marked);
  }

  /** End-of-RIB may be said once the peer has the table; until this call it is held back (RFC 4724 §4.1). */
  allowEndOfRib(peer: PeerId): void {
    this.#export.allowEndOfRib(peer);
  }

  endOfRibSent(peer: PeerId): boolean {
    return this.#export.member(peer)?.endOfRibSent ?? false;
  }

  /** Peers that have come to be owed something, each to be polled until nothing is: see `ExportSide.takeOwed`. */
  takeOwed(visit: (peer: PeerId) => void): void {
    this.#export.takeOwed(this.isSettled, visit);
  }

  /** O(1). */
  hasPending(peer: PeerId): boolean {
    const member = this.#export.member(peer);
    if (member === undefined) return false;
    if (member.group.hasPending(member) || this.#export.refreshes.has(member)) return true;
    return member.endOfRibAllowed && !member.endOfRibSent && this.isSettled;
  }

  /**
   * Whole UPDATEs for `peer`: about `budget` octets, at least one message when any is due; undefined when none is, or
   * when none was found within a poll's work (then `hasPending` stays true). The view is never overwritten.
   */
  poll(peer: PeerId, budget: number): Uint8Array | undefined {
    const member = this.#export.member(peer);
    if (member === undefined) return undefined;
    const { refreshes } = this.#export;
    const octets =
      refreshes.poll(member) ?? member.group.poll(member, budget) ?? refreshes.poll(member);
    if (octets !== undefined) return octets;
    if (member.endOfRibSent || !member.endOfRibAllowed) return undefined;
    // RFC 4724 §4.1: End-of-RIB follows the initial table, also an empty one.
    if (!this.isSettled || member.group.hasPending(member)) return undefined;
    member.endOfRibSent = true;
    return member.group.endOfRib();
  }

  /** What `peer` has been told of the prefix, or is about to be: canonical octets a path. */
  advertisedTo(peer: PeerId, prefix: PrefixId): AdvertisedPath[] {
    const advertised: AdvertisedPath[] = [];
    this.#export.member(peer)?.group.out.forEachTold(prefix, peer, (told) => {
      const { identifier, set: accepted } = told;
      const best = this.best(prefix);
      // In the place of the source stands, without ADD-PATH, a peer from which the path is withheld (withheld.ts).
      const isBest = identifier === 0 && best !== 0 && this.attributesOf(best) === accepted;
      const source = isBest ? this.peerOf(best) : told.source;
      advertised.push({ source, identifier, accepted, octets: this.#exported.octetsOf(told) });
    });
    return advertised;
  }

  /** Whether `peer` has been told anything of the prefix. */
  isAdvertisedTo(peer: PeerId, prefix: PrefixId): boolean {
    return this.#export.member(peer)?.group.out.isTold(prefix, peer) ?? false;
  }
}
