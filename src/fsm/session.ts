/**
 * One BGP session: the RFC 4271 §8 machine for one connection at a time, its timers and what was negotiated.
 *
 * Sans I/O: events in, outputs out, time by argument. The rows of the machine are in `transitions/`; this file
 * runs their actions. Invariant: at most one connection is wanted or held, and in Idle none is.
 */

import { present } from '../base/assert.ts';
import type { Prng } from '../base/prng.ts';
import type { Millis } from '../base/units.ts';
import { ErrorCode, OpenSubcode } from '../wire/iana.ts';
import { KEEPALIVE } from '../wire/keepalive.ts';
import { encodeNotification, type Notification } from '../wire/notification.ts';
import { encodeOpen } from '../wire/open.ts';
import { type DownReason, formatDownReason } from './down-reason.ts';
import type { EventOf, SessionEvent, SessionEventType } from './events.ts';
import { asHardReset } from './hard-reset.ts';
import { IdleHold, severityOf } from './idle-hold.ts';
import { negotiate } from './negotiate.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import { buildOpen } from './offer.ts';
import { RunningTimers } from './running-timers.ts';
import type { SessionConfig, SessionTimers } from './session-config.ts';
import type { SessionCounters, SessionDown, SessionOutput } from './session-output.ts';
import type { State } from './states.ts';
import { resolveTimers, TIMERS, type TimerName } from './timers.ts';
import { ACTIVE } from './transitions/active.ts';
import { CONNECT } from './transitions/connect.ts';
import { ESTABLISHED } from './transitions/established.ts';
import { IDLE } from './transitions/idle.ts';
import { OPEN_CONFIRM } from './transitions/open-confirm.ts';
import { OPEN_SENT } from './transitions/open-sent.ts';
import type { Action, SessionFacts, StateRow, Transition } from './transitions/transition.ts';

export class Session implements SessionFacts {
  readonly counters: SessionCounters = { dialled: 0, established: 0, dropped: 0 };
  readonly #prng: Prng;
  readonly #idleHold: IdleHold;
  readonly #timers: RunningTimers;
  #config: SessionConfig;
  #ephemeral: boolean;
  #state: State = 'Idle';
  #connection: 'none' | 'dialling' | 'open' = 'none';
  #connectRetryCounter = 0;
  /** What `negotiate` made of the OPEN at hand; `adopt` makes it the session's. */
  #candidate: NegotiatedSession | undefined;
  #negotiated: NegotiatedSession | undefined;
  #lastDown: SessionDown | undefined;
  #rested = false;
  #now: Millis = 0;
  #stateSince: Millis = 0;

  /** @param idleHold  Shared between the two sessions of one peer; see `companion`. */
  constructor(config: SessionConfig, prng: Prng, idleHold?: IdleHold) {
    this.#config = config;
    this.#prng = prng;
    this.#timers = new RunningTimers(resolveTimers(config.timers), prng);
    this.#idleHold = idleHold ?? new IdleHold(this.#timers.times);
    this.#ephemeral = config.accepted === true;
  }

  get config(): SessionConfig {
    return this.#config;
  }
  get state(): State {
    return this.#state;
  }
  /** When the present state was entered. */
  get stateSince(): Millis {
    return this.#stateSince;
  }
  get timers(): SessionTimers {
    return this.#timers.times;
  }
  get localAs(): number {
    return this.#config.localAs;
  }
  /** Set in OpenConfirm and Established. */
  get negotiated(): NegotiatedSession | undefined {
    return this.#negotiated;
  }
  get connectRetryCounter(): number {
    return this.#connectRetryCounter;
  }
  /** The last end of a session or attempt, for views. */
  get lastDown(): SessionDown | undefined {
    return this.#lastDown;
  }
  get hasConnection(): boolean {
    return this.#connection !== 'none';
  }
  get passive(): boolean {
    return this.#config.passive === true || this.#ephemeral;
  }
  get ephemeral(): boolean {
    return this.#ephemeral;
  }
  get delayOpenRunning(): boolean {
    return this.#timers.isRunning('DelayOpenTimer');
  }
  get heldBack(): boolean {
    return this.#idleHold.remaining(this.#now) > 0;
  }
  /** Milliseconds until a timer is due, for views; undefined when it does not run. */
  timerRemaining(timer: TimerName, now: Millis): Millis | undefined {
    return this.#timers.remaining(timer, now);
  }
  get holdTimeRunning(): number {
    return this.#state === 'OpenSent' ? this.timers.initialHoldTime : this.#timers.holdTime;
  }
  get sendHoldTimeRunning(): number {
    return this.#timers.sendHoldTime;
  }
  /** A call of the peer may be given to it (`TcpConnectionConfirmed`); who calls himself gets a `companion` instead (0024). */
  get wantsCall(): boolean {
    return this.#state === 'Active' && this.#connection === 'none';
  }
  /** A call of the peer is to be refused: stopped by hand, or damped after errors. */
  refusesCalls(now: Millis): boolean {
    if (this.#idleHold.remaining(now) > 0) return true;
    return this.#state === 'Idle' && !this.#timers.isRunning('IdleHoldTimer');
  }
  get rested(): boolean {
    return this.#rested;
  }
  /** When damping lets the session start again; undefined when it is not held back. */
  heldUntil(now: Millis): Millis | undefined {
    const left = this.#idleHold.remaining(now);
    return this.#state === 'Idle' && left > 0 ? now + left : undefined;
  }

  /**
   * A session for a second connection, which the peer dialled while this one is busy (RFC 4271 §6.8).
   * Start it with `AutomaticStart_with_PassiveTcpEstablishment`, then `TcpConnectionConfirmed`; when it is
   * back in Idle, throw it away. When it wins, dump this one and `promote` it.
   */
  companion(): Session {
    return new Session({ ...this.#config, accepted: true }, this.#prng, this.#idleHold);
  }

  /** From now on this session is the peer's only one: after its connection it dials and starts again by itself. */
  promote(): void {
    this.#ephemeral = false;
  }

  /** New settings: timers and offer count from the next OPEN on. The addresses behind a session never change. */
  reconfigure(config: SessionConfig, now: Millis): void {
    this.#config = config;
    this.#timers.times = resolveTimers(config.timers);
    this.#idleHold.reconfigure(this.#timers.times);
    if (this.#state !== 'Active' || this.#connection !== 'none') return;
    // RFC 4271 §8.1.1 PassiveTcpEstablishment: who waits for a call has no ConnectRetryTimer, who calls has.
    if (this.passive) this.#timers.stop('ConnectRetryTimer');
    else if (!this.#timers.isRunning('ConnectRetryTimer')) {
      this.#timers.start('ConnectRetryTimer', 'retryDelay', now);
    }
  }

  /** Feeds one event. Never throws for what a peer does. @returns What to do, in order; often the same empty list. */
  handle(event: SessionEvent, now: Millis): readonly SessionOutput[] {
    this.#now = now;
    this.#noteConnection(event);
    const { judged, transition } = this.#decide(event);
    return this.#run(judged, transition);
  }

  /** The earliest moment at which `onTime` has something to do; undefined when no timer runs. */
  deadline(): Millis | undefined {
    return this.#timers.earliest();
  }

  /** Fires what is due, each timer at most once. Call it only after what the socket holds has been read. */
  onTime(now: Millis): readonly SessionOutput[] {
    let outputs = NOTHING;
    for (const timer of TIMERS) {
      if (!this.#timers.takeDue(timer, now)) continue;
      const fired = this.handle({ type: `${timer}_Expires` }, now);
      if (fired.length > 0) outputs = outputs.length === 0 ? fired : [...outputs, ...fired];
    }
    return outputs;
  }

  /** A KEEPALIVE may go out ahead of its timer; `keepAlive` sends it. */
  mayKeepalive(now: Millis): boolean {
    return this.#state === 'Established' && this.#timers.mayKeepalive(now);
  }

  /** As if KeepaliveTimer had expired now. */
  keepAlive(now: Millis): readonly SessionOutput[] {
    this.#timers.stop('KeepaliveTimer');
    return this.handle({ type: 'KeepaliveTimer_Expires' }, now);
  }

  /** Hot path: an UPDATE or KEEPALIVE came in Established. Restarts HoldTimer (RFC 4271 §8.2.2), allocates nothing. */
  noteReceived(now: Millis): void {
    if (this.#state === 'Established') this.#timers.restartHold(now);
  }

  /** Hot path: the socket took octets (RFC 9687 §3). Without it SendHoldTimer ends the session. */
  noteProgress(now: Millis): void {
    if (this.#state === 'Established') this.#timers.restartSendHold(now);
  }

  /** Why there is no session, for people; undefined when there is one. */
  downBecause(): string | undefined {
    if (this.#state === 'Established') return undefined;
    const last = this.#lastDown;
    return formatDownReason(last === undefined ? { kind: 'NotStarted' } : last.reason);
  }

  #noteConnection(event: SessionEvent): void {
    if (event.type === 'TcpConnectionFails') this.#connection = 'none';
    else if (event.type === 'Tcp_CR_Acked' || event.type === 'TcpConnectionConfirmed') {
      if (this.#state === 'Connect' || this.#state === 'Active') this.#connection = 'open';
    }
  }

  #decide(event: SessionEvent): { judged: SessionEvent; transition: Transition } {
    const judged = this.#judge(event);
    const row = ROWS[this.#state];
    // The types cannot follow that the cell found under a name takes the event of that name.
    const cell = row[judged.type] as Cell | undefined;
    const transition = (cell ?? row.otherwise)(this, judged as never);
    return { judged, transition };
  }

  /** Tells Events 19, 20 and 22 apart, and 24 from 25. */
  #judge(event: SessionEvent): SessionEvent {
    if (event.type === 'NotifMsg') {
      const { code, subcode } = event.notification;
      const version = code === ErrorCode.Open && subcode === OpenSubcode.UnsupportedVersionNumber;
      return version ? { ...event, type: 'NotifMsgVerErr' } : event;
    }
    if (event.type !== 'BGPOpen') return event;
    const first = this.delayOpenRunning;
    if (this.#state !== 'OpenSent' && !first) return event;
    const outcome = negotiate(this.#config, event.open);
    if (!outcome.ok) {
      const { notification, detail } = outcome;
      return { type: 'BGPOpenMsgErr', notification, detail };
    }
    this.#candidate = outcome.session;
    return first ? { type: 'BGPOpen_with_DelayOpenTimer_running', open: event.open } : event;
  }

  #run(event: SessionEvent, transition: Transition): readonly SessionOutput[] {
    const { next, actions } = transition;
    const from = this.#state;
    if (next === from && actions.length === 0) return NOTHING;
    const outputs: SessionOutput[] = [];
    const end: End = { damp: false, dial: false };
    for (const action of actions) this.#act(action, outputs, end);
    if (next !== from) this.#enter(next, outputs);
    if (end.reason !== undefined) {
      const byHand = event.type === 'ManualStop';
      this.#end({ ...end, reason: end.reason, from, byHand }, outputs);
    }
    if (end.dial) outputs.push({ do: 'dial' });
    return outputs.length === 0 ? NOTHING : outputs;
  }

  #act(action: Action, outputs: SessionOutput[], end: End): void {
    switch (action.act) {
      case 'dial':
        this.#connection = 'dialling';
        this.counters.dialled++;
        end.dial = true;
        return;
      case 'drop':
        this.#hangUp(action.abort, outputs);
        return;
      case 'sendOpen':
        outputs.push({ do: 'send', message: 'OPEN', octets: openOf(this.#config) });
        return;
      case 'sendKeepalive':
        outputs.push({ do: 'send', message: 'KEEPALIVE', octets: KEEPALIVE });
        return;
      case 'notify':
        if (this.#connection === 'open') {
          end.sent = notify(asHardReset(action.notification, this.#negotiated), outputs);
        }
        return;
      case 'start':
        this.#timers.start(action.timer, action.span, this.#now);
        return;
      case 'stop':
        this.#timers.stop(action.timer);
        return;
      case 'stayIdle':
        this.#stayIdle();
        return;
      case 'adopt':
        this.#adopt();
        return;
      case 'countRetry':
        this.#connectRetryCounter++;
        return;
      case 'forgetRetries':
        this.#connectRetryCounter = 0;
        return;
      case 'damp':
        end.damp = true;
        return;
      case 'because':
        end.reason = action.reason;
    }
  }

  #hangUp(abort: boolean, outputs: SessionOutput[]): void {
    // Nothing can be flushed into a connection that is not up.
    const reset = abort || this.#connection === 'dialling';
    if (this.#connection !== 'none') outputs.push({ do: 'hangUp', abort: reset });
    this.#connection = 'none';
  }

  #adopt(): void {
    const session = present(this.#candidate, 'an OPEN that was negotiated');
    this.#candidate = undefined;
    this.#negotiated = session;
    this.#timers.adopt(session, this.#now);
  }

  #enter(next: State, outputs: SessionOutput[]): void {
    const from = this.#state;
    this.#state = next;
    this.#stateSince = this.#now;
    if (from === 'Established') this.counters.dropped++;
    outputs.push({ do: 'state', from, to: next });
    if (next !== 'Established') return;
    this.counters.established++;
    const negotiated = present(this.#negotiated, 'negotiated parameters in Established');
    outputs.push({ do: 'established', negotiated });
  }

  /** A session or attempt is over: remember why, tell the owner, and see to it that Idle is left again. */
  #end(end: Ended, outputs: SessionOutput[]): void {
    const { reason, from } = end;
    const down: SessionDown = {
      do: 'down',
      reason,
      wasEstablished: from === 'Established',
      ...(end.sent === undefined ? {} : { sent: end.sent }),
      ...(reason.kind === 'NotificationReceived' ? { received: reason.notification } : {}),
      ...(this.#negotiated === undefined ? {} : { negotiated: this.#negotiated }),
    };
    this.#lastDown = down;
    outputs.push(down);
    this.#negotiated = undefined;
    this.#candidate = undefined;
    this.#timers.forgetNegotiated();
    if (this.#state !== 'Idle') return;
    // RFC 4271 §8.2.2 "releases all BGP resources": in Idle nothing runs but the way out of it.
    this.#timers.stopAll();
    if (end.byHand) {
      this.#idleHold.forgive();
      return;
    }
    if (end.damp) this.#idleHold.onDown(severityOf(reason), this.#now);
    if (!this.#ephemeral) this.#stayIdle();
  }

  #stayIdle(): void {
    const left = this.#idleHold.remaining(this.#now);
    this.#rested = left > 0;
    this.#timers.startIdleHold(left, this.#now);
  }
}

interface End {
  reason?: DownReason;
  sent?: Notification;
  damp: boolean;
  dial: boolean;
}
interface Ended extends End {
  readonly reason: DownReason;
  readonly from: State;
  /** Stopped by an operator: Idle is to last. */
  readonly byHand: boolean;
}

function notify(message: Notification, outputs: SessionOutput[]): Notification {
  outputs.push({ do: 'send', message: 'NOTIFICATION', octets: encodeNotification(message) });
  return message;
}

/** Sessions with equal settings share the object, and with it the OPEN. */
const opens = new WeakMap<SessionConfig, Uint8Array>();

function openOf(config: SessionConfig): Uint8Array {
  let octets = opens.get(config);
  if (octets === undefined) {
    octets = encodeOpen(buildOpen(config));
    opens.set(config, octets);
  }
  return octets;
}

type Cell = (session: SessionFacts, event: EventOf<SessionEventType>) => Transition;

const ROWS: Readonly<Record<State, StateRow>> = {
  Idle: IDLE,
  Connect: CONNECT,
  Active: ACTIVE,
  OpenSent: OPEN_SENT,
  OpenConfirm: OPEN_CONFIRM,
  Established: ESTABLISHED,
};

const NOTHING: readonly SessionOutput[] = Object.freeze([]);
