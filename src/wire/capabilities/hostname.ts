/** FQDN, code 73: the name of the peer (draft-walton-bgp-hostname-capability). Escaped on the way in. */
import { CapabilityCode } from '../iana.ts';
import { encodeUtf8Within, safeText } from '../text.ts';
import { defineCapability } from './define.ts';

/** Octets of each name; with both at this length the capability still fits its one-octet length. */
const NAME_LENGTH_MAX = 64;

export const hostnameCapability = defineCapability<'hostname'>({
  kind: 'hostname',
  code: CapabilityCode.Hostname,
  decode(value) {
    if (value.remaining < 1) return 'Without a host name length';
    const hostLength = value.u8();
    if (hostLength > value.remaining) return 'Host name exceeds the capability';
    const host = safeText(value.take(hostLength));
    // Some send no domain name at all, not even its length.
    if (value.remaining === 0) return { kind: 'hostname', host, domain: '' };
    const domainLength = value.u8();
    if (domainLength !== value.remaining) return 'Domain name does not fill the capability';
    return { kind: 'hostname', host, domain: safeText(value.rest()) };
  },
  encode(capability, out) {
    for (const name of [capability.host, capability.domain]) {
      const octets = encodeUtf8Within(name, NAME_LENGTH_MAX);
      out.writeUInt8(octets.length);
      out.writeBuffer(Buffer.from(octets));
    }
  },
  format: (capability) =>
    capability.domain === ''
      ? `hostname ${capability.host}`
      : `hostname ${capability.host}.${capability.domain}`,
});
