/**
 * AGGREGATOR, type 7, and AS4_AGGREGATOR, type 18: who aggregated the route (RFC 4271 §5.1.7, RFC 6793 §3).
 *
 * AGGREGATOR has a 2-octet AS number towards peers without RFC 6793; canonical octets have four and no AS4_AGGREGATOR.
 */
import type { ByteReader } from '../../base/byte-reader.ts';
import type { ByteWriter } from '../../base/byte-writer.ts';
import { ipFromOctets, ipToOctets } from '../../net/ip-address.ts';
import { AttributeType, UpdateSubcode } from '../iana.ts';
import { type AttributeSlice, defineAttribute, lengthOf, malformed, u32At } from './define.ts';
import type { Aggregator } from './path-attributes.ts';

const shared = {
  category: 'optional-transitive',
  decode: (value: ByteReader): Aggregator => ({
    asn: value.u32(),
    address: ipFromOctets(value.take(4)),
  }),
  encode(aggregator: Aggregator, out: ByteWriter): void {
    out.u32(aggregator.asn);
    out.bytes(ipToOctets(aggregator.address));
  },
  format: (aggregator: Aggregator): string => `AS${aggregator.asn} ${aggregator.address}`,
} as const;

export const aggregatorAttribute = defineAttribute<Aggregator>({
  ...shared,
  type: AttributeType.Aggregator,
  name: 'AGGREGATOR',
  check(value: AttributeSlice) {
    // RFC 7606 §7.7: 8 octets with 4-octet AS numbers, else 6; any other length is attribute discard.
    if (lengthOf(value) !== (value.as4 ? 8 : 6)) return BAD_LENGTH;
    const { octets, start } = value;
    const asn = value.as4 ? u32At(octets, start) : (octets[start]! << 8) | octets[start + 1]!;
    return asn === 0 ? ZERO : undefined; // RFC 7607 §2: attribute discard
  },
});

export const as4AggregatorAttribute = defineAttribute<Aggregator>({
  ...shared,
  type: AttributeType.As4Aggregator,
  name: 'AS4_AGGREGATOR',
  check(value: AttributeSlice) {
    // RFC 6793 §6: malformed is attribute discard; RFC 7607 §2: so is AS 0.
    if (lengthOf(value) !== 8) return BAD_LENGTH;
    return u32At(value.octets, value.start) === 0 ? ZERO : undefined;
  },
});

const BAD_LENGTH = malformed(
  'discard',
  UpdateSubcode.AttributeLength,
  'Length is not that of its AS numbers',
);
const ZERO = malformed('discard', UpdateSubcode.OptionalAttribute, 'AS 0');
