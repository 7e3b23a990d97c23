/**
 * Somebody who is told: takes every UPDATE apart again, and knows afterwards what it was told.
 *
 * Whatever came in, what goes out must satisfy the strict reader, be taken by our own one without a fault, and be
 * canonical.
 */

import { ByteWriter } from '../../src/base/byte-writer.ts';
import type { AfiSafi } from '../../src/net/afi-safi.ts';
import { type Prefix, prefixFrom } from '../../src/net/prefix.ts';
import type { Rib } from '../../src/rib/rib.ts';
import { canonicalise } from '../../src/wire/attributes/canonical.ts';
import { decodeAttributes, encodeAttributes } from '../../src/wire/attributes/codec.ts';
import { Framer } from '../../src/wire/framer.ts';
import { MessageType } from '../../src/wire/iana.ts';
import { forEachNlri, type NlriField } from '../../src/wire/nlri.ts';
import { toHex } from '../../src/wire/text.ts';
import { locateUpdate, type UpdateContext, updateLayout } from '../../src/wire/update.ts';
import { formatUpdateFault } from '../../src/wire/update-faults.ts';
import { Finding } from './action.ts';
import type { Audience } from './strict-attributes.ts';
import { StrictReader } from './strict-update.ts';

/** One set of attributes in this many is also made into values and back. */
const VALUES_EVERY = 4;

export class Observer {
  readonly name: string;
  /** By length and address as characters: canonical octets as last told. */
  readonly told: Readonly<Record<AfiSafi, Map<string, Uint8Array>>> = {
    'ipv4-unicast': new Map(),
    'ipv6-unicast': new Map(),
  };
  readonly #context: UpdateContext;
  readonly #framer = new Framer();
  readonly #strict: StrictReader;
  readonly #layout = updateLayout();
  readonly #out = new ByteWriter(1024);
  readonly #visit = (type: MessageType, message: Uint8Array): boolean => {
    if (type === MessageType.Update) this.#update(message);
    return true;
  };

  constructor(name: string, context: UpdateContext, audience: Audience) {
    this.name = name;
    this.#context = context;
    this.#framer.lengthMax = audience.messageMax;
    this.#strict = new StrictReader(audience);
  }

  /** @param octets  Whole messages back to back. */
  hear(octets: Uint8Array): void {
    try {
      this.#framer.feed(octets, this.#visit);
    } catch (error) {
      if (error instanceof Finding) throw error;
      throw this.#bad(error instanceof Error ? error.message : String(error), octets);
    }
    if (this.#framer.pendingLength > 0) throw this.#bad('A message was sent in part', octets);
  }

  /** Forgets what it was told: a new session. */
  reset(): void {
    this.told['ipv4-unicast'].clear();
    this.told['ipv6-unicast'].clear();
  }

  #update(message: Uint8Array): void {
    const layout = this.#layout;
    this.#strict.read(message);
    locateUpdate(message, this.#context, layout);
    const { withdrawn, nlri, mpReach, mpUnreach } = layout;
    if (withdrawn.count > 0) this.#forget(message, withdrawn, 'ipv4-unicast');
    if (mpUnreach.present && mpUnreach.family !== undefined) {
      this.#forget(message, mpUnreach.nlri, mpUnreach.family);
    }
    if (nlri.count > 0) this.#learn(message, 'classic');
    if (mpReach.present) this.#learn(message, 'mp');
  }

  #forget(message: Uint8Array, field: NlriField, family: AfiSafi): void {
    const told = this.told[family];
    forEachNlri(message, field, (at, length) => {
      told.delete(keyOf(message, at, length));
    });
  }

  #learn(message: Uint8Array, part: 'classic' | 'mp'): void {
    const layout = this.#layout;
    const out = this.#out;
    out.reset();
    const context = this.#context;
    const { action, faults } = canonicalise({ message, layout, context, part }, out);
    if (action !== 'accept' || faults.length > 0) {
      throw this.#bad(faults.map(formatUpdateFault).join('; '), message);
    }
    const canonical = out.finish();
    const family = part === 'classic' ? 'ipv4-unicast' : layout.mpReach.family;
    if (family === undefined) throw this.#bad('A family that we do not speak', message);
    if (lotOf(canonical) % VALUES_EVERY === 0) this.#checkValues(canonical, family);
    const told = this.told[family];
    const field = part === 'classic' ? layout.nlri : layout.mpReach.nlri;
    forEachNlri(message, field, (at, length) => {
      told.set(keyOf(message, at, length), canonical);
    });
  }

  /** What was heard is what `rib` says that `peer` was told. */
  compareWith(rib: Rib, { peer, as4 }: { peer: number; as4: boolean }): void {
    const { family } = rib;
    const told = this.told[family];
    const { advertised } = rib.counters(peer);
    if (advertised !== told.size) {
      throw new Finding(`${this.name} holds ${told.size} of ${advertised} ${family} routes`);
    }
    for (const [key, octets] of told) {
      const prefix = prefixOfKey(key, family);
      const expected = rib.advertisedTo(peer, rib.find(prefix))[0]?.octets;
      if (expected === undefined) throw new Finding(`${this.name} was never told of ${prefix}`);
      // To 2-octet speakers, AS numbers go in two attributes that are merged again: not octet by octet.
      if (as4 && !equalOctets(octets, expected)) {
        throw new Finding(`${this.name} holds other attributes of ${prefix} than it was told`);
      }
    }
  }

  #checkValues(canonical: Uint8Array, family: AfiSafi): void {
    const again = encodeAttributes(decodeAttributes(canonical), family);
    if (!equalOctets(again, canonical)) {
      throw this.#bad(`Encoded again, it is ${toHex(again)}`, canonical);
    }
  }

  #bad(what: string, octets: Uint8Array): Finding {
    return new Finding(`${this.name} was sent something bad: ${what}: ${toHex(octets)}`);
  }
}

/** For samples: by content, not by order, so that a sample stays one when what stood in front is left out. */
export function lotOf(octets: Uint8Array): number {
  const { length } = octets;
  return (length + octets[length - 1]! + octets[length >> 1]! * 3) & 0xff;
}

/** Bits past the length are zero in what we send; in a key they are cut off in any case. */
function keyOf(message: Uint8Array, at: number, length: number): string {
  let key = `${length}/`;
  const end = at + ((length + 7) >>> 3);
  for (let i = at; i < end; i++) key += String.fromCharCode(message[i]!);
  return key;
}

function prefixOfKey(key: string, family: AfiSafi): Prefix {
  const slash = key.indexOf('/');
  const address = new Uint8Array(family === 'ipv4-unicast' ? 4 : 16);
  for (let i = slash + 1; i < key.length; i++) address[i - slash - 1] = key.charCodeAt(i);
  return prefixFrom(address, Number(key.slice(0, slash)));
}

export function equalOctets(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
