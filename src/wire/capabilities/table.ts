/**
 * Every capability that godwit reads, by code, and the loop over a Capabilities parameter (RFC 5492 §4).
 *
 * A new capability is one variant in `capability.ts`, one file, and one row here.
 */
import { SmartBuffer } from 'smart-buffer';
import { assert } from '../../base/assert.ts';
import type { ByteReader } from '../../base/byte-reader.ts';
import { copyOctets } from '../copy-octets.ts';
import { toHex } from '../text.ts';
import { addPathCapability } from './add-path.ts';
import type { Capability, CapabilityKind } from './capability.ts';
import type { CapabilityRow } from './define.ts';
import { enhancedRouteRefreshCapability } from './enhanced-route-refresh.ts';
import { extendedMessageCapability } from './extended-message.ts';
import { extendedNextHopCapability } from './extended-next-hop.ts';
import { fourOctetAsCapability } from './four-octet-as.ts';
import { gracefulRestartCapability } from './graceful-restart.ts';
import { hostnameCapability } from './hostname.ts';
import { longLivedGracefulRestartCapability } from './long-lived-graceful-restart.ts';
import { multiprotocolCapability } from './multiprotocol.ts';
import { roleCapability } from './role.ts';
import { ciscoRouteRefreshCapability, routeRefreshCapability } from './route-refresh.ts';
import { softwareVersionCapability } from './software-version.ts';

/** Octets of a Capability Value: its length is one octet. */
const CAPABILITY_LENGTH_MAX = 255;

export const CAPABILITY_ROWS = [
  multiprotocolCapability,
  routeRefreshCapability,
  extendedNextHopCapability,
  extendedMessageCapability,
  roleCapability,
  gracefulRestartCapability,
  fourOctetAsCapability,
  addPathCapability,
  enhancedRouteRefreshCapability,
  longLivedGracefulRestartCapability,
  hostnameCapability,
  softwareVersionCapability,
  ciscoRouteRefreshCapability,
] as const;

/**
 * Appends the capabilities of one parameter to `into`.
 *
 * @returns False when a capability exceeds the parameter. One that is wrong only inside its own length costs nothing
 *   but itself: it is kept as unknown, with the reason.
 */
export function decodeCapabilities(parameter: ByteReader, into: Capability[]): boolean {
  while (parameter.remaining > 0) {
    if (parameter.remaining < 2) return false;
    const code = parameter.u8();
    const length = parameter.u8();
    if (length > parameter.remaining) return false;
    into.push(decodeCapability(code, parameter.sub(length)));
  }
  return true;
}

/** Appends code, length and value. */
export function encodeCapability(capability: Capability, out: SmartBuffer): void {
  const value = new SmartBuffer();
  let code: number;
  if (capability.kind === 'unknown') {
    code = capability.code;
    value.writeBuffer(Buffer.from(capability.value));
  } else {
    const row = rowOf(capability);
    code = row.code;
    row.encode(capability, value);
  }
  assert(value.length <= CAPABILITY_LENGTH_MAX, `capability ${code} fits its length octet`);
  out.writeUInt8(code);
  out.writeUInt8(value.length);
  out.writeBuffer(value.toBuffer());
}

/** `add-path ipv4-unicast both`, or `capability 200 0a0b`. */
export function formatCapability(capability: Capability): string {
  if (capability.kind !== 'unknown') return rowOf(capability).format(capability);
  const reason = capability.reason === undefined ? '' : ` (${capability.reason})`;
  return `capability ${capability.code} ${toHex(capability.value)}`.trimEnd() + reason;
}

type Known = Exclude<Capability, { kind: 'unknown' }>;

function decodeCapability(code: number, value: ByteReader): Capability {
  const start = value.offset;
  const end = start + value.remaining;
  const { octets } = value;
  const row = CAPABILITY_ROWS.find((candidate) => candidate.code === code);
  if (row === undefined) return { kind: 'unknown', code, value: copyOctets(octets, start, end) };
  const decoded = row.decode(value);
  if (typeof decoded !== 'string') return decoded;
  return { kind: 'unknown', code, value: copyOctets(octets, start, end), reason: decoded };
}

/** The row of a value; typed by the widest capability, since row and value have the same kind. */
function rowOf(
  capability: Known,
): Pick<CapabilityRow<CapabilityKind>, 'code' | 'encode' | 'format'> {
  const cisco = capability.kind === 'routeRefresh' && capability.cisco === true;
  const row = cisco
    ? ciscoRouteRefreshCapability
    : CAPABILITY_ROWS.find((candidate) => candidate.kind === capability.kind);
  assert(row !== undefined, `capability ${capability.kind} has a row`);
  return row as unknown as CapabilityRow<CapabilityKind>;
}
