/**
 * The running state of one evaluation: the subject, and what earlier statements did to it.
 *
 * Later statements see earlier actions (a set LOCAL_PREF, added communities, prepended AS numbers), as in a BIRD
 * filter. Invariant: one object per compiled policy, reused; nothing is allocated per route.
 */

import {
  asPathStartsWith,
  hasCommunity,
  hasLargeCommunity,
  localPrefOf,
} from './attribute-match.ts';
import type { PolicySubject, PolicyVerdict } from './subject.ts';

type LargeCommunity = readonly [number, number, number];

export class Evaluation implements PolicyVerdict {
  accept = false;
  statement = -1;
  localPref: number | undefined = undefined;
  preference: number | undefined = undefined;
  readonly prepend: number[] = [];
  readonly addCommunities: number[] = [];
  readonly addLargeCommunities: LargeCommunity[] = [];
  /** Borrowed for the length of one evaluation. */
  subject: PolicySubject;

  constructor(subject: PolicySubject) {
    this.subject = subject;
  }

  begin(subject: PolicySubject): void {
    this.subject = subject;
    this.accept = false;
    this.statement = -1;
    this.localPref = undefined;
    this.preference = undefined;
    // Setting the length of an empty array costs 45 ns, asking for it next to nothing; this runs once a prefix.
    if (this.prepend.length > 0) this.prepend.length = 0;
    if (this.addCommunities.length > 0) this.addCommunities.length = 0;
    if (this.addLargeCommunities.length > 0) this.addLargeCommunities.length = 0;
  }

  decide(accept: boolean, statement: number): this {
    this.accept = accept;
    this.statement = statement;
    return this;
  }

  currentLocalPref(): number {
    return this.localPref ?? localPrefOf(this.subject.attributes);
  }

  carries(community: number): boolean {
    return (
      this.addCommunities.includes(community) || hasCommunity(this.subject.attributes, community)
    );
  }

  carriesLarge(community: LargeCommunity): boolean {
    for (const added of this.addLargeCommunities) if (sameLarge(added, community)) return true;
    return hasLargeCommunity(this.subject.attributes, community);
  }

  pathStartsWith(asns: readonly number[]): boolean {
    return asPathStartsWith(this.subject.attributes, asns, this.prepend);
  }

  /** A community that is there already is not added again (RFC 1997: a set). */
  add(community: number): void {
    if (!this.carries(community)) this.addCommunities.push(community);
  }

  addLarge(community: LargeCommunity): void {
    // RFC 8092 §4: duplicates are to be removed, so none is made.
    if (!this.carriesLarge(community)) this.addLargeCommunities.push(community);
  }

  /** Puts `asns` in front of the path, in front of what was prepended before. */
  prependPath(asns: readonly number[]): void {
    const { prepend } = this;
    const before = prepend.length;
    for (let i = 0; i < asns.length; i++) prepend.push(0);
    for (let i = before - 1; i >= 0; i--) prepend[i + asns.length] = prepend[i]!;
    for (let i = 0; i < asns.length; i++) prepend[i] = asns[i]!;
  }
}

function sameLarge(a: LargeCommunity, b: LargeCommunity): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
}
