/** UPDATEs of the warm-up's peers: messages in one buffer, each with attributes and prefixes of its own. */

import { ByteWriter } from '../../base/byte-writer.ts';
import type { AfiSafi } from '../../net/afi-safi.ts';
import { ip } from '../../net/ip-address.ts';
import { EMPTY_ATTRIBUTES, encodeAttributes } from '../../wire/attributes/codec.ts';
import {
  closeMpAttribute,
  mpReachHeader,
  mpUnreachHeader,
  writeWireAttributes,
} from '../../wire/attributes/to-wire.ts';
import { beginMessage, endMessage } from '../../wire/header.ts';
import { MessageType } from '../../wire/iana.ts';
import { FEED } from './warm-plan.ts';

const PREFIXES_AN_UPDATE = 6;

/** `again` announces the same prefixes with other attributes, `moved` through another next hop. */
export type WarmVariant = 'announce' | 'again' | 'moved' | 'withdraw';

const known = new Map<string, Uint8Array>();

export function forgetUpdates(): void {
  known.clear();
}

/** Made once for each variant, family and count. */
export function warmUpdates(variant: WarmVariant, family: AfiSafi, count: number): Uint8Array {
  const key = `${variant} ${family} ${count}`;
  const made = known.get(key) ?? make(variant, family, count);
  known.set(key, made);
  return made;
}

function make(variant: WarmVariant, family: AfiSafi, count: number): Uint8Array {
  const out = new ByteWriter(count * 128);
  for (let index = 0; index < count; index++) {
    const message = beginMessage(MessageType.Update, out);
    const nlri = family === 'ipv4-unicast' ? ipv4Nlri(index) : ipv6Nlri(index);
    if (variant === 'withdraw') writeWithdrawal(family, nlri, out);
    else writeAnnouncement(family, { attributes: attributesOf(index, variant, family), nlri }, out);
    endMessage(message, out);
  }
  return out.finish();
}

function writeWithdrawal(family: AfiSafi, nlri: Uint8Array, out: ByteWriter): void {
  if (family === 'ipv4-unicast') {
    out.u16(nlri.length);
    out.bytes(nlri);
    out.u16(0);
    return;
  }
  out.u16(0);
  const lengthAt = out.reserve(2);
  const mark = mpUnreachHeader(family, out);
  out.bytes(nlri);
  closeMpAttribute(mark, out);
  out.patchU16(lengthAt, out.length - lengthAt - 2);
}

function writeAnnouncement(
  family: AfiSafi,
  update: { attributes: Uint8Array; nlri: Uint8Array },
  out: ByteWriter,
): void {
  const { attributes, nlri } = update;
  out.u16(0);
  const lengthAt = out.reserve(2);
  if (family !== 'ipv4-unicast') {
    const mark = mpReachHeader(attributes, out);
    out.bytes(nlri);
    closeMpAttribute(mark, out);
  }
  writeWireAttributes(attributes, true, out);
  out.patchU16(lengthAt, out.length - lengthAt - 2);
  if (family === 'ipv4-unicast') out.bytes(nlri);
}

function attributesOf(index: number, variant: WarmVariant, family: AfiSafi): Uint8Array {
  const isAgain = variant !== 'announce';
  // Of half of them the MED alone is another one: what differs comes late in the comparison.
  const isOtherWay = isAgain && index % 2 === 0;
  const host = variant === 'moved' ? '14' : '11';
  return encodeAttributes(
    {
      ...EMPTY_ATTRIBUTES,
      asPath: [{ type: 2, asns: [FEED.as, 1000 + index, isOtherWay ? 4_200_000_000 : 2000] }],
      nextHop: ip(`${family === 'ipv4-unicast' ? '192.0.2.' : '2001:db8::'}${host}`),
      med: isAgain ? 3_000_000_000 : 0,
      communities: [0x1_0000 + index, 0xfde8_0001],
    },
    family,
  );
}

function ipv4Nlri(index: number): Uint8Array {
  const out = new ByteWriter(PREFIXES_AN_UPDATE * 4);
  for (let i = 0; i < PREFIXES_AN_UPDATE; i++) {
    out.u8(24);
    out.u8(10);
    out.u16((index * PREFIXES_AN_UPDATE + i) & 0xffff);
  }
  return out.finish();
}

function ipv6Nlri(index: number): Uint8Array {
  const out = new ByteWriter(PREFIXES_AN_UPDATE * 9);
  for (let i = 0; i < PREFIXES_AN_UPDATE; i++) {
    out.u8(64);
    out.u32(0xfd00_0010);
    out.u32(index * PREFIXES_AN_UPDATE + i);
  }
  return out.finish();
}
