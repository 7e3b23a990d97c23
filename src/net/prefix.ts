/**
 * Prefixes as values: canonical text `address/length` with the host bits zero, so equality is `===`.
 * For configuration, views and tests; the RIB keeps prefixes as columns of words (`prefix-table.ts`).
 */

import {
  type IpAddress,
  ipFamily,
  ipFromOctets,
  ipToOctets,
  parseIpAddress,
} from './ip-address.ts';

declare const brand: unique symbol;
/** Canonical `address/length`, host bits zero. */
export type Prefix = string & { readonly [brand]: 'Prefix' };

/** Canonical form of `text` with host bits cleared; a bare address is a host prefix. Undefined when it is neither. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const address = parseIpAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const width = ipFamily(address) === 4 ? 32 : 128;
  const lengthText = slash < 0 ? String(width) : text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(lengthText) || Number(lengthText) > width) return undefined;
  return prefixFrom(ipToOctets(address), Number(lengthText));
}

/** `parsePrefix` for constants and tests: throws on a bad one. */
export function prefix(text: string): Prefix {
  const value = parsePrefix(text);
  if (value === undefined) throw new TypeError(`Not a prefix: ${text}`);
  return value;
}

/** @param octets  A whole address, 4 or 16 octets; bits past `length` are ignored. */
export function prefixFrom(octets: Uint8Array, length: number): Prefix {
  const masked = octets.slice();
  for (let i = 0; i < masked.length; i++) {
    const bits = Math.min(8, Math.max(0, length - i * 8));
    masked[i]! &= 0xff << (8 - bits);
  }
  return `${ipFromOctets(masked)}/${length}` as Prefix;
}

export function prefixAddress(value: Prefix): IpAddress {
  return value.slice(0, value.indexOf('/')) as IpAddress;
}

export function prefixLength(value: Prefix): number {
  return Number(value.slice(value.indexOf('/') + 1));
}

export function prefixFamily(value: Prefix): 4 | 6 {
  return value.includes(':') ? 6 : 4;
}

/** /32 or /128. */
export function hostPrefix(address: IpAddress): Prefix {
  return `${address}/${ipFamily(address) === 4 ? 32 : 128}` as Prefix;
}

/** Whether `inner` is equal to or inside `outer`. Families that differ never contain each other. */
export function prefixContains(outer: Prefix, inner: Prefix): boolean {
  if (prefixFamily(outer) !== prefixFamily(inner)) return false;
  const length = prefixLength(outer);
  if (prefixLength(inner) < length) return false;
  return prefixFrom(ipToOctets(prefixAddress(inner)), length) === outer;
}

export function prefixCovers(outer: Prefix, address: IpAddress): boolean {
  return prefixContains(outer, hostPrefix(address));
}
