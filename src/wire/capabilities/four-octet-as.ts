/** Support for 4-octet AS number, code 65, and the number itself (RFC 6793 §3). */
import { CapabilityCode } from '../iana.ts';
import { defineCapability, wrongLength } from './define.ts';

export const fourOctetAsCapability = defineCapability<'fourOctetAs'>({
  kind: 'fourOctetAs',
  code: CapabilityCode.FourOctetAs,
  decode(value) {
    if (value.remaining !== 4) return wrongLength(value.remaining, '4');
    return { kind: 'fourOctetAs', asn: value.u32() };
  },
  encode: (capability, out) => out.writeUInt32BE(capability.asn),
  format: (capability) => `4-octet-as ${capability.asn}`,
});
