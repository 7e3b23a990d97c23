/** Multiprotocol Extensions, code 1: a family that the peer speaks (RFC 4760 §8). */
import { CapabilityCode } from '../iana.ts';
import { readFamily } from '../layouts.ts';
import { defineCapability, formatFamily, wrongLength } from './define.ts';

export const multiprotocolCapability = defineCapability<'multiprotocol'>({
  kind: 'multiprotocol',
  code: CapabilityCode.Multiprotocol,
  decode(value) {
    if (value.remaining !== 4) return wrongLength(value.remaining, '4');
    const { afi, safi } = readFamily(value.rest()); // RFC 4760 §8: the octet between is ignored
    return { kind: 'multiprotocol', afi, safi };
  },
  encode(capability, out) {
    out.writeUInt16BE(capability.afi);
    out.writeUInt8(0);
    out.writeUInt8(capability.safi);
  },
  format: (capability) => `multiprotocol ${formatFamily(capability)}`,
});
