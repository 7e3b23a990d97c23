/**
 * The whole way through: a real speaker with Established sessions, whose peers say damaged things, and two observers
 * whose sessions nothing of that may touch. Sampled: what it shows as text, JSON and metrics.
 */

import { Metrics } from '../../src/api/metrics.ts';
import { describeEvent } from '../../src/api/event-text.ts';
import { neighborMessage, routeMessage, statusMessage } from '../../src/api/messages.ts';
import type { PeerPlan } from '../../src/datastore/plan-types.ts';
import { AFI_SAFIS } from '../../src/net/afi-safi.ts';
import { type IpAddress, ip, ipv4ToU32 } from '../../src/net/ip-address.ts';
import type { Policy } from '../../src/policy/types.ts';
import type { Effect } from '../../src/speaker/effects.ts';
import type { ConnectionId, SpeakerInput } from '../../src/speaker/inputs.ts';
import { Speaker } from '../../src/speaker/speaker.ts';
import { planWith } from '../../src/speaker/testing/bare.ts';
import { Framer } from '../../src/wire/framer.ts';
import { MESSAGE_LENGTH_MAX } from '../../src/wire/header.ts';
import { KEEPALIVE } from '../../src/wire/keepalive.ts';
import { encodeOpen } from '../../src/wire/open.ts';
import type { UpdateContext } from '../../src/wire/update.ts';
import { type Action, Finding, type Target } from './action.ts';
import { Observer } from './observer.ts';
import { Signature } from './signature.ts';
import type { StepClock } from './step-clock.ts';
import { checkText } from './tables-target.ts';

const LOCAL_AS = 64_512;
const ADDRESSES = { ipv4: ip('10.0.0.1'), ipv6: ip('fd00::1') };
const NODE = { address: ip('10.0.0.1'), port: 179 };
/** An internal peer, an external one, one of 2-octet AS numbers, and one that is a client of this reflector. */
const AS_OF_PEER: readonly number[] = [LOCAL_AS, 65_001, 65_002, LOCAL_AS];
/** How many peers there are that say damaged things. */
export const PEERS: number = AS_OF_PEER.length;
const OLD_PEER = 2;
const OBSERVER_AS: readonly number[] = [65_020, LOCAL_AS];
const ACCEPT: Policy = { name: 'everything', statements: [], otherwise: 'accept' };

const HOLD_TIME = 90;
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

interface Line {
  readonly address: IpAddress;
  readonly as: number;
  readonly as4: boolean;
  connection: ConnectionId | undefined;
  readonly observer: Observer | undefined;
}

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
    this.#lines = [...AS_OF_PEER, ...OBSERVER_AS].map((as, index) => lineOf(as, index));
    const plan = planWith(
      this.#lines.map(({ address }) => address),
      (peer) => this.#planOf(peer),
    );
    this.#step({
      type: 'planChanged',
      plan: { ...plan, addresses: ADDRESSES, clusterId: NODE.address },
      revision: 1,
    });
    for (const line of this.#lines) this.#connect(line);
    this.#rest();
    const down = this.#lines.filter(({ connection }) => connection === undefined);
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
    this.#checkMetrics(await this.#metricsText());
    for (const line of fuzzed) {
      this.#restart(line, 'enableNeighbor');
      this.#connect(line);
    }
    this.#rest();
  }

  #planOf(peer: PeerPlan): PeerPlan {
    const line = this.#lines.find(({ address }) => address === peer.remoteAddress)!;
    const isClient = line.as === LOCAL_AS && line !== this.#lines[0];
    return {
      ...peer,
      remoteAs: line.as,
      families: AFI_SAFIS,
      passive: true,
      holdTime: HOLD_TIME,
      restartTime: 120,
      rrClient: isClient,
      importPolicy: ACCEPT,
      exportPolicy: ACCEPT,
    };
  }

  #octets({ peer, octets, cut }: Extract<Action, { op: 'message' }>): void {
    const line = this.#lines[peer]!;
    this.#signature.begin('quiet');
    // An OPEN is of interest at the beginning of a session only.
    if (octets[18] === 1 && line.connection !== undefined) this.#close(line);
    if (line.connection === undefined) this.#accept(line);
    if (octets[18] !== 1 && !this.#isEstablished(line)) this.#greet(line);
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

  #isEstablished({ address }: Line): boolean {
    return this.#speaker.view
      .neighbors()
      .some((one) => one.address === address && one.state === 'Established');
  }

  #connect(line: Line): void {
    this.#accept(line);
    this.#greet(line);
  }

  /** What held the neighbor back before is forgiven. */
  #accept(line: Line): void {
    this.#restart(line, 'disableNeighbor');
    this.#restart(line, 'enableNeighbor');
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
    const neighbor = this.#speaker.view.neighbors().find((one) => one.address === address);
    if (neighbor === undefined) throw new Finding(`${address} is no neighbor any more`);
    const id = this.#nextCommand++;
    this.#step({ type: 'command', id, command: { command, name: neighbor.name } });
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
      if (line.observer !== undefined || this.#isEstablished(line)) this.#receive(line, KEEPALIVE);
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
        case 'publish': {
          const { text } = describeEvent(effect.event);
          checkText(text);
          this.#signature.add(text.slice(text.indexOf(':')));
          if (effect.event.event === 'peer-quarantined') throw new Finding(text);
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

  #checkMetrics(text: string): void {
    const bad = text.split('\n').find((line) => line !== '' && !METRICS_LINE.test(line));
    if (bad !== undefined) throw new Finding(`Not a line of metrics: ${JSON.stringify(bad)}`);
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
const HOST = { cpuSeconds: 0, residentOctets: 0, heapOctets: 0, loopLagSecondsMax: 0 } as const;
const METRICS_LINE =
  /^(#.*|[a-z_]\w*(\{[a-z_]\w*="([^"\\]|\\[\\n"])*"(,[a-z_]\w*="([^"\\]|\\[\\n"])*")*\})? [-+\d.eInfNa]+)$/;

function lineOf(as: number, index: number): Line {
  const address = ip(`10.0.0.${11 + index}`);
  const isObserver = index >= PEERS;
  const context: UpdateContext = {
    as4: true,
    peerType: as === LOCAL_AS ? 'ibgp' : 'ebgp',
    addPathReceive: { 'ipv4-unicast': false, 'ipv6-unicast': false },
    extendedNextHop: false,
  };
  const observer = isObserver
    ? new Observer(`the observer in AS ${as}`, context, MESSAGE_LENGTH_MAX)
    : undefined;
  return { address, as, as4: index !== OLD_PEER, connection: undefined, observer };
}

function openOf({ as, as4, address }: Line): Uint8Array {
  return encodeOpen({
    version: 4,
    myAs: as,
    holdTime: HOLD_TIME,
    bgpIdentifier: ipv4ToU32(address),
    capabilities: [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'multiprotocol', afi: 2, safi: 1 },
      { kind: 'routeRefresh' },
      ...(as4 ? [{ kind: 'fourOctetAs', asn: as } as const] : []),
    ],
  });
}

function checkJson(value: object): void {
  const text = JSON.stringify(value);
  checkText(text);
  JSON.parse(text);
}
