/**
 * This node's own paths: blocks, services, static and kernel routes as rows of the peer `LOCAL_PEER`.
 *
 * One path a prefix and source; another call with the same pair replaces it.
 */

import type { AfiSafi } from '../net/afi-safi.ts';
import type { Prefix } from '../net/prefix.ts';
import type { PrefixTable } from '../net/prefix-table.ts';
import { EMPTY_ATTRIBUTES, encodeAttributes } from '../wire/attributes/codec.ts';
import type { AdjRibIn } from './adj-rib-in.ts';
import type { PathId } from './ids.ts';
import type { AttributeSets } from './path-attributes.ts';
import type { PathTable } from './path-table.ts';
import { SOURCES } from './policy-port.ts';
import type { Origination } from './rib-config.ts';

/** Preferences of own paths (calico model 3.1). */
const PREFERENCES: Readonly<Record<Origination['source'], number>> = {
  direct: 240,
  block: 200,
  service: 200,
  static: 200,
  kernel: 10,
};

export interface OwnPathsTables {
  readonly family: AfiSafi;
  readonly sets: AttributeSets;
  readonly prefixes: PrefixTable;
  readonly paths: PathTable;
  readonly adjRibIn: AdjRibIn;
}

export class OwnPaths {
  readonly #tables: OwnPathsTables;
  readonly #interfaces = new Map<PathId, string>();

  constructor(tables: OwnPathsTables) {
    this.#tables = tables;
  }

  originate(prefix: Prefix, origination: Origination): void {
    const { sets, prefixes, adjRibIn, family } = this.#tables;
    const { source } = origination;
    const attributes = sets.intern(octetsOf(origination, family));
    const id = attributes === 0 ? 0 : prefixes.internPrefix(prefix);
    if (id === 0) return;
    const preference = origination.preference ?? PREFERENCES[source];
    const path = adjRibIn.originate(id, {
      source: SOURCES.indexOf(source),
      attributes,
      preference,
    });
    const known = this.#interfaces.get(path);
    if (known === origination.interfaceName) return;
    if (origination.interfaceName === undefined) this.#interfaces.delete(path);
    else this.#interfaces.set(path, origination.interfaceName);
    this.#tables.paths.markDirty(id, true);
  }

  retract(prefix: Prefix, source: Origination['source']): void {
    const id = this.#tables.prefixes.findPrefix(prefix);
    if (id === 0) return;
    this.#interfaces.delete(this.#tables.adjRibIn.retract(id, SOURCES.indexOf(source)));
  }

  /** Outgoing interface of an own path, where it was given. */
  interfaceOf(path: PathId): string | undefined {
    return this.#interfaces.get(path);
  }
}

function octetsOf({ gateway, localPref }: Origination, family: AfiSafi): Uint8Array {
  return encodeAttributes(
    {
      ...EMPTY_ATTRIBUTES,
      ...(gateway === undefined ? {} : { nextHop: gateway }),
      ...(localPref === undefined ? {} : { localPref }),
    },
    family,
  );
}
