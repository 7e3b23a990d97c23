/**
 * Two peers back to back in virtual time, for tests: sessions, a network between them, and no clock.
 *
 * Each side handles calls and collisions as a peer of the speaker does, so this also shows how sessions are owned.
 * Octets are really encoded and decoded. Invariant: everything that happens has a place in one ordered queue.
 */

import { Prng } from '../../base/prng.ts';
import type { Millis } from '../../base/units.ts';
import { MessageType } from '../../wire/iana.ts';
import { decodeNotification, type Notification } from '../../wire/notification.ts';
import { decodeOpen, type OpenMessage } from '../../wire/open.ts';
import { ProtocolError } from '../../wire/protocol-error.ts';
import { settleCollision } from '../collision.ts';
import type { SessionEvent } from '../events.ts';
import { Session } from '../session.ts';
import type { SessionConfig } from '../session-config.ts';
import type { SessionDown, SessionOutput } from '../session-output.ts';

/** One TCP connection, or an attempt at one. */
interface Connection {
  readonly from: Side;
  readonly to: Side;
  /** Sessions at the two ends; undefined where the end is closed. */
  readonly held: Map<Side, Session>;
}

export interface SideOptions {
  readonly listens?: boolean;
  /** Octets that this side sends instead of what its sessions ask for; undefined = none at all. */
  readonly garble?: (octets: Uint8Array) => Uint8Array | undefined;
}

/** One of the two peers. */
export class Side {
  readonly name: string;
  main: Session;
  second: Session | undefined;
  listens: boolean;
  garble: ((octets: Uint8Array) => Uint8Array | undefined) | undefined;
  /** Everything that its sessions asked for, with the time. */
  readonly log: { readonly at: Millis; readonly output: SessionOutput }[] = [];

  constructor(name: string, session: Session, options: SideOptions = {}) {
    this.name = name;
    this.main = session;
    this.listens = options.listens ?? true;
    this.garble = options.garble;
  }

  downs(): SessionDown[] {
    return this.log.flatMap(({ output }) => (output.do === 'down' ? [output] : []));
  }

  notificationsSent(): Notification[] {
    return this.downs().flatMap(({ sent }) => (sent === undefined ? [] : [sent]));
  }

  sent(message: 'OPEN' | 'KEEPALIVE' | 'NOTIFICATION'): Millis[] {
    return this.log.flatMap(({ at, output }) =>
      output.do === 'send' && output.message === message ? [at] : [],
    );
  }
}

export class SessionPair {
  readonly a: Side;
  readonly b: Side;
  /** One way, in milliseconds. */
  latency: Millis = 5;
  /** Nothing gets through, and nobody is told. */
  cut = false;
  now: Millis = 0;
  readonly #queue: { readonly at: Millis; readonly run: () => void }[] = [];
  readonly #connections = new Set<Connection>();

  constructor(
    a: SessionConfig,
    b: SessionConfig,
    options: { seed?: number; a?: SideOptions; b?: SideOptions } = {},
  ) {
    const prng = new Prng(options.seed ?? 1);
    this.a = new Side('a', new Session(a, prng), options.a);
    this.b = new Side('b', new Session(b, prng), options.b);
  }

  start(): this {
    for (const side of [this.a, this.b]) this.signal(side, { type: 'ManualStart' });
    return this;
  }

  /** Feeds an event to the main session of `side` at the present time. */
  signal(side: Side, event: SessionEvent): void {
    this.#handle(side, side.main, event);
  }

  /** Lets `span` pass. */
  run(span: Millis): this {
    const end = this.now + span;
    for (;;) {
      const at = this.#nextMoment();
      if (at === undefined || at > end) break;
      this.now = Math.max(this.now, at);
      // What the network brings comes before timers, as in the loop.
      const at0 = this.#queue.findIndex((item) => item.at <= this.now);
      if (at0 >= 0) this.#queue.splice(at0, 1)[0]!.run();
      else this.#fireTimers();
    }
    this.now = end;
    return this;
  }

  /** How many connections there are, and who dialled them. */
  connections(): string[] {
    return [...this.#connections].filter(({ held }) => held.size > 0).map(({ from }) => from.name);
  }

  /** The process of `side` dies and a new one starts. `quietly`: no packet tells the other side. */
  crash(side: Side, config: SessionConfig, quietly = false): void {
    for (const connection of this.#connections) {
      connection.held.delete(side);
      if (!quietly) this.#later(() => this.#closed(connection, this.#other(side)));
    }
    side.main = new Session(config, new Prng(99));
    side.second = undefined;
    this.signal(side, { type: 'ManualStart' });
  }

  #nextMoment(): Millis | undefined {
    const moments = this.#queue.map(({ at }) => at);
    for (const session of this.#sessions()) {
      const deadline = session.deadline();
      if (deadline !== undefined) moments.push(deadline);
    }
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  #sessions(): Session[] {
    return [this.a.main, this.b.main, this.a.second, this.b.second].filter((s) => s !== undefined);
  }

  #fireTimers(): void {
    for (const side of [this.a, this.b]) {
      for (const session of [side.main, side.second]) {
        if (session !== undefined) this.#carryOut(side, session, session.onTime(this.now));
      }
    }
  }

  #handle(side: Side, session: Session, event: SessionEvent): void {
    this.#carryOut(side, session, session.handle(event, this.now));
  }

  #carryOut(side: Side, session: Session, outputs: readonly SessionOutput[]): void {
    for (const output of outputs) {
      side.log.push({ at: this.now, output });
      if (output.do === 'dial') this.#dial(side, session);
      if (output.do === 'hangUp') this.#hangUp(side, session);
      if (output.do === 'send') this.#send(side, session, output.octets);
      if (output.do === 'down' && side.second === session && session.ephemeral) {
        if (session.state === 'Idle') side.second = undefined;
      }
    }
  }

  #dial(side: Side, session: Session): void {
    const to = this.#other(side);
    const connection: Connection = { from: side, to, held: new Map([[side, session]]) };
    this.#connections.add(connection);
    this.#later(() => this.#arrive(connection));
  }

  #arrive(connection: Connection): void {
    const { from, to, held } = connection;
    const caller = held.get(from);
    if (caller === undefined) return;
    const callee = to.listens ? this.#calleeOf(to) : undefined;
    if (callee === undefined) {
      const error = { kind: 'SystemError', call: 'connect', errno: 'ECONNREFUSED' } as const;
      held.delete(from);
      this.#later(() => this.#handle(from, caller, { type: 'TcpConnectionFails', error }));
      return;
    }
    held.set(to, callee);
    this.#later(() => {
      if (held.get(from) === caller) this.#handle(from, caller, { type: 'Tcp_CR_Acked' });
    });
    this.#handle(to, callee, { type: 'TcpConnectionConfirmed' });
  }

  /** The session that takes a call; undefined when it is refused. */
  #calleeOf(side: Side): Session | undefined {
    const { main } = side;
    if (main.refusesCalls(this.now)) return undefined;
    if (main.wantsCall && main.passive) return main;
    if (side.second !== undefined) return undefined;
    side.second = main.companion();
    const start = { type: 'AutomaticStart_with_PassiveTcpEstablishment' } as const;
    this.#handle(side, side.second, start);
    return side.second;
  }

  #hangUp(side: Side, session: Session): void {
    const connection = this.#connectionOf(side, session);
    if (connection === undefined) return;
    connection.held.delete(side);
    this.#later(() => this.#closed(connection, this.#other(side)));
  }

  #closed(connection: Connection, side: Side): void {
    const session = connection.held.get(side);
    connection.held.delete(side);
    this.#connections.delete(connection);
    if (session !== undefined) this.#handle(side, session, { type: 'TcpConnectionFails' });
  }

  #send(side: Side, session: Session, octets: Uint8Array): void {
    const connection = this.#connectionOf(side, session);
    const sent = side.garble === undefined ? octets : side.garble(octets);
    if (connection === undefined || sent === undefined) return;
    session.noteProgress(this.now);
    this.#later(() => {
      const other = this.#other(side);
      const receiver = connection.held.get(other);
      if (receiver !== undefined) this.#receive(other, receiver, sent);
    });
  }

  #receive(side: Side, session: Session, message: Uint8Array): void {
    const event = eventOf(message);
    if (event.type === 'KeepAliveMsg' && session.state === 'Established') {
      session.noteReceived(this.now);
      return;
    }
    if (event.type === 'BGPOpen' && this.#settle(side, session, event.open) === 'dumped') return;
    this.#handle(side, session, event);
  }

  /** What a peer of the speaker does with an OPEN while it has two sessions. */
  #settle(side: Side, received: Session, open: OpenMessage): 'dumped' | 'goes on' {
    const other = received === side.main ? side.second : side.main;
    if (other === undefined) return 'goes on';
    const verdict = settleCollision({ received, other, open, now: this.now });
    if (verdict === undefined) return 'goes on';
    if (verdict === 'dump-received') {
      this.#handle(side, received, { type: 'OpenCollisionDump' });
      return 'dumped';
    }
    // The winner becomes the peer's main session before the loser falls, so that only one will ever dial.
    if (received.ephemeral) {
      received.promote();
      side.main = received;
      side.second = undefined;
    }
    const restarted = verdict === 'peer-restarted';
    if (restarted) this.#hangUp(side, other);
    const event = { type: restarted ? 'TcpConnectionFails' : 'OpenCollisionDump' } as const;
    this.#handle(side, other, event);
    if (side.second === other) side.second = undefined;
    return 'goes on';
  }

  #connectionOf(side: Side, session: Session): Connection | undefined {
    return [...this.#connections].find(({ held }) => held.get(side) === session);
  }

  #other(side: Side): Side {
    return side === this.a ? this.b : this.a;
  }

  #later(run: () => void): void {
    if (this.cut) return;
    this.#queue.push({ at: this.now + this.latency, run });
    this.#queue.sort((x, y) => x.at - y.at);
  }
}

function eventOf(message: Uint8Array): SessionEvent {
  const type = message[18];
  if (type === MessageType.Keepalive) return { type: 'KeepAliveMsg' };
  if (type === MessageType.Update) return { type: 'UpdateMsg' };
  if (type === MessageType.RouteRefresh) return { type: 'RouteRefreshMsg' };
  if (type === MessageType.Notification) {
    return { type: 'NotifMsg', notification: decodeNotification(message) };
  }
  try {
    return { type: 'BGPOpen', open: decodeOpen(message) };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { type: 'BGPOpenMsgErr', notification: error.notification, detail: error.reason };
  }
}
