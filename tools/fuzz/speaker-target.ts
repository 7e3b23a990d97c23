/**
 * The whole way through: a real speaker with Established sessions, whose peers say damaged things, and two observers
 * whose sessions nothing of that may touch. Sampled: what it shows as text, JSON and metrics.
 */

import { describeEvent } from '../../src/api/event-text.ts';
import { neighborMessage, routeMessage, statusMessage } from '../../src/api/messages.ts';
import { Metrics } from '../../src/api/metrics.ts';
import { HistogramCell } from '../../src/base/metrics.ts';
import { AFI_SAFIS } from '../../src/net/afi-safi.ts';
import { ip } from '../../src/net/ip-address.ts';
import type { Effect } from '../../src/speaker/effects.ts';
import type { ConnectionId, SpeakerInput } from '../../src/speaker/inputs.ts';
import { Speaker } from '../../src/speaker/speaker.ts';
import { Framer } from '../../src/wire/framer.ts';
import { KEEPALIVE } from '../../src/wire/keepalive.ts';
import { type Action, Finding, type Target } from './action.ts';
import { checkJson, checkMetrics, checkText } from './shown.ts';
import { Signature } from './signature.ts';
import { type Line, makeLines, openOf, PEERS, planOf } from './speaker-lines.ts';
import type { StepClock } from './step-clock.ts';

const NODE = { address: ip('10.0.0.1'), port: 179 };
/** Virtual time between two actions, in milliseconds. */
const TICK_MS = 10;
const KEEPALIVE_EVERY_MS = 20_000;
/** The longest restart time that a peer can ask for is 4095 s (RFC 4724 §3). */
const FORGET_MS = 4_200_000;
const POLL_OCTETS = 65_536;
const WAKES_MAX = 20_000;
const SHOW_EVERY = 200;
const ROUTES_SHOWN = 50;
/** Sets that a RIB keeps for a flap that brings them back (`LIMBO_KEEP` of `rib/rib.ts`), and some of its own. */
const SETS_KEPT_MAX = 300;

export class SpeakerTarget implements Target {
  readonly #clock: StepClock;
  readonly #speaker = new Speaker({ seed: 1, kernelEnabled: false, restarting: false, now: 0 });
  readonly #lines: readonly Line[];
  readonly #signature = new Signature();
  readonly #metrics = new Metrics();
  #now = 0;
  #heldAt = 0;
  #nextConnection = 2;
  #nextCommand = 1;
  #steps = 0;
  #wants: ConnectionId[] = [];

  constructor(clock: StepClock) {
    this.#clock = clock;
    this.#lines = makeLines();
    this.#step({ type: 'planChanged', plan: planOf(this.#lines), revision: 1 });
    for (const line of this.#lines) this.#connect(line);
    this.#rest();
    const down = this.#lines.filter(({ isUp }) => !isUp);
    if (down.length > 0) throw new Finding(`Not Established: ${down.map((l) => l.address).join()}`);
  }

  get signature(): number {
    return this.#signature.value;
  }

  apply(action: Action): void {
    this.#now += TICK_MS;
    if (this.#now - this.#heldAt > KEEPALIVE_EVERY_MS) this.#keepAlive();
    switch (action.op) {
      case 'message':
        this.#octets(action);
        break;
      case 'settle':
        this.#wake();
        break;
      default:
        this.#close(this.#lines[action.peer]!);
    }
    this.#write();
    if (++this.#steps % SHOW_EVERY === 0) this.#show();
  }

  async finish(): Promise<void> {
    this.#rest();
    this.#show();
    const fuzzed = this.#lines.slice(0, PEERS);
    for (const line of fuzzed) this.#restart(line, 'disableNeighbor');
    // Whatever restart time was asked for has run out then.
    for (const until = this.#now + FORGET_MS; this.#now < until; ) this.#keepAlive();
    this.#rest();
    this.#checkEmpty();
    checkMetrics(await this.#metricsText());
  }

  #octets({ peer, octets, cut }: Extract<Action, { op: 'message' }>): void {
    const line = this.#lines[peer]!;
    this.#signature.begin('quiet');
    // An OPEN is of interest at the beginning of a session only.
    if (octets[18] === 1 && line.connection !== undefined) this.#close(line);
    if (line.connection === undefined) this.#accept(line);
    if (octets[18] !== 1 && !line.isUp) this.#greet(line);
    for (const part of cut > 0 ? [octets.subarray(0, cut), octets.subarray(cut)] : [octets]) {
      const { connection } = line;
      if (connection === undefined) return;
      this.#clock.begin();
      const { effects } = this.#speaker.step(
        { type: 'octetsReceived', connection, octets: part },
        this.#now,
      );
      this.#clock.end('octetsReceived');
      this.#perform(effects);
    }
    if (octets[18] === 1 && line.connection !== undefined) this.#receive(line, KEEPALIVE);
  }

  #connect(line: Line): void {
    this.#accept(line);
    this.#greet(line);
  }

  /** Calls; when the speaker still holds past errors against the neighbor, they are forgiven first. */
  #accept(line: Line): void {
    this.#call(line);
    if (line.connection !== undefined) return;
    this.#restart(line, 'disableNeighbor');
    this.#restart(line, 'enableNeighbor');
    this.#call(line);
  }

  #call(line: Line): void {
    const connection = this.#nextConnection;
    this.#nextConnection += 2;
    line.connection = connection;
    line.observer?.reset();
    const remote = { address: line.address, port: 40_000 };
    this.#step({ type: 'tcpAccepted', connection, remote, local: NODE });
  }

  #greet(line: Line): void {
    this.#receive(line, openOf(line));
    this.#receive(line, KEEPALIVE);
  }

  #receive({ connection }: Line, octets: Uint8Array): void {
    if (connection !== undefined) this.#step({ type: 'octetsReceived', connection, octets });
  }

  #restart({ address }: Line, command: 'disableNeighbor' | 'enableNeighbor'): void {
    const id = this.#nextCommand++;
    const name = `Global_${address.replaceAll('.', '_')}`;
    this.#step({ type: 'command', id, command: { command, name } });
  }

  #close(line: Line): void {
    const { connection } = line;
    line.connection = undefined;
    if (connection !== undefined) this.#step({ type: 'tcpClosed', connection });
  }

  #keepAlive(): void {
    this.#now = Math.max(this.#now, this.#heldAt) + 1;
    this.#heldAt = this.#now;
    for (const line of this.#lines) {
      const { connection } = line;
      if (connection === undefined || !line.isUp) continue;
      this.#receive(line, KEEPALIVE);
      // All that was sent has been read (RFC 9687).
      this.#step({ type: 'writable', connection });
    }
    this.#wake();
    this.#write();
    this.#now += KEEPALIVE_EVERY_MS;
  }

  #wake(): boolean {
    this.#clock.begin();
    const { effects, morePending } = this.#speaker.step({ type: 'wake' }, this.#now);
    this.#clock.end('wake');
    this.#perform(effects);
    return morePending;
  }

  #rest(): void {
    for (let i = 0; i < WAKES_MAX; i++) {
      const more = this.#wake();
      if (!this.#write() && !more) return;
    }
    throw new Finding(`The speaker does not come to rest within ${WAKES_MAX} wakes`);
  }

  #step(input: SpeakerInput): void {
    this.#perform(this.#speaker.step(input, this.#now).effects);
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'hangUp':
          this.#hungUp(effect.connection);
          break;
        case 'send':
          this.#heard(effect.connection, effect.octets);
          break;
        case 'wantsWrite':
          this.#wants.push(effect.connection);
          break;
        case 'reply':
          if (effect.error !== undefined) throw new Finding(`A command failed: ${effect.error}`);
          break;
        case 'publish': {
          const { event } = effect;
          const { text } = describeEvent(event);
          checkText(text);
          this.#signature.add(text.slice(text.indexOf(':')));
          if (event.event === 'peer-quarantined') throw new Finding(text);
          if (event.event === 'session-up' || event.event === 'session-down') {
            const line = this.#lines.find(({ address }) => address === event.address);
            if (line !== undefined) line.isUp = event.event === 'session-up';
          }
        }
      }
    }
  }

  #hungUp(connection: ConnectionId): void {
    const line = this.#lines.find((one) => one.connection === connection);
    if (line === undefined) return;
    line.connection = undefined;
    if (line.observer === undefined) return;
    throw new Finding(`The session with ${line.observer.name} was ended`);
  }

  /** What is sent must be messages, whoever it is for. */
  #heard(connection: ConnectionId, octets: Uint8Array): void {
    const observer = this.#lines.find((one) => one.connection === connection)?.observer;
    if (observer !== undefined) return observer.hear(octets);
    const framer = new Framer();
    framer.lengthMax = 65_535;
    framer.feed(octets, () => true);
    if (framer.pendingLength > 0) throw new Finding('A message was sent in part');
  }

  #write(): boolean {
    const wants = this.#wants;
    if (wants.length === 0) return false;
    this.#wants = [];
    for (const connection of wants) {
      for (;;) {
        this.#clock.begin();
        const octets = this.#speaker.pollTransmit(connection, POLL_OCTETS);
        this.#clock.end('pollTransmit');
        if (octets === undefined) break;
        if (octets.length > 0) this.#heard(connection, octets);
      }
    }
    return true;
  }

  /** Everything that people and programs can look at. */
  #show(): void {
    const { view } = this.#speaker;
    statusMessage(view.status(), FACTS);
    for (const neighbor of view.neighbors()) checkJson(neighborMessage(neighbor));
    for (const family of AFI_SAFIS) {
      const { routes } = view.routes({ family, limit: ROUTES_SHOWN });
      for (const route of routes) checkJson(routeMessage(family, route));
      for (const { name } of view.neighbors()) {
        view.routes({ family, neighbor: name, direction: 'out', limit: ROUTES_SHOWN });
      }
    }
    for (const { observer, address } of this.#lines.slice(PEERS)) {
      const state = view.neighbors().find((one) => one.address === address)?.state;
      if (state !== 'Established') throw new Finding(`${observer!.name} is ${state}`);
    }
  }

  async #metricsText(): Promise<string> {
    const { view } = this.#speaker;
    return this.#metrics.collect({ view, facts: FACTS, host: HOST }).metrics();
  }

  #checkEmpty(): void {
    const { routes } = this.#speaker.view.status();
    for (const family of AFI_SAFIS) {
      const { prefixes, paths, attributeSets } = routes[family];
      if (prefixes === 0 && paths === 0 && attributeSets <= SETS_KEPT_MAX) continue;
      throw new Finding(
        `Left behind: ${prefixes} prefixes, ${paths} paths, ${attributeSets} sets of ${family}`,
      );
    }
    for (const { observer } of this.#lines) {
      for (const family of AFI_SAFIS) {
        const held = observer?.told[family].size ?? 0;
        if (held > 0) throw new Finding(`${observer!.name} still holds ${held} ${family} routes`);
      }
    }
  }
}

const FACTS = { version: '0.0.0', problems: 0 } as const;
const HOST = {
  cpuSeconds: 0,
  residentOctets: 0,
  heapOctets: 0,
  loopLagSecondsMax: 0,
  loopDelays: new HistogramCell([1]),
  loopTurns: new HistogramCell([1]),
  steps: [],
};
