/**
 * From the Loc-RIB to the kernel: for a prefix whose choice changed, what the route programmer is to want.
 *
 * The RIB decides which paths, `fib/kernel-policy.ts` decides whether and how; here they only meet. When the rules or
 * the kernel's picture move, every prefix is decided again, some thousands a step.
 */

import type { Millis } from '../base/units.ts';
import type { OriginatedPrefix } from '../datastore/plan-types.ts';
import type { KernelPolicy, KernelSubject } from '../fib/kernel-policy.ts';
import type { RouteProgrammer } from '../fib/route-programmer.ts';
import { NO_SHAPE } from '../fib/route-shape.ts';
import { type AfiSafi, factsOf } from '../net/afi-safi.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import type { PathId, PeerId } from '../rib/ids.ts';
import type { NextHops } from '../rib/next-hops.ts';
import type { AttributeSets } from '../rib/path-attributes.ts';
import type { Rib, SettleConsumer } from '../rib/rib.ts';

/** Prefixes decided again a step: about 2 ms. */
const REMAKE_PREFIXES_PER_STEP = 4000;

/** What is needed of the core. */
export interface KernelRoutesContext {
  readonly ribs: Readonly<Record<AfiSafi, Rib>>;
  readonly nextHops: NextHops;
  readonly sets: AttributeSets;
  readonly programmer: RouteProgrammer;
  readonly kernelPolicy: KernelPolicy | undefined;
  readonly origins: ReadonlyMap<string, OriginatedPrefix>;
  readonly now: Millis;
  peerName(id: PeerId): string;
}

/** Per family; buffers reused from call to call, so that a prefix costs no allocation. */
export class KernelRoutes implements SettleConsumer {
  readonly #core: KernelRoutesContext;
  readonly #rib: Rib;
  readonly #octets: Uint8Array;
  readonly #nextHops: IpAddress[] = [];
  readonly #subject: KernelSubject;
  readonly #prefix: { family: 4 | 6; octets: Uint8Array; octetsAt: number; length: number };
  readonly #wish = { shape: NO_SHAPE, metric: 0, origin: '' };
  readonly #addNextHop: (path: PathId) => void;
  #remakeFrom = 0; // 0 = nothing to remake, else the next PrefixId

  constructor(core: KernelRoutesContext, family: AfiSafi) {
    const { width, ipFamily } = factsOf(family);
    this.#core = core;
    this.#rib = core.ribs[family];
    this.#octets = new Uint8Array(width / 8);
    this.#prefix = { family: ipFamily, octets: this.#octets, octetsAt: 0, length: 0 };
    this.#subject = {
      prefix: this.#prefix,
      source: 'bgp',
      blackhole: false,
      nextHops: this.#nextHops,
      localPref: undefined,
    };
    this.#addNextHop = (path) => {
      const id = this.#rib.nextHopOf(path);
      if (id !== 0) this.#nextHops.push(core.nextHops.addressOf(id));
    };
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

  /** Everything is to be decided again. */
  remake(): void {
    this.#remakeFrom = 1;
  }

  /** One slice. True when more is left. */
  continueRemake(): boolean {
    if (this.#remakeFrom === 0) return false;
    const { prefixes } = this.#rib;
    const end = Math.min(this.#remakeFrom + REMAKE_PREFIXES_PER_STEP, prefixes.top + 1);
    for (let id = this.#remakeFrom; id < end; id++) if (prefixes.isLive(id)) this.bestChanged(id);
    this.#remakeFrom = end > prefixes.top ? 0 : end;
    return this.#remakeFrom !== 0;
  }

  #describe(id: PrefixId, best: PathId): void {
    const subject = this.#subject;
    const rib = this.#rib;
    subject.source = rib.sourceOf(best);
    if (this.#nextHops.length > 0) this.#nextHops.length = 0;
    subject.blackhole = false;
    subject.localPref = undefined;
    if (subject.source === 'bgp') {
      rib.forEachMultipath(id, this.#addNextHop);
      const localPref = this.#core.sets.localPrefOf(rib.attributesOf(best));
      subject.localPref = localPref < 0 ? undefined : localPref;
    } else {
      const key = `${rib.prefixOf(id)} ${subject.source}`;
      const origin = this.#core.origins.get(key);
      subject.blackhole = origin?.blackhole ?? false;
      if (origin?.gateway !== undefined) this.#nextHops.push(origin.gateway);
    }
  }

  #originOf(best: PathId): string {
    const peer = this.#rib.peerOf(best);
    return peer === 0 ? this.#rib.sourceOf(best) : this.#core.peerName(peer);
  }
}
