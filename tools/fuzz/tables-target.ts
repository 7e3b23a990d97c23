/**
 * The fast way through: framer → decoder → attribute sets → tables → UPDATEs of three observers → taken apart again,
 * and every message as text. What `speaker/on-message.ts` does with an UPDATE, without sessions.
 */

import { AFI_SAFIS, type AfiSafi } from '../../src/net/afi-safi.ts';
import type { NlriSpan } from '../../src/rib/adj-rib-in.ts';
import { NextHops } from '../../src/rib/next-hops.ts';
import { AttributeSets } from '../../src/rib/path-attributes.ts';
import type { Rib, SettleConsumer } from '../../src/rib/rib.ts';
import { formatMessage } from '../../src/wire/format.ts';
import type { Framer, MessageVisit } from '../../src/wire/framer.ts';
import { MessageType } from '../../src/wire/iana.ts';
import { forEachNlri, type NlriField, type NlriVisit } from '../../src/wire/nlri.ts';
import { decodeNotification } from '../../src/wire/notification.ts';
import { decodeOpen } from '../../src/wire/open.ts';
import { ProtocolError } from '../../src/wire/protocol-error.ts';
import { decodeRouteRefresh } from '../../src/wire/route-refresh.ts';
import { locateUpdate, type UpdateContext, updateLayout } from '../../src/wire/update.ts';
import { type Action, Finding, type Target } from './action.ts';
import { equalOctets, lotOf, Observer, prefixOfKey } from './observer.ts';
import { checkText } from './shown.ts';
import { Signature } from './signature.ts';
import type { StepClock } from './step-clock.ts';
import { newFramer, OBSERVERS, PEERS, ribOf } from './tables-peers.ts';

const SETTLE_BUDGET = 2048;
const POLL_OCTETS = 65_536;
/** Coming to rest takes a few dozen slices at most. */
const SLICES_MAX = 20_000;
/** One message in this many is also shown as text, which takes longer than all the rest. */
const TEXT_EVERY = 4;
/** One in this many is shown once more with other octets around it, which must not matter. */
const AROUND_EVERY = 16;
const AROUND = 32;

export class TablesTarget implements Target {
  readonly #signature = new Signature();
  #nlriEnd = 0;
  readonly #noteEnd: NlriVisit = (at, length) => {
    this.#nlriEnd = at + ((length + 7) >>> 3);
  };
  readonly #clock: StepClock;
  readonly #nextHops = new NextHops(1);
  readonly #sets: AttributeSets;
  readonly #ribs: Readonly<Record<AfiSafi, Rib>>;
  readonly #framers: Framer[];
  readonly #visits: readonly MessageVisit[];
  readonly #observers: readonly Observer[];
  readonly #layout = updateLayout();
  readonly #span: { -readonly [K in keyof NlriSpan]: NlriSpan[K] } = {
    octets: new Uint8Array(0),
    start: 0,
    end: 0,
  };
  readonly #idle: SettleConsumer = { bestChanged: () => undefined };

  constructor(clock: StepClock) {
    this.#clock = clock;
    this.#sets = new AttributeSets({ seed: 1, nextHops: this.#nextHops });
    this.#ribs = {
      'ipv4-unicast': ribOf('ipv4-unicast', this.#sets),
      'ipv6-unicast': ribOf('ipv6-unicast', this.#sets),
    };
    this.#framers = PEERS.map((_, index) => newFramer(index));
    this.#visits = PEERS.map((_, index) => (type, message) => this.#message(index, type, message));
    this.#observers = OBSERVERS.map(
      ({ name, context, messageMax }) => new Observer(name, context, messageMax),
    );
  }

  get signature(): number {
    return this.#signature.value;
  }

  apply(action: Action): void {
    const clock = this.#clock;
    switch (action.op) {
      case 'message':
        return this.#octets(action);
      case 'settle':
        for (const family of AFI_SAFIS) {
          clock.begin();
          this.#ribs[family].settle(SETTLE_BUDGET, this.#idle);
          clock.end('settle');
        }
        this.#poll();
        return;
    }
    for (const family of AFI_SAFIS) {
      const rib = this.#ribs[family];
      if (action.op === 'lose') rib.dropPeer(action.peer + 1);
      else if (action.op === 'stale') rib.markStale(action.peer + 1);
      else rib.sweepStale(action.peer + 1);
    }
  }

  finish(): void {
    this.#comeToRest();
    this.#compare();
    PEERS.forEach((_, index) => {
      for (const family of AFI_SAFIS) this.#ribs[family].dropPeer(index + 1);
      this.#framers[index] = newFramer(index);
    });
    this.#comeToRest();
    this.#compare();
    let more = true;
    while (more) more = this.#sets.collect(SETTLE_BUDGET);
    const left = {
      prefixes: this.#ribs['ipv4-unicast'].prefixCount + this.#ribs['ipv6-unicast'].prefixCount,
      paths: this.#ribs['ipv4-unicast'].pathCount + this.#ribs['ipv6-unicast'].pathCount,
      sets: this.#sets.size,
      octets: this.#sets.octetsHeld,
      memos: this.#sets.memoCount,
      nextHops: this.#nextHops.size,
    };
    const leaks = Object.entries(left).filter(([, count]) => count > 0);
    if (leaks.length === 0) return;
    throw new Finding(
      `Left behind: ${leaks.map(([what, count]) => `${count} ${what}`).join(', ')}`,
    );
  }

  #octets({ peer, octets, cut }: Extract<Action, { op: 'message' }>): void {
    const framer = this.#framers[peer]!;
    const visit = this.#visits[peer]!;
    this.#signature.begin('in part');
    this.#clock.begin();
    try {
      if (cut > 0) framer.feed(octets.subarray(0, cut), visit);
      framer.feed(cut > 0 ? octets.subarray(cut) : octets, visit);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#signature.begin(error.reason);
      this.#framers[peer] = newFramer(peer);
    }
    this.#clock.end('message');
  }

  #message(peer: number, type: MessageType, message: Uint8Array): boolean {
    const context = PEERS[peer]!;
    const lot = lotOf(message);
    if (lot % TEXT_EVERY === 0) {
      const text = formatMessage(message, context);
      checkText(text);
      if (lot % AROUND_EVERY === 0) this.#checkAround(message, context, text);
    }
    switch (type) {
      case MessageType.Open: {
        this.#signature.begin('OPEN');
        for (const one of decodeOpen(message).capabilities) {
          this.#signature.add(one.kind === 'unknown' ? (one.reason ?? 'unknown') : one.kind);
        }
        return true;
      }
      case MessageType.Update:
        this.#update(peer, message);
        return true;
      case MessageType.Notification:
        this.#signature.begin('NOTIFICATION');
        this.#signature.add('', decodeNotification(message).code);
        return true;
      case MessageType.RouteRefresh:
        this.#signature.begin('ROUTE-REFRESH');
        this.#signature.add('', decodeRouteRefresh(message).subtype);
        return true;
      default:
        this.#signature.begin('KEEPALIVE');
        return true;
    }
  }

  /** Nothing outside a message may be read. */
  #checkAround(message: Uint8Array, context: UpdateContext, text: string): void {
    for (const around of [0x00, 0xff]) {
      const buffer = new Uint8Array(message.length + 2 * AROUND).fill(around);
      buffer.set(message, AROUND);
      const inside = buffer.subarray(AROUND, AROUND + message.length);
      if (formatMessage(inside, context) === text) continue;
      throw new Finding(`Octets around a message matter: ${text}`);
    }
  }

  #update(peer: number, message: Uint8Array): void {
    const layout = this.#layout;
    const context = PEERS[peer]!;
    locateUpdate(message, context, layout);
    const { withdrawn, nlri, mpReach, mpUnreach } = layout;
    const family = mpReach.present && mpReach.nlri.count > 0 ? mpReach.family : undefined;
    this.#signature.begin('UPDATE');
    const mp = family === undefined ? 0 : this.#intern(peer, message, { family, part: 'mp' });
    const classic =
      nlri.count === 0
        ? 0
        : this.#intern(peer, message, { family: 'ipv4-unicast', part: 'classic' });
    const usable = (family === undefined || mp > 0) && (nlri.count === 0 || classic > 0);
    if (withdrawn.count > 0) {
      this.#reach(peer, message, { family: 'ipv4-unicast', field: withdrawn, set: 0 });
    }
    if (mpUnreach.present && mpUnreach.family !== undefined && mpUnreach.nlri.count > 0) {
      this.#reach(peer, message, { family: mpUnreach.family, field: mpUnreach.nlri, set: 0 });
    }
    if (family !== undefined) {
      this.#reach(peer, message, { family, field: mpReach.nlri, set: usable ? mp : 0 });
    }
    if (nlri.count > 0) {
      const set = usable ? classic : 0;
      this.#reach(peer, message, { family: 'ipv4-unicast', field: nlri, set });
    }
  }

  /** AttributesId, or 0: treat as withdrawn. */
  #intern(
    peer: number,
    message: Uint8Array,
    part: { family: AfiSafi; part: 'classic' | 'mp' },
  ): number {
    const context = PEERS[peer]!;
    const layout = this.#layout;
    const { action, faults, attributes } = this.#sets.internReceived({
      message,
      layout,
      context,
      ...part,
    });
    this.#signature.add(action);
    for (const { attribute, reason } of faults) this.#signature.add(reason, attribute);
    if (this.#nextHops.hasNew) {
      this.#nextHops.takeNew((id) =>
        this.#nextHops.resolve(id, { reachable: id % 7 !== 0, metric: id % 3, handle: 0 }),
      );
    }
    if (action !== 'session-reset') return action === 'accept' ? attributes : 0;
    const { code, subcode, data, reason } = faults.find((fault) => fault.action === action)!;
    throw new ProtocolError({ code, subcode, data }, reason);
  }

  /** Announces; withdraws where there is no set. */
  #reach(
    peer: number,
    message: Uint8Array,
    run: { family: AfiSafi; field: NlriField; set: number },
  ): void {
    const { field, set } = run;
    forEachNlri(message, field, this.#noteEnd);
    if (this.#nlriEnd !== field.end) throw new Finding('The last prefix ends outside its field');
    const rib = this.#ribs[run.family];
    const span = this.#spanOf(message, field);
    if (set === 0) rib.withdraw(peer + 1, span);
    else rib.announce(peer + 1, span, set);
  }

  #spanOf(message: Uint8Array, { start, end }: NlriField) {
    const span = this.#span;
    span.octets = message;
    span.start = start;
    span.end = end;
    return span;
  }

  /** @returns whether anybody was told anything. */
  #poll(): boolean {
    let heard = false;
    this.#observers.forEach((observer, index) => {
      for (const family of AFI_SAFIS) {
        this.#clock.begin();
        const octets = this.#ribs[family].poll(PEERS.length + 1 + index, POLL_OCTETS);
        this.#clock.end('poll');
        if (octets === undefined) continue;
        heard = true;
        observer.hear(octets);
      }
    });
    return heard;
  }

  #comeToRest(): void {
    for (let slice = 0; slice < SLICES_MAX; slice++) {
      let more = false;
      for (const family of AFI_SAFIS) {
        if (this.#ribs[family].settle(SETTLE_BUDGET, this.#idle)) more = true;
      }
      if (!this.#poll() && !more) return;
    }
    throw new Finding(`The tables do not come to rest within ${SLICES_MAX} slices`);
  }

  /** What observers were told is what the tables say that they were told. */
  #compare(): void {
    this.#observers.forEach((observer, index) => {
      const { as4 } = OBSERVERS[index]!.context;
      const peer = PEERS.length + 1 + index;
      for (const family of AFI_SAFIS) {
        const rib = this.#ribs[family];
        const told = observer.told[family];
        const { advertised } = rib.counters(peer);
        if (advertised !== told.size) {
          throw new Finding(
            `${observer.name} holds ${told.size} of ${advertised} ${family} routes`,
          );
        }
        for (const [key, octets] of told) {
          const prefix = prefixOfKey(key, family);
          const expected = rib.advertisedTo(peer, rib.find(prefix));
          if (expected === undefined)
            throw new Finding(`${observer.name} was never told of ${prefix}`);
          // To 2-octet speakers, AS numbers go in two attributes that are merged again: not octet by octet.
          if (as4 && !equalOctets(octets, expected)) {
            throw new Finding(
              `${observer.name} holds other attributes of ${prefix} than it was told`,
            );
          }
        }
      }
    });
  }
}
