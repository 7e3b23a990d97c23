/** ONLY_TO_CUSTOMER (OTC), type 35: the AS that made the route one for customers only (RFC 9234 §5). */
import { AttributeType, UpdateSubcode } from '../iana.ts';
import { malformed, u32At } from './define.ts';
import { defineU32Attribute } from './u32-attribute.ts';

// RFC 9234 §6: a length other than 4 is treat-as-withdraw.
export const onlyToCustomerAttribute = defineU32Attribute({
  type: AttributeType.OnlyToCustomer,
  name: 'OTC',
  category: 'optional-transitive',
  // RFC 7607 §1: AS 0 is nobody's, so it cannot have set this.
  after: (value) => (u32At(value.octets, value.start) === 0 ? ZERO : undefined),
});

const ZERO = malformed('treat-as-withdraw', UpdateSubcode.OptionalAttribute, 'AS 0');
