/** LOCAL_PREF, type 5: the degree of preference inside the AS, higher first (RFC 4271 §5.1.5). */
import { AttributeType } from '../iana.ts';
import { defineU32Attribute, discardFromExternal } from './u32-attribute.ts';

// RFC 7606 §7.5: discarded from an external peer whatever it holds; from an internal one 4 octets or treat-as-withdraw.
export const localPrefAttribute = defineU32Attribute({
  type: AttributeType.LocalPref,
  name: 'LOCAL_PREF',
  category: 'well-known',
  before: discardFromExternal,
});
