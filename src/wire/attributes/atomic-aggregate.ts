/** ATOMIC_AGGREGATE, type 6: more specific paths were left out (RFC 4271 §5.1.6). */
import { AttributeType, UpdateSubcode } from '../iana.ts';
import { defineAttribute, lengthOf, malformed } from './define.ts';

export const atomicAggregateAttribute = defineAttribute<true>({
  type: AttributeType.AtomicAggregate,
  name: 'ATOMIC_AGGREGATE',
  category: 'well-known',
  // RFC 7606 §7.6: a length other than 0 is attribute discard.
  check: (value) => (lengthOf(value) === 0 ? undefined : BAD_LENGTH),
  decode: () => true,
  encode: () => undefined,
  format: () => 'yes',
});

const BAD_LENGTH = malformed('discard', UpdateSubcode.AttributeLength, 'Length is not 0');
