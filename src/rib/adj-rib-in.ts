/**
 * Adj-RIB-In: received NLRI become path rows, and rows become dirty prefixes (RFC 4271 §3.2, §9.1).
 *
 * RFC 4271 §9: what is withdrawn goes, what comes again replaces what was there, and either makes the prefix dirty.
 *
 * Hot path: per prefix one table lookup, one short list walk and a few column writes; nothing is allocated
 * (`bench/rib.bench.ts`). Everything that concerns many rows at once (dead generations, a new import policy, next hops
 * that changed) is one sliced scan over the rows. Invariant: counters by generation equal what the rows say.
 */

import type { PrefixId, PrefixTable } from '../net/prefix-table.ts';
import { type AttributeTable, SetFlag } from './attribute-table.ts';
import { type AttributesId, LOCAL_PEER, type PathId, type PeerId } from './ids.ts';
import type { ImportFilter } from './import-filter.ts';
import type { LocRib } from './loc-rib.ts';
import type { NextHopChanges } from './next-hops.ts';
import { INFEASIBLE, PathFlag, type PathTable, PrefixFlag } from './path-table.ts';
import { GENERATIONS, PATHS_MAX, type PeerTable } from './peer-table.ts';

/** NLRI octets inside a message, already checked by `checkNlri`. One object may be reused. */
export interface NlriSpan {
  readonly octets: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Rows looked at by one slice of the scan: about 0.3 ms when none of them changes. */
const SCAN_ROWS = 65_536;
/** Rows changed by one slice: about 1 ms. */
const SCAN_CHANGES = 4096;

export interface AdjRibInTables {
  readonly prefixes: PrefixTable;
  readonly paths: PathTable;
  readonly peers: PeerTable;
  readonly sets: AttributeTable;
  readonly locRib: LocRib;
  readonly filter: ImportFilter;
  readonly changes: NextHopChanges;
}

export class AdjRibIn {
  readonly #prefixes: PrefixTable;
  readonly #paths: PathTable;
  readonly #peers: PeerTable;
  readonly #sets: AttributeTable;
  readonly #locRib: LocRib;
  readonly #filter: ImportFilter;
  readonly #changes: NextHopChanges;
  // The path that is being stored.
  #peer: PeerId = 0;
  #attributes: AttributesId = 0;
  #identifier = 0;
  #flags = 0; // generation and source of the new row
  /** The last `announce` refused paths only because their prefix had too many. */
  isCrowded = false;
  // The scan.
  #scanAt = 1;
  #scanLeft = 0; // rows to look at until every one was seen after the last request
  #scanTop = 0; // rows there were when that was counted
  #scanAsked = false; // a scan runs, or is to end
  #sweeping = false;
  #deciding = false;
  #seenVersion = 0; // of #changes
  #marking = false;

  constructor(tables: AdjRibInTables) {
    this.#prefixes = tables.prefixes;
    this.#paths = tables.paths;
    this.#peers = tables.peers;
    this.#sets = tables.sets;
    this.#locRib = tables.locRib;
    this.#filter = tables.filter;
    this.#changes = tables.changes;
  }

  /** @returns Prefixes that were refused: `pathsMax`, or a table is full. */
  announce(peer: PeerId, nlri: NlriSpan, attributes: AttributesId): number {
    const config = this.#peers.config(peer);
    const prefixes = this.#prefixes;
    const paths = this.#paths;
    const { octets, end } = nlri;
    const room = (config.pathsMax ?? PATHS_MAX) - this.#peers.receivedOf(peer);
    const before = paths.count;
    const isPerPrefix = this.#filter.open(config, attributes);
    this.#begin(peer, attributes, this.#peers.current[peer]!);
    if (config.addPathReceive) paths.hasIdentifiers = true;
    const crowd = config.addPathReceive ? (config.guard?.pathsPerPrefixMax ?? 0) : 0;
    let refused = 0;
    let crowded = 0;
    let announced = 0;
    let warmTo = config.addPathReceive ? end : nlri.start;
    for (let at = nlri.start; at < end; ) {
      if (at >= warmTo) warmTo = prefixes.warm(octets, at, end);
      if (config.addPathReceive) {
        this.#identifier = u32(octets, at);
        at += 4;
      }
      const length = octets[at]!;
      const prefix = prefixes.intern(octets, at + 1, length);
      at += 1 + ((length + 7) >>> 3);
      announced++;
      if (prefix === 0) {
        refused++;
        continue;
      }
      paths.ensurePrefix(prefix);
      if (isPerPrefix) this.#filter.judge(prefix);
      const path = paths.find(prefix, peer, this.#identifier);
      if (path !== 0) this.#replace(path);
      else if (crowd > 0 && this.#countOf(prefix) >= crowd) {
        crowded++;
        this.#abandon(prefix);
      } else if (paths.count - before < room && !paths.isFull) this.#insert(prefix);
      else {
        refused++;
        this.#abandon(prefix);
      }
    }
    this.#filter.close(announced);
    this.isCrowded = crowded > 0 && refused === 0;
    return refused + crowded;
  }

  /** Why paths of `peer` are refused while there is room. */
  whyCrowded(peer: PeerId): string {
    const { guard } = this.#peers.config(peer);
    return `a prefix may have at most ${guard?.pathsPerPrefixMax} paths of one neighbor (limits.pathsPerPrefix)`;
  }

  withdraw(peer: PeerId, nlri: NlriSpan): void {
    const { octets, end } = nlri;
    const { addPathReceive } = this.#peers.config(peer);
    let identifier = 0;
    let warmTo = addPathReceive ? end : nlri.start;
    for (let at = nlri.start; at < end; ) {
      if (at >= warmTo) warmTo = this.#prefixes.warm(octets, at, end);
      if (addPathReceive) {
        identifier = u32(octets, at);
        at += 4;
      }
      const length = octets[at]!;
      const prefix = this.#prefixes.find(octets, at + 1, length);
      at += 1 + ((length + 7) >>> 3);
      if (prefix === 0) continue;
      const path = this.#paths.find(prefix, peer, identifier);
      if (path !== 0) this.#remove(path);
    }
  }

  /** One path of our own; `source` (index into SOURCES) tells several of one prefix apart. */
  originate(
    prefix: PrefixId,
    path: { source: number; attributes: AttributesId; preference: number },
  ): PathId {
    const paths = this.#paths;
    paths.ensurePrefix(prefix);
    paths.hasIdentifiers = true;
    this.#filter.flags = 0;
    this.#filter.accepted = 0;
    this.#filter.preference = path.preference;
    this.#begin(LOCAL_PEER, path.attributes, path.source << PathFlag.SourceShift);
    this.#identifier = path.source;
    const found = paths.find(prefix, LOCAL_PEER, path.source);
    if (found !== 0) {
      this.#replace(found);
      return found;
    }
    return this.#insert(prefix);
  }

  /** @returns The row that went; 0 when there was none. */
  retract(prefix: PrefixId, source: number): PathId {
    const path = this.#paths.find(prefix, LOCAL_PEER, source);
    if (path !== 0) this.#remove(path);
    return path;
  }

  /** Every prefix with more than one path is to be decided again. */
  requestDecisions(): void {
    this.#deciding = true;
    this.#beginScan();
  }

  /** Rows of dead generations are to be swept. */
  requestSweep(): void {
    this.#sweeping = true;
    this.#beginScan();
  }

  /** Paths of `peer` are to pass import policy again. */
  requestEvaluation(peer: PeerId): void {
    this.#peers.pending[peer] = 1;
    this.#beginScan();
  }

  get isScanning(): boolean {
    return this.#scanLeft > 0 || this.#changes.version !== this.#seenVersion;
  }

  /** One slice. @returns Whether more is left. */
  scan(): boolean {
    if (this.#changes.version !== this.#seenVersion) {
      this.#seenVersion = this.#changes.version;
      this.#marking = true;
      this.#beginScan();
    }
    if (!this.#scanAsked) return false;
    if (this.#scanLeft === 0) {
      this.#endScan();
      return false;
    }
    const { top, flags } = this.#paths;
    // Rows that came since the scan began may stand between the cursor and the last that it has to see.
    this.#scanLeft += top - this.#scanTop;
    this.#scanTop = top;
    let changes = 0;
    let rows = Math.min(SCAN_ROWS, this.#scanLeft);
    this.#scanLeft -= rows;
    for (; rows > 0 && changes < SCAN_CHANGES; rows--) {
      if (this.#scanAt > top) this.#scanAt = 1;
      const path = this.#scanAt++;
      if ((flags[path]! & PathFlag.Used) !== 0 && this.#scanRow(path)) changes++;
    }
    this.#scanLeft += rows;
    if (this.#scanLeft === 0) this.#endScan();
    return this.#scanLeft > 0;
  }

  /** Sweeps everything now: only where a fifth generation of one peer would have to begin. */
  sweepAll(): void {
    this.requestSweep();
    while (this.scan());
  }

  /** Rows of `peer` in any live generation go over to its current one: only where a fifth would have to begin. */
  mergeGenerations(peer: PeerId): void {
    const { top, flags, peer: peers } = this.#paths;
    const current = this.#peers.current[peer]!;
    for (let path = 1; path <= top; path++) {
      if (peers[path] !== peer || (flags[path]! & PathFlag.Used) === 0) continue;
      if (!this.#peers.isLive(peer, flags[path]! & PathFlag.Generation)) continue;
      this.#count(path, -1);
      flags[path] = (flags[path]! & ~PathFlag.Generation) | current;
      this.#count(path, 1);
    }
  }

  #beginScan(): void {
    this.#scanTop = this.#paths.top;
    this.#scanLeft = this.#scanTop;
    this.#scanAsked = true;
  }

  #endScan(): void {
    this.#scanAsked = false;
    this.#sweeping = false;
    this.#deciding = false;
    this.#marking = false;
    this.#changes.clear();
    this.#peers.pending.fill(0);
  }

  #scanRow(path: PathId): boolean {
    const peer = this.#paths.peer[path]!;
    const generation = this.#paths.flags[path]! & PathFlag.Generation;
    if (this.#sweeping && !this.#peers.isLive(peer, generation)) {
      this.#remove(path);
      return true;
    }
    if (this.#deciding) this.#paths.markDirty(this.#paths.prefix[path]!, false);
    const isPending = this.#peers.pending[peer] !== 0 && this.#peers.has(peer);
    if (isPending) this.#reevaluate(path, peer);
    if (!this.#marking || peer === LOCAL_PEER) return isPending;
    const nextHop = this.#sets.nextHopOf(this.#paths.effective(path));
    if (nextHop === 0 || !this.#changes.has(nextHop)) return isPending;
    this.#paths.markDirty(this.#paths.prefix[path]!, this.#isChosen(path));
    return true;
  }

  #reevaluate(path: PathId, peer: PeerId): void {
    const filter = this.#filter;
    const attributes = this.#paths.attributes[path]!;
    const generation = this.#paths.flags[path]! & PathFlag.Generation;
    const isLongLived = this.#peers.isLongLived(peer, generation);
    // RFC 9494 §4.2: NO_LLGR, from the peer or by policy, and the path is not kept any longer.
    if (isLongLived && (this.#sets.flagsOf(this.#paths.effective(path)) & SetFlag.NoLlgr) !== 0) {
      return this.#remove(path);
    }
    const isPerPrefix = filter.open(this.#peers.config(peer), attributes, isLongLived);
    if (isPerPrefix) filter.judge(this.#paths.prefix[path]!);
    else filter.close(1);
    this.#begin(peer, attributes, generation);
    this.#replace(path);
  }

  #begin(peer: PeerId, attributes: AttributesId, flags: number): void {
    this.#peer = peer;
    this.#attributes = attributes;
    this.#identifier = 0;
    this.#flags = flags | PathFlag.Used;
  }

  /** Paths of the peer at hand to `prefix` that count. */
  #countOf(prefix: PrefixId): number {
    const { heads, next, peer, flags } = this.#paths;
    let count = 0;
    for (let path = heads[prefix]!; path !== 0; path = next[path]!) {
      if (peer[path] !== this.#peer) continue;
      if (this.#peers.isLive(this.#peer, flags[path]! & PathFlag.Generation)) count++;
    }
    return count;
  }

  #insert(prefix: PrefixId): PathId {
    const paths = this.#paths;
    const filter = this.#filter;
    const path = paths.add(prefix, this.#peer);
    const flags = this.#flags | filter.flags;
    paths.flags[path] = flags;
    paths.attributes[path] = this.#attributes;
    this.#sets.retain(this.#attributes);
    if (paths.hasIdentifiers) paths.identifiers[path] = this.#identifier;
    this.#setOutcome(path);
    this.#count(path, 1);
    if ((flags & INFEASIBLE) !== 0) {
      // No candidate; but a prefix nobody has decided yet must not be forgotten when this path goes.
      return path;
    }
    const best = this.#unbeaten(prefix);
    if (best === 0 || paths.isEachWatched || !this.#locRib.isBelow(path, best)) {
      paths.markDirty(prefix, false);
    }
    return path;
  }

  #replace(path: PathId): void {
    const paths = this.#paths;
    const filter = this.#filter;
    const prefix = paths.prefix[path]!;
    const old = paths.flags[path]!;
    const flags = (old & PathFlag.Multipath) | this.#flags | filter.flags;
    const wasAccepted = paths.hasAccepted ? paths.accepted[path]! : 0;
    const wasPreference = paths.hasPreferences ? paths.preferences[path]! : 0;
    const wasAlive = this.#peers.isLive(this.#peer, old & PathFlag.Generation);
    if (
      paths.attributes[path] === this.#attributes &&
      wasAccepted === filter.accepted &&
      wasPreference === filter.preference &&
      wasAlive &&
      ((old ^ flags) & ~PathFlag.Generation) === 0
    ) {
      // Announced again unchanged: at most it is no longer stale (RFC 4724 §4.2).
      if (old === flags) return;
      this.#count(path, -1);
      paths.flags[path] = flags;
      this.#count(path, 1);
      return;
    }
    const best = this.#unbeaten(prefix);
    const chosen = this.#isChosen(path);
    const mattered = chosen || best === 0 || this.#matters(path, best);
    this.#count(path, -1);
    this.#sets.retain(this.#attributes);
    const released = paths.attributes[path]!;
    paths.attributes[path] = this.#attributes;
    paths.flags[path] = flags;
    this.#setOutcome(path);
    this.#sets.release(released);
    this.#count(path, 1);
    if (mattered || this.#matters(path, best)) paths.markDirty(prefix, chosen);
  }

  #remove(path: PathId): void {
    const paths = this.#paths;
    const prefix = paths.prefix[path]!;
    const best = this.#unbeaten(prefix);
    const chosen = this.#isChosen(path);
    const mattered = chosen || best === 0 || this.#matters(path, best);
    this.#count(path, -1);
    this.#sets.release(paths.attributes[path]!);
    if (paths.hasAccepted && paths.accepted[path] !== 0) this.#sets.release(paths.accepted[path]!);
    paths.remove(path);
    if (mattered) paths.markDirty(prefix, chosen);
  }

  /** A prefix that was interned for a path that was then refused: decided, so that it is freed. */
  #abandon(prefix: PrefixId): void {
    if (this.#paths.heads[prefix] === 0) this.#paths.markDirty(prefix, false);
  }

  #setOutcome(path: PathId): void {
    const paths = this.#paths;
    const { accepted, preference } = this.#filter;
    if (accepted !== 0) paths.hasAccepted = true;
    if (preference !== 0) paths.hasPreferences = true;
    if (paths.hasAccepted) {
      const old = paths.accepted[path]!;
      if (old !== accepted) {
        if (accepted !== 0) this.#sets.retain(accepted);
        paths.accepted[path] = accepted;
        if (old !== 0) this.#sets.release(old);
      }
    }
    if (paths.hasPreferences) paths.preferences[path] = preference;
  }

  /** The settled best that a path can be measured against; 0 when the prefix is to be decided anyhow. */
  #unbeaten(prefix: PrefixId): PathId {
    const flags = this.#paths.prefixFlags[prefix]!;
    return (flags & (PrefixFlag.Dirty | PrefixFlag.HasBest)) === PrefixFlag.HasBest
      ? this.#paths.heads[prefix]!
      : 0;
  }

  /** Whether the coming, changing or going of a path that is not chosen can change what others are told. */
  #matters(path: PathId, best: PathId): boolean {
    if ((this.#paths.flags[path]! & INFEASIBLE) !== 0) return false;
    return this.#paths.isEachWatched || !this.#locRib.isBelow(path, best);
  }

  #isChosen(path: PathId): boolean {
    const paths = this.#paths;
    const prefix = paths.prefix[path]!;
    return (
      (paths.flags[path]! & PathFlag.Multipath) !== 0 ||
      (paths.heads[prefix] === path && (paths.prefixFlags[prefix]! & PrefixFlag.HasBest) !== 0)
    );
  }

  #count(path: PathId, by: 1 | -1): void {
    const flags = this.#paths.flags[path]!;
    const at = this.#paths.peer[path]! * GENERATIONS + (flags & PathFlag.Generation);
    this.#peers.paths[at]! += by;
    if ((flags & INFEASIBLE) === 0) return;
    if ((flags & PathFlag.Rejected) !== 0) this.#peers.rejected[at]! += by;
    else this.#peers.looped[at]! += by;
  }
}

function u32(octets: Uint8Array, at: number): number {
  return (
    ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0
  );
}
