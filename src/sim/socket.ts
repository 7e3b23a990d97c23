/**
 * One end of a simulated TCP connection: octets arrive in order, after the latency, in chunks of any size; a buffer
 * that is full stops the writer; FIN comes behind the data, RST takes its place.
 *
 * Invariant: what an end is given to read is exactly a prefix of what the other end wrote.
 */

import type { SystemError } from '../base/errors.ts';
import type { Millis } from '../base/units.ts';
import type { Endpoint } from '../speaker/inputs.ts';
import type { SimClock } from './clock.ts';

/** What both kernels hold of one direction before `write` asks the writer to wait, in octets: Linux's defaults. */
export const SOCKET_BUFFER_OCTETS = 262_144;

export interface SocketEvents {
  /** Owned by the reader from now on. */
  onOctets(octets: Uint8Array): void;
  onWritable(): void;
  /** `error` absent: the other end closed in order. Nothing follows. */
  onClosed(error?: SystemError): void;
}

/** What a socket needs of its network. */
export interface Wire {
  readonly clock: SimClock;
  latency(): Millis;
  /** Octets of the next chunk that is read, 1 to `length`. */
  chunk(length: number): number;
  /** Nothing passes between these two at present. */
  blocked(from: SimSocket, to: SimSocket): boolean;
}

interface Segment {
  readonly octets: Uint8Array;
  taken: number;
  readonly arrives: Millis;
}

export class SimSocket {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #wire: Wire;
  #peer: SimSocket | undefined;
  #events: SocketEvents | undefined;
  #queue: Segment[] = [];
  #queued = 0;
  #lastArrival: Millis = 0;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #finArrives: Millis | undefined;
  #writerWaits = false;
  #pumping = false;
  #reading = true;
  /** Octets a reader takes at once, and how often; undefined = as fast as they come. */
  #pace: { readonly octets: number; readonly everyMs: Millis } | undefined;
  #readAgain: Millis = 0;
  octetsWritten = 0;
  octetsRead = 0;

  constructor(wire: Wire, local: Endpoint, remote: Endpoint) {
    this.#wire = wire;
    this.local = local;
    this.remote = remote;
  }

  static pair(
    wire: Wire,
    client: Endpoint,
    server: Endpoint,
  ): { client: SimSocket; server: SimSocket } {
    const a = new SimSocket(wire, client, server);
    const b = new SimSocket(wire, server, client);
    a.#peer = b;
    b.#peer = a;
    return { client: a, server: b };
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Octets that the kernels have not taken: they wait in the program. */
  get unsentOctets(): number {
    return Math.max(0, this.#queued - SOCKET_BUFFER_OCTETS);
  }

  /** Written and not yet read by the other end. */
  get queuedOctets(): number {
    return this.#queued;
  }

  /** Reading begins. */
  open(events: SocketEvents): void {
    this.#events = events;
    this.#peer?.pump();
  }

  /** A copy is taken. @returns false when the writer is to wait for `onWritable`. */
  write(octets: Uint8Array): boolean {
    if (this.#state !== 'open' || octets.length === 0) return this.unsentOctets === 0;
    this.octetsWritten += octets.length;
    this.#queued += octets.length;
    this.#queue.push({ octets: octets.slice(), taken: 0, arrives: this.#arrival() });
    this.pump();
    if (this.unsentOctets === 0) return true;
    this.#writerWaits = true;
    return false;
  }

  /** What was written arrives, then FIN. This end hears nothing more. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#events = undefined;
    this.#finArrives = this.#arrival();
    this.pump();
  }

  /** What has not arrived is lost; the other end learns ECONNRESET. */
  reset(): void {
    if (this.#state === 'closed') return;
    this.vanish();
    this.#tellReset();
  }

  /** As by a power cut: not a word. */
  vanish(): void {
    this.#state = 'closed';
    this.#events = undefined;
    this.#finArrives = undefined;
    this.#queue = [];
    this.#queued = 0;
  }

  /** A reader that stops reading lets the buffers fill. */
  set reading(reading: boolean) {
    this.#reading = reading;
    this.#peer?.pump();
  }

  set pace(pace: { readonly octets: number; readonly everyMs: Millis } | undefined) {
    this.#pace = pace;
    this.#peer?.pump();
  }

  /** Goes on delivering, when it can; also after a partition has healed. */
  pump(): void {
    const peer = this.#peer;
    if (this.#pumping || peer === undefined) return;
    const head = this.#queue[0]?.arrives ?? this.#finArrives;
    if (head === undefined || this.#wire.blocked(this, peer)) return;
    if (peer.#state === 'open' && (peer.#events === undefined || !peer.#reading)) return;
    this.#pumping = true;
    this.#wire.clock.at(Math.max(head, peer.#readAgain), () => {
      this.#pumping = false;
      this.#deliver(peer);
    });
  }

  #deliver(peer: SimSocket): void {
    if (this.#wire.blocked(this, peer)) return;
    const segment = this.#queue[0];
    if (peer.#state !== 'open') {
      // Nobody is there to read. Behind a FIN of the other end that is still under way the answer does not matter;
      // otherwise its kernel answers RST.
      if (peer.#state === 'closed' && this.#state === 'open') this.#broken('ECONNRESET');
      else this.#discard();
      return;
    }
    if (peer.#events === undefined || !peer.#reading) return;
    if (segment !== undefined) this.#hand(segment, peer);
    else if (this.#finArrives !== undefined && this.#finArrives <= this.#wire.clock.now) {
      this.vanish();
      peer.#end(undefined);
      return;
    }
    this.pump();
  }

  #hand(segment: Segment, peer: SimSocket): void {
    const { clock } = this.#wire;
    if (segment.arrives > clock.now) return;
    const left = segment.octets.length - segment.taken;
    const most = Math.min(left, peer.#pace?.octets ?? left);
    const count = this.#wire.chunk(most);
    const chunk = segment.octets.slice(segment.taken, segment.taken + count);
    segment.taken += count;
    this.#queued -= count;
    if (segment.taken === segment.octets.length) this.#queue.shift();
    if (peer.#pace !== undefined) peer.#readAgain = clock.now + peer.#pace.everyMs;
    peer.octetsRead += count;
    peer.#events?.onOctets(chunk);
    if (this.#writerWaits && this.unsentOctets === 0) {
      this.#writerWaits = false;
      this.#events?.onWritable();
    }
  }

  #discard(): void {
    this.#queue = [];
    this.#queued = 0;
    if (this.#state === 'closing') this.vanish();
  }

  #tellReset(): void {
    const peer = this.#peer;
    if (peer === undefined || this.#wire.blocked(this, peer)) return;
    this.#wire.clock.after(this.#wire.latency(), () => {
      if (!this.#wire.blocked(this, peer)) peer.#broken('ECONNRESET');
    });
  }

  #broken(errno: string): void {
    if (this.#state !== 'open') {
      this.vanish();
      return;
    }
    this.#endWith({ kind: 'SystemError', call: 'read', errno });
  }

  /** The connection is over for this end, too. */
  #end(error: SystemError | undefined): void {
    if (this.#state === 'open') this.#endWith(error);
  }

  #endWith(error: SystemError | undefined): void {
    const events = this.#events;
    this.vanish();
    events?.onClosed(error);
  }

  #arrival(): Millis {
    this.#lastArrival = Math.max(this.#lastArrival, this.#wire.clock.now + this.#wire.latency());
    return this.#lastArrival;
  }
}
