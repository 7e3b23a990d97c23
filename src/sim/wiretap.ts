/**
 * Listens in on what a node says: every message is decoded by the wire's own codec, and each peer's view of the node
 * is kept as a table. What the speaker thinks that it said is not asked.
 */

import type { IpAddress } from '../net/ip-address.ts';
import type { ConnectionId } from '../speaker/inputs.ts';
import type { AddPathMode, Capability } from '../wire/capabilities/capability.ts';
import { Framer } from '../wire/framer.ts';
import { MessageType } from '../wire/iana.ts';
import { decodeOpen } from '../wire/open.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { HeardRoutes } from './messages.ts';

/** One connection, from this node's first octet on it. */
export class Overheard {
  readonly remote: IpAddress;
  readonly heard: HeardRoutes;
  /** RFC 4271 §6: after a NOTIFICATION the connection is closed; nothing may follow. */
  saidGoodbye = false;
  readonly #framer = new Framer();
  /** What the node's OPEN offers, and the octets of the peer's as far as they came. */
  #sends: readonly string[] = [];
  #takes: readonly string[] = [];
  #answer: Uint8Array | undefined = new Uint8Array(0);

  constructor(remote: IpAddress, peerType: 'ibgp' | 'ebgp') {
    this.remote = remote;
    this.heard = new HeardRoutes({ as4: true, peerType });
  }

  /** @returns what is against the protocol; undefined when nothing is. */
  hear(octets: Uint8Array): string | undefined {
    if (this.saidGoodbye) return `${octets.length} octets after a NOTIFICATION`;
    try {
      this.#framer.feed(octets, (type, message) => {
        if (type === MessageType.Update) this.heard.hear(message);
        else if (type === MessageType.Open)
          this.#agree(addPathFamilies(message, 'send'), this.#takes);
        else if (type === MessageType.Notification) this.saidGoodbye = true;
        return true;
      });
    } catch (error) {
      return `a message that is not well-formed: ${error instanceof Error ? error.message : error}`;
    }
    return undefined;
  }

  /** What comes back: only the peer's OPEN says in which form NLRI are sent to it (RFC 7911 §4). */
  answered(octets: Uint8Array): void {
    if (this.#answer === undefined) return;
    const answer = new Uint8Array(this.#answer.length + octets.length);
    answer.set(this.#answer);
    answer.set(octets, this.#answer.length);
    this.#answer = answer;
    if (answer.length < 19) return;
    const length = (answer[16]! << 8) | answer[17]!;
    if (answer.length < length) return;
    this.#answer = undefined;
    if (answer[18] !== MessageType.Open) return;
    this.#agree(this.#sends, addPathFamilies(answer.subarray(0, length), 'receive'));
  }

  #agree(sends: readonly string[], takes: readonly string[]): void {
    this.#sends = sends;
    this.#takes = takes;
    const isBoth = (family: string): boolean => takes.includes(family) && sends.includes(family);
    this.heard.carryPaths({ 'ipv4-unicast': isBoth('1 1'), 'ipv6-unicast': isBoth('2 1') });
  }
}

/** Families for which an OPEN names this direction, as `AFI SAFI`. */
function addPathFamilies(open: Uint8Array, direction: AddPathMode): string[] {
  const families: string[] = [];
  for (const capability of capabilitiesOf(open)) {
    if (capability.kind !== 'addPath') continue;
    for (const { afi, safi, mode } of capability.families) {
      if (mode === 'both' || mode === direction) families.push(`${afi} ${safi}`);
    }
  }
  return families;
}

function capabilitiesOf(open: Uint8Array): readonly Capability[] {
  try {
    return decodeOpen(open).capabilities;
  } catch (error) {
    // An OPEN that will be refused agrees on nothing.
    if (error instanceof ProtocolError) return [];
    throw error;
  }
}

export class Wiretap {
  readonly connections = new Map<ConnectionId, Overheard>();
  readonly #peerType: (remote: IpAddress) => 'ibgp' | 'ebgp';
  readonly #violation: (text: string) => void;

  constructor(options: {
    readonly peerType: (remote: IpAddress) => 'ibgp' | 'ebgp';
    readonly violation: (text: string) => void;
  }) {
    this.#peerType = options.peerType;
    this.#violation = options.violation;
  }

  onSent(connection: ConnectionId, remote: IpAddress, octets: Uint8Array): void {
    const fault = this.#on(connection, remote).hear(octets);
    if (fault !== undefined) this.#violation(`to ${remote} on connection ${connection}: ${fault}`);
  }

  onReceived(connection: ConnectionId, remote: IpAddress, octets: Uint8Array): void {
    this.#on(connection, remote).answered(octets);
  }

  #on(connection: ConnectionId, remote: IpAddress): Overheard {
    const known = this.connections.get(connection);
    if (known !== undefined) return known;
    const overheard = new Overheard(remote, this.#peerType(remote));
    this.connections.set(connection, overheard);
    return overheard;
  }

  onEnded(connection: ConnectionId): void {
    this.connections.delete(connection);
  }

  forgetAll(): void {
    this.connections.clear();
  }
}
