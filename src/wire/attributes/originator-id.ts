/** ORIGINATOR_ID, type 9: who brought a reflected route into the AS (RFC 4456 §8). */
import { ipv4FromU32 } from '../../net/ip-address.ts';
import { AttributeType } from '../iana.ts';
import { defineU32Attribute, discardFromExternal } from './u32-attribute.ts';

// RFC 7606 §7.9: discarded from an external peer whatever it holds; from an internal one 4 octets or treat-as-withdraw.
export const originatorIdAttribute = defineU32Attribute({
  type: AttributeType.OriginatorId,
  name: 'ORIGINATOR_ID',
  category: 'optional-non-transitive',
  before: discardFromExternal,
  format: ipv4FromU32,
});
