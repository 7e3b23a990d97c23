/**
 * The export side of one family: which peer is in which update group, and groups as they come, change and go.
 *
 * Invariant: a group exists while it has members; what a group that ended had announced is given up in slices.
 */

import { assertShared } from '../base/assert.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import type { GroupOut } from './announcer.ts';
import type { ExportContext } from './export-context.ts';
import { ExportFilter } from './export-filter.ts';
import type { GroupId, PeerId } from './ids.ts';
import type { PolicyPort } from './policy-port.ts';
import { Refreshes } from './refreshes.ts';
import type { ExportConfig } from './rib-config.ts';
import { Member, UpdateGroup } from './update-group.ts';
import { PackScratch } from './update-packer.ts';

export class ExportSide {
  readonly #context: ExportContext;
  readonly #onIdle: (prefix: PrefixId) => void;
  readonly #members: (Member | undefined)[] = [];
  readonly #byKey = new Map<string, UpdateGroup>();
  readonly #moves = new Map<Member, { readonly config: ExportConfig; readonly key: string }>();
  /** Members that may be owed something of their own: they joined, moved, or asked for a refresh. */
  readonly #touched = new Set<Member>();
  /** Members that have not been sent End-of-RIB and may be. */
  readonly #awaitEnd = new Set<Member>();
  readonly #scratch = new PackScratch();
  #dissolving: { out: GroupOut; at: PrefixId }[] = [];
  #policyIds = new WeakMap<PolicyPort, number>();
  #nextPolicyId = 1;
  #nextGroup = 1;
  readonly refreshes: Refreshes;
  #cutOffsBefore = 0; // in groups that have ended
  /** All groups, in the order they came. */
  groups: UpdateGroup[] = [];

  constructor(context: ExportContext, onIdle: (prefix: PrefixId) => void) {
    this.#context = context;
    this.#onIdle = onIdle;
    this.refreshes = new Refreshes(context.family);
  }

  /** Members that fell so far behind that they were cut off. */
  get cutOffs(): number {
    return this.groups.reduce((sum, group) => sum + group.cutOffs, this.#cutOffsBefore);
  }

  member(peer: PeerId): Member | undefined {
    return this.#members[peer];
  }

  join(peer: PeerId, config: ExportConfig): GroupId {
    const member = this.#members[peer];
    if (member !== undefined) {
      const key = this.#keyOf(config);
      if (key === this.#keyOf(member.group.filter.config)) this.#moves.delete(member);
      else this.#moves.set(member, { config, key });
      return member.group.id;
    }
    const group = this.#byKey.get(this.#keyOf(config)) ?? this.#create(config);
    const joined = new Member(peer, group);
    this.#members[peer] = joined;
    this.#touched.add(joined);
    group.admit(joined);
    return group.id;
  }

  leave(peer: PeerId): void {
    const member = this.#members[peer];
    if (member === undefined) return;
    this.#moves.delete(member);
    this.#touched.delete(member);
    this.#awaitEnd.delete(member);
    this.refreshes.forget(member);
    this.#members[peer] = undefined;
    member.group.dismiss(member);
    this.#endIfEmpty(member.group);
  }

  /**
   * Members whose configuration changed go over; a group that changes as a whole stays together.
   *
   * @returns Whether more are to go: each looks through the table, so in a slice a few of them go.
   */
  applyMoves(): boolean {
    if (this.#moves.size === 0) return false;
    let left = this.#context.sizes.moveIds;
    for (const group of [...this.groups]) {
      const movers = [...group.members.values()].filter((member) => this.#moves.has(member));
      if (movers.length === 0) continue;
      const { config, key } = this.#moves.get(movers[0]!)!;
      const isOneWay = movers.every((member) => this.#moves.get(member)!.key === key);
      if (movers.length === group.members.size && isOneWay && !this.#byKey.has(key)) {
        this.#byKey.delete(this.#keyOf(group.filter.config));
        this.#byKey.set(key, group);
        group.reconfigure(new ExportFilter(this.#context, config));
        this.#watchPaths();
        for (const member of movers) this.#moves.delete(member);
        continue;
      }
      for (const member of movers) {
        if (left <= 0) return true;
        left -= Math.max(1, this.#context.prefixes.top);
        this.#move(member, this.#moves.get(member)!.config);
        // Once: the group that it has come to may stand further on.
        this.#moves.delete(member);
      }
    }
    this.#moves.clear();
    return false;
  }

  /** Everything again, for this peer only (RFC 2918 §4), `marked` at its beginning and end (RFC 7313 §4). */
  refresh(peer: PeerId, marked: boolean): void {
    const member = this.#members[peer];
    if (member === undefined) return;
    this.#touched.add(member);
    if (marked) this.refreshes.ask(member);
    else member.group.refresh(member);
  }

  allowEndOfRib(peer: PeerId): void {
    const member = this.#members[peer];
    if (member === undefined) return;
    member.endOfRibAllowed = true;
    if (!member.endOfRibSent) this.#awaitEnd.add(member);
  }

  /**
   * Visits every peer that has come to be owed something since the last call, and some that have not. Once told, a
   * peer is to be polled until nothing is pending for it: it is not named again for what is added meanwhile.
   */
  takeOwed(isSettled: boolean, visit: (peer: PeerId) => void): void {
    const { groups } = this;
    for (let g = 0; g < groups.length; g++) {
      const group = groups[g]!;
      if (!group.isStirred) continue;
      group.isStirred = false;
      for (const member of group.members.values()) visit(member.peer);
    }
    if (this.#touched.size > 0) {
      for (const member of this.#touched) visit(member.peer);
      this.#touched.clear();
    }
    if (!isSettled || this.#awaitEnd.size === 0) return;
    for (const member of this.#awaitEnd) {
      if (member.endOfRibSent) this.#awaitEnd.delete(member);
      else visit(member.peer);
    }
  }

  get isDissolving(): boolean {
    return this.#dissolving.length > 0;
  }

  /** One slice of what members left behind in each group. @returns Whether more is left. */
  tidyMembers(): boolean {
    const { groups } = this;
    let more = false;
    for (let g = 0; g < groups.length; g++) if (groups[g]!.tidyMembers()) more = true;
    return more;
  }

  /** One slice of giving up what ended groups had announced. */
  dissolve(): void {
    const ending = this.#dissolving[0];
    if (ending === undefined) return;
    ending.at = ending.out.dissolve(ending.at, this.#context.sizes.dissolveIds);
    if (ending.at === 0) this.#dissolving.shift();
  }

  /** The choice for the prefix is another one. */
  decided(prefix: PrefixId): void {
    const { groups } = this;
    for (let g = 0; g < groups.length; g++) groups[g]!.decided(prefix);
  }

  /** The choice is the same, but another path of the prefix may not be. */
  looked(prefix: PrefixId): void {
    const { groups } = this;
    for (let g = 0; g < groups.length; g++) if (groups[g]!.tellsOthers) groups[g]!.decided(prefix);
  }

  /** Rewrites that are remembered may name a peer as it was. */
  forget(): void {
    for (const group of this.groups) group.filter.forget();
  }

  /** What peers are to each other changed (client, router id, eBGP): every export is looked at again. */
  reexport(): void {
    for (const group of this.groups) {
      group.filter.forget();
      group.markAll();
    }
  }

  #move(member: Member, config: ExportConfig): void {
    const from = member.group;
    const known = this.#byKey.get(this.#keyOf(config));
    const to = known ?? this.#create(config, from);
    this.#touched.add(member);
    from.release(member);
    // A new group begins with what this one has announced: what is different comes with its first pass.
    if (known === undefined && config.addPath === undefined) to.adopt(member);
    else to.adopt(member, from);
    from.forgiveAll(member);
    this.#endIfEmpty(from);
  }

  #create(config: ExportConfig, from?: UpdateGroup): UpdateGroup {
    const filter = new ExportFilter(this.#context, config);
    const id = this.#nextGroup++;
    const group = new UpdateGroup(
      { id, context: this.#context, filter, onIdle: this.#onIdle, scratch: this.#scratch },
      from,
    );
    this.groups.push(group);
    this.#watchPaths();
    this.#byKey.set(this.#keyOf(config), group);
    return group;
  }

  #endIfEmpty(group: UpdateGroup): void {
    if (group.members.size > 0) return;
    this.groups = this.groups.filter((other) => other !== group);
    this.#cutOffsBefore += group.cutOffs;
    this.#watchPaths();
    const key = this.#keyOf(group.filter.config);
    assertShared(this.#byKey.get(key) === group, 'a group is known by its configuration');
    this.#byKey.delete(key);
    const { prefixes, paths } = this.#context;
    const end = Math.min(prefixes.top, group.out.top);
    for (let id = 1; id <= end; id++) {
      if (paths.heads[id] === 0 && prefixes.isLive(id)) this.#onIdle(id);
    }
    group.filter.dispose();
    this.#dissolving.push({ out: group.out, at: 1 });
  }

  /** Whether a change of a path that is not chosen concerns anybody. */
  #watchPaths(): void {
    const { paths } = this.#context;
    paths.isEachWatched = this.groups.some(({ tellsOthers }) => tellsOthers);
  }

  #keyOf(config: ExportConfig): string {
    let policy = this.#policyIds.get(config.policy);
    if (policy === undefined) {
      policy = this.#nextPolicyId++;
      this.#policyIds.set(config.policy, policy);
    }
    const { policy: _named, selfNextHop, ...rest } = config;
    return `${policy} ${selfNextHop.join('.')} ${JSON.stringify(rest)}`;
  }
}
