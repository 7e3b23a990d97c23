/**
 * A plan on its way between two threads: only what changed is sent, in parts that cost the receiver little each.
 *
 * The sender compares with what it sent last, by identity (`plan-memo.ts` keeps unchanged sessions the same objects);
 * policies, which many sessions share, go once and are named by number. The receiver puts a plan together in which
 * everything unchanged is the very object it already has. Invariant (property-tested): what arrives equals what left,
 * whatever was sent before, and after a sender that died the next one's first plan does too.
 */

import type { Policy } from '../policy/types.ts';
import { compareText, originatedKey, sameData } from './plan-data.ts';
import type { OriginatedPrefix, PeerPlan, SpeakerPlan } from './plan-types.ts';
import { applySwaps, findSwaps, type Policies } from './policy-swaps.ts';

/** Sessions or prefixes a part: some 0.3 ms for the receiver. */
export const PART_ITEMS_MAX = 128;

/** Policies are sent by number. */
export type PackedPeer = Omit<PeerPlan, 'importPolicy' | 'exportPolicy'> & {
  readonly importPolicy: number;
  readonly exportPolicy: number;
};

export type PlanFrame = Omit<SpeakerPlan, 'peers' | 'originated'>;

/** A `Swap` of policies, by number. */
export interface PackedSwap {
  readonly from: PolicyPair;
  readonly to: PolicyPair;
}

/** Numbers of an import and an export policy. */
export type PolicyPair = readonly [number, number];

export interface PlanPart {
  /** Nothing of what the receiver holds counts any more: a new sender begins. */
  readonly anew: boolean;
  readonly policies: readonly (readonly [number, Policy])[];
  readonly peers: readonly PackedPeer[];
  /** Names of sessions, keys of prefixes. */
  readonly removed: readonly string[];
  readonly originated: readonly OriginatedPrefix[];
  readonly retracted: readonly string[];
  /** With the last part: the rest of the plan, and the policies that nobody uses any more. */
  readonly last?: {
    readonly frame: PlanFrame;
    readonly swaps: readonly PackedSwap[];
    readonly retired: readonly number[];
  };
}

export class PlanSender {
  #sent: SpeakerPlan | undefined;
  readonly #numbers = new Map<Policy, number>();
  #nextNumber = 1;

  /** What turns the plan that was sent last into `plan`, in parts; all of them are to be sent. */
  *parts(plan: SpeakerPlan): Generator<PlanPart> {
    const before = this.#sent?.peers ?? [];
    const { come, gone } = difference(before, plan.peers, (peer) => peer.name);
    // Fewer are a single part anyway.
    const { swaps, others } =
      come.length > PART_ITEMS_MAX
        ? findSwaps(before, plan.peers, come)
        : { swaps: [], others: come };
    const peers = { come: others, gone };
    const origins = difference(this.#sent?.originated ?? [], plan.originated, originatedKey);
    let anew = this.#sent === undefined;
    const samePeers = before === plan.peers;
    this.#sent = plan;
    const rounds = Math.max(
      1,
      ...[peers.come, peers.gone, origins.come, origins.gone].map((list) =>
        Math.ceil(list.length / PART_ITEMS_MAX),
      ),
    );
    for (let round = 0; round < rounds; round++) {
      const policies: [number, Policy][] = [];
      const part = {
        anew,
        policies,
        peers: slice(peers.come, round).map((peer) => this.#pack(peer, policies)),
        removed: slice(peers.gone, round).map((peer) => peer.name),
        originated: slice(origins.come, round),
        retracted: slice(origins.gone, round).map(originatedKey),
      };
      anew = false;
      if (round < rounds - 1) {
        yield part;
        continue;
      }
      const packed = swaps.map(({ from, to }) => ({
        from: this.#pair(from, policies),
        to: this.#pair(to, policies),
      }));
      yield { ...part, last: { ...this.#last(plan, samePeers), swaps: packed } };
    }
  }

  #pack(peer: PeerPlan, policies: [number, Policy][]): PackedPeer {
    const [importPolicy, exportPolicy] = this.#pair(peer, policies);
    return { ...peer, importPolicy, exportPolicy };
  }

  /** @param policies  Takes those that have not been sent yet. */
  #pair({ importPolicy, exportPolicy }: Policies, policies: [number, Policy][]): PolicyPair {
    return [this.#number(importPolicy, policies), this.#number(exportPolicy, policies)];
  }

  #number(policy: Policy, policies: [number, Policy][]): number {
    let known = this.#numbers.get(policy);
    if (known === undefined) {
      known = this.#nextNumber++;
      this.#numbers.set(policy, known);
      policies.push([known, policy]);
    }
    return known;
  }

  #last(
    { peers: _, originated: __, ...frame }: SpeakerPlan,
    samePeers: boolean,
  ): Omit<NonNullable<PlanPart['last']>, 'swaps'> {
    if (samePeers) return { frame, retired: [] };
    const used = new Set<Policy>();
    for (const peer of this.#sent!.peers) used.add(peer.importPolicy).add(peer.exportPolicy);
    const retired: number[] = [];
    for (const [policy, number] of this.#numbers) {
      if (used.has(policy)) continue;
      retired.push(number);
      this.#numbers.delete(policy);
    }
    return { frame, retired };
  }
}

export class PlanReceiver {
  readonly #policies = new Map<number, Policy>();
  /** What has come of the next plan so far; undefined = gone. */
  readonly #peers = new Map<string, PeerPlan | undefined>();
  readonly #originated = new Map<string, OriginatedPrefix | undefined>();
  /** Of the plan before, by name, for a sender that says anew what is there already. */
  #known: ReadonlyMap<string, PeerPlan> = new Map();
  #plan: SpeakerPlan | undefined;
  #anew = false;

  /** @returns the plan, when this part was its last. */
  take(part: PlanPart): SpeakerPlan | undefined {
    if (part.anew) {
      this.#anew = true;
      this.#known = new Map(this.#plan?.peers.map((peer) => [peer.name, peer]));
      this.#peers.clear();
      this.#originated.clear();
      this.#policies.clear();
    }
    for (const [number, policy] of part.policies) this.#policies.set(number, policy);
    for (const name of part.removed) this.#peers.set(name, undefined);
    for (const packed of part.peers) this.#peers.set(packed.name, this.#unpack(packed));
    for (const key of part.retracted) this.#originated.set(key, undefined);
    for (const item of part.originated) this.#originated.set(originatedKey(item), item);
    return part.last === undefined ? undefined : this.#finish(part.last);
  }

  #unpack(packed: PackedPeer): PeerPlan {
    const { importPolicy, exportPolicy } = packed;
    const peer: PeerPlan = { ...packed, ...this.#policiesOf([importPolicy, exportPolicy]) };
    const before = this.#known.get(peer.name);
    return before !== undefined && sameData(before, peer) ? before : peer;
  }

  #finish({ frame, swaps, retired }: NonNullable<PlanPart['last']>): SpeakerPlan {
    const before = this.#anew ? undefined : this.#plan;
    const name = (peer: PeerPlan): string => peer.name;
    const stay = applySwaps(
      before?.peers ?? [],
      swaps.map(({ from, to }) => ({ from: this.#policiesOf(from), to: this.#policiesOf(to) })),
      this.#peers,
    );
    const plan: SpeakerPlan = {
      ...frame,
      peers: merge(stay, this.#peers, name),
      originated: merge(before?.originated ?? [], this.#originated, originatedKey),
    };
    for (const number of retired) this.#policies.delete(number);
    this.#peers.clear();
    this.#originated.clear();
    this.#anew = false;
    this.#known = new Map();
    this.#plan = plan;
    return plan;
  }

  #policiesOf([importPolicy, exportPolicy]: PolicyPair): Policies {
    return {
      importPolicy: this.#policies.get(importPolicy)!,
      exportPolicy: this.#policies.get(exportPolicy)!,
    };
  }
}

function slice<T>(items: readonly T[], round: number): readonly T[] {
  return items.slice(round * PART_ITEMS_MAX, (round + 1) * PART_ITEMS_MAX);
}

/** Of two lists in order of `keyOf`: what is new or another object, and what is there no more. */
function difference<T>(
  before: readonly T[],
  now: readonly T[],
  keyOf: (item: T) => string,
): { readonly come: readonly T[]; readonly gone: readonly T[] } {
  const come: T[] = [];
  const gone: T[] = [];
  if (before === now) return { come, gone };
  let i = 0;
  for (const item of now) {
    if (before[i] === item) {
      i++;
      continue;
    }
    while (i < before.length && compareText(keyOf(before[i]!), keyOf(item)) < 0) {
      gone.push(before[i++]!);
    }
    const same = before[i] === item;
    if (i < before.length && (same || keyOf(before[i]!) === keyOf(item))) i++;
    if (!same) come.push(item);
  }
  gone.push(...before.slice(i));
  return { come, gone };
}

/** `items` with `changes` worked in, in order of `keyOf`. */
function merge<T>(
  items: readonly T[],
  changes: ReadonlyMap<string, T | undefined>,
  keyOf: (item: T) => string,
): readonly T[] {
  if (changes.size === 0) return items;
  const stay = items.filter((item) => !changes.has(keyOf(item)));
  const come = [...changes.values()].filter((item) => item !== undefined);
  come.sort((a, b) => compareText(keyOf(a), keyOf(b)));
  const merged: T[] = [];
  let i = 0;
  for (const item of come) {
    while (i < stay.length && compareText(keyOf(stay[i]!), keyOf(item)) < 0)
      merged.push(stay[i++]!);
    merged.push(item);
  }
  return merged.concat(stay.slice(i));
}
