/** One AF_NETLINK socket of NETLINK_ROUTE: opened with its options, read when readable, closed. */

import type { SystemError } from '../base/errors.ts';
import { Errno } from '../netlink/errno.ts';
import { type NativeSockets, nativeSockets, PollEvents, type PollHandle } from './native.ts';
import { AF_NETLINK, encodeNetlinkSockaddr, netlinkPort } from './sockaddr.ts';
import {
  intOption,
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NETLINK_ROUTE,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_NETLINK,
  SOL_SOCKET,
} from './socket-options.ts';
import { systemError } from './system-error.ts';

/** Receive buffer: an 8 MB one holds about 20,000 queued messages, the default 256 (measured). */
const RECEIVE_BUFFER_OCTETS = 8 * 1024 * 1024;
/** Octets read at once: the kernel fills dump messages up to 32 KB; a single message never exceeds it. */
const READ_OCTETS = 65_536;
/**
 * What one turn reads before others have theirs. Every event is a read of its own, so a turn must take
 * more of them than the requests of a batch cause (128), or our own echoes overrun the socket; a
 * dump fills its reads, and 256 KB of those are about 4,000 routes, some 4 ms.
 */
const READS_PER_TURN_MAX = 512;
const OCTETS_PER_TURN_MAX = 262_144;
const NOTHING = -1;

export interface RawNetlinkOptions {
  readonly groups: readonly number[];
  /** Read before others have their turn; default `OCTETS_PER_TURN_MAX`. */
  readonly octetsPerTurn?: number;
  /** Classic BPF: what it returns 0 for is dropped inside the kernel. */
  readonly filter?: Uint8Array;
  /** `octets[0, length)` are whole messages, valid during the call only. */
  onOctets(octets: Uint8Array, length: number): void;
  /** ENOBUFS leaves the socket usable; after anything else it no longer reads. */
  onFailure(error: SystemError): void;
}

export class RawNetlinkSocket {
  /** The kernel's name for this socket: `nlmsg_pid` of what its requests cause. */
  readonly port: number;
  readonly #native: NativeSockets;
  readonly #options: RawNetlinkOptions;
  readonly #buffer = new Uint8Array(READ_OCTETS);
  readonly #sender = new Uint8Array(12);
  /** Messages were lost, and nobody has been told yet, or not for the last time. */
  #loss: SystemError | undefined;
  #readSinceLoss = 0;
  #fd: number;
  #poll: PollHandle | undefined;

  private constructor(native: NativeSockets, fd: number, options: RawNetlinkOptions) {
    this.#native = native;
    this.#fd = fd;
    this.#options = options;
    const name = new Uint8Array(12);
    native.getsockname(fd, name);
    this.port = netlinkPort(name);
  }

  static open(options: RawNetlinkOptions): RawNetlinkSocket | SystemError {
    const native = nativeSockets();
    const fd = openNetlink(options);
    if (typeof fd !== 'number') return fd;
    const socket = new RawNetlinkSocket(native, fd, options);
    const unpollable = socket.#startPolling();
    if (unpollable === undefined) return socket;
    native.close(fd);
    return unpollable;
  }

  /** @returns 0 or a negative errno. The kernel has done the work of route requests when it returns. */
  send(octets: Uint8Array, length: number): number {
    if (this.#fd < 0) return -Errno.EBADF;
    return Math.min(this.#native.send(this.#fd, octets, 0, length), 0);
  }

  /** Reads what is there, at most a turn's worth. @returns false once there is nothing left. */
  drain(): boolean {
    if (this.#fd < 0) return false; // closed meanwhile: nobody is told of a loss any more
    let octets = 0;
    const most = this.#options.octetsPerTurn ?? OCTETS_PER_TURN_MAX;
    for (let reads = 0; reads < READS_PER_TURN_MAX && octets < most; reads++) {
      const length = this.#fd < 0 ? NOTHING : this.#readOnce();
      if (length === NOTHING) {
        this.#tellLoss();
        return false;
      }
      octets += length;
      this.#readSinceLoss += length;
      if (this.#readSinceLoss >= RECEIVE_BUFFER_OCTETS) this.#tellLoss();
    }
    // The poll says nothing of a socket that this turn happened to read empty.
    if (this.#loss !== undefined) setImmediate(() => this.drain());
    return true;
  }

  close(): void {
    if (this.#fd < 0) return;
    this.#stopPolling();
    this.#native.close(this.#fd);
    this.#fd = -1;
  }

  #startPolling(): SystemError | undefined {
    const onReady = (events: number) => this.#onReady(events);
    const poll = this.#native.pollStart(this.#fd, PollEvents.READABLE, onReady);
    if (typeof poll === 'number') return systemError('poll(AF_NETLINK)', poll);
    this.#poll = poll;
    return undefined;
  }

  /** An overrun shows as POLLERR, at which libuv stops the poll; recv then says what it was. */
  #onReady(events: number): void {
    if (events < 0) {
      this.#stopPolling();
      const error = this.#startPolling();
      if (error !== undefined) this.#fail(error);
    }
    this.drain();
  }

  #stopPolling(): void {
    if (this.#poll !== undefined) this.#native.pollStop(this.#poll);
    this.#poll = undefined;
  }

  /** @returns octets read, 0 after an overrun, or `NOTHING` when there is nothing to read. */
  #readOnce(): number {
    const buffer = this.#buffer;
    const length = this.#native.recv(this.#fd, buffer, 0, buffer.length, this.#sender);
    if (length === -Errno.EAGAIN || length === -Errno.EINTR) return NOTHING;
    if (length < 0) {
      this.#fail(systemError('recv(AF_NETLINK)', length));
      return length === -Errno.ENOBUFS ? 0 : NOTHING;
    }
    if (length > buffer.length) {
      // The rest of this datagram is gone: the same as an overrun, and mended the same way.
      this.#fail(
        systemError('recv(AF_NETLINK)', -Errno.ENOBUFS, `message of ${length} octets cut`),
      );
      return 0;
    }
    // Only the kernel (port 0) is believed; another process may send to us by our port.
    if (netlinkPort(this.#sender) === 0) this.#options.onOctets(buffer, length);
    return length;
  }

  /**
   * After a loss the kernel says nothing of further ones until the socket has been read empty: whoever reads the kernel
   * anew before that may be told of nothing that happens meanwhile. Under a flood that never ends it is told once what
   * was queued is read, and again when the socket is empty at last.
   */
  #tellLoss(): void {
    const loss = this.#loss;
    if (loss === undefined) return;
    const empty = this.#readSinceLoss < RECEIVE_BUFFER_OCTETS;
    this.#readSinceLoss = 0;
    if (empty) this.#loss = undefined;
    this.#options.onFailure(loss);
  }

  #fail(error: SystemError): void {
    if (error.errno === 'ENOBUFS') {
      this.#loss = error;
      this.#readSinceLoss = 0;
      return;
    }
    this.#stopPolling();
    this.#options.onFailure(error);
  }
}

/** A bound socket of NETLINK_ROUTE with all its options; the caller closes it. */
export function openNetlink({
  groups,
  filter,
}: Pick<RawNetlinkOptions, 'groups' | 'filter'>): number | SystemError {
  const native = nativeSockets();
  const fd = native.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (fd < 0) return systemError('socket(AF_NETLINK)', fd);
  const refused = configure(native, fd) ?? follow(native, fd, { groups, filter });
  if (refused === undefined) return fd;
  native.close(fd);
  return refused;
}

/** The filter comes first: nothing that it is to drop may be queued. */
function follow(
  native: NativeSockets,
  fd: number,
  { groups, filter }: { groups: readonly number[]; filter: Uint8Array | undefined },
): SystemError | undefined {
  const attached = filter === undefined ? 0 : native.attachFilter(fd, filter);
  if (attached < 0) return systemError('setsockopt(SO_ATTACH_FILTER)', attached);
  for (const group of groups) {
    const joined = native.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, intOption(group));
    if (joined < 0) return systemError(`setsockopt(NETLINK_ADD_MEMBERSHIP ${group})`, joined);
  }
  return undefined;
}

function configure(native: NativeSockets, fd: number): SystemError | undefined {
  const size = intOption(RECEIVE_BUFFER_OCTETS);
  // FORCE needs CAP_NET_ADMIN; without it the buffer is cut to net.core.rmem_max, which is usable.
  if (native.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size) < 0) {
    native.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, size);
  }
  const switches: readonly [string, number][] = [
    ['NETLINK_EXT_ACK', NETLINK_EXT_ACK],
    ['NETLINK_CAP_ACK', NETLINK_CAP_ACK],
    ['NETLINK_GET_STRICT_CHK', NETLINK_GET_STRICT_CHK],
  ];
  for (const [name, option] of switches) {
    const result = native.setsockopt(fd, SOL_NETLINK, option, intOption(1));
    if (result < 0)
      return systemError(`setsockopt(${name})`, result, 'godwit needs Linux 4.20 or later');
  }
  const bound = native.bind(fd, encodeNetlinkSockaddr());
  return bound < 0 ? systemError('bind(AF_NETLINK)', bound) : undefined;
}
