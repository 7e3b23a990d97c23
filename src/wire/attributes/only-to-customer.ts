/** ONLY_TO_CUSTOMER (OTC), type 35: the AS that made the route one for customers only (RFC 9234 §5). */
import { AttributeType } from '../iana.ts';
import { defineU32Attribute } from './u32-attribute.ts';

// RFC 9234 §5: a length other than 4, and nothing else, makes it malformed: treat-as-withdraw. AS 0 is nobody's (RFC
// 7607), but no rule of it is about this attribute, and what is set must be passed on unchanged.
export const onlyToCustomerAttribute = defineU32Attribute({
  type: AttributeType.OnlyToCustomer,
  name: 'OTC',
  category: 'optional-transitive',
});
