/**
 * A path as a policy sees it, filled in place: one object a filter, whatever the number of prefixes.
 *
 * Attribute octets are looked up only when a statement asks for them: most policies that look at prefixes look at
 * nothing else, and a view a prefix was a fifth of exporting a table (docs/performance.md).
 */

import type { AfiSafi } from '../net/afi-safi.ts';
import type { PrefixId, PrefixTable } from '../net/prefix-table.ts';
import type { AttributeTable } from './attribute-table.ts';
import type { AttributesId } from './ids.ts';
import type { PathSource, PolicySubject } from './policy-port.ts';

export class RouteSubject implements PolicySubject {
  readonly family: AfiSafi;
  readonly prefix: Uint8Array;
  length = 0;
  source: PathSource = 'bgp';
  peerType: 'ebgp' | 'ibgp';
  interfaceName: string | undefined = undefined;
  readonly #sets: AttributeTable;
  readonly #prefixes: PrefixTable;
  #set: AttributesId = 0;

  constructor(options: {
    family: AfiSafi;
    sets: AttributeTable;
    prefixes: PrefixTable;
    peerType: 'ebgp' | 'ibgp';
  }) {
    this.family = options.family;
    this.peerType = options.peerType;
    this.#sets = options.sets;
    this.#prefixes = options.prefixes;
    this.prefix = new Uint8Array(options.prefixes.width / 8);
  }

  /** A view, made for whoever asks. */
  get attributes(): Uint8Array {
    return this.#sets.octetsOf(this.#set);
  }

  carry(set: AttributesId): void {
    this.#set = set;
  }

  name(prefix: PrefixId): void {
    this.#prefixes.writeAddress(prefix, this.prefix);
    this.length = this.#prefixes.lengthOf(prefix);
  }
}
