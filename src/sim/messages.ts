/**
 * UPDATEs written by hand and read by hand, for scripted peers: the wire's own codec, none of the speaker's tables.
 */

import { ByteWriter } from '../base/byte-writer.ts';
import { AFI_SAFIS, type AfiSafi } from '../net/afi-safi.ts';
import type { Prefix } from '../net/prefix.ts';
import { canonicalise } from '../wire/attributes/canonical.ts';
import { decodeAttributes, encodeAttributes } from '../wire/attributes/codec.ts';
import type { PathAttributes } from '../wire/attributes/path-attributes.ts';
import {
  closeMpAttribute,
  mpReachHeader,
  mpUnreachHeader,
  writeWireAttributes,
} from '../wire/attributes/to-wire.ts';
import { beginMessage, endMessage } from '../wire/header.ts';
import { MessageType } from '../wire/iana.ts';
import { decodeNlri, type NlriField } from '../wire/nlri.ts';
import { encodeNlri } from '../wire/nlri-writer.ts';
import { locateUpdate, type UpdateContext, updateLayout } from '../wire/update.ts';

export interface Announcement {
  readonly family: AfiSafi;
  readonly attributes: PathAttributes;
  readonly as4: boolean;
}

/** One UPDATE that announces `prefixes`; they must fit a message. */
export function announcement(prefixes: readonly Prefix[], about: Announcement): Uint8Array {
  const { family, attributes, as4 } = about;
  const canonical = encodeAttributes(attributes, family);
  return update((out) => {
    out.u16(0);
    const lengthAt = out.reserve(2);
    if (family === 'ipv6-unicast') {
      const mark = mpReachHeader(canonical, out);
      out.bytes(encodeNlri(prefixes));
      closeMpAttribute(mark, out);
    }
    writeWireAttributes(canonical, as4, out);
    out.patchU16(lengthAt, out.length - lengthAt - 2);
    if (family === 'ipv4-unicast') out.bytes(encodeNlri(prefixes));
  });
}

export function withdrawal(prefixes: readonly Prefix[], family: AfiSafi): Uint8Array {
  const nlri = encodeNlri(prefixes);
  if (family === 'ipv4-unicast') {
    return update((out) => {
      out.u16(nlri.length);
      out.bytes(nlri);
      out.u16(0);
    });
  }
  return update((out) => {
    out.u16(0);
    const lengthAt = out.reserve(2);
    const mark = mpUnreachHeader(family, out);
    out.bytes(nlri);
    closeMpAttribute(mark, out);
    out.patchU16(lengthAt, out.length - lengthAt - 2);
  });
}

/** RFC 4724 §2: an UPDATE that says nothing; of other families an MP_UNREACH_NLRI without prefixes. */
export function endOfRibMarker(family: AfiSafi): Uint8Array {
  return withdrawal([], family);
}

/** An UPDATE of these octets, well-formed or not: withdrawn routes, path attributes, NLRI. */
export function rawUpdate(parts: {
  readonly withdrawn?: Uint8Array;
  readonly attributes?: Uint8Array;
  readonly nlri?: Uint8Array;
}): Uint8Array {
  const { withdrawn = NOTHING, attributes = NOTHING, nlri = NOTHING } = parts;
  return update((out) => {
    out.u16(withdrawn.length);
    out.bytes(withdrawn);
    out.u16(attributes.length);
    out.bytes(attributes);
    out.bytes(nlri);
  });
}

const NOTHING = new Uint8Array(0);

function update(body: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter(256);
  const start = beginMessage(MessageType.Update, out);
  body(out);
  endMessage(start, out);
  return out.finish();
}

/** What a peer has been told, as a table. */
export class HeardRoutes {
  readonly routes = new Map<Prefix, PathAttributes>();
  readonly endOfRibs: AfiSafi[] = [];
  updates = 0;
  withdrawals = 0;
  readonly #layout = updateLayout();
  #context: UpdateContext;
  /** With ADD-PATH, the paths of each prefix by identifier; `routes` has one of them. */
  readonly #paths = new Map<Prefix, Map<number, PathAttributes>>();

  constructor(context: Pick<UpdateContext, 'as4' | 'peerType'>) {
    this.#context = {
      ...context,
      addPathReceive: { 'ipv4-unicast': false, 'ipv6-unicast': false },
      extendedNextHop: false,
    };
  }

  /** NLRI carry identifiers from now on (RFC 7911 §4). */
  carryPaths(addPathReceive: UpdateContext['addPathReceive']): void {
    this.#context = { ...this.#context, addPathReceive };
    this.#paths.clear();
  }

  /** @throws when the UPDATE is not well-formed: the speaker must never send such a one. */
  hear(message: Uint8Array): void {
    const layout = this.#layout;
    locateUpdate(message, this.#context, layout);
    this.updates++;
    if (layout.endOfRib !== undefined) {
      this.endOfRibs.push(layout.endOfRib);
      return;
    }
    this.#forget(message, layout.withdrawn);
    if (layout.mpUnreach.present) this.#forget(message, layout.mpUnreach.nlri);
    if (layout.nlri.count > 0) this.#learn(message, 'classic');
    if (layout.mpReach.present) this.#learn(message, 'mp');
  }

  get hasAllEndOfRibs(): boolean {
    return AFI_SAFIS.every((family) => this.endOfRibs.includes(family));
  }

  #forget(message: Uint8Array, field: NlriField): void {
    for (const { prefix, pathId } of decodeNlri(message, field)) {
      this.withdrawals++;
      const paths = this.#paths.get(prefix);
      paths?.delete(pathId);
      const [left] = paths?.values() ?? [];
      if (left === undefined) this.routes.delete(prefix);
      else this.routes.set(prefix, left);
    }
  }

  #learn(message: Uint8Array, part: 'classic' | 'mp'): void {
    const layout = this.#layout;
    const out = new ByteWriter(256);
    const { action, faults } = canonicalise({ message, layout, context: this.#context, part }, out);
    if (action !== 'accept') {
      throw new Error(
        `A malformed UPDATE was sent: ${faults.map(({ reason }) => reason).join('; ')}`,
      );
    }
    const attributes = decodeAttributes(out.finish());
    const field = part === 'classic' ? layout.nlri : layout.mpReach.nlri;
    for (const { prefix, pathId } of decodeNlri(message, field)) {
      this.routes.set(prefix, attributes);
      const paths = this.#paths.get(prefix) ?? new Map<number, PathAttributes>();
      this.#paths.set(prefix, paths.set(pathId, attributes));
    }
  }
}
