/**
 * The fast way through: framer → decoder → attribute sets → tables → UPDATEs of three observers → taken apart again,
 * and every message as text. What `speaker/on-message.ts` does with an UPDATE, without sessions.
 */

import { AFI_SAFIS, type AfiSafi } from '../../src/net/afi-safi.ts';
import type { NlriSpan } from '../../src/rib/adj-rib-in.ts';
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
import { lotOf } from './observer.ts';
import { checkText } from './shown.ts';
import { Signature } from './signature.ts';
import type { StepClock } from './step-clock.ts';
import { Stream } from './stream.ts';
import { firstVariants, SETTLE_BUDGET, Tables } from './tables.ts';
import { TablesModel } from './tables-model.ts';
import { newFramer, OBSERVERS, PEERS } from './tables-peers.ts';

/** One message in this many is also shown as text, which takes longer than all the rest. */
const TEXT_EVERY = 8;
/** One in this many is shown once more with other octets around it, which must not matter. */
const AROUND_EVERY = 32;
const AROUND = 32;

export class TablesTarget implements Target {
  readonly #signature = new Signature();
  #nlriEnd = 0;
  /** Octets of the messages that came out of the framer. */
  #delivered = 0;
  readonly #noteEnd: NlriVisit = (at, length) => {
    this.#nlriEnd = at + ((length + 7) >>> 3);
  };
  readonly #clock: StepClock;
  readonly #tables = new Tables(firstVariants());
  readonly #model = new TablesModel();
  readonly #framers: Framer[];
  readonly #streams: readonly Stream[];
  readonly #visits: readonly MessageVisit[];
  readonly #layout = updateLayout();
  readonly #span: { -readonly [K in keyof NlriSpan]: NlriSpan[K] } = {
    octets: new Uint8Array(0),
    start: 0,
    end: 0,
  };

  constructor(clock: StepClock) {
    this.#clock = clock;
    this.#framers = PEERS.map((_, index) => newFramer(index));
    this.#streams = PEERS.map(() => new Stream());
    this.#visits = PEERS.map((_, index) => (type, message) => this.#message(index, type, message));
  }

  get signature(): number {
    return this.#signature.value;
  }

  apply(action: Action): void {
    switch (action.op) {
      case 'message':
        return this.#octets(action);
      case 'settle':
        this.#tables.settle(this.#clock);
        this.#tables.poll(this.#clock);
        return;
      default:
        return this.#event(action);
    }
  }

  /** What happens beside messages. */
  #event({ op, peer }: Exclude<Action, { op: 'message' | 'settle' }>): void {
    const { ribs } = this.#tables;
    const observer = peer % OBSERVERS.length;
    switch (op) {
      case 'lose':
        this.#model.drop(peer);
        for (const family of AFI_SAFIS) ribs[family].dropPeer(peer + 1);
        return;
      case 'stale':
        this.#model.markStale(peer);
        for (const family of AFI_SAFIS) ribs[family].markStale(peer + 1);
        return;
      case 'sweep':
        this.#model.sweep(peer);
        for (const family of AFI_SAFIS) ribs[family].sweepStale(peer + 1);
        return;
      case 'call':
        return; // tables know no connections
      case 'refresh':
        return this.#tables.refresh(observer);
      case 'rejoin':
        return this.#tables.rejoin(observer);
      case 'import':
        return this.#tables.changeImport(peer);
      case 'export':
        return this.#tables.changeExport(observer);
    }
  }

  finish(): void {
    const tables = this.#tables;
    tables.comeToRest(this.#clock);
    tables.checkTold();
    this.#model.compareWith(tables);
    this.#model.clear();
    PEERS.forEach((_, index) => {
      for (const family of AFI_SAFIS) tables.ribs[family].dropPeer(index + 1);
      this.#newConnection(index);
      if (tables.variants.imports[index] !== 0) tables.changeImport(index);
    });
    OBSERVERS.forEach((_, index) => {
      if (tables.variants.exports[index] !== 0) tables.changeExport(index);
    });
    tables.comeToRest(this.#clock);
    tables.checkTold();
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    const { ribs, sets, nextHops } = this.#tables;
    let more = true;
    while (more) more = sets.collect(SETTLE_BUDGET);
    const left = {
      prefixes: ribs['ipv4-unicast'].prefixCount + ribs['ipv6-unicast'].prefixCount,
      paths: ribs['ipv4-unicast'].pathCount + ribs['ipv6-unicast'].pathCount,
      sets: sets.size,
      octets: sets.octetsHeld,
      memos: sets.memoCount,
      nextHops: nextHops.size,
    };
    const leaks = Object.entries(left).filter(([, count]) => count > 0);
    if (leaks.length === 0) return;
    throw new Finding(
      `Left behind: ${leaks.map(([what, count]) => `${count} ${what}`).join(', ')}`,
    );
  }

  #newConnection(peer: number): void {
    this.#framers[peer] = newFramer(peer);
    this.#streams[peer]!.reset();
  }

  #octets(action: Extract<Action, { op: 'message' }>): void {
    const { peer } = action;
    const framer = this.#framers[peer]!;
    const visit = this.#visits[peer]!;
    const stream = this.#streams[peer]!;
    const isDue =
      stream.isEmpty && framer.pendingLength === 0 && isFramed(action, framer.lengthMax);
    this.#delivered = 0;
    this.#signature.begin('in part');
    this.#clock.begin();
    try {
      stream.deliver(action, (chunk) => framer.feed(chunk, visit));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#signature.begin(error.reason);
      this.#newConnection(peer);
    }
    this.#clock.end('message');
    if (isDue && this.#delivered !== action.octets.length) {
      throw new Finding(`Of ${action.octets.length} octets, ${this.#delivered} were delivered`);
    }
  }

  #message(peer: number, type: MessageType, message: Uint8Array): boolean {
    const context = PEERS[peer]!;
    const lot = lotOf(message);
    this.#delivered += message.length;
    if (lot % TEXT_EVERY === 0) {
      const isAround = lot % AROUND_EVERY === 0;
      this.#clock.aside(() => checkMessageText(message, context, isAround));
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
    const { action, faults, attributes } = this.#tables.sets.internReceived({
      message,
      layout,
      context,
      ...part,
    });
    this.#signature.add(action);
    for (const { attribute, reason } of faults) this.#signature.add(reason, attribute);
    this.#tables.resolveNew();
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
    const { ribs, sets } = this.#tables;
    const rib = ribs[run.family];
    const span = this.#spanOf(message, field);
    const nlri = { message, field, family: run.family };
    if (set === 0) {
      this.#clock.aside(() => this.#model.withdraw(peer, nlri));
      rib.withdraw(peer + 1, span);
    } else {
      this.#clock.aside(() => this.#model.announce(peer, nlri, sets.octetsOf(set)));
      rib.announce(peer + 1, span, set);
    }
  }

  #spanOf(message: Uint8Array, { start, end }: NlriField) {
    const span = this.#span;
    span.octets = message;
    span.start = start;
    span.end = end;
    return span;
  }
}

/** Whether it is one message that no framer may refuse, and arrives whole (RFC 4271 §4.1). */
function isFramed(
  { octets, hold }: Extract<Action, { op: 'message' }>,
  lengthMax: number,
): boolean {
  const { length } = octets;
  if (hold === true || length < 23 || octets[18] !== 2) return false;
  if (length > lengthMax) return false;
  for (let i = 0; i < 16; i++) if (octets[i] !== 0xff) return false;
  return octets[16]! * 256 + octets[17]! === length;
}

function checkMessageText(message: Uint8Array, context: UpdateContext, isAround: boolean): void {
  const text = formatMessage(message, context);
  checkText(text);
  if (isAround) checkAround(message, context, text);
}

/** Nothing outside a message may be read. */
function checkAround(message: Uint8Array, context: UpdateContext, text: string): void {
  for (const around of [0x00, 0xff]) {
    const buffer = new Uint8Array(message.length + 2 * AROUND).fill(around);
    buffer.set(message, AROUND);
    const inside = buffer.subarray(AROUND, AROUND + message.length);
    if (formatMessage(inside, context) === text) continue;
    throw new Finding(`Octets around a message matter: ${text}`);
  }
}
