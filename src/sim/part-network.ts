/**
 * The network of a cluster in parts: machines that may be in different threads send each other packets, and nothing that is
 * sent in a tick arrives in it. So the machines of a tick are independent, and a part needs to hear from the others
 * once a tick (docs/decisions/0031-large-clusters-in-threads.md).
 *
 * Simpler than `SimNetwork`: machines never vanish and are never cut off, sockets take all that is written, there are no
 * passwords. Each machine has a generator of its own, so that what it draws does not depend on the others.
 */

import { assert } from '../base/assert.ts';
import { ByteWriter } from '../base/byte-writer.ts';
import { hashOctets } from '../base/hash.ts';
import { Prng } from '../base/prng.ts';
import type { Millis } from '../base/units.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { Due, SimClock } from './clock.ts';
import type { Acceptor, Call, CallEvents, ListenerPlace, Target, TcpNetwork } from './network.ts';
import { type PacketSender, PacketSocket } from './packet-socket.ts';
import {
  Arrivals,
  lengthenPacket,
  MACHINES_MAX,
  type Packet,
  PacketKind,
  writePacket,
} from './packets.ts';
import type { SimHost } from './socket.ts';

/** The clock's tick: an arrival is a whole number of them. */
export const TICK_MS: Millis = 1;
/** A packet is under way for 1 to so many ticks. */
const LATENCY_TICKS_MAX = 4;
const SLOTS = LATENCY_TICKS_MAX + 1;
/** ARP gives up. */
const NO_HOST_MS: Millis = 3000;

export interface PartPlace {
  readonly part: number;
  readonly parts: number;
}

export interface PartNetworkOptions extends PartPlace {
  readonly seed: number;
  /** Of all machines of the cluster, by number; machine m is in part m mod `parts`. */
  readonly addresses: readonly IpAddress[];
}

export class PartNetwork implements TcpNetwork, PacketSender {
  readonly clock: SimClock;
  readonly #options: PartNetworkOptions;
  readonly #numbers = new Map<IpAddress, number>();
  /** By lane. */
  readonly #stations: Station[] = [];
  /** By arrival mod `SLOTS`, then by part. */
  readonly #slots: ByteWriter[][];
  readonly #arrivals: Arrivals;
  /** The packet that was written last, if more of the same socket may go into it. */
  readonly #last: {
    socket: PacketSocket | undefined;
    batch: ByteWriter | undefined;
    at: number;
    end: number;
    now: Millis;
  };

  constructor(clock: SimClock, options: PartNetworkOptions) {
    const machines = options.addresses.length;
    if (machines > MACHINES_MAX) {
      throw new RangeError(`${machines} nodes: a cluster in parts has at most ${MACHINES_MAX}`);
    }
    this.clock = clock;
    this.#options = options;
    this.#arrivals = new Arrivals(options.parts);
    this.#last = { socket: undefined, batch: undefined, at: 0, end: 0, now: 0 };
    this.#slots = Array.from({ length: SLOTS }, () =>
      Array.from({ length: options.parts }, () => new ByteWriter(65_536)),
    );
    for (const [number, address] of options.addresses.entries()) this.#numbers.set(address, number);
  }

  /** Machines of this part come in the order of their numbers. */
  addHost(name: string, addresses: readonly IpAddress[]): SimHost {
    const { part, parts, seed } = this.#options;
    const lane = this.#stations.length;
    const number = lane * parts + part;
    assert(this.#numbers.get(addresses[0]!) === number, 'machines come in order');
    const host: SimHost = { name, addresses, up: true, lane };
    this.#stations.push(new Station(host, number, new Prng(seed + number * 40_503)));
    return host;
  }

  numberOf(address: IpAddress): number | undefined {
    return this.#numbers.get(address);
  }

  /** Of all that has arrived at the machine in `lane`, and when. */
  digestOf(lane: number): number {
    return this.#stations[lane]!.digest;
  }

  listen(host: SimHost, where: ListenerPlace): boolean {
    const { listeners } = this.#stations[host.lane]!;
    if (listeners.has(where.port)) return false;
    listeners.set(where.port, where.acceptor);
    return true;
  }

  unlisten(acceptor: Acceptor): void {
    for (const { listeners } of this.#stations) {
      for (const [port, other] of listeners) if (other === acceptor) listeners.delete(port);
    }
  }

  dial(from: SimHost, target: Target, events: CallEvents): Call {
    assert(target.password === undefined, 'a cluster in parts has no passwords');
    const { address, port } = target.remote;
    const to = this.#numbers.get(address);
    if (to === undefined) return this.#failLater(from, events);
    const station = this.#stations[from.lane]!;
    const socket = new PacketSocket(this, station, {
      peer: to,
      peerSocket: port,
      remote: target.remote,
      calls: events,
    });
    this.send(socket, PacketKind.Syn);
    return { cancel: () => socket.forget() };
  }

  /** Batches that arrive in the tick after this one, one for each part: views, until `forgetArrived` of that tick. */
  takeBatches(): Uint8Array[] {
    const slot = this.#slotOf(this.clock.now + TICK_MS);
    return slot.map((batch) => batch.view());
  }

  /** What arrived in this tick has been read by whoever it was for. */
  forgetArrived(): void {
    for (const batch of this.#slotOf(this.clock.now)) batch.reset();
  }

  /** The earliest arrival of what is under way from here; undefined when nothing is. */
  nextArrival(): Millis | undefined {
    for (let ticks = 1; ticks <= LATENCY_TICKS_MAX; ticks++) {
      const at = this.clock.now + ticks * TICK_MS;
      if (this.#slotOf(at).some(({ length }) => length > 0)) return at;
    }
    return undefined;
  }

  /** Hands out in the next tick what comes from the parts then: each machine in its turn. */
  deliver(batches: readonly Uint8Array[]): void {
    const arrivals = this.#arrivals;
    const { parts } = this.#options;
    arrivals.sort(batches);
    const at = this.clock.now + TICK_MS;
    for (let from = 0; from < arrivals.count; ) {
      const machine = arrivals.machineAt(from);
      let to = from + 1;
      while (to < arrivals.count && arrivals.machineAt(to) === machine) to++;
      const lane = (machine - this.#options.part) / parts;
      this.clock.post(at, new Turn(this, { lane, from, to }), lane);
      from = to;
    }
  }

  /** What has arrived at one machine. */
  handOut({ lane, from, to }: Span): void {
    const station = this.#stations[lane]!;
    for (let place = from; place < to; place++) {
      const packet = this.#arrivals.packetAt(place);
      station.note(packet, this.clock.now);
      this.#receive(station, packet);
    }
  }

  // ---- For its sockets

  send(socket: PacketSocket, kind: PacketKind, octets = NO_OCTETS): void {
    const { now } = this.clock;
    const last = this.#last;
    if (kind === PacketKind.Data && last.socket === socket && last.now === now) {
      const { batch, at, end } = last;
      // What is written at one instant leaves in one segment, as TCP sees to where it can.
      if (batch!.length === end && lengthenPacket(batch!, at, octets)) {
        last.end = batch!.length;
        return;
      }
    }
    const { station } = socket;
    const drawn = now + (1 + station.prng.below(LATENCY_TICKS_MAX)) * TICK_MS;
    const arrives = Math.max(drawn, socket.lastArrival);
    socket.lastArrival = arrives;
    const batch = this.#slotOf(arrives)[socket.peer % this.#options.parts]!;
    const head = {
      to: socket.peer,
      from: station.number,
      toSocket: socket.peerSocket,
      fromSocket: socket.id,
      kind,
      ahead: (arrives - now) / TICK_MS,
    };
    last.at = writePacket(batch, head, octets);
    if (kind === PacketKind.Data) last.socket = socket;
    else last.socket = undefined;
    last.batch = batch;
    last.end = batch.length;
    last.now = now;
  }

  #receive(station: Station, packet: Packet): void {
    if (packet.kind === PacketKind.Syn) {
      this.#answerCall(station, packet);
      return;
    }
    const socket = station.sockets[packet.toSocket];
    if (socket !== undefined) socket.receive(packet);
    // A call that was given up; in all other cases the other end has been told already.
    else if (packet.kind === PacketKind.SynAck) this.#refuse(station, packet);
  }

  #answerCall(station: Station, packet: Packet): void {
    const port = packet.toSocket;
    const acceptor = station.listeners.get(port);
    if (acceptor === undefined) {
      this.#refuse(station, packet);
      return;
    }
    const remote = {
      address: this.#options.addresses[packet.from]!,
      port: PacketSocket.portOf(packet.fromSocket),
    };
    const socket = new PacketSocket(this, station, {
      peer: packet.from,
      peerSocket: packet.fromSocket,
      remote,
      localPort: port,
      accepts: () => (station.listeners.get(port) === acceptor ? acceptor : undefined),
    });
    this.send(socket, PacketKind.SynAck);
  }

  #refuse(station: Station, { from, fromSocket }: Packet): void {
    const remote = { address: this.#options.addresses[from]!, port: 0 };
    new PacketSocket(this, station, { peer: from, peerSocket: fromSocket, remote }).reset();
  }

  #failLater(from: SimHost, events: CallEvents): Call {
    let isOver = false;
    const fail = (): void => {
      if (!isOver) events.onFailed({ kind: 'SystemError', call: 'connect', errno: 'EHOSTUNREACH' });
    };
    this.clock.after(NO_HOST_MS, fail, from.lane);
    return {
      cancel: () => {
        isOver = true;
      },
    };
  }

  #slotOf(arrival: Millis): ByteWriter[] {
    return this.#slots[(arrival / TICK_MS) % SLOTS]!;
  }
}

const NO_OCTETS = new Uint8Array(0);

/** Places of one tick's arrivals: those of the machine in `lane`. */
interface Span {
  readonly lane: number;
  readonly from: number;
  readonly to: number;
}

/** The turn of one machine in a tick to be given what has arrived. */
class Turn implements Due {
  readonly stands = true;
  readonly #network: PartNetwork;
  readonly #span: Span;

  constructor(network: PartNetwork, span: Span) {
    this.#network = network;
    this.#span = span;
  }

  due(): void {
    this.#network.handOut(this.#span);
  }
}

/** A machine as the network sees it. */
class Station {
  readonly host: SimHost;
  readonly number: number;
  readonly prng: Prng;
  readonly listeners = new Map<number, Acceptor>();
  /** By id; ids are never given again, so that what is late reaches nobody. */
  readonly sockets: (PacketSocket | undefined)[] = [];
  digest = 0;

  constructor(host: SimHost, number: number, prng: Prng) {
    this.host = host;
    this.number = number;
    this.prng = prng;
  }

  note({ from, toSocket, kind, octets }: Packet, now: Millis): void {
    const what = hashOctets(octets, { start: 0, end: octets.length }, from * 8 + kind);
    this.digest = Math.imul(this.digest ^ what ^ toSocket, 0x9e37_79b1) + now;
  }
}
