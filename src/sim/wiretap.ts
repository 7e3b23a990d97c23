/**
 * Listens in on what a node says: every message is decoded by the wire's own codec, and each peer's view of the node
 * is kept as a table. What the speaker thinks that it said is not asked.
 */

import type { IpAddress } from '../net/ip-address.ts';
import type { ConnectionId } from '../speaker/inputs.ts';
import { Framer } from '../wire/framer.ts';
import { MessageType } from '../wire/iana.ts';
import { HeardRoutes } from './messages.ts';

/** One connection, from this node's first octet on it. */
export class Overheard {
  readonly remote: IpAddress;
  readonly heard: HeardRoutes;
  /** RFC 4271 §6: after a NOTIFICATION the connection is closed; nothing may follow. */
  saidGoodbye = false;
  readonly #framer = new Framer();

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
        else if (type === MessageType.Notification) this.saidGoodbye = true;
        return true;
      });
    } catch (error) {
      return `a message that is not well-formed: ${error instanceof Error ? error.message : error}`;
    }
    return undefined;
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
    let overheard = this.connections.get(connection);
    if (overheard === undefined) {
      overheard = new Overheard(remote, this.#peerType(remote));
      this.connections.set(connection, overheard);
    }
    const fault = overheard.hear(octets);
    if (fault !== undefined) this.#violation(`to ${remote} on connection ${connection}: ${fault}`);
  }

  onEnded(connection: ConnectionId): void {
    this.connections.delete(connection);
  }

  forgetAll(): void {
    this.connections.clear();
  }
}
