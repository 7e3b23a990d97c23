/**
 * What of the kernel's news concerns the VRF that the node lives in (`kernel.vrf`): the VRF itself, the links that are
 * part of it with their addresses, and the routes of its table. The rest of the core knows only of those.
 *
 * Links and addresses come and go by joining and leaving as well: what is behind the gate is told as a change when it
 * comes through, and as gone when it does not any more. Invariant: nothing passes while the VRF cannot be used.
 */

import type { InterfaceAddress } from '../netlink/address.ts';
import type { Link } from '../netlink/link.ts';
import type { KernelChange } from './inputs.ts';

export interface VrfSetting {
  readonly name: string;
  /** `kernel.table`, where it is set beside: then the VRF must have this one. */
  readonly table?: number;
  /** The kernel has no VRFs at all. */
  readonly unsupported?: boolean;
}

type Pass = (change: KernelChange) => void;

export class VrfGate {
  readonly setting: VrfSetting;
  /** The VRF's routing table; undefined while it cannot be used. */
  table: number | undefined;
  /** Why the VRF cannot be used, and what to do; undefined while it can, and before the kernel was read. */
  trouble: string | undefined;
  /** The VRF itself, while it can be used. */
  #index: number | undefined;
  readonly #links = new Map<number, Link>();
  readonly #addresses = new Map<string, InterfaceAddress>();
  /** Links that came through. */
  readonly #inside = new Set<number>();
  /** While a dump runs: what it has told of. */
  #seen: { readonly links: Set<number>; readonly addresses: Set<string> } | undefined;
  #read = false;

  constructor(setting: VrfSetting) {
    this.setting = setting;
  }

  /** While a dump runs that has told of no address yet: the routes that it reads are of the table as of now. */
  get isEarlyInDump(): boolean {
    return this.#seen !== undefined && this.#seen.addresses.size === 0;
  }

  /** @returns whether the VRF can be used now and could not before, or the other way round, or is another one. */
  take(change: KernelChange, pass: Pass): boolean {
    switch (change.what) {
      case 'link':
        return this.#onLink(change.link, change.removed, pass);
      case 'address':
        this.#onAddress(change.address, change.removed, pass);
        return false;
      case 'route':
        if (change.route.table === this.table) pass(change);
        return false;
    }
  }

  dumpStarted(): void {
    this.#seen = { links: new Set(), addresses: new Set() };
  }

  /** Events were lost: the running dump proves nothing. */
  dumpFailed(): void {
    this.#seen = undefined;
  }

  /** What the dump did not name is gone. @returns as `take`. */
  dumpDone(pass: Pass): boolean {
    const seen = this.#seen;
    if (seen === undefined) return false;
    this.#seen = undefined;
    this.#read = true;
    for (const [key, address] of [...this.#addresses]) {
      if (!seen.addresses.has(key)) this.#onAddress(address, true, pass);
    }
    let changed = false;
    for (const [index, link] of [...this.#links]) {
      if (!seen.links.has(index) && this.#onLink(link, true, pass)) changed = true;
    }
    return this.#judge(pass) || changed;
  }

  #onLink(link: Link, removed: boolean, pass: Pass): boolean {
    this.#seen?.links.add(link.index);
    const before = this.#links.get(link.index);
    if (removed) this.#links.delete(link.index);
    else this.#links.set(link.index, link);
    const { name } = this.setting;
    const concerns = link.name === name || before?.name === name;
    const changed = concerns && this.#judge(pass);
    this.#place(link, removed, pass);
    if (removed) {
      for (const [key, { interfaceIndex }] of this.#addresses) {
        if (interfaceIndex === link.index) this.#addresses.delete(key);
      }
    }
    return changed;
  }

  /** Tells of a link by where it is now. */
  #place(link: Link, removed: boolean, pass: Pass): void {
    const { index } = link;
    const isPart = !removed && this.#index !== undefined && this.#isPart(link);
    if (!isPart) {
      if (this.#inside.has(index)) this.#leave(link, pass);
      return;
    }
    pass({ what: 'link', link, removed: false });
    if (this.#inside.has(index)) return;
    this.#inside.add(index);
    for (const address of this.#addresses.values()) {
      if (address.interfaceIndex === index) pass({ what: 'address', address, removed: false });
    }
  }

  #leave(link: Link, pass: Pass): void {
    this.#inside.delete(link.index);
    for (const address of this.#addresses.values()) {
      if (address.interfaceIndex === link.index) pass({ what: 'address', address, removed: true });
    }
    pass({ what: 'link', link, removed: true });
  }

  #isPart({ index, master }: Link): boolean {
    return index === this.#index || master === this.#index;
  }

  #onAddress(address: InterfaceAddress, removed: boolean, pass: Pass): void {
    const key = `${address.interfaceIndex} ${address.address}/${address.prefixLength}`;
    this.#seen?.addresses.add(key);
    if (removed) this.#addresses.delete(key);
    else this.#addresses.set(key, address);
    if (this.#inside.has(address.interfaceIndex)) pass({ what: 'address', address, removed });
  }

  /** Looks at the VRF anew: lets in what is part of it, or puts out what was. @returns whether anything is other. */
  #judge(pass: Pass): boolean {
    const link = [...this.#links.values()].find(({ name }) => name === this.setting.name);
    const trouble = this.#troubleOf(link);
    const index = trouble === undefined ? link?.index : undefined;
    const table = trouble === undefined ? link?.vrfTable : undefined;
    if (trouble === this.trouble && index === this.#index && table === this.table) return false;
    const moved = index !== this.#index || table !== this.table;
    if (moved) {
      for (const inside of [...this.#inside]) {
        // What is no more is told by whoever says so.
        const gone = this.#links.get(inside);
        if (gone !== undefined) this.#leave(gone, pass);
      }
    }
    this.trouble = trouble;
    this.#index = index;
    this.table = table;
    if (moved) for (const one of this.#links.values()) this.#place(one, false, pass);
    return true;
  }

  #troubleOf(link: Link | undefined): string | undefined {
    const { name, table, unsupported } = this.setting;
    if (link === undefined) {
      if (!this.#read && this.table === undefined) return undefined;
      if (unsupported === true) {
        return `there is no VRF ${name}, and this kernel can have none (CONFIG_NET_VRF): leave kernel.vrf out, or boot one that can`;
      }
      return `there is no VRF ${name}: make it with ip link add ${name} type vrf table NUMBER, raise it, and put this node's links into it (ip link set eth0 master ${name})`;
    }
    if (link.kind !== 'vrf' || link.vrfTable === undefined) {
      return `${name} is ${link.kind === undefined ? 'an interface' : `a ${link.kind}`} and no VRF: name one in kernel.vrf`;
    }
    if (table !== undefined && table !== link.vrfTable) {
      return `VRF ${name} has table ${link.vrfTable}, and kernel.table says ${table}: leave kernel.table out`;
    }
    return link.up ? undefined : `VRF ${name} is down: raise it with ip link set ${name} up`;
  }
}
