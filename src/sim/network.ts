/**
 * The network between simulated hosts: who listens where, calls that arrive or do not, latency, chunking, partitions.
 *
 * Any two addresses reach each other unless a partition stands between their hosts. All chance is seeded.
 */

import type { SystemError } from '../base/errors.ts';
import { Prng } from '../base/prng.ts';
import type { Millis } from '../base/units.ts';
import { type IpAddress, ipFamily } from '../net/ip-address.ts';
import type { Dial } from '../speaker/effects.ts';
import type { Endpoint } from '../speaker/inputs.ts';
import type { SimClock } from './clock.ts';
import {
  type Pace,
  type SimHost,
  SimSocket,
  SOCKET_BUFFER_OCTETS,
  type TcpSocket,
  type Wire,
} from './socket.ts';

export interface NetworkOptions {
  readonly seed: number;
  /** One way, in milliseconds; each octet string draws anew between the two. */
  readonly latencyMs?: { readonly min: Millis; readonly max: Millis };
  /** `whole`: what was written at once is read at once. `seeded`: any cut, also octet by octet. */
  readonly chunking?: 'whole' | 'seeded';
  /** Octets that the kernels hold of a connection's direction. Default `SOCKET_BUFFER_OCTETS`. */
  readonly bufferOctets?: number;
}

/** SYN is sent again after these many milliseconds, as Linux does (RFC 6298 §2). */
const SYN_RETRIES_MS: readonly Millis[] = [1000, 3000, 7000, 15_000];
/** Then the call has failed. */
const SYN_TIMEOUT_MS: Millis = 30_000;
/** ARP gives up. */
const NO_HOST_MS: Millis = 3000;
const EPHEMERAL_PORT_FIRST = 32_768;
const SLAB_OCTETS = 262_144;

export interface Acceptor {
  onAccept(socket: TcpSocket): void;
  /** The TCP-MD5 key expected from this address, if any. */
  keyOf?(remote: IpAddress): string | undefined;
}

/** What a program listens on. */
export interface ListenerPlace {
  readonly port: number;
  /** Empty: all of the host's. */
  readonly addresses: readonly IpAddress[];
  readonly acceptor: Acceptor;
}

interface Listener extends ListenerPlace {
  readonly host: SimHost;
}

export interface Call {
  cancel(): void;
}

export interface CallEvents {
  onConnected(socket: TcpSocket): void;
  onFailed(error: SystemError): void;
}

/** Whom and from where. */
export type Target = Pick<Dial, 'remote' | 'localAddress' | 'password'>;

/** What a node's programs know of the network. */
export interface TcpNetwork {
  readonly clock: SimClock;
  addHost(name: string, addresses: readonly IpAddress[]): SimHost;
  /** False when the port is taken. */
  listen(host: SimHost, where: ListenerPlace): boolean;
  unlisten(acceptor: Acceptor): void;
  /** Calls `target.remote` from `from`. */
  dial(from: SimHost, target: Target, events: CallEvents): Call;
}

interface Attempt extends Call {
  readonly from: SimHost;
  readonly local: Endpoint;
  readonly dial: Pick<Dial, 'remote' | 'password'>;
  readonly events: CallEvents;
  readonly begun: Millis;
  /** SYNs sent so far. */
  sent: number;
  over: boolean;
}

export class SimNetwork implements TcpNetwork {
  readonly clock: SimClock;
  readonly #prng: Prng;
  readonly #latency: { readonly min: Millis; readonly max: Millis };
  #chunking: 'whole' | 'seeded';
  readonly #hosts = new Map<IpAddress, SimHost>();
  readonly #wire: Wire;
  readonly #cuts = new Set<string>();
  readonly #listeners = new Map<SimHost, Listener[]>();
  readonly #sockets = new Set<SimSocket>();
  #nextPort = EPHEMERAL_PORT_FIRST;
  #nextLane = 0;
  #slab = new Uint8Array(0);
  #slabUsed = 0;

  constructor(clock: SimClock, options: NetworkOptions) {
    this.clock = clock;
    this.#prng = new Prng(options.seed);
    this.#latency = options.latencyMs ?? { min: 0.2, max: 1 };
    this.#chunking = options.chunking ?? 'seeded';
    this.#wire = {
      clock,
      bufferOctets: options.bufferOctets ?? SOCKET_BUFFER_OCTETS,
      room: (length) => this.#room(length),
      latency: () => this.#drawLatency(),
      chunk: (length) => this.#chunk(length),
      reaches: (from, to) => this.reaches(from, to),
      onVanished: (socket) => this.#sockets.delete(socket),
    };
  }

  set chunking(chunking: 'whole' | 'seeded') {
    this.#chunking = chunking;
  }

  addHost(name: string, addresses: readonly IpAddress[]): SimHost {
    const host: SimHost = { name, addresses, up: true, lane: this.#nextLane++ };
    for (const address of addresses) {
      if (this.#hosts.has(address)) throw new TypeError(`Two hosts with ${address}`);
      this.#hosts.set(address, host);
    }
    return host;
  }

  hostWith(address: IpAddress): SimHost | undefined {
    return this.#hosts.get(address);
  }

  /** False when the port is taken. */
  listen(host: SimHost, where: ListenerPlace): boolean {
    const listeners = this.#listeners.get(host) ?? [];
    const taken = listeners.some((other) => {
      if (other.port !== where.port) return false;
      const { addresses } = other;
      if (addresses.length === 0 || where.addresses.length === 0) return true;
      return addresses.some((address) => where.addresses.includes(address));
    });
    if (!taken) this.#listeners.set(host, [...listeners, { host, ...where }]);
    return !taken;
  }

  unlisten(acceptor: Acceptor): void {
    for (const [host, listeners] of this.#listeners) {
      if (!listeners.some((listener) => listener.acceptor === acceptor)) continue;
      const others = listeners.filter((listener) => listener.acceptor !== acceptor);
      this.#listeners.set(host, others);
    }
  }

  /** Calls `dial.remote` from `from`. */
  dial(from: SimHost, dial: Target, events: CallEvents): Call {
    const wanted = ipFamily(dial.remote.address);
    const address = dial.localAddress ?? from.addresses.find((own) => ipFamily(own) === wanted);
    const port = this.#nextPort++;
    const attempt: Attempt = {
      from,
      local: { address: address ?? dial.remote.address, port },
      dial,
      events,
      begun: this.clock.now,
      sent: 0,
      over: false,
      cancel: () => {
        attempt.over = true;
      },
    };
    if (address === undefined || !from.addresses.includes(address)) {
      this.clock.after(0, () => this.#fail(attempt, 'EADDRNOTAVAIL'));
    } else if (!this.#hosts.has(dial.remote.address)) {
      this.clock.after(NO_HOST_MS, () => this.#fail(attempt, 'EHOSTUNREACH'));
    } else {
      this.#try(attempt);
    }
    return attempt;
  }

  /** Nothing passes between the two any more, in either direction, until `heal`. */
  partition(a: SimHost, b: SimHost): void {
    this.#cuts.add(pairKey(a, b));
  }

  heal(a: SimHost, b: SimHost): void {
    this.#cuts.delete(pairKey(a, b));
    this.#pumpAll();
  }

  healAll(): void {
    this.#cuts.clear();
    this.#pumpAll();
  }

  /** How fast the programs of `host` read from now on. */
  setPace(host: SimHost, pace: Pace | undefined): void {
    host.pace = pace;
    this.#pumpAll();
  }

  /** All connections of `host` end with a reset. @returns how many. */
  resetAll(host: SimHost): number {
    const all = [...this.#sockets].filter((socket) => socket.host === host && socket.isOpen);
    for (const socket of all) socket.breakBothEnds();
    return all.length;
  }

  get isPartitioned(): boolean {
    return this.#cuts.size > 0;
  }

  reaches(a: SimHost, b: SimHost): boolean {
    return a.up && b.up && (this.#cuts.size === 0 || !this.#cuts.has(pairKey(a, b)));
  }

  #pumpAll(): void {
    for (const socket of this.#sockets) socket.pump();
  }

  #try(attempt: Attempt): void {
    if (attempt.over) return;
    attempt.sent++;
    const target = this.#hosts.get(attempt.dial.remote.address);
    if (target === undefined || !this.reaches(attempt.from, target)) {
      this.#tryAgain(attempt);
      return;
    }
    const listener = this.#listenerAt(target, attempt.dial.remote);
    const back = this.#drawLatency() + this.#drawLatency();
    if (listener === undefined) {
      this.clock.after(back, () => this.#fail(attempt, 'ECONNREFUSED'));
      return;
    }
    // A wrong TCP-MD5 signature is dropped without an answer (RFC 2385 §2).
    const { password, remote } = attempt.dial;
    if (listener.acceptor.keyOf?.(attempt.local.address) !== password) {
      this.#tryAgain(attempt);
      return;
    }
    this.clock.after(back, () => this.#connect(attempt, listener, remote), attempt.from.lane);
  }

  /** No answer to the last SYN. */
  #tryAgain(attempt: Attempt): void {
    const again = SYN_RETRIES_MS[attempt.sent - 1];
    if (again !== undefined) this.clock.at(attempt.begun + again, () => this.#try(attempt));
    else {
      this.clock.at(attempt.begun + SYN_TIMEOUT_MS, () => this.#fail(attempt, 'ETIMEDOUT'));
    }
  }

  #connect(attempt: Attempt, listener: Listener, remote: Endpoint): void {
    if (attempt.over) return;
    if (!this.#stands(listener)) {
      this.#tryAgain(attempt);
      return;
    }
    attempt.over = true;
    const { client, server } = SimSocket.pair(
      this.#wire,
      { host: attempt.from, endpoint: attempt.local },
      { host: listener.host, endpoint: remote },
    );
    this.#sockets.add(client).add(server);
    const accept = (): void => {
      if (this.#stands(listener)) listener.acceptor.onAccept(server);
      // Connections in the backlog of a listener that closes are reset.
      else server.reset();
    };
    this.clock.after(this.#drawLatency(), accept, listener.host.lane);
    attempt.events.onConnected(client);
  }

  #fail(attempt: Attempt, errno: string): void {
    if (attempt.over) return;
    attempt.over = true;
    attempt.events.onFailed({ kind: 'SystemError', call: 'connect', errno });
  }

  #listenerAt(host: SimHost, { address, port }: Endpoint): Listener | undefined {
    return this.#listeners
      .get(host)
      ?.find(
        (listener) =>
          listener.port === port &&
          (listener.addresses.length === 0 || listener.addresses.includes(address)),
      );
  }

  #stands(listener: Listener): boolean {
    return this.#listeners.get(listener.host)?.includes(listener) === true;
  }

  /** Segments are small and many: they are cut from a slab, which is forgotten when the last of them is. */
  #room(length: number): Uint8Array {
    if (length > SLAB_OCTETS / 16) return new Uint8Array(length);
    if (this.#slabUsed + length > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_OCTETS);
      this.#slabUsed = 0;
    }
    const from = this.#slabUsed;
    this.#slabUsed += length;
    return this.#slab.subarray(from, this.#slabUsed);
  }

  #drawLatency(): Millis {
    const { min, max } = this.#latency;
    return min + (max - min) * this.#prng.unit();
  }

  #chunk(length: number): number {
    if (this.#chunking === 'whole') return length;
    const kind = this.#prng.below(10);
    if (kind === 0) return 1;
    if (kind <= 3) return Math.min(length, 1 + this.#prng.below(24));
    return 1 + this.#prng.below(length);
  }
}

function pairKey(a: SimHost, b: SimHost): string {
  return a.name < b.name ? `${a.name} ${b.name}` : `${b.name} ${a.name}`;
}
