/**
 * The tunnel device where no Felix makes it (`kernel.manageTunnel`): created, raised, given its MTU and its address,
 * one step at a time as the kernel tells that the one before was done.
 *
 * Invariant: a device of another kind, and every address that is there, is left alone; nothing is ever taken away.
 */

import { type Millis, millis } from '../base/units.ts';
import type { LinkRequest } from '../netlink/link-request.ts';
import type { KernelRules } from './kernel-rules.ts';
import type { KernelView } from './kernel-view.ts';

/** Octets that IP in IP puts in front of a packet (RFC 2003 §3.1: an IPv4 header). */
const HEADER_OCTETS = 20;
/** Of an Ethernet link, where the underlay's is not known. */
const USUAL_MTU = 1500;
/** Until a step that failed, or that nobody told the end of, is tried again; doubles. */
const RETRY_FIRST = 1_000;
const RETRY_LONGEST = 60_000;

export class TunnelDevice {
  readonly #view: KernelView;
  #rules: KernelRules | undefined;
  #linkNews = -1;
  /** The step last asked for, as text. */
  #asked = '';
  #retryAt: Millis | undefined;
  #delay = RETRY_FIRST;

  constructor(view: KernelView) {
    this.#view = view;
  }

  /** The next step; undefined when none is due. The same step is asked for again only after a while. */
  take(rules: KernelRules, now: Millis): LinkRequest | undefined {
    // Asked at every step of the core: looked at when something moved, or a retry is due.
    const { linkNews } = this.#view;
    const same = rules === this.#rules && linkNews === this.#linkNews;
    if (same && (this.#retryAt === undefined || now < this.#retryAt)) return undefined;
    this.#rules = rules;
    this.#linkNews = linkNews;
    const step = this.#view.synced ? this.#step(rules) : undefined;
    if (step === undefined) {
      this.#asked = '';
      this.#retryAt = undefined;
      this.#delay = RETRY_FIRST;
      return undefined;
    }
    const text = JSON.stringify(step);
    if (text === this.#asked && this.#retryAt !== undefined && now < this.#retryAt)
      return undefined;
    if (text !== this.#asked) this.#delay = RETRY_FIRST;
    this.#asked = text;
    this.#retryAt = millis(now + this.#delay);
    this.#delay = Math.min(RETRY_LONGEST, this.#delay * 2);
    return step;
  }

  deadline(): Millis | undefined {
    return this.#retryAt;
  }

  #step(rules: KernelRules): LinkRequest | undefined {
    const { tunnel, tunnelDevice, pools } = rules;
    if (tunnel === undefined) return undefined;
    const needed = pools.some(
      ({ programming }) => programming === 'tunnel' || programming === 'cross-subnet',
    );
    if (!needed) return undefined;
    const link = this.#view.linkByName(tunnelDevice);
    if (link === undefined) return { what: 'create', name: tunnelDevice };
    if (link.kind !== 'ipip') return undefined;
    const { index: interfaceIndex } = link;
    const mtu = this.#underlayMtu(rules) - HEADER_OCTETS;
    if (link.mtu !== mtu) return { what: 'mtu', interfaceIndex, mtu };
    if (!link.up) return { what: 'up', interfaceIndex };
    const { address } = tunnel;
    if (address === undefined || this.#view.isOwnAddress(address)) return undefined;
    return { what: 'address', interfaceIndex, address };
  }

  /** Of the link that has the node's own address. */
  #underlayMtu({ tunnel }: KernelRules): number {
    for (const { address, interfaceIndex } of this.#view.addresses()) {
      if (address !== tunnel?.underlay) continue;
      return this.#view.link(interfaceIndex)?.mtu ?? USUAL_MTU;
    }
    return USUAL_MTU;
  }
}
