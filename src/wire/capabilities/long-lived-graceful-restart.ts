/** Long-Lived Graceful Restart, code 71: how long stale routes may be kept (RFC 9494 §3.1). */
import { CapabilityCode } from '../iana.ts';
import { readLongLivedFamily } from '../layouts.ts';
import type { LongLivedGracefulRestartCapability } from './capability.ts';
import { defineCapability, formatFamily, wrongLength } from './define.ts';

export const longLivedGracefulRestartCapability = defineCapability<'longLivedGracefulRestart'>({
  kind: 'longLivedGracefulRestart',
  code: CapabilityCode.LongLivedGracefulRestart,
  decode(value) {
    if (value.remaining % 7 !== 0) return wrongLength(value.remaining, 'a multiple of 7');
    const families: LongLivedGracefulRestartCapability['families'][number][] = [];
    while (value.remaining > 0) {
      const { afi, safi, flags, staleTime } = readLongLivedFamily(value.take(7));
      families.push({ afi, safi, forwarding: (flags & FORWARDING) !== 0, staleTime });
    }
    return { kind: 'longLivedGracefulRestart', families };
  },
  encode(capability, out) {
    for (const { afi, safi, forwarding, staleTime } of capability.families) {
      out.writeUInt16BE(afi);
      out.writeUInt8(safi);
      out.writeUInt8(forwarding ? FORWARDING : 0);
      out.writeUInt8((staleTime >>> 16) & 0xff);
      out.writeUInt16BE(staleTime & 0xffff);
    }
  },
  format: (capability) =>
    `long-lived-graceful-restart ${capability.families.map((family) => `${formatFamily(family)} ${family.staleTime} s`).join(', ')}`.trimEnd(),
});

const FORWARDING = 0x80;
