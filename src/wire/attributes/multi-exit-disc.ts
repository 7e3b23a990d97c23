/** MULTI_EXIT_DISC, type 4: which of several links into an AS it prefers, lower first (RFC 4271 §5.1.4). */
import { AttributeType } from '../iana.ts';
import { defineU32Attribute } from './u32-attribute.ts';

// RFC 7606 §7.4: a length other than 4 is treat-as-withdraw.
export const multiExitDiscAttribute = defineU32Attribute({
  type: AttributeType.MultiExitDisc,
  name: 'MULTI_EXIT_DISC',
  category: 'optional-non-transitive',
});
