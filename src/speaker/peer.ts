/**
 * One configured peer: its plan, up to two sessions during a collision, its counters, and why it is down.
 *
 * RFC 4271 §8.2.1: each configured peer has a state machine of its own.
 *
 * Invariant: `sessions` is never empty while the peer may have a session; the first is the one that dials.
 */

import type { SystemError } from '../base/errors.ts';
import type { Millis } from '../base/units.ts';
import type { PeerPlan, SpeakerPlan } from '../datastore/plan-types.ts';
import type { DownReason } from '../fsm/down-reason.ts';
import { ANY_EXTERNAL_AS } from '../fsm/negotiate.ts';
import type { NegotiatedSession } from '../fsm/negotiated-session.ts';
import type { Session } from '../fsm/session.ts';
import type { AfiSafi } from '../net/afi-safi.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { GroupId, PeerId } from '../rib/ids.ts';
import type { Framer, MessageSpanVisit } from '../wire/framer.ts';
import type { UpdateContext } from '../wire/update.ts';
import { Holds } from './holds.ts';
import type { ConnectionId } from './inputs.ts';
import type { PrefixLimit, PrefixTrips } from './prefix-limits.ts';
import type { StalePaths } from './stale-state.ts';

/** One FSM and the connection it holds, if any. */
export interface SessionSlot {
  readonly peer: Peer;
  readonly session: Session;
  connection: Connection | undefined;
  readonly timerKey: number;
}

/** One TCP connection, dialled or accepted, from the first SYN to its end. */
export interface Connection {
  readonly id: ConnectionId;
  readonly slot: SessionSlot;
  readonly accepted: boolean;
  /** Our end, once connected: the next hop that we name. */
  local: IpAddress | undefined;
  readonly framer: Framer;
  /** Given to the framer for each message; made once. */
  readonly visit: MessageSpanVisit;
  /** `wantsWrite` was said and `pollTransmit` has not come back empty since. */
  writePending: boolean;
}

/** State of one address family with this peer, across sessions. */
export interface PeerFamily {
  readonly peer: Peer;
  readonly family: AfiSafi;
  /** The update group joined; present while Established with this family negotiated. */
  group: GroupId | undefined;
  /** The RIB knows this peer in this family: it may have paths there, also while the session is down. */
  inRib: boolean;
  endOfRibReceived: boolean;
  /** Paths of the last session are kept (`stale-paths.ts`). */
  stale: StalePaths | undefined;
  /** The peer tells everything again (RFC 7313 §4): until when its end is waited for. */
  refreshUntil: Millis | undefined;
  /** Prefixes that found no room in the table, each time they were announced. */
  refused: number;
  /** The limit of prefixes for these plans, see `max-prefixes.ts`. */
  limit?: { of: PeerPlan; under: SpeakerPlan | undefined; limit: PrefixLimit };
  /** What was last said of the limit. */
  limitTold?: 'ok' | 'near' | 'over';
}

export interface MessageCounters {
  open: number;
  update: number;
  keepalive: number;
  notification: number;
  routeRefresh: number;
}

const noMessages = (): MessageCounters => ({
  open: 0,
  update: 0,
  keepalive: 0,
  notification: 0,
  routeRefresh: 0,
});

export class Peer {
  readonly id: PeerId;
  #plan!: PeerPlan;
  /**
   * The plan's. Asked for each prefix that reaches the kernel, and so kept here: V8 takes a field for constant until any
   * object of the same making is changed, and plain objects that begin with a `name` are of all kinds of making.
   */
  name = '';
  /** Another list when one comes or goes: what was pushed into a list has room for seventeen. */
  sessions: readonly SessionSlot[] = [];
  readonly families = new Map<AfiSafi, PeerFamily>();
  /** Of the Established session. */
  negotiated: NegotiatedSession | undefined;
  updateContext: UpdateContext | undefined;
  /** BGP Identifier of the last session: its paths may outlive it. 0 before the first. */
  identifier = 0;
  /** AS number of the last session. */
  saidAs = ANY_EXTERNAL_AS;
  /** Why no session may come up. */
  readonly holds = new Holds();
  /** Since this process started. */
  quarantines = 0;
  /** Index of the link that the Established session's peer is on, if its end is to end the session (`fall-over.ts`). */
  link: number | undefined;
  /** Why the listener does not have its TCP-MD5 key; undefined while it has, or none is needed. */
  listenerKeyError: SystemError | undefined;
  /** When it was last spoken to because it called while Established. */
  probedAt: Millis | undefined;
  /** Limits of prefixes that ended its session; see `max-prefixes.ts`. */
  prefixTrips: PrefixTrips | undefined;
  /** The same since this process started. */
  limitRestarts = 0;
  /** The restart time that this peer promised in its last session, in seconds. */
  promisedRestartTime: number | undefined;

  readonly received = noMessages();
  readonly sent = noMessages();
  octetsReceived = 0;
  octetsSent = 0;
  /** Since when there is something that it has still to be told; undefined while there is not. */
  owedSince: Millis | undefined;
  /** When it was last handed UPDATEs. */
  toldAt: Millis | undefined;
  established = 0;
  flaps = 0;
  stateSince: Millis;
  /** When it became Established, or ceased to be, or was held down or let go. */
  phaseSince: Millis;
  lastError: string | undefined;
  /** What `lastError` says in words; of the last attempt, until a session is Established. */
  lastDown: DownReason | undefined;
  /** When that was. */
  lastDownAt: Millis = 0;
  lastErrorPublished: string | undefined;
  /** When an UPDATE fault of this peer was last published; the others are only counted. */
  faultPublished: Millis | undefined;
  /** The same of refused prefixes. */
  refusalPublished: Millis | undefined;
  /** The same of paths that import may not use. */
  notUsedPublished: Millis | undefined;

  constructor(id: PeerId, plan: PeerPlan, now: Millis) {
    this.id = id;
    this.plan = plan;
    this.stateSince = now;
    this.phaseSince = now;
  }

  get plan(): PeerPlan {
    return this.#plan;
  }

  set plan(plan: PeerPlan) {
    this.#plan = plan;
    this.name = plan.name;
  }

  get heldBecause(): string | undefined {
    return this.holds.because;
  }

  /** The AS that it is in: as configured, or as its last OPEN said; `ANY_EXTERNAL_AS` until then. */
  get remoteAs(): number {
    return this.plan.remoteAs === ANY_EXTERNAL_AS ? this.saidAs : this.plan.remoteAs;
  }

  get ebgp(): boolean {
    return this.plan.localAs !== this.plan.remoteAs;
  }

  /** TCP-MD5 key; undefined without, and while it cannot be read. */
  get password(): string | undefined {
    const { password } = this.plan;
    return password !== undefined && 'value' in password ? password.value : undefined;
  }

  /** The slot that is Established, if one is. */
  get up(): SessionSlot | undefined {
    for (const slot of this.sessions) if (slot.session.state === 'Established') return slot;
    return undefined;
  }

  family(family: AfiSafi): PeerFamily {
    let state = this.families.get(family);
    if (state === undefined) {
      state = {
        peer: this,
        family,
        group: undefined,
        inRib: false,
        endOfRibReceived: false,
        stale: undefined,
        refreshUntil: undefined,
        refused: 0,
      };
      this.families.set(family, state);
    }
    return state;
  }
}

/** Timers of a peer in the speaker's table: two sessions, the stale routes, quarantine, beyond its limit. */
export const TIMERS_PER_PEER = 5;
export const timerKeys = (
  id: PeerId,
): { first: number; second: number; stale: number; held: number; limited: number } => {
  const base = (id as number) * TIMERS_PER_PEER;
  return { first: base, second: base + 1, stale: base + 2, held: base + 3, limited: base + 4 };
};
