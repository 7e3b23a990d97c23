/** Octets and contexts that the tests of `wire/` start from. A template shows only what matters to the case. */
import { ByteWriter } from '../../base/byte-writer.ts';
import { type Canonicalised, canonicalise } from '../attributes/canonical.ts';
import { fromHex } from '../text.ts';
import { locateUpdate, type UpdateContext, updateLayout } from '../update.ts';

const NO_ADD_PATH = { 'ipv4-unicast': false, 'ipv6-unicast': false } as const;

export const EBGP: UpdateContext = {
  as4: true,
  peerType: 'ebgp',
  addPathReceive: NO_ADD_PATH,
  extendedNextHop: false,
};
export const IBGP: UpdateContext = { ...EBGP, peerType: 'ibgp' };
/** A peer that knows only 2-octet AS numbers. */
export const OLD: UpdateContext = { ...EBGP, as4: false };

/** Hexadecimal with spaces to octets. */
export function hex(text: string): Uint8Array {
  const octets = fromHex(text.replace(/\s/g, ''));
  if (octets === undefined) throw new TypeError(`Not hexadecimal: ${text}`);
  return octets;
}

/** A whole message around `body`. */
export function message(type: number, body: Uint8Array): Uint8Array {
  const octets = new Uint8Array(19 + body.length).fill(0xff, 0, 16);
  octets[16] = octets.length >>> 8;
  octets[17] = octets.length & 0xff;
  octets[18] = type;
  octets.set(body, 19);
  return octets;
}

/** The three well-known mandatory attributes, well-formed, with 4-octet AS numbers. */
export const ORIGIN = '40 01 01 00';
export const AS_PATH = '40 02 06 02 01 0000fde9'; // AS_SEQUENCE 65001
export const NEXT_HOP = '40 03 04 0a630007'; // 10.99.0.7
export const MANDATORY = `${ORIGIN} ${AS_PATH} ${NEXT_HOP}`;
export const NLRI = '18 c0a801'; // 192.168.1.0/24

export interface UpdateParts {
  readonly withdrawn?: string;
  readonly attributes?: string;
  readonly nlri?: string;
}

/** An UPDATE of hexadecimal parts, each empty when absent. */
export function update(parts: UpdateParts): Uint8Array {
  const withdrawn = hex(parts.withdrawn ?? '');
  const attributes = hex(parts.attributes ?? '');
  const out = new ByteWriter();
  out.u16(withdrawn.length);
  out.bytes(withdrawn);
  out.u16(attributes.length);
  out.bytes(attributes);
  out.bytes(hex(parts.nlri ?? ''));
  return message(2, out.finish());
}

/**
 * One UPDATE through `locateUpdate` and `canonicalise`; the part is that which it announces. One that announces nothing
 * is judged as a session does it: NEXT_HOP counts unless there are MP attributes.
 */
export function judge(
  octets: Uint8Array,
  context: UpdateContext,
): Canonicalised & { canonical: Uint8Array } {
  const layout = updateLayout();
  locateUpdate(octets, context, layout);
  const out = new ByteWriter();
  const isMp = layout.mpReach.present || layout.mpUnreach.present;
  const part = layout.nlri.count > 0 || !isMp ? 'classic' : 'mp';
  const result = canonicalise({ message: octets, layout, context, part }, out);
  return { ...result, canonical: out.finish() };
}
