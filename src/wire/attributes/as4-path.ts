/**
 * AS4_PATH, type 17: the AS_PATH in 4-octet AS numbers, carried through speakers that know only two (RFC 6793 §3).
 *
 * Never in canonical octets: it is merged into AS_PATH on receipt (`as4-merge.ts`) and made again on sending.
 */
import { AttributeType, UpdateSubcode } from '../iana.ts';
import { checkSegments, decodeAsPath, encodeAsPath, formatAsPath } from './as-path.ts';
import { defineAttribute, malformed } from './define.ts';
import type { AsPathSegment } from './path-attributes.ts';

export const as4PathAttribute = defineAttribute<readonly AsPathSegment[]>({
  type: AttributeType.As4Path,
  name: 'AS4_PATH',
  category: 'optional-transitive',
  check(value) {
    // RFC 6793 §6: malformed is attribute discard; RFC 7607 §2: AS 0 is malformed.
    return value.end > value.start && checkSegments(value, 4) === 'ok' ? undefined : MALFORMED;
  },
  decode: decodeAsPath,
  encode: encodeAsPath,
  format: formatAsPath,
});

const MALFORMED = malformed('discard', UpdateSubcode.OptionalAttribute, 'Malformed path');
