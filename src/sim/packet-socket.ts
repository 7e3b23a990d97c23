/**
 * One end of a connection of a cluster in parts: it knows the other end by numbers only, and hears of it by packets.
 *
 * Every end that goes without having heard of the other end's going tells it (FIN or RST), so that what arrives for an
 * end that is gone needs no answer.
 */

import { assert } from '../base/assert.ts';
import type { Prng } from '../base/prng.ts';
import type { Millis } from '../base/units.ts';
import type { Endpoint } from '../speaker/inputs.ts';
import type { Acceptor, CallEvents } from './network.ts';
import { type Packet, PacketKind } from './packets.ts';
import type { SimHost, SocketEvents, TcpSocket } from './socket.ts';

const EPHEMERAL_PORT_FIRST = 32_768;
const EPHEMERAL_PORTS = 28_232;
/** What is written at one instant is one segment up to so many octets: some full segments of Ethernet. */
const SEGMENT_OCTETS_MAX = 8192;

/** What a socket needs of its network. */
export interface PacketSender {
  /** `octets` are copied. */
  send(socket: PacketSocket, kind: PacketKind, octets?: Uint8Array): void;
}

/** The machine that it is on. */
export interface SocketStation {
  readonly host: SimHost;
  readonly number: number;
  readonly prng: Prng;
  readonly sockets: (PacketSocket | undefined)[];
}

export interface PacketSocketOptions {
  /** The machine at the other end, by number. */
  readonly peer: number;
  /** A socket of it; a port until it has answered a call. */
  readonly peerSocket: number;
  readonly remote: Endpoint;
  readonly localPort?: number;
  /** It calls. */
  readonly calls?: CallEvents;
  /** It is called: whom a caller who has heard of it is given to; undefined when nobody listens any more. */
  readonly accepts?: () => Acceptor | undefined;
}

export class PacketSocket implements TcpSocket {
  readonly station: SocketStation;
  readonly id: number;
  readonly peer: number;
  peerSocket: number;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** What is sent later does not arrive earlier. */
  lastArrival: Millis = 0;
  /** The kernels take everything. */
  readonly unsentOctets = 0;
  readonly #sender: PacketSender;
  #calls: CallEvents | undefined;
  #accepts: (() => Acceptor | undefined) | undefined;
  #events: SocketEvents | undefined;

  constructor(sender: PacketSender, station: SocketStation, options: PacketSocketOptions) {
    this.#sender = sender;
    this.station = station;
    this.id = station.sockets.length;
    station.sockets.push(this);
    this.peer = options.peer;
    this.peerSocket = options.peerSocket;
    const port = options.localPort ?? PacketSocket.portOf(this.id);
    this.local = { address: station.host.addresses[0]!, port };
    this.remote = options.remote;
    this.#calls = options.calls;
    this.#accepts = options.accepts;
  }

  /** The port of the caller's socket `id`. */
  static portOf(id: number): number {
    return EPHEMERAL_PORT_FIRST + (id % EPHEMERAL_PORTS);
  }

  open(events: SocketEvents): void {
    this.#events = events;
  }

  write(octets: Uint8Array): boolean {
    if (this.#isGone) return true;
    for (let at = 0; at < octets.length; at += SEGMENT_OCTETS_MAX) {
      const segment =
        octets.length <= SEGMENT_OCTETS_MAX ? octets : octets.subarray(at, at + SEGMENT_OCTETS_MAX);
      this.#sender.send(this, PacketKind.Data, segment);
    }
    return true;
  }

  close(): void {
    this.#leave(PacketKind.Fin);
  }

  reset(): void {
    this.#leave(PacketKind.Rst);
  }

  vanish(): void {
    this.forget();
  }

  /** Nothing reaches it any more, and the other end is not told. */
  forget(): void {
    this.station.sockets[this.id] = undefined;
    this.#events = undefined;
    this.#calls = undefined;
  }

  receive(packet: Packet): void {
    switch (packet.kind) {
      case PacketKind.SynAck:
        return this.#connected(packet.fromSocket);
      case PacketKind.Ack:
        return this.#called();
      case PacketKind.Data:
        assert(this.#events !== undefined, 'octets come after the connection');
        return this.#events.onOctets(packet.octets);
      case PacketKind.Fin:
        return this.#ended(undefined);
      case PacketKind.Rst:
        return this.#ended('ECONNRESET');
    }
  }

  get #isGone(): boolean {
    return this.station.sockets[this.id] !== this;
  }

  #connected(peerSocket: number): void {
    const calls = this.#calls;
    assert(calls !== undefined, 'an answer comes to a call');
    this.#calls = undefined;
    this.peerSocket = peerSocket;
    this.#sender.send(this, PacketKind.Ack);
    calls.onConnected(this);
  }

  #called(): void {
    const acceptor = this.#accepts?.();
    this.#accepts = undefined;
    // Connections in the backlog of a listener that closes are reset.
    if (acceptor === undefined) this.reset();
    else acceptor.onAccept(this);
  }

  #leave(kind: PacketKind): void {
    if (this.#isGone) return;
    this.forget();
    this.#sender.send(this, kind);
  }

  #ended(errno: string | undefined): void {
    const events = this.#events;
    const calls = this.#calls;
    this.forget();
    calls?.onFailed({ kind: 'SystemError', call: 'connect', errno: 'ECONNREFUSED' });
    events?.onClosed(
      errno === undefined ? undefined : { kind: 'SystemError', call: 'read', errno },
    );
  }
}
