/** Graceful Restart, code 64 (RFC 4724 §3), with the N bit of RFC 8538 §2. */
import { CapabilityCode } from '../iana.ts';
import { readFamilyAndOctet } from '../layouts.ts';
import type { GracefulRestartCapability } from './capability.ts';
import { defineCapability, formatFamily, wrongLength } from './define.ts';

export const gracefulRestartCapability = defineCapability<'gracefulRestart'>({
  kind: 'gracefulRestart',
  code: CapabilityCode.GracefulRestart,
  decode(value) {
    if (value.remaining % 4 !== 2) return wrongLength(value.remaining, '2 and a multiple of 4');
    const head = value.u16();
    const families: GracefulRestartCapability['families'][number][] = [];
    while (value.remaining > 0) {
      const { afi, safi, octet } = readFamilyAndOctet(value.take(4));
      families.push({ afi, safi, forwarding: (octet & FORWARDING) !== 0 });
    }
    return {
      kind: 'gracefulRestart',
      restarting: (head & RESTARTING) !== 0,
      notification: (head & NOTIFICATION) !== 0,
      restartTime: head & 0x0fff,
      families,
    };
  },
  encode(capability, out) {
    const { restarting, notification, restartTime, families } = capability;
    const flags = (restarting ? RESTARTING : 0) | (notification ? NOTIFICATION : 0);
    out.writeUInt16BE(flags | (restartTime & 0x0fff));
    for (const { afi, safi, forwarding } of families) {
      out.writeUInt16BE(afi);
      out.writeUInt8(safi);
      out.writeUInt8(forwarding ? FORWARDING : 0);
    }
  },
  format({ restarting, notification, restartTime, families }) {
    const flags = `${restarting ? ' restarting' : ''}${notification ? ' notification' : ''}`;
    const list = families.map(
      (family) => `${formatFamily(family)}${family.forwarding ? ' (forwarding)' : ''}`,
    );
    return `graceful-restart ${restartTime} s${flags} ${list.join(', ')}`.trimEnd();
  },
});

const RESTARTING = 0x8000;
const NOTIFICATION = 0x4000;
const FORWARDING = 0x80;
