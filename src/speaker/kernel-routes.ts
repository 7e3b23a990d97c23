/**
 * From the Loc-RIB to the kernel: for a prefix whose choice changed, what the route programmer is to want.
 *
 * The RIB decides which paths, `fib/kernel-policy.ts` decides whether and how; here they only meet. When the rules or
 * the kernel's picture move, every prefix is decided again, some thousands a step.
 */

import type { Millis } from '../base/units.ts';
import type { OriginatedPrefix, PeerPlan } from '../datastore/plan-types.ts';
import type { KernelPolicy, KernelSubject } from '../fib/kernel-policy.ts';
import type { RouteProgrammer } from '../fib/route-programmer.ts';
import { NO_SHAPE } from '../fib/route-shape.ts';
import { type AfiSafi, factsOf } from '../net/afi-safi.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import type { PathId, PeerId } from '../rib/ids.ts';
import type { GateAnswer } from '../rib/install-gate.ts';
import type { NextHops } from '../rib/next-hops.ts';
import type { AttributeSets } from '../rib/path-attributes.ts';
import type { Rib } from '../rib/rib.ts';
import type { SettleConsumer } from '../rib/settle-consumer.ts';
import { communitiesContain } from '../wire/attributes/facts.ts';
import { linkBandwidthOf } from '../wire/attributes/link-bandwidth.ts';
import { WellKnownCommunity } from '../wire/iana.ts';
import { weigh } from './path-weights.ts';
import type { TidyTime } from './tidy-time.ts';

/** Prefixes decided again a step: about 2 ms. */
const REMAKE_PREFIXES_PER_STEP = 4000;

const NO_WEIGHTS: readonly number[] = [];

/** What is needed of the core. */
export interface KernelRoutesContext {
  readonly ribs: Readonly<Record<AfiSafi, Rib>>;
  readonly nextHops: NextHops;
  readonly sets: AttributeSets;
  readonly programmer: RouteProgrammer;
  readonly kernelPolicy: KernelPolicy | undefined;
  readonly origins: ReadonlyMap<string, OriginatedPrefix>;
  readonly tidyTime: TidyTime;
  readonly now: Millis;
  peerName(id: PeerId): string;
  peerById(id: PeerId): { readonly plan: PeerPlan } | undefined;
}

/** Per family; buffers reused from call to call, so that a prefix costs no allocation. */
export class KernelRoutes implements SettleConsumer {
  readonly #core: KernelRoutesContext;
  readonly #rib: Rib;
  readonly #octets: Uint8Array;
  /** For V8 an array that never held an object is of another kind than one that did: compiled code would be thrown away. */
  readonly #nextHops: IpAddress[] = ['' as IpAddress];
  /** Octets a second that each next hop's path names, then its weight. */
  readonly #bandwidths: number[] = [];
  readonly #subject: KernelSubject;
  readonly #prefix: { family: 4 | 6; octets: Uint8Array; octetsAt: number; length: number };
  readonly #wish = { shape: NO_SHAPE, metric: 0, origin: '' };
  readonly #addNextHop: (path: PathId) => void;
  #remakeFrom = 0; // 0 = nothing to remake, else the next PrefixId

  constructor(core: KernelRoutesContext, family: AfiSafi) {
    const { width, ipFamily } = factsOf(family);
    this.#core = core;
    this.#rib = core.ribs[family];
    this.#nextHops.pop();
    this.#octets = new Uint8Array(width / 8);
    this.#prefix = { family: ipFamily, octets: this.#octets, octetsAt: 0, length: 0 };
    this.#subject = {
      prefix: this.#prefix,
      source: 'bgp',
      blackhole: false,
      nextHops: this.#nextHops,
      weights: NO_WEIGHTS,
      localPref: undefined,
    };
    this.#addNextHop = (path) => {
      const id = this.#rib.nextHopOf(path);
      if (id === 0) return;
      this.#nextHops.push(core.nextHops.addressOf(id));
      this.#bandwidths.push(this.#bandwidthOf(path));
    };
  }

  /** Routes are being written, by a thread that wants a processor of its own, or peers are telling of more. */
  get isBusy(): boolean {
    const { programmer, tidyTime, now } = this.#core;
    return programmer.isWriting || tidyTime.isTooEarly(now);
  }

  /** Called by the RIB for each prefix whose best path or ECMP set changed. */
  bestChanged(id: PrefixId): void {
    const core = this.#core;
    if (core.kernelPolicy === undefined) return;
    const rib = this.#rib;
    rib.prefixes.writeAddress(id, this.#octets);
    this.#prefix.length = rib.prefixes.lengthOf(id);
    const best = rib.best(id);
    if (best === 0) return core.programmer.unwant(this.#prefix);
    this.#describe(id, best);
    const decision = core.kernelPolicy.decide(this.#subject);
    const origin = this.#originOf(best);
    switch (decision.action) {
      case 'program': {
        const wish = this.#wish;
        wish.shape = decision.shape;
        wish.metric = decision.metric;
        wish.origin = origin;
        return core.programmer.want(this.#prefix, wish, core.now);
      }
      case 'hold':
        return core.programmer.hold(this.#prefix, { reason: decision.reason ?? '', origin });
      case 'skip':
        return core.programmer.unwant(this.#prefix);
    }
  }

  /** For `Rib.setGate`: whether the kernel has the chosen route of the prefix as wished. */
  readonly gate = (id: PrefixId): GateAnswer => {
    const { programmer, kernelPolicy } = this.#core;
    if (kernelPolicy === undefined) return 'go';
    this.#rib.prefixes.writeAddress(id, this.#octets);
    this.#prefix.length = this.#rib.prefixes.lengthOf(id);
    switch (programmer.installState(this.#prefix)) {
      case 'coming':
        return 'wait';
      case 'failed':
        return 'stop';
      default:
        // Also what is not for us to write: another program's pool, a route of the kernel itself.
        return 'go';
    }
  };

  /** Everything is to be decided again. */
  remake(): void {
    this.#remakeFrom = 1;
  }

  /** One slice. True when more is left. */
  continueRemake(): boolean {
    if (this.#remakeFrom === 0) return false;
    const { prefixes } = this.#rib;
    const end = Math.min(this.#remakeFrom + REMAKE_PREFIXES_PER_STEP, prefixes.top + 1);
    for (let id = this.#remakeFrom; id < end; id++) if (prefixes.isLive(id)) this.#remakeOne(id);
    this.#remakeFrom = end > prefixes.top ? 0 : end;
    return this.#remakeFrom !== 0;
  }

  #remakeOne(id: PrefixId): void {
    this.bestChanged(id);
    this.#rib.gateMovedFor(id);
  }

  #describe(id: PrefixId, best: PathId): void {
    const subject = this.#subject;
    const rib = this.#rib;
    subject.source = rib.sourceOf(best);
    // Setting `length` goes through the runtime and gives the memory away.
    while (this.#nextHops.length > 0) this.#nextHops.pop();
    subject.blackhole = false;
    subject.weights = NO_WEIGHTS;
    subject.localPref = undefined;
    if (subject.source === 'bgp') {
      if (rib.isMultipath(best)) this.#share(id);
      else {
        const nextHop = rib.nextHopOf(best);
        if (nextHop !== 0) this.#nextHops.push(this.#core.nextHops.addressOf(nextHop));
      }
      subject.blackhole = this.#isBlackhole(best);
      const localPref = this.#core.sets.localPrefOf(rib.attributesOf(best));
      subject.localPref = localPref < 0 ? undefined : localPref;
    } else {
      const key = `${rib.prefixOf(id)} ${subject.source}`;
      const origin = this.#core.origins.get(key);
      subject.blackhole = origin?.blackhole ?? false;
      if (origin?.gateway !== undefined) this.#nextHops.push(origin.gateway);
    }
  }

  /** RFC 7999 §3.3, where the profile of the peer says so. */
  #isBlackhole(best: PathId): boolean {
    const { settings } = this.#core.peerById(this.#rib.peerOf(best))?.plan ?? {};
    if (settings?.honourBlackhole !== true) return false;
    const octets = this.#core.sets.octetsOf(this.#rib.attributesOf(best));
    return communitiesContain(octets, WellKnownCommunity.Blackhole);
  }

  #share(id: PrefixId): void {
    this.#bandwidths.length = 0;
    this.#rib.forEachMultipath(id, this.#addNextHop);
    if (weigh(this.#bandwidths)) this.#subject.weights = this.#bandwidths;
  }

  /** 0 where the path names none, or its peer is not asked. */
  #bandwidthOf(path: PathId): number {
    const { settings } = this.#core.peerById(this.#rib.peerOf(path))?.plan ?? {};
    if (settings?.linkBandwidth?.use === false) return 0;
    return linkBandwidthOf(this.#core.sets.octetsOf(this.#rib.attributesOf(path)));
  }

  #originOf(best: PathId): string {
    const peer = this.#rib.peerOf(best);
    return peer === 0 ? this.#rib.sourceOf(best) : this.#core.peerName(peer);
  }
}
