/**
 * Prefixes with values in a compressed binary trie: longest match, and a walk in address order.
 *
 * For the few thousand prefixes of next-hop resolution, pools and listings; millions belong in a `PrefixTable`.
 * One trie holds one family: the caller keeps one for each.
 */

import { type IpAddress, ipToOctets } from './ip-address.ts';
import { type Prefix, prefixAddress, prefixFrom, prefixLength } from './prefix.ts';

interface Node<T> {
  readonly octets: Uint8Array; // whole address, host bits zero
  readonly length: number;
  held: boolean;
  value: T | undefined;
  zero: Node<T> | undefined;
  one: Node<T> | undefined;
}

export interface TrieMatch<T> {
  readonly prefix: Prefix;
  readonly value: T;
}

export class PrefixTrie<T> {
  #root: Node<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  set(prefix: Prefix, value: T): void {
    const octets = ipToOctets(prefixAddress(prefix));
    const length = prefixLength(prefix);
    this.#root = this.#insert(this.#root, octets, { length, value });
  }

  get(prefix: Prefix): T | undefined {
    const octets = ipToOctets(prefixAddress(prefix));
    const length = prefixLength(prefix);
    let node = this.#root;
    while (node !== undefined && node.length <= length && covers(node, octets)) {
      if (node.length === length) return node.held ? node.value : undefined;
      node = bit(octets, node.length) === 0 ? node.zero : node.one;
    }
    return undefined;
  }

  has(prefix: Prefix): boolean {
    return this.#find(prefix)?.held === true;
  }

  /** @returns Whether it was there. */
  delete(prefix: Prefix): boolean {
    const node = this.#find(prefix);
    if (node === undefined || !node.held) return false;
    node.held = false;
    node.value = undefined;
    this.#size--;
    this.#root = prune(this.#root, node.octets, node.length);
    return true;
  }

  clear(): void {
    this.#root = undefined;
    this.#size = 0;
  }

  /** The longest prefix that covers `address` and whose value `accept` takes (all when absent). */
  longestMatch(address: IpAddress, accept?: (value: T) => boolean): TrieMatch<T> | undefined {
    return this.longestMatchOctets(ipToOctets(address), accept);
  }

  /** As `longestMatch`, for 4 or 16 octets in network order; `width` limits the length of the match. */
  longestMatchOctets(
    octets: Uint8Array,
    accept?: (value: T) => boolean,
    width = octets.length * 8,
  ): TrieMatch<T> | undefined {
    let best: Node<T> | undefined;
    let node = this.#root;
    while (node !== undefined && node.length <= width && covers(node, octets)) {
      if (node.held && (accept === undefined || accept(node.value as T))) best = node;
      if (node.length === width) break;
      node = bit(octets, node.length) === 0 ? node.zero : node.one;
    }
    return best === undefined ? undefined : matchOf(best);
  }

  /** Every prefix that covers `prefix` (itself included), shortest first. */
  forEachCovering(prefix: Prefix, visit: (prefix: Prefix, value: T) => void): void {
    const octets = ipToOctets(prefixAddress(prefix));
    const length = prefixLength(prefix);
    let node = this.#root;
    while (node !== undefined && node.length <= length && covers(node, octets)) {
      if (node.held) visit(prefixFrom(node.octets, node.length), node.value as T);
      if (node.length === length) return;
      node = bit(octets, node.length) === 0 ? node.zero : node.one;
    }
  }

  /** All prefixes by address, covering ones before those inside them. */
  forEach(visit: (prefix: Prefix, value: T) => void): void {
    walk(this.#root, visit);
  }

  /** All prefixes equal to or inside `within`, in the same order. */
  forEachInside(within: Prefix, visit: (prefix: Prefix, value: T) => void): void {
    const octets = ipToOctets(prefixAddress(within));
    const length = prefixLength(within);
    let node = this.#root;
    while (node !== undefined && node.length < length) {
      if (!covers(node, octets)) return;
      node = bit(octets, node.length) === 0 ? node.zero : node.one;
    }
    if (node !== undefined && commonLength(node.octets, octets, length) === length) {
      walk(node, visit);
    }
  }

  #find(prefix: Prefix): Node<T> | undefined {
    const octets = ipToOctets(prefixAddress(prefix));
    const length = prefixLength(prefix);
    let node = this.#root;
    while (node !== undefined && node.length < length && covers(node, octets)) {
      node = bit(octets, node.length) === 0 ? node.zero : node.one;
    }
    return node !== undefined && node.length === length && covers(node, octets) ? node : undefined;
  }

  #insert(
    node: Node<T> | undefined,
    octets: Uint8Array,
    entry: { length: number; value: T },
  ): Node<T> {
    const { length, value } = entry;
    if (node === undefined) {
      this.#size++;
      return { octets, length, held: true, value, zero: undefined, one: undefined };
    }
    const common = commonLength(node.octets, octets, Math.min(node.length, length));
    if (common === node.length) {
      if (length === node.length) {
        if (!node.held) this.#size++;
        node.held = true;
        node.value = value;
      } else if (bit(octets, node.length) === 0) {
        node.zero = this.#insert(node.zero, octets, entry);
      } else node.one = this.#insert(node.one, octets, entry);
      return node;
    }
    const parent: Node<T> = {
      octets: masked(octets, common),
      length: common,
      held: false,
      value: undefined,
      zero: undefined,
      one: undefined,
    };
    if (bit(node.octets, common) === 0) parent.zero = node;
    else parent.one = node;
    return this.#insert(parent, octets, entry);
  }
}

/** Takes away the node at this place if it holds nothing and has fewer than two children. */
function prune<T>(
  node: Node<T> | undefined,
  octets: Uint8Array,
  length: number,
): Node<T> | undefined {
  if (node === undefined) return undefined;
  if (node.length < length) {
    if (bit(octets, node.length) === 0) node.zero = prune(node.zero, octets, length);
    else node.one = prune(node.one, octets, length);
  }
  if (node.held || (node.zero !== undefined && node.one !== undefined)) return node;
  return node.zero ?? node.one;
}

function walk<T>(node: Node<T> | undefined, visit: (prefix: Prefix, value: T) => void): void {
  if (node === undefined) return;
  if (node.held) visit(prefixFrom(node.octets, node.length), node.value as T);
  walk(node.zero, visit);
  walk(node.one, visit);
}

function matchOf<T>(node: Node<T>): TrieMatch<T> {
  return { prefix: prefixFrom(node.octets, node.length), value: node.value as T };
}

function covers<T>(node: Node<T>, octets: Uint8Array): boolean {
  return commonLength(node.octets, octets, node.length) === node.length;
}

function bit(octets: Uint8Array, index: number): 0 | 1 {
  return ((octets[index >>> 3]! >>> (7 - (index & 7))) & 1) as 0 | 1;
}

/** Number of equal leading bits, at most `limit`. */
function commonLength(a: Uint8Array, b: Uint8Array, limit: number): number {
  for (let i = 0; i * 8 < limit; i++) {
    const difference = a[i]! ^ b[i]!;
    if (difference !== 0) return Math.min(limit, i * 8 + Math.clz32(difference) - 24);
  }
  return limit;
}

function masked(octets: Uint8Array, length: number): Uint8Array {
  return octets.map((octet, i) => {
    const bits = Math.min(8, Math.max(0, length - i * 8));
    return octet & (0xff << (8 - bits));
  });
}
