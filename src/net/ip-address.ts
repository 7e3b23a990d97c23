/**
 * IP addresses as values: canonical text (RFC 5952 for IPv6), so that equality is `===`, a Map key is the value
 * itself, and logs, JSON and recordings need no conversion. Hot paths never meet one: they work on octets.
 */

declare const brand: unique symbol;
/** Canonical text of an IPv4 or IPv6 address, without a zone. */
export type IpAddress = string & { readonly [brand]: 'IpAddress' };

/** Canonical form of `text`; undefined when it is not an address. IPv4-mapped IPv6 stays IPv6. */
export function parseIpAddress(text: string): IpAddress | undefined {
  const octets = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  return octets === undefined ? undefined : ipFromOctets(octets);
}

/** `parseIpAddress` for constants and tests: throws on a bad one. */
export function ip(text: string): IpAddress {
  const address = parseIpAddress(text);
  if (address === undefined) throw new TypeError(`Not an IP address: ${text}`);
  return address;
}

export function ipFamily(address: IpAddress): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/** Octets in network order: 4 or 16 of them, a fresh array. */
export function ipToOctets(address: IpAddress): Uint8Array {
  const octets = address.includes(':') ? parseIpv6(address) : parseIpv4(address);
  if (octets === undefined) throw new TypeError(`Not a canonical IP address: ${address}`);
  return octets;
}

/** @param octets  4 or 16 octets in network order; read, not kept. */
export function ipFromOctets(octets: Uint8Array): IpAddress {
  if (octets.length === 4)
    return `${octets[0]}.${octets[1]}.${octets[2]}.${octets[3]}` as IpAddress;
  if (octets.length === 16) return formatIpv6(octets) as IpAddress;
  throw new TypeError(`An IP address has 4 or 16 octets, not ${octets.length}`);
}

/** The 32-bit unsigned value of an IPv4 address, e.g. a BGP Identifier. */
export function ipv4ToU32(address: IpAddress): number {
  const octets = ipToOctets(address);
  if (octets.length !== 4) throw new TypeError(`Not an IPv4 address: ${address}`);
  return ((octets[0]! << 24) | (octets[1]! << 16) | (octets[2]! << 8) | octets[3]!) >>> 0;
}

export function ipv4FromU32(value: number): IpAddress {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}` as IpAddress;
}

/** Order by family (IPv4 first), then by numeric value. */
export function compareIp(a: IpAddress, b: IpAddress): number {
  if (a === b) return 0;
  const x = ipToOctets(a);
  const y = ipToOctets(b);
  if (x.length !== y.length) return x.length - y.length;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return 0;
}

/** fe80::/10. */
export function isLinkLocal(address: IpAddress): boolean {
  if (ipFamily(address) === 4) return false;
  const octets = ipToOctets(address);
  return octets[0] === 0xfe && (octets[1]! & 0xc0) === 0x80;
}

const DOT = 0x2e;
const ZERO = 0x30;

function parseIpv4(text: string): Uint8Array | undefined {
  const octets = new Uint8Array(4);
  let part = 0;
  let digits = 0;
  let octet = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0 || part === 3) return undefined;
      octets[part++] = octet;
      digits = 0;
      octet = 0;
      continue;
    }
    // No leading zeros: some readers take them for octal.
    if (code < ZERO || code > ZERO + 9 || (digits > 0 && octet === 0)) return undefined;
    digits++;
    octet = octet * 10 + code - ZERO;
    if (octet > 255) return undefined;
  }
  if (digits === 0 || part !== 3) return undefined;
  octets[3] = octet;
  return octets;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const octets = new Uint8Array(16);
  for (const [i, group] of groups.entries()) {
    octets[i * 2] = group >>> 8;
    octets[i * 2 + 1] = group & 255;
  }
  return octets;
}

function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (mayEndInIpv4 && i === parts.length - 1 && part.includes('.')) {
      const v4 = parseIpv4(part);
      if (v4 === undefined) return undefined;
      groups.push((v4[0]! << 8) | v4[1]!, (v4[2]! << 8) | v4[3]!);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups.length > 8 ? undefined : groups;
}

/** RFC 5952 §4: lower case, no leading zeros, the first longest run of two or more zero groups shortened. */
function formatIpv6(octets: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => (octets[i * 2]! << 8) | octets[i * 2 + 1]!);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${octets[12]}.${octets[13]}.${octets[14]}.${octets[15]}`; // RFC 5952 §5
  }
  let best = { start: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > best.length) best = { start: i, length };
    i += length;
  }
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (best.start < 0) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}
