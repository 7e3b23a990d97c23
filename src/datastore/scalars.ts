/**
 * The written forms of single values in Calico's resources: AS numbers, Go durations, communities, node
 * addresses, `host:port`. Each gives undefined for what it is not; the caller names the place.
 */

import { type IpAddress, ipFamily, parseIpAddress } from '../net/ip-address.ts';
import { parsePrefix, prefixLength } from '../net/prefix.ts';
import type { Community, NodeAddress } from './resources.ts';

/** RFC 6793: 32 bits. */
const AS_NUMBER_MAX = 4_294_967_295;

/** A number, its decimal text, or `high.low` with both halves of 16 bits (RFC 5396 asdot). */
export function parseAsNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return isAs(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  if (/^[0-9]{1,10}$/.test(value)) return isAs(Number(value)) ? Number(value) : undefined;
  const halves = /^([0-9]{1,5})\.([0-9]{1,5})$/.exec(value);
  if (halves === null) return undefined;
  const [high, low] = [Number(halves[1]), Number(halves[2])];
  return high <= 0xffff && low <= 0xffff ? high * 0x10000 + low : undefined;
}

function isAs(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= AS_NUMBER_MAX;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ns: 1e-9,
};

/** Go's duration text (`1m30s`, `1.5h`, `0`), rounded to whole seconds as Calico does when it is used. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const part = /([0-9]+\.?[0-9]*|\.[0-9]+)(h|ms|m|s|us|µs|μs|ns)/y;
  let seconds = 0;
  let at = 0;
  while (at < text.length) {
    part.lastIndex = at;
    const match = part.exec(text);
    if (match === null) return undefined;
    seconds += Number(match[1]) * UNIT_SECONDS[match[2]!]!;
    at = part.lastIndex;
  }
  return at === 0 ? undefined : Math.round(seconds);
}

/** `aa:nn` with 16 bits each (RFC 1997), or `aa:nn:mm` with 32 bits each (RFC 8092). */
export function parseCommunity(text: string): Community | undefined {
  if (!/^[0-9]{1,10}(:[0-9]{1,10}){1,2}$/.test(text)) return undefined;
  const [a, b, c] = text.split(':').map(Number) as [number, number, number | undefined];
  if (c === undefined) {
    if (a > 0xffff || b > 0xffff) return undefined;
    return { kind: 'standard', value: (a * 0x10000 + b) >>> 0 };
  }
  if (Math.max(a, b, c) > AS_NUMBER_MAX) return undefined;
  return { kind: 'large', value: [a, b, c] };
}

/** `10.0.0.1/24`, or a bare address, whose subnet is then the address itself. */
export function parseNodeAddress(text: string): NodeAddress | undefined {
  const network = parsePrefix(text);
  const address = parseIpAddress(text.split('/', 1)[0]!);
  return network === undefined || address === undefined ? undefined : { address, network };
}

/** Calico masks nothing: an IPPool's or filter's CIDR with host bits set is a mistake. */
export function hasHostBits(text: string): boolean {
  const prefix = parsePrefix(text);
  const address = parseIpAddress(text.split('/', 1)[0]!);
  if (prefix === undefined || address === undefined) return false;
  return prefix !== `${address}/${prefixLength(prefix)}`;
}

/** `IP`, `IPv4:port` or `[IPv6]:port`. */
export function parseHostPort(
  text: string,
): { readonly address: IpAddress; readonly port: number | undefined } | undefined {
  const whole = parseIpAddress(text);
  if (whole !== undefined) return { address: whole, port: undefined };
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text);
  if (match === null) return undefined;
  const address = parseIpAddress(match[1] ?? match[2]!);
  const port = Number(match[3]);
  if (address === undefined || port > 65_535 || port === 0) return undefined;
  const bracketed = match[1] !== undefined;
  return bracketed === (ipFamily(address) === 6) ? { address, port } : undefined;
}
