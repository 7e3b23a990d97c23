/** ADD-PATH, code 69: several paths to one prefix (RFC 7911 §4). */
import { CapabilityCode } from '../iana.ts';
import { readFamilyAndOctet } from '../layouts.ts';
import type { AddPathCapability, AddPathMode } from './capability.ts';
import { defineCapability, formatFamily, wrongLength } from './define.ts';

export const addPathCapability = defineCapability<'addPath'>({
  kind: 'addPath',
  code: CapabilityCode.AddPath,
  decode(value) {
    if (value.remaining % 4 !== 0) return wrongLength(value.remaining, 'a multiple of 4');
    const families: AddPathCapability['families'][number][] = [];
    while (value.remaining > 0) {
      const { afi, safi, octet } = readFamilyAndOctet(value.take(4));
      const mode = MODES[octet];
      // RFC 7911 §4: a family with any other Send/Receive value is ignored.
      if (mode !== undefined) families.push({ afi, safi, mode });
    }
    return { kind: 'addPath', families };
  },
  encode(capability, out) {
    for (const { afi, safi, mode } of capability.families) {
      out.writeUInt16BE(afi);
      out.writeUInt8(safi);
      out.writeUInt8(MODES.indexOf(mode));
    }
  },
  format: (capability) =>
    `add-path ${capability.families.map((family) => `${formatFamily(family)} ${family.mode}`).join(', ')}`.trimEnd(),
});

const MODES: readonly (AddPathMode | undefined)[] = [undefined, 'receive', 'send', 'both'];
