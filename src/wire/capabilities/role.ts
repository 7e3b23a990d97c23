/** BGP Role, code 9: which side of a customer relation the sender is (RFC 9234 §4.1). */
import { CapabilityCode } from '../iana.ts';
import type { RoleName } from './capability.ts';
import { defineCapability, wrongLength } from './define.ts';

export const roleCapability = defineCapability<'role'>({
  kind: 'role',
  code: CapabilityCode.Role,
  decode(value) {
    if (value.remaining !== 1) return wrongLength(value.remaining, '1');
    const number = value.u8();
    const role = ROLES[number];
    return role === undefined ? `Role ${number} is not assigned` : { kind: 'role', role };
  },
  encode: (capability, out) => out.writeUInt8(ROLES.indexOf(capability.role)),
  format: (capability) => `role ${capability.role}`,
});

/** By number, RFC 9234 §4.1, table 1. */
const ROLES: readonly RoleName[] = ['provider', 'rs', 'rs-client', 'customer', 'peer'];
