/** Software Version, code 75 (draft-ietf-idr-software-version). Escaped on the way in; sent only where asked to. */
import { CapabilityCode } from '../iana.ts';
import { encodeUtf8Within, safeText } from '../text.ts';
import { defineCapability } from './define.ts';

/** Octets of the version text that the draft allows. */
const VERSION_LENGTH_MAX = 64;

export const softwareVersionCapability = defineCapability<'softwareVersion'>({
  kind: 'softwareVersion',
  code: CapabilityCode.SoftwareVersion,
  decode(value) {
    if (value.remaining < 1) return 'Without a version length';
    const length = value.u8();
    if (length === 0) return 'Version is empty';
    if (length !== value.remaining) return 'Version does not fill the capability';
    return { kind: 'softwareVersion', version: safeText(value.rest()) };
  },
  encode(capability, out) {
    const octets = encodeUtf8Within(capability.version, VERSION_LENGTH_MAX);
    out.writeUInt8(octets.length);
    out.writeBuffer(Buffer.from(octets));
  },
  format: (capability) => `software-version ${capability.version}`,
});
