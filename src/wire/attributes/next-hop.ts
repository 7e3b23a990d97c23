/** NEXT_HOP, type 3: where to send packets for classic IPv4 NLRI (RFC 4271 §5.1.3). */
import { type IpAddress, ipFromOctets, ipToOctets } from '../../net/ip-address.ts';
import { AttributeType, UpdateSubcode } from '../iana.ts';
import { defineAttribute, lengthOf, malformed } from './define.ts';

export const nextHopAttribute = defineAttribute<IpAddress>({
  type: AttributeType.NextHop,
  name: 'NEXT_HOP',
  category: 'well-known',
  check(value) {
    // RFC 7606 §7.3: a length other than 4 is treat-as-withdraw.
    if (lengthOf(value) !== 4) return BAD_LENGTH;
    return isIpv4Martian(value.octets, value.start) ? MARTIAN : undefined;
  },
  decode: (value) => ipFromOctets(value.take(4)),
  encode: (address, out) => out.bytes(ipToOctets(address)),
  format: (address) => address,
});

/** RFC 4271 §6.3: syntactically no host address: 0/8, 127/8, 224/4 and 255.255.255.255. */
export function isIpv4Martian(octets: Uint8Array, at: number): boolean {
  const first = octets[at]!;
  if (first === 0 || first === 127 || (first >= 224 && first < 240)) return true;
  return (octets[at]! & octets[at + 1]! & octets[at + 2]! & octets[at + 3]!) === 255;
}

const BAD_LENGTH = malformed('treat-as-withdraw', UpdateSubcode.AttributeLength, 'Length is not 4');
const MARTIAN = malformed(
  'treat-as-withdraw',
  UpdateSubcode.InvalidNextHop,
  'Not the address of a host',
);
