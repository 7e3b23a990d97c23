/**
 * Asks a link who has an address, as RFC 5227 §2.1.1 has it (ARP Probe: sender address 0.0.0.0), and who answers. A probe
 * changes no table of anybody, and a router with proxy ARP does not answer it.
 */

import type { SystemError } from '../base/errors.ts';
import { type IpAddress, ipFromOctets, ipToOctets } from '../net/ip-address.ts';
import { Errno } from '../netlink/errno.ts';
import { writeU16, writeU32 } from '../netlink/host-order.ts';
import { nativeSockets, PollEvents } from './native.ts';
import { SOCK_RAW } from './socket-options.ts';
import { systemError } from './system-error.ts';

const AF_PACKET = 17;
const ETHERTYPE_ARP = 0x0806;
const ARPHRD_ETHER = 1;
/** `struct sockaddr_ll` with an address of six octets. */
const SOCKADDR_LL_OCTETS = 20;
const MAC_OCTETS = 6;
const ETHERNET_OCTETS = 14;
/** RFC 826, for Ethernet and IPv4. */
const ARP_OCTETS = 28;
/** Times that an address is asked for: one may be lost. */
const PROBES = 2;
const PROBE_INTERVAL_MS = 300;
const FRAME_OCTETS_MAX = 128;

/** By address: hardware addresses that said they have it, as `02:00:00:00:00:01`. Own ones are not among them. */
export type Stations = ReadonlyMap<IpAddress, ReadonlySet<string>>;

/**
 * Takes about 0.6 s. Needs CAP_NET_RAW.
 *
 * @param addresses  IPv4.
 * @returns nothing for links that are no Ethernet.
 */
export async function probeAddresses(
  interfaceIndex: number,
  addresses: readonly IpAddress[],
): Promise<Stations | SystemError> {
  const native = nativeSockets();
  const fd = native.socket(AF_PACKET, SOCK_RAW, networkOrder(ETHERTYPE_ARP));
  if (fd < 0) return systemError('socket(AF_PACKET)', fd);
  try {
    const bound = native.bind(fd, linkAddress(interfaceIndex));
    if (bound < 0) return systemError('bind(AF_PACKET)', bound);
    const name = new Uint8Array(SOCKADDR_LL_OCTETS + MAC_OCTETS);
    native.getsockname(fd, name);
    // sll_hatype, sll_halen, sll_addr
    if (name[8] !== ARPHRD_ETHER || name[11] !== MAC_OCTETS) return new Map();
    return await ask(fd, name.slice(12, 12 + MAC_OCTETS), addresses);
  } finally {
    native.close(fd);
  }
}

async function ask(
  fd: number,
  own: Uint8Array,
  addresses: readonly IpAddress[],
): Promise<Stations | SystemError> {
  const native = nativeSockets();
  const found = new Map<IpAddress, Set<string>>(addresses.map((address) => [address, new Set()]));
  const poll = native.pollStart(fd, PollEvents.READABLE, () => hear(fd, found));
  if (typeof poll === 'number') return systemError('poll(AF_PACKET)', poll);
  try {
    for (let i = 0; i < PROBES; i++) {
      for (const address of addresses) {
        const frame = probe(own, address);
        const sent = native.send(fd, frame, 0, frame.length);
        if (sent < 0 && sent !== -Errno.EAGAIN) return systemError('send(ARP)', sent);
      }
      await new Promise((resolve) => setTimeout(resolve, PROBE_INTERVAL_MS));
    }
  } finally {
    native.pollStop(poll);
  }
  for (const stations of found.values()) stations.delete(macText(own));
  return found;
}

function hear(fd: number, found: ReadonlyMap<IpAddress, Set<string>>): void {
  const native = nativeSockets();
  const frame = new Uint8Array(FRAME_OCTETS_MAX);
  const from = new Uint8Array(SOCKADDR_LL_OCTETS);
  for (;;) {
    const length = native.recv(fd, frame, 0, frame.length, from);
    if (length <= 0) return;
    const sender = senderOf(frame.subarray(0, Math.min(length, frame.length)));
    if (sender !== undefined) found.get(sender.address)?.add(sender.station);
  }
}

/** Who says in an ARP packet, question or answer, that an address is its own (RFC 5227 §2.1.1). */
export function senderOf(
  frame: Uint8Array,
): { readonly address: IpAddress; readonly station: string } | undefined {
  if (frame.length < ETHERNET_OCTETS + ARP_OCTETS) return undefined;
  const isArp = frame[12] === ETHERTYPE_ARP >>> 8 && frame[13] === (ETHERTYPE_ARP & 255);
  // Ethernet and IPv4, in this order: hardware and protocol type, and the length of each.
  const kind = [0, 1, 8, 0, MAC_OCTETS, 4].every(
    (octet, i) => frame[ETHERNET_OCTETS + i] === octet,
  );
  if (!isArp || !kind) return undefined;
  const at = ETHERNET_OCTETS + 8;
  const address = ipFromOctets(frame.slice(at + MAC_OCTETS, at + MAC_OCTETS + 4));
  return { address, station: macText(frame.subarray(at, at + MAC_OCTETS)) };
}

/** An ARP Probe to all of the link. */
export function probe(own: Uint8Array, address: IpAddress): Uint8Array {
  const frame = new Uint8Array(ETHERNET_OCTETS + ARP_OCTETS);
  frame.fill(255, 0, MAC_OCTETS);
  frame.set(own, MAC_OCTETS);
  frame.set([ETHERTYPE_ARP >>> 8, ETHERTYPE_ARP & 255], 12);
  frame.set([0, 1, 8, 0, MAC_OCTETS, 4, 0, 1], ETHERNET_OCTETS); // Ethernet, IPv4, request
  frame.set(own, ETHERNET_OCTETS + 8);
  frame.set(ipToOctets(address), ETHERNET_OCTETS + 24);
  return frame;
}

function linkAddress(interfaceIndex: number): Uint8Array {
  const octets = new Uint8Array(SOCKADDR_LL_OCTETS);
  writeU16(octets, 0, AF_PACKET);
  writeU16(octets, 2, networkOrder(ETHERTYPE_ARP));
  writeU32(octets, 4, interfaceIndex);
  return octets;
}

/** As `htons` has it on the little-endian machines that the shim runs on. */
function networkOrder(value: number): number {
  return ((value & 255) << 8) | (value >>> 8);
}

function macText(octets: Uint8Array): string {
  return [...octets].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}
