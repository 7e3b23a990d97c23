/**
 * One end of a simulated TCP connection: octets arrive in order, after the latency, in chunks of any size; a buffer
 * that is full stops the writer; FIN comes behind the data, RST takes its place.
 *
 * Invariant: what an end is given to read is exactly a prefix of what the other end wrote.
 */

import type { SystemError } from '../base/errors.ts';
import type { Millis } from '../base/units.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { Endpoint } from '../speaker/inputs.ts';
import type { Due, SimClock } from './clock.ts';

/** A machine on the network. */
export interface SimHost {
  readonly name: string;
  readonly addresses: readonly IpAddress[];
  /** Its turn among the hosts of one tick (`SimClock`). */
  readonly lane: number;
  /** False: no packet is answered. */
  up: boolean;
  /** Octets that its programs read of a connection at once, and how often; undefined = as fast as they come. */
  pace?: Pace | undefined;
}

export interface Pace {
  readonly octets: number;
  readonly everyMs: Millis;
}

/** Of `Wire.bufferOctets`: Linux's defaults. */
export const SOCKET_BUFFER_OCTETS = 262_144;

/** What is written at one instant is one segment up to so many octets: some full segments of Ethernet. */
const SEGMENT_OCTETS_MAX = 8192;

export interface SocketEvents {
  /** Owned by the reader from now on. */
  onOctets(octets: Uint8Array): void;
  onWritable(): void;
  /** `error` absent: the other end closed in order. Nothing follows. */
  onClosed(error?: SystemError): void;
}

/** What a node's program knows of a socket, whatever network it belongs to. */
export interface TcpSocket {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Octets that the kernels have not taken: they wait in the program. */
  readonly unsentOctets: number;
  /** Reading begins. */
  open(events: SocketEvents): void;
  /** A copy is taken. @returns false when the writer is to wait for `onWritable`. */
  write(octets: Uint8Array): boolean;
  /** What was written arrives, then FIN. This end hears nothing more. */
  close(): void;
  /** What has not arrived is lost; the other end learns ECONNRESET. */
  reset(): void;
  /** As by a power cut: not a word. */
  vanish(): void;
}

/** What a socket needs of its network. */
export interface Wire {
  readonly clock: SimClock;
  /** What both kernels hold of one direction before the writer is to wait. */
  readonly bufferOctets: number;
  latency(): Millis;
  /** Fresh octets for a segment. */
  room(length: number): Uint8Array;
  /** Octets of the next chunk that is read, 1 to `length`. */
  chunk(length: number): number;
  /** Packets pass between these two at present. */
  reaches(from: SimHost, to: SimHost): boolean;
  /** The socket is over for both its kernels. */
  onVanished(socket: SimSocket): void;
}

/** Where an end is. */
export interface Place {
  readonly host: SimHost;
  readonly endpoint: Endpoint;
}

const NO_SEGMENTS: Segment[] = [];

interface Segment {
  octets: Uint8Array;
  taken: number;
  readonly written: Millis;
  readonly arrives: Millis;
}

export class SimSocket implements Due, TcpSocket {
  /** It is due once for each time that it pumps, whatever becomes of it meanwhile. */
  readonly stands = true;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly host: SimHost;
  readonly #wire: Wire;
  #peer: SimSocket | undefined;
  #events: SocketEvents | undefined;
  /** Not yet read by the other end. Shared while empty: most sockets of a large cluster are. */
  #queue = NO_SEGMENTS;
  #queued = 0;
  #lastArrival: Millis = 0;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #finArrives: Millis | undefined;
  #writerWaits = false;
  #pumping = false;
  #reading = true;
  /** Octets a reader takes at once, and how often; undefined = as fast as they come. */
  #pace: Pace | undefined;
  #readAgain: Millis = 0;
  octetsWritten = 0;
  octetsRead = 0;

  constructor(wire: Wire, local: Place, remote: Place) {
    this.#wire = wire;
    this.local = local.endpoint;
    this.remote = remote.endpoint;
    this.host = local.host;
  }

  static pair(wire: Wire, client: Place, server: Place): { client: SimSocket; server: SimSocket } {
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
    return Math.max(0, this.#queued - this.#wire.bufferOctets);
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
    this.#send(octets);
    this.pump();
    if (this.unsentOctets === 0) return true;
    this.#writerWaits = true;
    return false;
  }

  /** What is written at one instant leaves in one segment, as TCP sees to where it can. */
  #send(octets: Uint8Array): void {
    const { now } = this.#wire.clock;
    const last = this.#queue.at(-1);
    const length = (last?.octets.length ?? 0) + octets.length;
    if (last?.written === now && last.taken === 0 && length <= SEGMENT_OCTETS_MAX) {
      const both = this.#wire.room(length);
      both.set(last.octets);
      both.set(octets, last.octets.length);
      last.octets = both;
      return;
    }
    if (this.#queue === NO_SEGMENTS) this.#queue = [];
    const copy = this.#wire.room(octets.length);
    copy.set(octets);
    this.#queue.push({ octets: copy, taken: 0, written: now, arrives: this.#arrival() });
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
    if (this.#state !== 'closed') this.#wire.onVanished(this);
    this.#state = 'closed';
    this.#events = undefined;
    this.#finArrives = undefined;
    this.#queue = NO_SEGMENTS;
    this.#queued = 0;
  }

  /** A reader that stops reading lets the buffers fill. */
  set reading(reading: boolean) {
    this.#reading = reading;
    this.#peer?.pump();
  }

  set pace(pace: Pace | undefined) {
    this.#pace = pace;
    this.#peer?.pump();
  }

  /** A middlebox sends RST both ways. */
  breakBothEnds(): void {
    const peer = this.#peer;
    this.#broken('ECONNRESET');
    if (peer !== undefined) peer.#broken('ECONNRESET');
  }

  /** Goes on delivering, when it can; also after a partition has healed. */
  pump(): void {
    const peer = this.#peer;
    if (this.#pumping || peer === undefined) return;
    const head = this.#queue[0]?.arrives ?? this.#finArrives;
    if (head === undefined || this.#isBlocked(peer)) return;
    if (peer.#state === 'open' && (peer.#events === undefined || !peer.#reading)) return;
    this.#pumping = true;
    this.#wire.clock.post(Math.max(head, peer.#readAgain), this, peer.host.lane);
  }

  /** What `pump` has seen coming arrives. */
  due(): void {
    this.#pumping = false;
    this.#deliver(this.#peer!);
  }

  #isBlocked(peer: SimSocket): boolean {
    return !this.#wire.reaches(this.host, peer.host);
  }

  #deliver(peer: SimSocket): void {
    if (this.#isBlocked(peer)) return;
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
    const pace = peer.#pace ?? peer.host.pace;
    const most = Math.min(left, pace?.octets ?? left);
    const count = this.#wire.chunk(most);
    // Written once and read once: a view will do.
    const isWhole = count === segment.octets.length;
    const chunk = isWhole
      ? segment.octets
      : segment.octets.subarray(segment.taken, segment.taken + count);
    segment.taken += count;
    this.#queued -= count;
    if (segment.taken === segment.octets.length) {
      this.#queue.shift();
      if (this.#queue.length === 0) this.#queue = NO_SEGMENTS;
    }
    if (pace !== undefined) peer.#readAgain = clock.now + pace.everyMs;
    peer.octetsRead += count;
    peer.#events?.onOctets(chunk);
    if (this.#writerWaits && this.unsentOctets === 0) {
      this.#writerWaits = false;
      this.#events?.onWritable();
    }
  }

  #discard(): void {
    this.#queue = NO_SEGMENTS;
    this.#queued = 0;
    if (this.#state === 'closing') this.vanish();
  }

  #tellReset(): void {
    const peer = this.#peer;
    if (peer === undefined || this.#isBlocked(peer)) return;
    const tell = (): void => {
      if (!this.#isBlocked(peer)) peer.#broken('ECONNRESET');
    };
    this.#wire.clock.after(this.#wire.latency(), tell, peer.host.lane);
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
