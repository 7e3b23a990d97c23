/**
 * Routes that others wrote to the kernel (workloads, static routes), and subnets of interfaces, as paths of this node:
 * what the plan says may be announced is originated, and follows the kernel by event (calico model 3.1, 3.8).
 *
 * Invariant: the tables hold exactly the routes inside `learn.inside` that the kernel's picture has, once all prefixes
 * that were touched have been looked at. They are never written back: their source says whose they are.
 */

import type { LearnPlan, SpeakerPlan } from '../datastore/plan-types.ts';
import type { ForeignRoute } from '../fib/foreign-routes.ts';
import type { KernelView } from '../fib/kernel-view.ts';
import { type AfiSafi, afiSafiOfIpFamily, factsOf } from '../net/afi-safi.ts';
import { ipToOctets, isLinkLocal } from '../net/ip-address.ts';
import { type Prefix, prefixFamily, prefixFrom } from '../net/prefix.ts';
import { PrefixAreas } from '../net/prefix-areas.ts';
import { RouteProtocol, RouteScope } from '../netlink/codes.ts';
import { compileShellPattern } from '../policy/interface-match.ts';
import type { Rib } from '../rib/rib.ts';
import type { Origination } from '../rib/rib-config.ts';

/** Prefixes looked at a step: about a millisecond. */
const LEARN_PREFIXES_PER_STEP_MAX = 256;
/** Routes of others passed over in one go, because they concern nobody: the same. */
const PASSED_PER_STEP_MAX = 512;
/** Prefixes that wait to be looked at; past it everything is. */
const TOUCHED_MAX = 16_384;
/** LOCAL_PREF = this − metric (calico model 3.8). */
const PRIORITY_TOTAL = 2_147_483_647;

type Learned = 'direct' | 'kernel';
const SOURCES: readonly Learned[] = ['direct', 'kernel'];

/** What is needed of the core. */
export interface LearningContext {
  readonly ribs: Readonly<Record<AfiSafi, Rib>>;
  readonly kernelView: KernelView;
  readonly plan: SpeakerPlan | undefined;
}

export class LearnedRoutes {
  readonly #core: LearningContext;
  #inside = new PrefixAreas([]);
  #ignored: readonly ((name: string) => boolean)[] = [];
  /** To be looked at again. */
  readonly #touched = new Set<Prefix>();
  /** Everything is to be looked at again: what is left of it. */
  #all: Iterator<Prefix | undefined> | undefined;
  /** By source: what the tables hold, as text, so that what is the same is not said again. */
  readonly #held: Readonly<Record<Learned, Map<Prefix, string>>> = {
    direct: new Map(),
    kernel: new Map(),
  };
  /** Subnets of interfaces and the name of one that has each; made anew after a change of addresses or links. */
  #connected: ReadonlyMap<Prefix, string> | undefined;

  constructor(core: LearningContext) {
    this.#core = core;
  }

  setPlan(learn: LearnPlan | undefined): void {
    this.#inside = new PrefixAreas(learn?.inside ?? []);
    this.#ignored = (learn?.ignoredInterfaces ?? []).map(compileShellPattern);
    this.remake();
  }

  /** After a dump, a change of a link, or of the plan. */
  remake(): void {
    this.#connected = undefined;
    this.#touched.clear();
    this.#all = this.#everything();
  }

  routeChanged(prefix: Prefix): void {
    if (!this.#concerns(prefix)) return;
    if (this.#touched.size >= TOUCHED_MAX) this.remake();
    else this.#touched.add(prefix);
  }

  addressChanged(prefix: Prefix): void {
    this.#connected = undefined;
    this.routeChanged(prefix);
  }

  /** One slice. True when more is left. */
  continueLearning(): boolean {
    let left = LEARN_PREFIXES_PER_STEP_MAX;
    for (const prefix of this.#touched) {
      if (left-- === 0) return true;
      this.#touched.delete(prefix);
      this.#look(prefix);
    }
    while (this.#all !== undefined) {
      if (left-- === 0) return true;
      const { value, done } = this.#all.next();
      if (done === true) this.#all = undefined;
      else if (value === undefined) return true;
      else this.#look(value);
    }
    return false;
  }

  /**
   * What is held first: what is gone is to go before others come. Undefined ends a step in which many were passed over.
   * The walk bears changes between its steps.
   */
  *#everything(): Generator<Prefix | undefined> {
    for (const source of SOURCES) yield* [...this.#held[source].keys()];
    for (const prefix of this.#interfaces().keys()) if (this.#concerns(prefix)) yield prefix;
    let passed = 0;
    for (const family of [4, 6] as const) {
      for (const [prefix] of this.#core.kernelView.foreign.entries(family)) {
        if (this.#concerns(prefix)) yield prefix;
        else if (++passed % PASSED_PER_STEP_MAX === 0) yield undefined;
      }
    }
  }

  #concerns(prefix: Prefix): boolean {
    return this.#inside.contains(prefix);
  }

  #look(prefix: Prefix): void {
    const wanted = this.#core.kernelView.synced && this.#concerns(prefix);
    this.#hold(prefix, 'direct', wanted ? this.#direct(prefix) : undefined);
    this.#hold(prefix, 'kernel', wanted ? this.#kernel(prefix) : undefined);
  }

  #hold(prefix: Prefix, source: Learned, origination: Origination | undefined): void {
    const held = this.#held[source];
    const rib = this.#core.ribs[afiSafiOfIpFamily(prefixFamily(prefix))];
    if (origination === undefined) {
      if (held.delete(prefix)) rib.retract(prefix, source);
      return;
    }
    const { gateway = '', interfaceName = '', localPref = '' } = origination;
    const text = `${gateway} ${interfaceName} ${localPref}`;
    if (held.get(prefix) === text) return;
    held.set(prefix, text);
    rib.originate(prefix, origination);
  }

  #direct(prefix: Prefix): Origination | undefined {
    const interfaceName = this.#interfaces().get(prefix);
    if (interfaceName === undefined) return undefined;
    return { source: 'direct', interfaceName, ...this.#localPref(prefix, 0) };
  }

  /** The route that the kernel uses: of the lowest metric. */
  #kernel(prefix: Prefix): Origination | undefined {
    const routes = this.#core.kernelView.foreign.at(prefix) ?? [];
    const route = routes.find((one) => isLearnable(one, this.#core.kernelView.mainTable));
    if (route === undefined) return undefined;
    const hop = route.nextHops[0];
    const index = hop?.interfaceIndex;
    const interfaceName =
      index === undefined ? undefined : this.#core.kernelView.interfaceName(index);
    if (route.type === 'unicast' && interfaceName === undefined) return undefined;
    const gateway = hop?.gateway;
    return {
      source: 'kernel',
      // RFC 4271 §5.1.3: a third-party next hop, where whoever is told can reach it.
      ...(gateway === undefined || isLinkLocal(gateway) ? {} : { gateway }),
      ...(interfaceName === undefined ? {} : { interfaceName }),
      ...this.#localPref(prefix, route.metric),
    };
  }

  #localPref(prefix: Prefix, metric: number): { readonly localPref?: number } {
    const rules = this.#core.plan?.kernel.metric;
    if (rules?.mode !== 'priority') return {};
    const { ipFamily } = factsOf(afiSafiOfIpFamily(prefixFamily(prefix)));
    const normal = ipFamily === 4 ? rules.normal.ipv4 : rules.normal.ipv6;
    return { localPref: Math.max(0, PRIORITY_TOTAL - (metric === 0 ? normal : metric)) };
  }

  #interfaces(): ReadonlyMap<Prefix, string> {
    if (this.#connected !== undefined) return this.#connected;
    const found = new Map<Prefix, string>();
    const view = this.#core.kernelView;
    for (const { address, peer, prefixLength, interfaceIndex, scope } of view.addresses()) {
      const link = view.link(interfaceIndex);
      if (link === undefined || !link.up || scope >= RouteScope.LINK) continue;
      if (this.#ignored.some((matches) => matches(link.name))) continue;
      const prefix = prefixFrom(ipToOctets(peer ?? address), prefixLength);
      if (!found.has(prefix)) found.set(prefix, link.name);
    }
    this.#connected = found;
    return found;
  }
}

/** What the kernel made itself are subnets of interfaces; those have their own source. */
function isLearnable({ table, protocol, type }: ForeignRoute, learned: number): boolean {
  if (table !== learned || protocol === RouteProtocol.KERNEL) return false;
  return (
    type === 'unicast' || type === 'blackhole' || type === 'unreachable' || type === 'prohibit'
  );
}
