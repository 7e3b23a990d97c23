/** ORIGIN, type 1: where the NLRI came from (RFC 4271 §5.1.1). */
import { AttributeType, UpdateSubcode } from '../iana.ts';
import { defineAttribute, lengthOf, malformed } from './define.ts';
import type { Origin } from './path-attributes.ts';

export const originAttribute = defineAttribute<Origin>({
  type: AttributeType.Origin,
  name: 'ORIGIN',
  category: 'well-known',
  check(value) {
    // RFC 7606 §7.1: wrong length and undefined value are both treat-as-withdraw.
    if (lengthOf(value) !== 1) return BAD_LENGTH;
    return value.octets[value.start]! > 2 ? BAD_VALUE : undefined;
  },
  decode: (value) => value.u8() as Origin,
  encode: (origin, out) => out.u8(origin),
  format: (origin) => ORIGIN_NAMES[origin],
});

const ORIGIN_NAMES = ['IGP', 'EGP', 'INCOMPLETE'] as const;

const BAD_LENGTH = malformed('treat-as-withdraw', UpdateSubcode.AttributeLength, 'Length is not 1');
const BAD_VALUE = malformed('treat-as-withdraw', UpdateSubcode.InvalidOrigin, 'Undefined value');
