/**
 * The nodes of a cluster for those who look for some of them: by selector and by address.
 *
 * Kept from plan to plan: of five thousand nodes one has changed, so each selector is asked about that one alone.
 * Invariant: a list is the same object for as long as its nodes are the same objects; lists are in order of the names.
 */

import type { IpAddress } from '../net/ip-address.ts';
import { compareText } from './plan-data.ts';
import type { NodeResource } from './resources.ts';
import type { Selector } from './selector.ts';

/** More changes than this are not worth following one by one. */
const FOLLOWED_MAX = 64;

interface Selected {
  readonly selector: Selector;
  nodes: readonly NodeResource[];
  /** The last round in which somebody asked: what nobody asks for any more is forgotten. */
  round: number;
}

const NO_NODES: readonly NodeResource[] = [];

export class NodeIndex {
  #nodes: readonly NodeResource[] = NO_NODES;
  #byAddress: Map<IpAddress, readonly NodeResource[]> | undefined;
  /** Addresses of more than one node. */
  readonly #shared = new Set<IpAddress>();
  readonly #selected = new Map<string, Selected>();
  #round = 0;

  /** All nodes, by name. */
  get nodes(): readonly NodeResource[] {
    return this.#nodes;
  }

  /** Takes the nodes of the next snapshot, in order of their names. */
  update(nodes: readonly NodeResource[]): void {
    for (const [text, selected] of this.#selected) {
      if (selected.round < this.#round) this.#selected.delete(text);
    }
    this.#round++;
    const changes = changesBetween(this.#nodes, nodes);
    if (changes !== undefined && changes.length === 0) return;
    this.#nodes = nodes;
    if (changes === undefined) {
      this.#selected.clear();
      this.#byAddress = undefined;
      return;
    }
    this.#follow(changes);
    if (this.#byAddress !== undefined) this.#followAddresses(this.#byAddress, changes);
  }

  /** The nodes whose labels match. */
  matching(selector: Selector): readonly NodeResource[] {
    let selected = this.#selected.get(selector.text);
    if (selected === undefined) {
      const nodes = this.#nodes.filter((node) => selector.matches(node.labels));
      selected = { selector, nodes, round: this.#round };
      this.#selected.set(selector.text, selected);
    }
    selected.round = this.#round;
    return selected.nodes;
  }

  /** The nodes that have this address, in either family. */
  withAddress(address: IpAddress): readonly NodeResource[] {
    return this.#addresses().get(address) ?? NO_NODES;
  }

  /** Addresses that more than one node has. */
  sharedAddresses(): ReadonlySet<IpAddress> {
    this.#addresses();
    return this.#shared;
  }

  #addresses(): ReadonlyMap<IpAddress, readonly NodeResource[]> {
    if (this.#byAddress === undefined) {
      this.#byAddress = new Map();
      this.#shared.clear();
      for (const node of this.#nodes) {
        for (const address of addressesOf(node)) {
          const others = this.#byAddress.get(address);
          if (others !== undefined) this.#shared.add(address);
          this.#byAddress.set(address, others === undefined ? [node] : [...others, node]);
        }
      }
    }
    return this.#byAddress;
  }

  #followAddresses(
    byAddress: Map<IpAddress, readonly NodeResource[]>,
    changes: readonly Change[],
  ): void {
    const put = (address: IpAddress, nodes: readonly NodeResource[]): void => {
      if (nodes.length === 0) byAddress.delete(address);
      else byAddress.set(address, nodes);
      if (nodes.length > 1) this.#shared.add(address);
      else this.#shared.delete(address);
    };
    for (const { before, after } of changes) {
      for (const address of before === undefined ? [] : addressesOf(before)) {
        put(
          address,
          byAddress.get(address)!.filter((node) => node !== before),
        );
      }
      for (const address of after === undefined ? [] : addressesOf(after)) {
        const nodes = [...(byAddress.get(address) ?? NO_NODES), after!];
        put(
          address,
          nodes.sort((a, b) => compareText(a.name, b.name)),
        );
      }
    }
  }

  #follow(changes: readonly Change[]): void {
    for (const selected of this.#selected.values()) {
      const { selector } = selected;
      const gone = new Set<NodeResource>();
      const come: NodeResource[] = [];
      for (const { before, after } of changes) {
        if (before !== undefined && selector.matches(before.labels)) gone.add(before);
        if (after !== undefined && selector.matches(after.labels)) come.push(after);
      }
      if (gone.size === 0 && come.length === 0) continue;
      const stay = selected.nodes.filter((node) => !gone.has(node));
      selected.nodes = [...stay, ...come].sort((a, b) => compareText(a.name, b.name));
    }
  }
}

interface Change {
  readonly before?: NodeResource;
  readonly after?: NodeResource;
}

/** What became of the nodes, in one walk of two lists in order of names; undefined when it is too much to follow. */
function changesBetween(
  before: readonly NodeResource[],
  after: readonly NodeResource[],
): readonly Change[] | undefined {
  const changes: Change[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const [old, now] = [before[i], after[j]];
    if (old === now) {
      i++;
      j++;
      continue;
    }
    if (changes.length === FOLLOWED_MAX) return undefined;
    const order = old === undefined ? 1 : now === undefined ? -1 : compareText(old.name, now.name);
    if (order <= 0) i++;
    if (order >= 0) j++;
    changes.push({
      ...(order <= 0 ? { before: old! } : {}),
      ...(order >= 0 ? { after: now! } : {}),
    });
  }
  return changes;
}

/** Each once. */
function addressesOf({ ipv4, ipv6 }: NodeResource): readonly IpAddress[] {
  return [ipv4?.address, ipv6?.address].filter((address) => address !== undefined);
}
