/**
 * EXTENDED COMMUNITIES, type 16, of 8 octets each (RFC 4360), and IPV6 EXTENDED COMMUNITIES, type 25, of 20 octets
 * each (RFC 5701). Values are hexadecimal and bit-exact, so that a type that godwit does not know is passed on unharmed.
 */

import { present } from '../../base/assert.ts';
import type { ByteReader } from '../../base/byte-reader.ts';
import type { ByteWriter } from '../../base/byte-writer.ts';
import { ipFromOctets, ipv4FromU32 } from '../../net/ip-address.ts';
import { AttributeType } from '../iana.ts';
import { fromHex, toHex } from '../text.ts';
import { defineAttribute, u32At } from './define.ts';
import { listCheck } from './list-attribute.ts';

export const extendedCommunitiesAttribute = defineAttribute<readonly string[]>({
  type: AttributeType.ExtendedCommunities,
  name: 'EXTENDED_COMMUNITIES',
  category: 'optional-transitive',
  check: listCheck(8), // RFC 7606 §7.14: a non-zero multiple of 8, or treat-as-withdraw
  decode: (value) => decodeItems(value, 8),
  encode: encodeItems,
  format: (items) => items.map(formatExtendedCommunity).join(' '),
});

export const ipv6ExtendedCommunitiesAttribute = defineAttribute<readonly string[]>({
  type: AttributeType.Ipv6ExtendedCommunities,
  name: 'IPV6_EXTENDED_COMMUNITIES',
  category: 'optional-transitive',
  check: listCheck(20), // RFC 7606 §7.15: a non-zero multiple of 20, or treat-as-withdraw
  decode: (value) => decodeItems(value, 20),
  encode: encodeItems,
  format: (items) => items.map(formatIpv6ExtendedCommunity).join(' '),
});

/** `rt:65000:100`, `ro:10.0.0.1:5`, or `ext:<hex>` for a type that has no common name. */
export function formatExtendedCommunity(hex: string): string {
  const octets = present(fromHex(hex), 'an extended community is hexadecimal');
  const type = octets[0]! & 0x3f; // without the IANA authority and Transitive bits (RFC 4360 §2)
  const name = (octets[0]! & 0xc0) === 0 ? subtypeName(octets[1]!) : undefined;
  if (name === undefined) return `ext:${hex}`;
  if (type === 0) return `${name}:${(octets[2]! << 8) | octets[3]!}:${u32At(octets, 4)}`;
  const local = (octets[6]! << 8) | octets[7]!;
  if (type === 1) return `${name}:${ipv4FromU32(u32At(octets, 2))}:${local}`;
  if (type === 2) return `${name}:${u32At(octets, 2)}:${local}`;
  return `ext:${hex}`;
}

function formatIpv6ExtendedCommunity(hex: string): string {
  const octets = present(fromHex(hex), 'an extended community is hexadecimal');
  const name = octets[0] === 0 ? subtypeName(octets[1]!) : undefined;
  if (name === undefined) return `ext:${hex}`;
  return `${name}:[${ipFromOctets(octets.subarray(2, 18))}]:${(octets[18]! << 8) | octets[19]!}`;
}

/** RFC 4360 §4 and §5. */
function subtypeName(subtype: number): string | undefined {
  if (subtype === 2) return 'rt';
  if (subtype === 3) return 'ro';
  return undefined;
}

function decodeItems(value: ByteReader, size: number): string[] {
  const items: string[] = [];
  while (value.remaining > 0) items.push(toHex(value.take(size)));
  return items;
}

function encodeItems(items: readonly string[], out: ByteWriter): void {
  for (const item of items)
    out.bytes(present(fromHex(item), 'an extended community is hexadecimal'));
}
