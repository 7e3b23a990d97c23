/**
 * What one plan teaches the next: which nodes a selector names, what a session is made of, what its values are.
 *
 * Everything remembered carries the inputs it was computed from, and is used only while each of them is the same
 * object. Invariant (property-tested): a plan made with a memo equals one made without. What did not change is the
 * same object as before, so that whoever compares two plans need not look inside.
 */

import type { ConfigError } from '../base/errors.ts';
import type { Policy } from '../policy/types.ts';
import { NodeIndex } from './node-index.ts';
import {
  compareText,
  type KnownPairs,
  originatedKey,
  placeInOrder,
  sameData,
  sortedByName,
} from './plan-data.ts';
import type { PlanOptions } from './plan-options.ts';
import type { OriginatedPrefix, PeerPlan } from './plan-types.ts';
import { Profiles } from './profiles.ts';
import type {
  BgpConfigurationResource,
  BgpPeerResource,
  NodeResource,
  Resources,
} from './resources.ts';
import { ServiceMemo } from './service-memo.ts';
import type { SessionEntry } from './session-entry.ts';

/** More changes than this are not worked into the ordered list of sessions one by one. */
const WORKED_IN_MAX = 64;

/** The scope of the node-to-node mesh, which has no BGPPeer. */
export const MESH: object = {};

const NO_FILTERS: readonly string[] = [];

type EntriesByNode = WeakMap<
  NodeResource,
  { readonly port: number | undefined; readonly entries: readonly SessionEntry[] }
>;

/** What a plan is made of: as long as each is the same object, so is what was made of it. */
interface MemoInputs {
  readonly own: NodeResource;
  readonly global: BgpConfigurationResource | undefined;
  readonly ownConfiguration: BgpConfigurationResource | undefined;
  readonly options: PlanOptions;
  readonly compat: string;
  readonly standalone: boolean;
  readonly localAs: number;
  readonly globalAs: number;
  readonly resources: Resources;
}

export class PlanMemo {
  readonly nodes = new NodeIndex();
  /** Those of this node. */
  profiles = new Profiles(new Map(), {});
  readonly #profileInputs = new Inputs();
  readonly services = new ServiceMemo();
  #nodeMap: ReadonlyMap<string, NodeResource> | undefined;

  readonly #portInputs = new Inputs();
  /** By name of the node: what `node.*` configurations say. */
  #ports: ReadonlyMap<string, number> = new Map();
  #port: number | undefined;
  readonly #entryInputs = new Inputs();
  #entries = new WeakMap<object, EntriesByNode>();
  readonly #scopes = {
    forward: new WeakMap<BgpPeerResource, object>(),
    reverse: new WeakMap<BgpPeerResource, object>(),
  };

  readonly #policyInputs = new Inputs();
  #policies = new Map<string, Policy>();
  #policiesBefore: ReadonlyMap<string, Policy> = new Map();
  #byFilters = new WeakMap<readonly string[], Policy[]>();

  readonly #planInputs = new Inputs();
  #plans = new WeakMap<SessionEntry, PeerPlan>();
  /** Of those plans the ones of which no input at all has changed since. */
  #certain = new WeakMap<SessionEntry, PeerPlan>();
  /** What has taken the place of a policy in this plan, or the policy itself. */
  #successors = new Map<Policy, Policy>();
  #unordered: readonly PeerPlan[] = [];
  #ordered: readonly PeerPlan[] = [];
  /** As they came, and in order. */
  #origins: readonly OriginatedPrefix[] = [];
  #originated: readonly OriginatedPrefix[] = [];
  readonly #stages = new Map<string, Stage>();
  /** Of this plan's policies against those of the one before: five thousand sessions ask about the same two. */
  #compared: KnownPairs = new Map();

  /** The nodes in order of their names; the index is brought up to them. */
  nodesOf(nodes: ReadonlyMap<string, NodeResource>): readonly NodeResource[] {
    this.nodes.update(nodes === this.#nodeMap ? this.nodes.nodes : sortedByName(nodes));
    this.#nodeMap = nodes;
    return this.nodes.nodes;
  }

  /** Forgets what a change of its inputs has made untrue. */
  begin(inputs: MemoInputs): void {
    this.#compared = new Map();
    const { own, global, ownConfiguration, options, compat, standalone, resources } = inputs;
    const { bgpConfigurations, bgpPeers, bgpFilters, ipPools, blockAffinities } = resources;
    const { peerProfiles } = resources;
    const none = peerProfiles.size === 0;
    if (this.#profileInputs.changed([peerProfiles, none || own, inputs.localAs])) {
      this.profiles = new Profiles(peerProfiles, own.labels);
    }
    if (this.#entryInputs.changed([inputs.globalAs, inputs.localAs])) {
      this.#entries = new WeakMap();
    }
    if (this.#portInputs.changed([bgpConfigurations])) this.#ports = listenPorts(bgpConfigurations);
    this.#port = global?.listenPort;
    const common = [own, global, ownConfiguration, options, compat, standalone];
    // Peers and profiles are among them only so that policies nobody asks for any more are forgotten.
    const ofPolicies = [...common, bgpPeers, bgpFilters, ipPools, blockAffinities, peerProfiles];
    const policiesChanged = this.#policyInputs.changed(ofPolicies);
    if (policiesChanged) {
      this.#policiesBefore = this.#policies;
      this.#policies = new Map();
      this.#byFilters = new WeakMap();
    }
    const ofOwn = [own.name, own.ipv4?.address, own.ipv6?.address, own.routeReflectorClusterId];
    const password = global?.nodeMeshPassword;
    const ofGlobal = [global?.nodeMeshMaxRestartTime, password?.name, password?.key];
    const { localAs } = inputs;
    const ofPlans = [...ofOwn, ...ofGlobal, options, localAs, resources.secrets, this.profiles];
    const plansChanged = this.#planInputs.changed(ofPlans);
    if (plansChanged) this.#plans = new WeakMap();
    if (plansChanged || policiesChanged) {
      this.#certain = new WeakMap();
      this.#successors = new Map();
    }
  }

  /**
   * What `make` gave last time, with the problems that it named, while each of `inputs` is the same object or value.
   * Whatever `make` looks at must be among them, or be made of them.
   */
  stage<T>(
    name: string,
    { problems, inputs }: { problems: ConfigError[]; inputs: readonly unknown[] },
    make: () => T,
  ): T {
    const before = this.#stages.get(name);
    if (before !== undefined && isSameList(before.inputs, inputs)) {
      problems.push(...before.problems);
      return before.value as T;
    }
    const from = problems.length;
    const value = make();
    this.#stages.set(name, { inputs, value, problems: problems.slice(from) });
    return value;
  }

  /** The key under which the entries of one side of a BGPPeer are kept. */
  scope(side: 'forward' | 'reverse', peer: BgpPeerResource): object {
    let scope = this.#scopes[side].get(peer);
    if (scope === undefined) {
      scope = {};
      this.#scopes[side].set(peer, scope);
    }
    return scope;
  }

  entries(
    scope: object,
    node: NodeResource,
    make: () => readonly SessionEntry[],
  ): readonly SessionEntry[] {
    let byNode = this.#entries.get(scope);
    if (byNode === undefined) {
      byNode = new WeakMap();
      this.#entries.set(scope, byNode);
    }
    const port = this.listenPort(node.name);
    const known = byNode.get(node);
    if (known !== undefined && known.port === port) return known.entries;
    const entries = make();
    byNode.set(node, { port, entries });
    return entries;
  }

  /** The port on which others reach that node; undefined = nothing is said. */
  listenPort(node: string): number | undefined {
    return this.#ports.get(node) ?? this.#port;
  }

  /** @param parts  What beside the filters a policy is made of, as bits. */
  policy(filters: readonly string[] | undefined, parts: number, make: () => Policy): Policy {
    const list = filters === undefined || filters.length === 0 ? NO_FILTERS : filters;
    let byParts = this.#byFilters.get(list);
    if (byParts === undefined) {
      byParts = [];
      this.#byFilters.set(list, byParts);
    }
    const known = byParts[parts] ?? this.#policyNamed(JSON.stringify([parts, list]), make);
    byParts[parts] = known;
    return known;
  }

  /** The plan of `entry`, where all that can have changed of it are policies, and those are known. */
  certain(entry: SessionEntry): PeerPlan | undefined {
    const plan = this.#certain.get(entry);
    if (plan !== undefined) return plan;
    const before = this.#plans.get(entry);
    if (before === undefined) return undefined;
    const importPolicy = this.#successors.get(before.importPolicy);
    const exportPolicy = this.#successors.get(before.exportPolicy);
    if (importPolicy === undefined || exportPolicy === undefined) return undefined;
    return this.#underPolicies(entry, before, { importPolicy, exportPolicy });
  }

  /** The plan made of `entry` before, under the policies of now. */
  planOf(entry: SessionEntry, policies: Policies): PeerPlan | undefined {
    const before = this.#plans.get(entry);
    if (before === undefined) return undefined;
    // A policy is that of one list of filters and one kind of session: who had the same has the same again.
    this.#successors.set(before.importPolicy, policies.importPolicy);
    this.#successors.set(before.exportPolicy, policies.exportPolicy);
    return this.#underPolicies(entry, before, policies);
  }

  #underPolicies(entry: SessionEntry, before: PeerPlan, policies: Policies): PeerPlan {
    const { importPolicy, exportPolicy } = policies;
    const same = before.importPolicy === importPolicy && before.exportPolicy === exportPolicy;
    const plan = same ? before : { ...before, importPolicy, exportPolicy };
    this.#plans.set(entry, plan);
    this.#certain.set(entry, plan);
    return plan;
  }

  /** Takes a plan; gives the one of before where that is equal. */
  keep(entry: SessionEntry, plan: PeerPlan): PeerPlan {
    const before = this.#ordered[placeInOrder(this.#ordered, plan.name, nameOf)];
    const equal = before?.name === plan.name && sameData(before, plan, this.#compared);
    const kept = equal ? before : plan;
    // A missing Secret is a problem of every plan anew.
    const missing = kept.password !== undefined && 'missing' in kept.password;
    if (!missing) {
      this.#plans.set(entry, kept);
      this.#certain.set(entry, kept);
    }
    return kept;
  }

  /** The peers in order of their names. */
  inOrder(peers: readonly PeerPlan[]): readonly PeerPlan[] {
    const { gone, come } = differing(this.#unordered, peers);
    this.#unordered = peers;
    if (gone.length + come.length === 0) return this.#ordered;
    if (gone.length === come.length && come.every((peer, i) => peer.name === gone[i]!.name)) {
      const replaced = new Map(gone.map((peer, i) => [peer, come[i]!]));
      this.#ordered = this.#ordered.map((peer) => replaced.get(peer) ?? peer);
      return this.#ordered;
    }
    if (gone.length + come.length > WORKED_IN_MAX) {
      this.#ordered = [...peers].sort((a, b) => compareText(a.name, b.name));
      return this.#ordered;
    }
    const ordered = this.#ordered.filter((peer) => !gone.includes(peer));
    for (const peer of come) ordered.splice(placeInOrder(ordered, peer.name, nameOf), 0, peer);
    this.#ordered = ordered;
    return ordered;
  }

  /** In order of their keys; those that are as before are the same objects. */
  originated(items: readonly OriginatedPrefix[]): readonly OriginatedPrefix[] {
    if (isSameList(this.#origins, items)) return this.#originated;
    this.#origins = items;
    const before = this.#originated;
    const known = before.map(originatedKey);
    let at = 0;
    const keyed = items.map((item) => ({ item, key: originatedKey(item) }));
    this.#originated = keyed
      .sort((a, b) => compareText(a.key, b.key))
      .map(({ item, key }) => {
        while (at < known.length && known[at]! < key) at++;
        return known[at] === key && sameData(before[at], item) ? before[at]! : item;
      });
    return this.#originated;
  }

  #policyNamed(key: string, make: () => Policy): Policy {
    let policy = this.#policies.get(key);
    if (policy === undefined) {
      const made = make();
      const before = this.#policiesBefore.get(key);
      policy = before !== undefined && sameData(before, made) ? before : made;
      this.#policies.set(key, policy);
    }
    return policy;
  }
}

/** Whether any of a list of inputs is another object, or another value, than last time. */
class Inputs {
  #last: readonly unknown[] = [];

  changed(now: readonly unknown[]): boolean {
    const last = this.#last;
    this.#last = now;
    return !isSameList(last, now);
  }
}

/** Of the nodes that have one of their own (calico model 2.2). */
function listenPorts(configurations: Resources['bgpConfigurations']): Map<string, number> {
  const ports = new Map<string, number>();
  for (const { name, listenPort } of configurations.values()) {
    if (name.startsWith('node.') && listenPort !== undefined) ports.set(name.slice(5), listenPort);
  }
  return ports;
}

type Policies = Pick<PeerPlan, 'importPolicy' | 'exportPolicy'>;

interface Stage {
  readonly inputs: readonly unknown[];
  readonly value: unknown;
  readonly problems: readonly ConfigError[];
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function nameOf({ name }: PeerPlan): string {
  return name;
}

/** What stands between the common beginning and the common end of two lists. */
function differing<T>(
  before: readonly T[],
  now: readonly T[],
): { readonly gone: readonly T[]; readonly come: readonly T[] } {
  let begin = 0;
  let [end, nowEnd] = [before.length, now.length];
  while (begin < end && begin < nowEnd && before[begin] === now[begin]) begin++;
  while (end > begin && nowEnd > begin && before[end - 1] === now[nowEnd - 1]) {
    end--;
    nowEnd--;
  }
  return { gone: before.slice(begin, end), come: now.slice(begin, nowEnd) };
}
