/**
 * Which protocol-12 routes are ours by right: those in a pool of the cluster, and those the journal says we wrote.
 * Everything else with protocol 12 belongs to a stock BIRD on the same machine: never touched, never adopted.
 */

import { ipToOctets } from '../net/ip-address.ts';
import { type Prefix, prefixAddress, prefixFamily, prefixLength } from '../net/prefix.ts';
import type { KernelRules } from './kernel-rules.ts';
import { PrefixSet } from './prefix-set.ts';
import type { RoutePrefix } from './types.ts';

export class Ownership {
  #pools = new PrefixSet<string>([]);
  #names = '';

  /** @returns whether the pools changed, so that the kernel must be read again. */
  setRules(rules: KernelRules): boolean {
    const names = rules.pools.map((pool) => pool.cidr).join(' ');
    const changed = names !== this.#names;
    this.#names = names;
    // Also pools whose class another program owns: what BIRD left there is to be cleaned up.
    this.#pools = new PrefixSet(
      rules.pools.map((pool) => ({ prefix: pool.cidr, value: pool.name })),
    );
    return changed;
  }

  /** The pool that makes a protocol-12 route to `prefix` ours; undefined when none does. */
  poolOf(prefix: RoutePrefix): string | undefined {
    return this.#pools.match(prefix);
  }
}

/** A prefix given as text, as octets. */
export function routePrefixOf(prefix: Prefix): RoutePrefix {
  return {
    family: prefixFamily(prefix),
    octets: ipToOctets(prefixAddress(prefix)),
    octetsAt: 0,
    length: prefixLength(prefix),
  };
}
