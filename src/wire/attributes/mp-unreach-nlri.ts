/** MP_UNREACH_NLRI, type 15: withdrawn NLRI of any family (RFC 4760 §4). Never in canonical octets. */
import { AttributeType } from '../iana.ts';
import { defineAttribute } from './define.ts';

/** What `format.ts` shows; the NLRI are visited, never kept. */
export interface MpUnreach {
  readonly afi: number;
  readonly safi: number;
}

export const mpUnreachNlriAttribute = defineAttribute<MpUnreach>({
  type: AttributeType.MpUnreachNlri,
  name: 'MP_UNREACH_NLRI',
  category: 'optional-non-transitive',
  check: () => undefined, // RFC 7606 §7.12: judged in `update.ts`, where its NLRI are located
  decode: (value) => ({ afi: value.u16(), safi: value.u8() }),
  encode(value, out) {
    out.u16(value.afi);
    out.u8(value.safi);
  },
  format: (value) => `AFI ${value.afi} SAFI ${value.safi}`,
});
