/** Extended Next Hop Encoding, code 5: prefixes of one family with next hops of another (RFC 8950 §4). */
import { CapabilityCode } from '../iana.ts';
import { readNextHopEncoding } from '../layouts.ts';
import type { ExtendedNextHopCapability } from './capability.ts';
import { defineCapability, formatFamily, wrongLength } from './define.ts';

export const extendedNextHopCapability = defineCapability<'extendedNextHop'>({
  kind: 'extendedNextHop',
  code: CapabilityCode.ExtendedNextHop,
  decode(value) {
    if (value.remaining % 6 !== 0) return wrongLength(value.remaining, 'a multiple of 6');
    const entries: ExtendedNextHopCapability['entries'][number][] = [];
    while (value.remaining > 0) entries.push(readNextHopEncoding(value.take(6)));
    return { kind: 'extendedNextHop', entries };
  },
  encode(capability, out) {
    for (const { afi, safi, nextHopAfi } of capability.entries) {
      out.writeUInt16BE(afi);
      out.writeUInt16BE(safi);
      out.writeUInt16BE(nextHopAfi);
    }
  },
  format: (capability) =>
    `extended-next-hop ${capability.entries.map((entry) => `${formatFamily(entry)} via afi-${entry.nextHopAfi}`).join(', ')}`,
});
