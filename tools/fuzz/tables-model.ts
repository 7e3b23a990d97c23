/**
 * What the tables hold, kept in the plainest way: a map of paths. At the end of a round, tables that were made from
 * nothing and were told only what is left must come to the same: whatever the order in which it came, was withdrawn,
 * became stale, or passed other policies on the way.
 */

import { AFI_SAFIS, type AfiSafi } from '../../src/net/afi-safi.ts';
import type { NlriField } from '../../src/wire/nlri.ts';
import { Finding } from './action.ts';
import { equalOctets } from './observer.ts';
import { Tables } from './tables.ts';

interface Held {
  readonly peer: number;
  /** As received, with its path identifier where there is one. */
  readonly nlri: Uint8Array;
  /** Canonical octets. */
  readonly attributes: Uint8Array;
  stale: boolean;
}

export class TablesModel {
  readonly #held: Readonly<Record<AfiSafi, Map<string, Held>>> = {
    'ipv4-unicast': new Map(),
    'ipv6-unicast': new Map(),
  };

  announce(
    peer: number,
    nlri: { message: Uint8Array; field: NlriField; family: AfiSafi },
    attributes: Uint8Array,
  ): void {
    const held = this.#held[nlri.family];
    const kept = attributes.slice();
    eachPrefix(peer, nlri, (key, octets) => {
      held.set(key, { peer, nlri: octets, attributes: kept, stale: false });
    });
  }

  withdraw(peer: number, nlri: { message: Uint8Array; field: NlriField; family: AfiSafi }): void {
    const held = this.#held[nlri.family];
    if (held.size > 0) eachPrefix(peer, nlri, (key) => held.delete(key));
  }

  drop(peer: number): void {
    this.#forget((path) => path.peer === peer);
  }

  /** RFC 4724 §4.2: what is stale already goes. */
  markStale(peer: number): void {
    this.sweep(peer);
    for (const family of AFI_SAFIS) {
      for (const path of this.#held[family].values()) if (path.peer === peer) path.stale = true;
    }
  }

  sweep(peer: number): void {
    this.#forget((path) => path.peer === peer && path.stale);
  }

  clear(): void {
    for (const family of AFI_SAFIS) this.#held[family].clear();
  }

  #forget(which: (path: Held) => boolean): void {
    for (const family of AFI_SAFIS) {
      const held = this.#held[family];
      for (const [key, path] of held) if (which(path)) held.delete(key);
    }
  }

  /** `tables` are at rest. */
  compareWith(tables: Tables): void {
    const { imports, exports } = tables.variants;
    const fresh = new Tables({ imports: [...imports], exports: [...exports] });
    for (const family of AFI_SAFIS) {
      const held = this.#held[family];
      for (const { peer, nlri, attributes } of held.values()) {
        const set = fresh.sets.intern(attributes);
        fresh.resolveNew();
        fresh.ribs[family].announce(peer + 1, { octets: nlri, start: 0, end: nlri.length }, set);
      }
      const { pathCount } = tables.ribs[family];
      if (pathCount !== held.size) {
        throw new Finding(`The tables hold ${pathCount} ${family} paths, ${held.size} are left`);
      }
    }
    fresh.comeToRest();
    tables.observers.forEach((observer, index) => {
      const other = fresh.observers[index]!;
      for (const family of AFI_SAFIS) {
        compareTold(observer.name, observer.told[family], other.told[family]);
      }
    });
  }
}

function compareTold(
  name: string,
  told: ReadonlyMap<string, Uint8Array>,
  fresh: ReadonlyMap<string, Uint8Array>,
): void {
  for (const [key, octets] of told) {
    const other = fresh.get(key);
    if (other === undefined) throw new Finding(`${name} holds a route that nobody announces`);
    if (!equalOctets(octets, other)) throw new Finding(`${name} holds attributes that are past`);
  }
  if (told.size < fresh.size) throw new Finding(`${name} lacks a route that is announced`);
}

/** `visit` is given a key, and the NLRI alone, with the bits past its length cleared. */
function eachPrefix(
  peer: number,
  { message, field }: { message: Uint8Array; field: NlriField },
  visit: (key: string, octets: Uint8Array) => void,
): void {
  const head = field.addPath ? 4 : 0;
  for (let at = field.start; at < field.end; ) {
    const bits = message[at + head]!;
    const end = at + head + 1 + Math.ceil(bits / 8);
    const octets = message.slice(at, end);
    if (bits % 8 !== 0) octets[octets.length - 1]! &= 0xff << (8 - (bits % 8));
    visit(String.fromCharCode(peer, ...octets), octets);
    at = end;
  }
}
