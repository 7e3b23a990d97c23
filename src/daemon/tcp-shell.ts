/**
 * TCP between core and sockets: listens, dials, hangs up, and pulls UPDATEs when a socket takes octets.
 *
 * Connections that the peer opened get even numbers, those that the core dials have odd ones.
 */

import type { SystemError } from '../base/errors.ts';
import { readMd5Counters } from '../io/md5-counters.ts';
import { type Endpoint, formatEndpoint } from '../io/sockaddr.ts';
import type { PendingConnection, TcpClosed, TcpConnection } from '../io/tcp.ts';
import { type DialAttempt, dial } from '../io/tcp-dial.ts';
import { TcpListener } from '../io/tcp-listener.ts';
import type { IpAddress } from '../net/ip-address.ts';
import { ip } from '../net/ip-address.ts';
import type { Dial, Effect } from '../speaker/effects.ts';
import type { ConnectionId, SpeakerInput } from '../speaker/inputs.ts';
import { ListenerPeers } from './listener-peers.ts';

/** Octets pulled at once: one buffer of an update group. */
const PULL_OCTETS = 65_536;
/** Milliseconds of a turn of the loop that writing may take; packing and encoding are in it. */
const WRITE_TURN_MS = 4;
/** Octets given to the core at once; a read is cut into such pieces. 1,000 withdrawals in no order take up to 8 ms. */
const STEP_OCTETS = 4096;
/** Milliseconds after which a dial is given up by the socket; the session's own timer is shorter. */
const CONNECT_TIMEOUT_MS = 30_000;
/** Progress of a socket is reported this often at most, in milliseconds; SendHoldTimer counts minutes. */
const PROGRESS_MS = 1000;
/** Milliseconds between attempts to open a listener whose port is taken. */
const LISTEN_RETRY_MS = 5000;

/** Milliseconds between looks at the kernel's TCP-MD5 counters. */
const MD5_LOOK_MS = 10_000;

const ANY: readonly IpAddress[] = [ip('0.0.0.0'), ip('::')];

export interface TcpShellOptions {
  readonly submit: (input: SpeakerInput) => void;
  readonly poll: (connection: ConnectionId, budget: number) => Uint8Array | undefined;
  readonly now: () => number;
  /** A socket option was refused, e.g. a TCP-MD5 key. */
  readonly onTrouble: (what: string, error: SystemError) => void;
}

interface Open {
  readonly socket: TcpConnection;
  progressAt: number;
}

type TcpEffect = Extract<
  Effect,
  { type: 'listen' | 'listenerPeers' | 'rekey' | 'dial' | 'hangUp' | 'send' | 'wantsWrite' }
>;

type Listen = Extract<Effect, { type: 'listen' }>;

export class TcpShell {
  readonly #options: TcpShellOptions;
  readonly #open = new Map<ConnectionId, Open>();
  readonly #dialling = new Map<ConnectionId, DialAttempt>();
  readonly #incoming = new Map<ConnectionId, PendingConnection>();
  /** Hung up, but what was written to them last is still on its way. */
  readonly #closing = new Set<TcpConnection>();
  readonly #listeners = new Map<string, TcpListener>();
  /** Connections that are owed something, the one that waited longest first. */
  readonly #due = new Set<ConnectionId>();
  #flushing: NodeJS.Immediate | undefined;
  readonly #listenerPeers: ListenerPeers;
  #retry: NodeJS.Timeout | undefined;
  #md5Timer: NodeJS.Timeout | undefined;
  #md5Told = '';
  #nextAccepted = 2;

  constructor(options: TcpShellOptions) {
    this.#options = options;
    this.#listenerPeers = new ListenerPeers({
      onKeys: (addresses, error) => this.#tellKeys(addresses, error),
    });
  }

  get connections(): number {
    return this.#open.size;
  }

  perform(effect: TcpEffect): void {
    switch (effect.type) {
      case 'listen':
        this.#watchMd5();
        return this.#listen(effect);
      case 'listenerPeers':
        return this.#listenerPeers.set(effect.peers, this.#listeners.values());
      case 'rekey':
        return this.#rekey(effect.connection, effect.password);
      case 'dial':
        return this.#dial(effect.connection, effect.dial);
      case 'hangUp':
        return this.#hangUp(effect.connection, effect.abort);
      case 'send': {
        this.#openIncoming(effect.connection);
        const open = this.#open.get(effect.connection);
        if (open === undefined) return;
        open.socket.write(effect.octets);
        return this.#noteProgress(effect.connection, open);
      }
      case 'wantsWrite':
        return this.#flushSoon(effect.connection);
    }
  }

  /** Connections that are still saying goodbye; the daemon waits a moment for them when it stops. */
  get closing(): number {
    this.#forgetClosed();
    return this.#closing.size;
  }

  close(): void {
    clearTimeout(this.#retry);
    clearInterval(this.#md5Timer);
    for (const listener of this.#listeners.values()) listener.close();
    this.#listeners.clear();
    for (const attempt of this.#dialling.values()) attempt.abort();
    clearImmediate(this.#flushing);
    this.#due.clear();
    for (const { socket } of this.#open.values()) socket.close();
  }

  /** What stands and is still wanted stays open: callers in its backlog are not turned away. */
  #listen({ port, addresses, device, renew }: Listen): void {
    clearTimeout(this.#retry);
    const wanted = (addresses.length === 0 ? ANY : addresses).map((address) => ({ address, port }));
    const keys = new Set(wanted.map(formatEndpoint));
    for (const [key, listener] of this.#listeners) {
      if (keys.has(key) && renew !== true) continue;
      listener.close();
      this.#listeners.delete(key);
    }
    // A machine without IPv6 at all is no fault of the configuration.
    const isOptional = (local: Endpoint): boolean =>
      addresses.length === 0 && local.address === '::';
    let failed = false;
    for (const local of wanted) {
      const error = this.#openListener(local, device);
      if (error?.errno === 'EAFNOSUPPORT' && isOptional(local)) continue;
      if (error !== undefined) failed = true;
      this.#tellListener(local, error);
    }
    if (!failed) return;
    const again: Listen = { type: 'listen', port, addresses };
    const bound = device === undefined ? again : { ...again, device };
    this.#retry = setTimeout(() => this.#listen(bound), LISTEN_RETRY_MS);
  }

  #openListener(local: Endpoint, device: string | undefined): SystemError | undefined {
    const key = formatEndpoint(local);
    if (this.#listeners.has(key)) return undefined;
    const bound = device === undefined ? local : { ...local, bindDevice: device };
    const listener = TcpListener.open(bound, {
      onIncoming: (pending) => this.#onIncoming(pending),
      onError: (error) => this.#tellListener(local, error),
      onRecovered: () => this.#tellListener(local, undefined),
    });
    if ('kind' in listener) return listener;
    this.#listeners.set(key, listener);
    this.#listenerPeers.add(listener);
    return undefined;
  }

  #tellListener(local: Endpoint, error: SystemError | undefined): void {
    const failure = error === undefined ? {} : { error };
    this.#options.submit({ type: 'listenerChanged', local, ...failure });
  }

  /** Keys that could not be set are a matter of the peers, and of whoever looks after this machine. */
  #tellKeys(addresses: readonly IpAddress[], error: SystemError | undefined): void {
    const failure = error === undefined ? {} : { error };
    this.#options.submit({ type: 'listenerKeysChanged', addresses, ...failure });
    if (error !== undefined) {
      this.#options.onTrouble(`TCP-MD5 key of ${addresses.join(', ')}`, error);
    }
  }

  #rekey(connection: ConnectionId, password: string): void {
    const open = this.#open.get(connection);
    const error =
      open?.socket.setMd5Key(password) ??
      this.#dialling.get(connection)?.setMd5Key(password) ??
      this.#incoming.get(connection)?.setMd5Key(password);
    if (error === undefined) return;
    this.#options.onTrouble(`TCP-MD5 key of a connection`, error);
    if (open === undefined) return;
    // With the old key it would be deaf: over at once rather than at the hold time.
    open.socket.reset();
    this.#onClosed(connection, { by: 'error', error });
  }

  /** Once there are peers; the first look is what the others are compared with. */
  #watchMd5(): void {
    if (this.#md5Timer !== undefined) return;
    this.#lookAtMd5();
    this.#md5Timer = setInterval(() => this.#lookAtMd5(), MD5_LOOK_MS);
    this.#md5Timer.unref();
  }

  #lookAtMd5(): void {
    const counters = readMd5Counters();
    const text = JSON.stringify(counters);
    if (counters === undefined || text === this.#md5Told) return;
    this.#md5Told = text;
    this.#options.submit({ type: 'md5Counters', ...counters });
  }

  #onIncoming(pending: PendingConnection): void {
    const { remote, local } = pending;
    const refused = this.#listenerPeers.tighten(pending);
    if (refused !== undefined) {
      this.#options.onTrouble(refused.what, refused.error);
      return pending.refuse();
    }
    const connection = this.#nextAccepted;
    this.#nextAccepted += 2;
    // The core says at once when it wants none of it (`hangUp`); otherwise reading begins.
    this.#incoming.set(connection, pending);
    this.#options.submit({ type: 'tcpAccepted', connection, remote, local });
    this.#openIncoming(connection);
  }

  /** The core wants the connection: it has not said `hangUp`, or has something to send already. */
  #openIncoming(connection: ConnectionId): void {
    const pending = this.#incoming.get(connection);
    if (pending === undefined) return;
    this.#incoming.delete(connection);
    this.#attach(connection, pending);
  }

  #dial(connection: ConnectionId, wanted: Dial): void {
    const { remote, localAddress, device, ttl, minTtl, password, authentication } = wanted;
    const attempt = dial(
      {
        remote,
        ttl,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        ...(localAddress === undefined ? {} : { local: localAddress }),
        ...(minTtl === undefined ? {} : { minTtl }),
        ...(device === undefined ? {} : { bindDevice: device }),
        ...(password === undefined
          ? {}
          : { [authentication === 'ao' ? 'aoKey' : 'md5Key']: password }),
      },
      {
        onConnected: (pending) => {
          this.#dialling.delete(connection);
          this.#attach(connection, pending);
          this.#options.submit({ type: 'tcpConnected', connection, local: pending.local });
        },
        onFailed: (error) => {
          this.#dialling.delete(connection);
          this.#options.submit({ type: 'tcpFailed', connection, error });
        },
      },
    );
    this.#dialling.set(connection, attempt);
  }

  #attach(connection: ConnectionId, pending: PendingConnection): void {
    const socket = pending.open({
      onOctets: (octets) => this.#onOctets(connection, octets),
      onWritable: () => {
        this.#options.submit({ type: 'writable', connection });
        this.#flushSoon(connection);
      },
      onClosed: (reason) => this.#onClosed(connection, reason),
    });
    this.#open.set(connection, { socket, progressAt: this.#options.now() });
  }

  #onOctets(connection: ConnectionId, octets: Uint8Array): void {
    // Between two pieces the core may hang up.
    for (let at = 0; at < octets.length && this.#open.has(connection); at += STEP_OCTETS) {
      const piece = octets.length > STEP_OCTETS ? octets.subarray(at, at + STEP_OCTETS) : octets;
      this.#options.submit({ type: 'octetsReceived', connection, octets: piece });
    }
  }

  #onClosed(connection: ConnectionId, reason: TcpClosed): void {
    this.#forget(connection);
    const error = reason.by === 'error' ? { error: reason.error } : {};
    this.#options.submit({ type: 'tcpClosed', connection, ...error });
  }

  #hangUp(connection: ConnectionId, abort: boolean): void {
    const pending = this.#incoming.get(connection);
    if (pending !== undefined) {
      this.#incoming.delete(connection);
      return pending.refuse();
    }
    const attempt = this.#dialling.get(connection);
    if (attempt !== undefined) {
      this.#dialling.delete(connection);
      return attempt.abort();
    }
    const open = this.#open.get(connection);
    if (open === undefined) return;
    this.#forget(connection);
    if (abort) return open.socket.reset();
    open.socket.close();
    this.#forgetClosed();
    this.#closing.add(open.socket);
  }

  /** Each ends within its linger time, so that few are ever here. */
  #forgetClosed(): void {
    for (const socket of this.#closing) if (socket.isClosed) this.#closing.delete(socket);
  }

  #forget(connection: ConnectionId): void {
    this.#due.delete(connection);
    this.#open.delete(connection);
  }

  /**
   * After everything that has arrived was read: what many peers announce in one turn leaves in one write to each
   * peer. Written at once, 200 peers that come up together cost 200 × 200 writes.
   */
  #flushSoon(connection: ConnectionId): void {
    if (!this.#open.has(connection)) return;
    this.#due.add(connection);
    this.#comeForWriting();
  }

  #comeForWriting(): void {
    this.#flushing ??= setImmediate(() => this.#flushTurn());
  }

  /** A buffer for each that is owed one, round and round, until nothing is due or the turn is over. */
  #flushTurn(): void {
    this.#flushing = undefined;
    const end = this.#options.now() + WRITE_TURN_MS;
    for (const connection of this.#due) {
      this.#due.delete(connection);
      // Behind the others: a Set gives what is added while it is walked, too.
      if (this.#flush(connection)) this.#due.add(connection);
      if (this.#options.now() >= end) break;
    }
    if (this.#due.size > 0) this.#comeForWriting();
  }

  /** @returns whether to come again: something may be left, and the socket takes more. */
  #flush(connection: ConnectionId): boolean {
    const open = this.#open.get(connection);
    if (open === undefined) return false;
    const octets = this.#options.poll(connection, PULL_OCTETS);
    if (octets !== undefined && octets.length > 0 && !open.socket.write(octets)) return false;
    this.#noteProgress(connection, open);
    return octets !== undefined;
  }

  /** The kernel has taken all that was written: the peer reads (RFC 9687). */
  #noteProgress(connection: ConnectionId, open: Open): void {
    if (open.socket.unsentOctets > 0) return;
    const now = this.#options.now();
    if (now - open.progressAt < PROGRESS_MS) return;
    open.progressAt = now;
    this.#options.submit({ type: 'writable', connection });
  }
}
