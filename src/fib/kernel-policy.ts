/**
 * Whether and how a chosen route is written to the kernel: which pool class it belongs to and whose that class is,
 * tunnel or underlay for each next hop, metric. A pure decision over `KernelRules` and `KernelView`.
 */

import type { IpAddress } from '../net/ip-address.ts';
import { type Prefix, prefixCovers } from '../net/prefix.ts';
import type { KernelRules, PoolRule, RouteExtras } from './kernel-rules.ts';
import type { KernelView } from './kernel-view.ts';
import { PrefixSet } from './prefix-set.ts';
import {
  NO_SHAPE,
  type RouteShapes,
  SHAPE_HOPS_MAX,
  type ShapeExtras,
  type ShapeHop,
  type ShapeId,
} from './route-shape.ts';
import type { ResolvedHop, RoutePrefix } from './types.ts';

/** The chosen route of a prefix; reuse one object. */
export interface KernelSubject {
  prefix: RoutePrefix;
  source: 'bgp' | 'block' | 'service' | 'static' | 'kernel' | 'direct';
  /** A local source that asks for a blackhole (`OriginatedPrefix.blackhole`), or a path with BLACKHOLE (RFC 7999). */
  blackhole: boolean;
  /** BGP next hops of the ECMP set in stable order; the best path's first. Of local sources: the gateway of `static`. */
  nextHops: readonly IpAddress[];
  /** Of each next hop, 1 to 256; absent or empty: all alike. */
  weights?: readonly number[];
  /** LOCAL_PREF of the best path; undefined counts as 100. */
  localPref: number | undefined;
}

/** Reused: valid until the next `decide`. */
export interface KernelDecision {
  action: 'program' | 'skip' | 'hold';
  /** With `program`. */
  shape: ShapeId;
  metric: number;
  /** With `skip` and `hold`; with `program` only where it explains something (unreachable). */
  reason: string | undefined;
}

export interface KernelPolicyOptions {
  readonly view: KernelView;
  readonly shapes: RouteShapes;
  readonly rules: KernelRules;
}

/** LOCAL_PREF and kernel metric add up to this where `metric.mode` is `priority` (Calico ≥ v3.32). */
const PRIORITY_TOTAL = 2_147_483_647;
/** RFC 4271 §9.1.1 leaves the default to us; BIRD and Calico take 100. */
const DEFAULT_LOCAL_PREF = 100;
/** Of a kernel next hop. */
const WEIGHT_MAX = 256;
/** Shapes remembered by next hops; past it all are forgotten. */
const REMEMBERED_MAX = 16_384;

const CLASSES = ['direct', 'tunnel', 'cross-subnet', 'foreign'] as const;
type PoolClass = (typeof CLASSES)[number];

/** Of a prefix inside no pool. */
const NO_POOL: Pick<PoolRule, 'programming' | 'name' | 'reason'> = {
  name: '',
  programming: 'direct',
};

const ALL_ALIKE: readonly number[] = [];
type Shares = Pick<KernelSubject, 'nextHops' | 'weights'>;

interface Remembered {
  readonly action: 'program' | 'hold';
  readonly shape: ShapeId;
  readonly reason: string | undefined;
}

/** Decides with memory: equal next hops of equal class give equal shapes until the kernel's picture moves. */
export class KernelPolicy {
  readonly #view: KernelView;
  readonly #shapes: RouteShapes;
  #inForce: RulesInForce;
  #pools: PrefixSet<PoolRule>;
  #wireguard: ReadonlySet<IpAddress>;
  #rejected: PrefixSet<Prefix>;
  #generationOf = -1;
  #generationTunnel = -1;
  #generationText = '';
  /** By class of pool and family, then by next hop, or by all of them. No text is made for a single one. */
  readonly #remembered: readonly Map<string, Remembered>[] = CLASSES.flatMap(() => [
    new Map<string, Remembered>(),
    new Map<string, Remembered>(),
  ]);
  #rememberedCount = 0;
  #generation = -1;
  /** Name, index and state of the tunnel device when the memory was made. */
  #tunnelState = 0;
  readonly #decision: KernelDecision = {
    action: 'skip',
    shape: NO_SHAPE,
    metric: 0,
    reason: undefined,
  };

  constructor({ view, shapes, rules }: KernelPolicyOptions) {
    this.#view = view;
    this.#shapes = shapes;
    this.#inForce = inForce(rules);
    this.#pools = poolSet(rules);
    this.#wireguard = new Set(rules.wireguard ?? []);
    this.#rejected = rejectedSet(rules);
  }

  /** All earlier decisions are void: decide again. */
  setRules(rules: KernelRules): void {
    this.#inForce = inForce(rules);
    this.#pools = poolSet(rules);
    this.#wireguard = new Set(rules.wireguard ?? []);
    this.#rejected = rejectedSet(rules);
    this.#forget();
  }

  /**
   * Changes when decisions about routes through next hops may differ from before: compare after links, addresses
   * and routes of the kernel changed, and decide all BGP routes again.
   */
  get generation(): string {
    const tunnel = this.#tunnelNumber();
    const { generation } = this.#view;
    // Asked at every step: the text is made when something moved.
    if (generation !== this.#generationOf || tunnel !== this.#generationTunnel) {
      this.#generationOf = generation;
      this.#generationTunnel = tunnel;
      this.#generationText = `${generation} ${tunnel}`;
    }
    return this.#generationText;
  }

  /**
   * Calico's kernel filter (calico model 3.9), with two deliberate differences: nested pools match by longest
   * prefix, and while the tunnel device is missing the route is held instead of written over the underlay, where
   * its packets would be dropped by the first router.
   */
  decide(subject: KernelSubject): KernelDecision {
    const { prefix, source } = subject;
    if (source === 'kernel' || source === 'direct') {
      return this.#answer('skip', `The best route comes from the kernel itself (${source})`);
    }
    const rejected = this.#rejected.match(prefix);
    if (rejected !== undefined) {
      return this.#answer('skip', `Inside ${rejected}, which is never programmed`);
    }
    if (source === 'bgp' && this.#isWireguard(subject)) {
      return this.#answer('skip', `Through WireGuard to ${subject.nextHops[0]}: Felix writes it`);
    }
    const { programming, name, reason } = this.#poolOf(prefix) ?? NO_POOL;
    if (programming === 'foreign') {
      return this.#answer('skip', reason ?? `Another program writes routes of IPPool/${name}`);
    }
    if (source !== 'bgp') return this.#local(subject);
    return this.#learned(subject, programming);
  }

  /** The best path decides; of paths that share with it, those through WireGuard nodes go where it goes. */
  #isWireguard({ nextHops }: KernelSubject): boolean {
    return (
      this.#wireguard.size > 0 && nextHops[0] !== undefined && this.#wireguard.has(nextHops[0])
    );
  }

  #poolOf(prefix: RoutePrefix): PoolRule | undefined {
    // Calico's filter does nothing for IPv4 while the own subnet is unknown (calico model 3.9, step 4).
    if (prefix.family === 4 && this.#inForce.ownSubnet === undefined) return undefined;
    return this.#pools.match(prefix);
  }

  #local(subject: KernelSubject): KernelDecision {
    if (subject.nextHops.length > 0) {
      // A host route to a peer: over the underlay, without a metric, as Calico's static routes have none.
      const { action, shape, reason } = this.#shapeFor(subject.prefix.family, 'direct', subject);
      return action === 'hold' ? this.#answer('hold', reason ?? '') : this.#program(shape, 0);
    }
    if (!subject.blackhole) {
      return this.#answer('skip', 'Announced without a kernel route of its own');
    }
    return this.#program(this.#shapes.discard(subject.prefix.family, 'blackhole'), 0);
  }

  #learned(subject: KernelSubject, programming: PoolClass): KernelDecision {
    const { family } = subject.prefix;
    if (subject.blackhole) {
      // RFC 7999 §3.3: discarded here, wherever its next hop is.
      const shape = this.#shapes.discard(family, 'blackhole');
      return this.#program(shape, this.#metric(subject.localPref));
    }
    // IP in IP carries IPv4 only: IPv6 pools are never tunnelled (calico model 3.9).
    const poolClass = family === 6 ? 'direct' : programming;
    const { holdTunnelled } = this.#inForce;
    if (poolClass !== 'direct' && holdTunnelled !== undefined) {
      return this.#answer('hold', holdTunnelled);
    }
    const known = this.#shapeFor(family, poolClass, subject);
    if (known.action === 'hold') return this.#answer('hold', known.reason ?? '');
    const decision = this.#program(known.shape, this.#metric(subject.localPref));
    decision.reason = known.reason;
    return decision;
  }

  #metric(localPref: number | undefined): number {
    if (!this.#inForce.hasMetrics) return 0;
    // A LOCAL_PREF above the total would wrap; 0 would mean no metric at all.
    return Math.max(1, PRIORITY_TOTAL - (localPref ?? DEFAULT_LOCAL_PREF));
  }

  #shapeFor(family: 4 | 6, poolClass: PoolClass, shares: Shares): Remembered {
    const { nextHops, weights = ALL_ALIKE } = shares;
    const tunnelState = this.#tunnelNumber();
    if (this.#generation !== this.#view.generation || this.#tunnelState !== tunnelState) {
      this.#forget();
      this.#generation = this.#view.generation;
      this.#tunnelState = tunnelState;
    }
    const remembered = this.#remembered[CLASSES.indexOf(poolClass) * 2 + (family === 6 ? 1 : 0)]!;
    const text = nextHops.length === 1 ? nextHops[0]! : nextHops.join(' ');
    const key = weights.length === 0 ? text : `${text} ${weights.join(' ')}`;
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const made = this.#makeShape(family, poolClass, shares);
    // The next hop asked for here for the first time may itself have moved nothing: no re-check needed.
    if (this.#rememberedCount >= REMEMBERED_MAX) this.#forget();
    this.#shapes.retain(made.shape);
    this.#rememberedCount++;
    remembered.set(key, made);
    return made;
  }

  #makeShape(
    family: 4 | 6,
    poolClass: PoolClass,
    { nextHops, weights = ALL_ALIKE }: Shares,
  ): Remembered {
    const hops: ShapeHop[] = [];
    let down: string | undefined;
    let lost: string | undefined;
    let missingTunnel: string | undefined;
    for (const [i, nextHop] of nextHops.entries()) {
      const weight = weights[i];
      const resolution = this.#view.resolve(nextHop);
      if (!resolution.reachable) {
        if (resolution.code === 'link-down' || resolution.code === 'not-synced')
          down ??= resolution.reason;
        else lost ??= resolution.reason;
      } else if (
        poolClass === 'tunnel' ||
        (poolClass === 'cross-subnet' && !this.#inOwnSubnet(nextHop))
      ) {
        const tunnel = this.#tunnelHop(nextHop);
        if (typeof tunnel === 'string') missingTunnel ??= tunnel;
        else addHop(hops, tunnel, weight);
      } else {
        const share = shareOf(weight, resolution.hops);
        for (const hop of resolution.hops) addHop(hops, underlayHop(nextHop, hop), share(hop));
      }
    }
    if (hops.length > 0) {
      const shape = this.#shapes.unicast(family, hops, this.#extrasOf(family));
      return { action: 'program', shape, reason: undefined };
    }
    const waiting = missingTunnel ?? down;
    if (waiting !== undefined) return { action: 'hold', shape: NO_SHAPE, reason: waiting };
    // As Calico: the prefix is known but unreachable, and must not leak along a default route.
    const shape = this.#shapes.discard(family, 'unreachable');
    return { action: 'program', shape, reason: lost ?? 'The route has no next hop' };
  }

  #extrasOf(family: 4 | 6): ShapeExtras | undefined {
    const { extras } = this.#inForce;
    if (extras === undefined) return undefined;
    const prefSrc = family === 4 ? extras.ipv4Source : extras.ipv6Source;
    return {
      ...(prefSrc === undefined ? {} : { prefSrc }),
      ...(extras.mtu === undefined ? {} : { mtu: extras.mtu }),
    };
  }

  #inOwnSubnet(nextHop: IpAddress): boolean {
    const subnet = this.#inForce.ownSubnet;
    return subnet !== undefined && prefixCovers(subnet, nextHop);
  }

  /** `via NEXT_HOP dev tunl0 onlink`; a reason while the device cannot carry it. */
  #tunnelHop(nextHop: IpAddress): ShapeHop | string {
    const { tunnelDevice: name, vrf } = this.#inForce;
    const link = this.#view.linkByName(name);
    if (link === undefined && vrf !== undefined) return `Waiting for ${name} in VRF ${vrf}`;
    if (link === undefined) return `Waiting for ${name}, which does not exist yet`;
    if (!link.up) return `Waiting for ${name}, which is down`;
    return { gateway: nextHop, interfaceIndex: link.index, weight: 1, onlink: true };
  }

  /** Index and state as a number that no prefix pays a string for; 0 while there is no such device. */
  #tunnelNumber(): number {
    const link = this.#view.linkByName(this.#inForce.tunnelDevice);
    return link === undefined ? 0 : link.index * 2 + (link.up ? 1 : 0);
  }

  #forget(): void {
    for (const remembered of this.#remembered) {
      for (const { shape } of remembered.values()) this.#shapes.release(shape);
      remembered.clear();
    }
    this.#rememberedCount = 0;
  }

  #program(shape: ShapeId, metric: number): KernelDecision {
    const decision = this.#decision;
    decision.action = 'program';
    decision.shape = shape;
    decision.metric = metric;
    decision.reason = undefined;
    return decision;
  }

  #answer(action: 'skip' | 'hold', reason: string): KernelDecision {
    const decision = this.#decision;
    decision.action = action;
    decision.shape = NO_SHAPE;
    decision.metric = 0;
    decision.reason = reason;
    return decision;
  }
}

/** On the link: via the next hop itself; behind a router: via what the kernel uses. */
function underlayHop(nextHop: IpAddress, hop: ResolvedHop): ShapeHop {
  const { interfaceIndex, weight, onlink } = hop;
  return { gateway: hop.gateway ?? nextHop, interfaceIndex, weight, onlink };
}

/** How a share is divided over the hops by which a next hop is reached; undefined: as the kernel weighs them. */
function shareOf(
  weight: number | undefined,
  hops: readonly ResolvedHop[],
): (hop: ResolvedHop) => number | undefined {
  if (weight === undefined) return () => undefined;
  const all = hops.reduce((sum, hop) => sum + hop.weight, 0);
  return (hop) => Math.max(1, Math.round((weight * hop.weight) / all));
}

/**
 * Two next hops behind one router are one hop: the kernel would otherwise weigh the router twice. Where shares are
 * given the router gets both.
 */
function addHop(hops: ShapeHop[], hop: ShapeHop, weight: number | undefined): void {
  const at = hops.findIndex(
    (other) => other.gateway === hop.gateway && other.interfaceIndex === hop.interfaceIndex,
  );
  if (at >= 0) {
    const both = Math.min(WEIGHT_MAX, hops[at]!.weight + (weight ?? 0));
    hops[at] = { ...hops[at]!, weight: both };
  } else if (hops.length < SHAPE_HOPS_MAX)
    hops.push(weight === undefined ? hop : { ...hop, weight });
}

/** What every route asks, in one form whatever a plan leaves out: code that has met one form V8 throws away at the next. */
interface RulesInForce {
  readonly tunnelDevice: string;
  readonly vrf: string | undefined;
  /** Of IPv4. */
  readonly ownSubnet: Prefix | undefined;
  readonly hasMetrics: boolean;
  readonly holdTunnelled: string | undefined;
  readonly extras: RouteExtras | undefined;
}

function inForce(rules: KernelRules): RulesInForce {
  return {
    tunnelDevice: rules.tunnelDevice,
    vrf: rules.vrf,
    ownSubnet: rules.ownSubnet.ipv4,
    hasMetrics: rules.metric.mode !== 'none',
    holdTunnelled: rules.holdTunnelled,
    extras: rules.extras,
  };
}

function poolSet(rules: KernelRules): PrefixSet<PoolRule> {
  return new PrefixSet(rules.pools.map((pool) => ({ prefix: pool.cidr, value: pool })));
}

function rejectedSet(rules: KernelRules): PrefixSet<Prefix> {
  return new PrefixSet(rules.rejected.map((prefix) => ({ prefix, value: prefix })));
}
