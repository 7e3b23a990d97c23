/**
 * The Loc-RIB: dirty prefixes are decided, the best path of each stands at the head of its list (RFC 4271 §9.1.2).
 *
 * The same eliminations as `decision.ts`, on columns and without allocation. A prefix is dirty at most once however
 * often it flaps. Invariant: between decisions the head of a list with `HasBest` is what consumers were last told.
 */

import type { PrefixId } from '../net/prefix-table.ts';
import type { AttributeTable } from './attribute-table.ts';
import { SetFlag } from './attribute-table.ts';
import type { Candidate } from './decision.ts';
import { LOCAL_PEER, type PathId } from './ids.ts';
import { INFEASIBLE, PathFlag, type PathTable, PrefixFlag } from './path-table.ts';
import { Kind, type PeerTable } from './peer-table.ts';

export class LocRib {
  readonly #paths: PathTable;
  readonly #peers: PeerTable;
  readonly #sets: AttributeTable;
  readonly #maximumPaths: number;
  #candidates = new Uint32Array(64);
  #count = 0;
  #members = new Uint32Array(64); // the ECMP set of the prefix last decided
  #memberCount = 0;
  /** Decisions made, for metrics. */
  decisions = 0;
  // Keys of the late steps, made once.
  readonly #byLearned = (path: PathId): number => this.#learnedBy(path);
  readonly #byMetric = (path: PathId): number => this.#metric(path);
  readonly #byRouterId = (path: PathId): number => this.#routerId(path);
  readonly #byClusterList = (path: PathId): number =>
    this.#sets.clusterListLengthOf(this.#paths.effective(path));
  readonly #byAddress = (path: PathId): number => this.#peers.orderOf(this.#paths.peer[path]!);
  readonly #byIdentifier = (path: PathId): number => this.#paths.identifiers[path]!;

  constructor(tables: {
    paths: PathTable;
    peers: PeerTable;
    sets: AttributeTable;
    maximumPaths: number;
  }) {
    this.#paths = tables.paths;
    this.#peers = tables.peers;
    this.#sets = tables.sets;
    this.#maximumPaths = tables.maximumPaths;
  }

  /** Neither rejected nor looped nor of a dead generation. */
  isFeasible(path: PathId): boolean {
    const flags = this.#paths.flags[path]!;
    return (
      (flags & INFEASIBLE) === 0 &&
      this.#peers.isLive(this.#paths.peer[path]!, flags & PathFlag.Generation)
    );
  }

  /** Whether the next hop can be reached; own paths need none. */
  isResolvable(path: PathId): boolean {
    if (this.#paths.peer[path] === LOCAL_PEER) return true;
    const { nextHops } = this.#sets;
    const nextHop = this.#sets.nextHopOf(this.#paths.effective(path));
    if (nextHop === 0) return true;
    nextHops.markUsed(nextHop);
    return nextHops.isReachable(nextHop);
  }

  /**
   * Whether `path` loses to `best` before MED is looked at, whatever others there are: then its coming, changing or
   * going cannot change the choice. (Within the best tier it can: with MED, also a loser matters.)
   */
  isBelow(path: PathId, best: PathId): boolean {
    return this.#compareTier(path, best) > 0;
  }

  /**
   * Decides one dirty prefix.
   *
   * @returns Whether the best path or the ECMP set is not what it was.
   */
  decide(prefix: PrefixId): boolean {
    const paths = this.#paths;
    this.decisions++;
    const flags = paths.prefixFlags[prefix]!;
    const hadBest = (flags & PrefixFlag.HasBest) !== 0;
    const head = paths.heads[prefix]!;
    const before = hadBest ? head : 0;
    let changed = (flags & PrefixFlag.Touched) !== 0;
    paths.prefixFlags[prefix] =
      flags & ~(PrefixFlag.Dirty | PrefixFlag.Touched | PrefixFlag.HasBest);
    let best: PathId;
    if (head === 0) best = 0;
    else if (paths.next[head] === 0) {
      best = this.isFeasible(head) ? head : 0;
      if (best !== 0) this.isResolvable(best); // from now on its next hop matters
      if ((paths.flags[head]! & PathFlag.Multipath) !== 0) {
        paths.flags[head]! &= ~PathFlag.Multipath;
        changed = true;
      }
    } else {
      best = this.#select(prefix);
      if (this.#flagMultipath(prefix)) changed = true;
    }
    if (best !== before) changed = true;
    if (best !== 0) {
      paths.toFront(best);
      paths.prefixFlags[prefix]! |= PrefixFlag.HasBest;
    }
    return changed;
  }

  /** The ECMP set, lowest neighbor address first; the best alone where it has no equals. */
  forEachMultipath(prefix: PrefixId, visit: (path: PathId) => void): void {
    const paths = this.#paths;
    const best = paths.best(prefix);
    if (best === 0) return;
    if ((paths.flags[best]! & PathFlag.Multipath) === 0) {
      visit(best);
      return;
    }
    const members: PathId[] = [];
    for (let path = best; path !== 0; path = paths.next[path]!) {
      if ((paths.flags[path]! & PathFlag.Multipath) !== 0) members.push(path);
    }
    members.sort((a, b) => this.#compareAddress(a, b));
    for (const path of members) visit(path);
  }

  /**
   * The best path, the best of the others, and so on: at most `count` of them into `into`. For a settled prefix; each
   * is a decision of its own, as MED allows no sorting.
   *
   * @returns How many there are.
   */
  rank(prefix: PrefixId, count: number, into: Uint32Array): number {
    const { flags } = this.#paths;
    let ranked = 0;
    while (ranked < count) {
      const path = this.#select(prefix);
      if (path === 0) break;
      flags[path]! |= PathFlag.SetAside;
      into[ranked++] = path;
    }
    for (let i = 0; i < ranked; i++) flags[into[i]!]! &= ~PathFlag.SetAside;
    return ranked;
  }

  /** The path as `selectBest` wants it, for explanations and as the oracle of tests. */
  candidate(path: PathId): Candidate & { readonly path: PathId } {
    const sets = this.#sets;
    const attributes = this.#paths.effective(path);
    return {
      path,
      preference: this.#paths.preference(path),
      resolvable: this.isResolvable(path),
      llgrStale: (sets.flagsOf(attributes) & SetFlag.LlgrStale) !== 0,
      localPref: sets.localPrefOf(attributes),
      asPathLength: sets.asPathLengthOf(attributes),
      origin: sets.originOf(attributes),
      neighborAs: sets.neighborAsOf(attributes),
      med: sets.medOf(attributes),
      learnedBy: this.#learnedBy(path) as 0 | 1 | 2,
      metric: this.#metric(path),
      routerId: this.#routerId(path),
      clusterListLength: sets.clusterListLengthOf(attributes),
      addressOrder: this.#peers.orderOf(this.#paths.peer[path]!),
      identifier: this.#paths.identifiers[path]!,
    };
  }

  /** The best of several paths; leaves those that tie up to the IGP metric in `#members`. 0 when none is feasible. */
  #select(prefix: PrefixId): PathId {
    this.#gather(prefix);
    this.#memberCount = 0;
    if (this.#count === 0) return 0;
    if (this.#count > 1) this.#keepLowestMed();
    if (this.#count > 1) this.#keepLowest(this.#byLearned);
    if (this.#count > 1) this.#keepLowest(this.#byMetric);
    this.#memberCount = this.#count;
    for (let i = 0; i < this.#count; i++) this.#members[i] = this.#candidates[i]!;
    if (this.#count > 1) this.#keepLowest(this.#byRouterId);
    if (this.#count > 1) this.#keepLowest(this.#byClusterList);
    if (this.#count > 1) this.#keepLowest(this.#byAddress);
    if (this.#count > 1) this.#keepLowest(this.#byIdentifier);
    const best = this.#candidates[0]!;
    if (!this.#mayShare(best)) this.#memberCount = 0;
    return best;
  }

  /** Fills `#candidates` with the feasible paths that tie down to ORIGIN, in one pass. */
  #gather(prefix: PrefixId): void {
    const { next } = this.#paths;
    this.#count = 0;
    for (let path = this.#paths.heads[prefix]!; path !== 0; path = next[path]!) {
      if (!this.isFeasible(path)) continue;
      if (this.#count > 0) {
        const order = this.#compareTier(path, this.#candidates[0]!);
        if (order > 0) continue;
        if (order < 0) this.#count = 0;
      } else this.isResolvable(path);
      if (this.#count === this.#candidates.length) this.#enlarge();
      this.#candidates[this.#count++] = path;
    }
  }

  /** Negative when `a` is better by preference, resolvability, LLGR, LOCAL_PREF, AS_PATH length or ORIGIN. */
  #compareTier(a: PathId, b: PathId): number {
    const paths = this.#paths;
    const sets = this.#sets;
    if (paths.hasPreferences) {
      const difference = paths.preference(b) - paths.preference(a);
      if (difference !== 0) return difference;
    }
    const x = paths.effective(a);
    const y = paths.effective(b);
    const reachable = (this.isResolvable(b) ? 1 : 0) - (this.isResolvable(a) ? 1 : 0);
    if (reachable !== 0 || x === y) return reachable;
    const stale = (sets.flagsOf(x) & SetFlag.LlgrStale) - (sets.flagsOf(y) & SetFlag.LlgrStale);
    return stale !== 0 ? stale : sets.rankOf(x) - sets.rankOf(y);
  }

  #keepLowestMed(): void {
    const sets = this.#sets;
    const paths = this.#paths;
    const candidates = this.#candidates;
    const count = this.#count;
    let kept = 0;
    if (this.#isOneMed()) return;
    // Who is beaten is marked by 0 only after all were compared: the outcome must not depend on the order.
    const losers = this.#members;
    for (let i = 0; i < count; i++) {
      const set = paths.effective(candidates[i]!);
      const med = sets.medOf(set);
      const neighborAs = sets.neighborAsOf(set);
      losers[i] = 0;
      for (let j = 0; j < count && losers[i] === 0; j++) {
        const other = paths.effective(candidates[j]!);
        if (sets.neighborAsOf(other) === neighborAs && sets.medOf(other) < med) losers[i] = 1;
      }
    }
    for (let i = 0; i < count; i++) if (losers[i] === 0) candidates[kept++] = candidates[i]!;
    this.#count = kept;
  }

  #isOneMed(): boolean {
    const med = this.#sets.medOf(this.#paths.effective(this.#candidates[0]!));
    for (let i = 1; i < this.#count; i++) {
      if (this.#sets.medOf(this.#paths.effective(this.#candidates[i]!)) !== med) return false;
    }
    return true;
  }

  #keepLowest(key: (path: PathId) => number): void {
    const candidates = this.#candidates;
    let kept = 0;
    let least = 0;
    for (let i = 0; i < this.#count; i++) {
      const path = candidates[i]!;
      const value = key(path);
      if (kept > 0 && value > least) continue;
      if (kept === 0 || value < least) {
        kept = 0;
        least = value;
      }
      candidates[kept++] = path;
    }
    this.#count = kept;
  }

  #learnedBy(path: PathId): number {
    const peer = this.#paths.peer[path]!;
    if (peer === LOCAL_PEER) return 0;
    return (this.#peers.kinds[peer]! & Kind.Ebgp) !== 0 ? 1 : 2;
  }

  #metric(path: PathId): number {
    if (this.#paths.peer[path] === LOCAL_PEER) return 0;
    const nextHop = this.#sets.nextHopOf(this.#paths.effective(path));
    return nextHop === 0 ? 0 : this.#sets.nextHops.metricOf(nextHop);
  }

  #routerId(path: PathId): number {
    // RFC 4456 §9: ORIGINATOR_ID stands for the BGP Identifier where there is one.
    const originator = this.#sets.originatorIdOf(this.#paths.effective(path));
    return originator !== 0 ? originator : this.#peers.routerIds[this.#paths.peer[path]!]!;
  }

  #compareAddress(a: PathId, b: PathId): number {
    const { peer, identifiers } = this.#paths;
    const order = this.#peers.orderOf(peer[a]!) - this.#peers.orderOf(peer[b]!);
    return order !== 0 ? order : identifiers[a]! - identifiers[b]!;
  }

  /** Own routes and unreachable ones are never shared. */
  #mayShare(best: PathId): boolean {
    return (
      this.#maximumPaths > 1 &&
      this.#memberCount > 1 &&
      this.#paths.peer[best] !== LOCAL_PEER &&
      this.isResolvable(best)
    );
  }

  /** Sets the Multipath bit on exactly `#members`. @returns Whether any bit changed. */
  #flagMultipath(prefix: PrefixId): boolean {
    const { flags, next } = this.#paths;
    let count = this.#memberCount;
    if (count > this.#maximumPaths) {
      const best = this.#candidates[0]!;
      const sorted = this.#members.subarray(0, count).sort((a, b) => this.#compareAddress(a, b));
      // The best is always a member, also when more than `maximumPaths` have lower addresses.
      const cut = sorted.subarray(0, this.#maximumPaths);
      if (!cut.includes(best)) cut[this.#maximumPaths - 1] = best;
      count = this.#maximumPaths;
    }
    let changed = false;
    for (let path = this.#paths.heads[prefix]!; path !== 0; path = next[path]!) {
      let isMember = false;
      for (let i = 0; i < count && !isMember; i++) isMember = this.#members[i] === path;
      const had = (flags[path]! & PathFlag.Multipath) !== 0;
      if (had === isMember) continue;
      flags[path]! ^= PathFlag.Multipath;
      changed = true;
    }
    return changed;
  }

  #enlarge(): void {
    const larger = new Uint32Array(this.#candidates.length * 2);
    larger.set(this.#candidates);
    this.#candidates = larger;
    this.#members = new Uint32Array(larger.length);
  }
}
