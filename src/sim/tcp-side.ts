/**
 * Between a simulated node's core and the simulated network: listens, dials, hangs up, and pulls UPDATEs while the
 * socket takes them. The counterpart of the daemon's TCP shell.
 */

import type { SystemError } from '../base/errors.ts';
import type { Millis } from '../base/units.ts';
import type { IpAddress } from '../net/ip-address.ts';
import { ip } from '../net/ip-address.ts';
import { type Prefix, prefixCovers, prefixLength } from '../net/prefix.ts';
import type { Dial, Effect, ListenerPeer } from '../speaker/effects.ts';
import type { ConnectionId, SpeakerInput } from '../speaker/inputs.ts';
import type { SimClock } from './clock.ts';
import type { Acceptor, Call, TcpNetwork } from './network.ts';
import type { SimHost, SocketEvents, TcpSocket } from './socket.ts';
import type { Wiretap } from './wiretap.ts';

/** As in the daemon: octets pulled at once, pulls before others have their turn, and how often progress is told. */
const PULL_OCTETS = 65_536;
const PULLS_PER_TURN = 16;
const PROGRESS_MS: Millis = 1000;

const ANY: readonly IpAddress[] = [ip('0.0.0.0'), ip('::')];

export interface TcpSideOptions {
  readonly clock: SimClock;
  readonly submit: (input: SpeakerInput) => void;
  readonly poll: (connection: ConnectionId, budget: number) => Uint8Array | undefined;
  readonly violation: (text: string) => void;
  /** UPDATEs go out. */
  readonly active: () => void;
  /** Listens in on what goes out. */
  readonly tap?: Wiretap;
}

type TcpEffect = Exclude<
  Effect,
  {
    type:
      | 'kernelRequests'
      | 'kernelDump'
      | 'kernelProof'
      | 'linkRequest'
      | 'reply'
      | 'publish'
      | 'stopped';
  }
>;

/** A connection that is open, and what its socket tells. */
class Line implements SocketEvents {
  readonly socket: TcpSocket;
  progressAt: Millis;
  readonly #side: TcpSide;
  readonly #connection: ConnectionId;

  constructor(side: TcpSide, connection: ConnectionId, socket: TcpSocket) {
    this.#side = side;
    this.#connection = connection;
    this.socket = socket;
    this.progressAt = side.now;
  }

  onOctets(octets: Uint8Array): void {
    this.#side.received(this.#connection, this.socket, octets);
  }

  onWritable(): void {
    this.#side.submit({ type: 'writable', connection: this.#connection });
    this.#side.flush(this.#connection);
  }

  onClosed(error?: SystemError): void {
    this.#side.ended(this.#connection, error);
  }
}

export class TcpSide implements Acceptor {
  readonly #network: TcpNetwork;
  readonly #host: SimHost;
  readonly #options: TcpSideOptions;
  readonly #open = new Map<ConnectionId, Line>();
  readonly #dialling = new Map<ConnectionId, Call>();
  readonly #hungUp = new Set<ConnectionId>();
  #keys: ReadonlyMap<string, string> = new Map();
  #nextAccepted = 2;
  /** The most that waited in this program, beyond what the kernels hold, of one connection. */
  unsentOctetsMax = 0;

  constructor(network: TcpNetwork, host: SimHost, options: TcpSideOptions) {
    this.#network = network;
    this.#host = host;
    this.#options = options;
  }

  get connections(): number {
    return this.#open.size;
  }

  /** A new process: it knows of nothing. */
  start(): void {
    this.#hungUp.clear();
    this.#keys = new Map();
    this.#nextAccepted = 2;
  }

  /** The process has ended: its kernel closes what is open. */
  closeAll(): void {
    this.#leave((socket) => socket.close());
  }

  vanishAll(): void {
    this.#leave((socket) => socket.vanish());
  }

  perform(effect: TcpEffect): void {
    switch (effect.type) {
      case 'listen':
        this.#listen(effect.port, effect.addresses);
        return;
      case 'listenerPeers':
        this.#keys = keysOf(effect.peers);
        return;
      case 'rekey':
        return; // the simulated network compares keys when a connection begins
      case 'dial':
        this.#dial(effect.connection, effect.dial);
        return;
      case 'hangUp':
        this.#hangUp(effect.connection, effect.abort);
        return;
      case 'send':
        this.#send(effect.connection, effect.octets);
        return;
      case 'wantsWrite':
        if (this.#hungUp.has(effect.connection)) {
          this.#illegal('wantsWrite', effect.connection);
          return;
        }
        this.flush(effect.connection);
        return;
    }
  }

  keyOf(remote: IpAddress): string | undefined {
    return this.#keys.get(remote) ?? keyOfPrefix(this.#keys, remote);
  }

  onAccept(socket: TcpSocket): void {
    const connection = this.#nextAccepted;
    this.#nextAccepted += 2;
    const { remote, local } = socket;
    this.#attach(connection, socket);
    this.#options.submit({ type: 'tcpAccepted', connection, remote, local });
  }

  #leave(end: (socket: TcpSocket) => void): void {
    this.#options.tap?.forgetAll();
    this.#network.unlisten(this);
    for (const call of this.#dialling.values()) call.cancel();
    for (const { socket } of this.#open.values()) end(socket);
    this.#dialling.clear();
    this.#open.clear();
  }

  #listen(port: number, addresses: readonly IpAddress[]): void {
    this.#network.unlisten(this);
    const bound = this.#network.listen(this.#host, { port, addresses, acceptor: this });
    for (const address of addresses.length === 0 ? ANY : addresses) {
      const failure = bound
        ? {}
        : { error: { kind: 'SystemError', call: 'bind', errno: 'EADDRINUSE' } as const };
      const local = { address, port };
      const tell = (): void => {
        this.#options.submit({ type: 'listenerChanged', local, ...failure });
      };
      this.#options.clock.after(0, tell, this.#host.lane);
    }
  }

  #dial(connection: ConnectionId, dial: Dial): void {
    if (this.#dialling.has(connection) || this.#open.has(connection)) {
      this.#illegal('dial', connection);
      return;
    }
    const call = this.#network.dial(this.#host, dial, {
      onConnected: (socket) => {
        this.#dialling.delete(connection);
        this.#attach(connection, socket);
        this.#options.submit({ type: 'tcpConnected', connection, local: socket.local });
      },
      onFailed: (error) => {
        this.#dialling.delete(connection);
        this.#options.submit({ type: 'tcpFailed', connection, error });
      },
    });
    this.#dialling.set(connection, call);
  }

  #attach(connection: ConnectionId, socket: TcpSocket): void {
    const line = new Line(this, connection, socket);
    this.#open.set(connection, line);
    socket.open(line);
  }

  #send(connection: ConnectionId, octets: Uint8Array): void {
    if (this.#hungUp.has(connection)) {
      this.#illegal('send', connection);
      return;
    }
    const open = this.#open.get(connection);
    // The other end may have closed meanwhile; the core is told by an input that waits its turn.
    if (open === undefined) return;
    this.#write(connection, open, octets);
    this.#noteProgress(connection, open);
  }

  #write(connection: ConnectionId, { socket }: Line, octets: Uint8Array): boolean {
    this.#options.tap?.onSent(connection, socket.remote.address, octets);
    const goesOn = socket.write(octets);
    if (!goesOn) this.unsentOctetsMax = Math.max(this.unsentOctetsMax, socket.unsentOctets);
    return goesOn;
  }

  #hangUp(connection: ConnectionId, abort: boolean): void {
    if (this.#hungUp.has(connection)) {
      this.#illegal('hangUp', connection);
      return;
    }
    this.#hungUp.add(connection);
    const call = this.#dialling.get(connection);
    if (call !== undefined) {
      this.#dialling.delete(connection);
      call.cancel();
      return;
    }
    const open = this.#open.get(connection);
    if (open === undefined) return;
    this.#options.tap?.onEnded(connection);
    this.#open.delete(connection);
    if (abort) open.socket.reset();
    else open.socket.close();
  }

  // ---- For its lines

  get now(): Millis {
    return this.#options.clock.now;
  }

  submit(input: SpeakerInput): void {
    this.#options.submit(input);
  }

  received(connection: ConnectionId, { remote }: TcpSocket, octets: Uint8Array): void {
    this.#options.tap?.onReceived(connection, remote.address, octets);
    this.#options.submit({ type: 'octetsReceived', connection, octets });
  }

  ended(connection: ConnectionId, error: SystemError | undefined): void {
    this.#options.tap?.onEnded(connection);
    this.#open.delete(connection);
    const cause = error === undefined ? {} : { error };
    this.#options.submit({ type: 'tcpClosed', connection, ...cause });
  }

  /** Writes what is due until the socket has enough, some buffers a turn. */
  flush(connection: ConnectionId): void {
    const open = this.#open.get(connection);
    if (open === undefined) return;
    for (let pulls = 0; pulls < PULLS_PER_TURN; pulls++) {
      const octets = this.#options.poll(connection, PULL_OCTETS);
      if (octets === undefined) {
        this.#noteProgress(connection, open);
        return;
      }
      this.#options.active();
      if (!this.#write(connection, open, octets)) return;
    }
    this.#noteProgress(connection, open);
    const goOn = (): void => {
      if (this.#open.get(connection) === open) this.flush(connection);
    };
    this.#options.clock.after(0, goOn, this.#host.lane);
  }

  /** The kernel has taken all that was written: the peer reads (RFC 9687). */
  #noteProgress(connection: ConnectionId, open: Line): void {
    const { now } = this.#options.clock;
    if (open.socket.unsentOctets > 0 || now - open.progressAt < PROGRESS_MS) return;
    open.progressAt = now;
    this.#options.submit({ type: 'writable', connection });
  }

  #illegal(effect: string, connection: ConnectionId): void {
    this.#options.violation(`${effect} on connection ${connection} after its end`);
  }
}

function keysOf(peers: readonly ListenerPeer[]): Map<string, string> {
  const keys = new Map<string, string>();
  for (const { address, password } of peers) {
    if (password !== undefined) keys.set(address, password);
  }
  return keys;
}

/** As Linux has it: the key of the longest prefix. */
function keyOfPrefix(keys: ReadonlyMap<string, string>, remote: IpAddress): string | undefined {
  let longest: Prefix | undefined;
  for (const key of keys.keys()) {
    if (!key.includes('/') || !prefixCovers(key as Prefix, remote)) continue;
    const prefix = key as Prefix;
    if (longest === undefined || prefixLength(prefix) > prefixLength(longest)) longest = prefix;
  }
  return longest === undefined ? undefined : keys.get(longest);
}
