/**
 * The whole way through: a real speaker with Established sessions, whose peers say damaged things, and two observers
 * whose sessions nothing of that may touch. Every event is shown; now and then, everything there is to look at.
 */

import { AFI_SAFIS } from '../../src/net/afi-safi.ts';
import { ip } from '../../src/net/ip-address.ts';
import { SMALL_SIZES } from '../../src/rib/rib-sizes.ts';
import type { Effect } from '../../src/speaker/effects.ts';
import type { ConnectionId, SpeakerInput } from '../../src/speaker/inputs.ts';
import { Speaker } from '../../src/speaker/speaker.ts';
import { Framer } from '../../src/wire/framer.ts';
import { MessageType } from '../../src/wire/iana.ts';
import { KEEPALIVE } from '../../src/wire/keepalive.ts';
import { message } from '../../src/wire/testing/fixtures.ts';
import { type Action, Finding, type Target } from './action.ts';
import { lotOf } from './observer.ts';
import { Shows } from './shows.ts';
import { Signature } from './signature.ts';
import { type Line, makeLines, openOf, PEERS, planOf } from './speaker-lines.ts';
import type { StepClock } from './step-clock.ts';

const NODE = { address: ip('10.0.0.1'), port: 179 };
/** Virtual time between two actions, in milliseconds. */
const TICK_MS = 10;
const KEEPALIVE_EVERY_MS = 20_000;
/** The longest restart time that a peer can ask for is 4095 s (RFC 4724 §3). */
const FORGET_MS = 4_200_000;
const STALE_MS = 380_000;
const SILENCE_MS = 100_000;
const POLL_OCTETS = 65_536;
const WAKES_MAX = 20_000;
/** Looking at everything takes as long as some hundred messages. */
const SHOW_EVERY = 400;
/** Looking at a few routes does not. */
const GLANCE_EVERY = 20;
/** One message in this many comes in a state that has no place for it. */
const WRONG_STATE_EVERY = 16;
/** Sets that a RIB keeps for a flap that brings them back (`LIMBO_KEEP` of `rib/rib.ts`), and some of its own. */
const SETS_KEPT_MAX = 300;

const OPEN = 1;
/** Of both families (RFC 2918 §3). */
const REFRESHES: readonly Uint8Array[] = [
  message(MessageType.RouteRefresh, Uint8Array.of(0, 1, 0, 1)),
  message(MessageType.RouteRefresh, Uint8Array.of(0, 2, 0, 1)),
];

export class SpeakerTarget implements Target {
  readonly #clock: StepClock;
  /** Small slices: what the tables do with large ones, `TablesTarget` has. */
  readonly #speaker = new Speaker({
    ...{ seed: 1, kernelEnabled: false, restarting: false, now: 0 },
    ribSizes: SMALL_SIZES,
  });
  readonly #lines: readonly Line[];
  readonly #signature = new Signature();
  readonly #shows: Shows;
  readonly #policies: { readonly imports: number[]; readonly exports: number[] };
  #now = 0;
  #heldAt = 0;
  #nextConnection = 2;
  #nextCommand = 1;
  #revision = 0;
  #steps = 0;
  #wants: ConnectionId[] = [];
  readonly #open = new Set<ConnectionId>();

  constructor(clock: StepClock) {
    this.#clock = clock;
    this.#lines = makeLines();
    this.#shows = new Shows(this.#speaker.view);
    this.#policies = { imports: this.#lines.map(() => 0), exports: this.#lines.map(() => 0) };
    this.#configure();
    for (const line of this.#lines) this.#connect(line);
    this.#rest();
    this.#checkUp();
  }

  get signature(): number {
    return this.#signature.value;
  }

  apply(action: Action): void | Promise<void> {
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
        this.#event(action);
    }
    this.#write();
    if (++this.#steps % GLANCE_EVERY === 0) this.#shows.glance();
    if (this.#steps % SHOW_EVERY === 0) return this.#show();
  }

  /** What happens beside messages. */
  #event({ op, peer }: Exclude<Action, { op: 'message' | 'settle' }>): void {
    const line = this.#lines[peer]!;
    const observer = this.#lines[PEERS + (peer % (this.#lines.length - PEERS))]!;
    switch (op) {
      case 'refresh':
        return REFRESHES.forEach((octets) => {
          this.#receive(observer, octets);
        });
      case 'rejoin':
        this.#close(observer);
        return this.#connect(observer);
      case 'import':
      case 'export': {
        const policies = op === 'import' ? this.#policies.imports : this.#policies.exports;
        const index = this.#lines.indexOf(op === 'import' ? line : observer);
        policies[index] = 1 - policies[index]!;
        return this.#configure();
      }
      case 'sweep':
        this.#restart(line, 'disableNeighbor');
        return this.#restart(line, 'enableNeighbor');
      case 'stale':
        return this.#fallSilent(line);
      case 'call':
        return this.#callAgain(line);
      case 'lose':
        return this.#close(line);
    }
  }

  /** Past the HoldTimer of this peer alone; all others are heard. */
  #fallSilent(line: Line): void {
    for (const until = this.#now + SILENCE_MS; this.#now < until; ) this.#keepAlive(line);
  }

  /** A connection beside the one that there is; whichever is ended, the peer goes on with the other. */
  #callAgain(line: Line): void {
    const before = line.connection;
    this.#call(line);
    this.#greet(line);
    if (before !== undefined && line.connection === undefined && this.#open.has(before)) {
      line.connection = before;
    }
  }

  async finish(): Promise<void> {
    this.#rest();
    await this.#show();
    this.#checkTold();
    this.#checkStale();
    const fuzzed = this.#lines.slice(0, PEERS);
    for (const line of fuzzed) this.#restart(line, 'disableNeighbor');
    // Whatever restart time was asked for has run out then.
    for (const until = this.#now + FORGET_MS; this.#now < until; ) this.#keepAlive();
    this.#rest();
    this.#checkEmpty();
    await this.#shows.show();
    this.#beginAnew();
  }

  /** As the constructor leaves it: the next round is to find what this one found. */
  #beginAnew(): void {
    const { imports, exports } = this.#policies;
    if ([...imports, ...exports].some((policy) => policy !== 0)) {
      imports.fill(0);
      exports.fill(0);
      this.#configure();
    }
    for (const line of this.#lines.slice(0, PEERS)) {
      this.#restart(line, 'enableNeighbor');
      this.#connect(line);
    }
    this.#rest();
    this.#checkUp();
  }

  #checkUp(): void {
    const down = this.#lines.filter(({ isUp }) => !isUp);
    if (down.length > 0) throw new Finding(`Not Established: ${down.map((l) => l.address).join()}`);
  }

  #configure(): void {
    const plan = planOf(this.#lines, this.#policies);
    this.#step({ type: 'planChanged', plan, revision: ++this.#revision });
  }

  #octets(action: Extract<Action, { op: 'message' }>): void {
    const { octets } = action;
    const line = this.#lines[action.peer]!;
    const isOpen = octets[18] === OPEN;
    this.#signature.begin(`${octets[18]} ${line.isUp}`);
    const way = lotOf(octets) % WRONG_STATE_EVERY;
    // An OPEN is of most interest at the beginning of a session.
    if (isOpen && way !== 0) this.#close(line);
    if (line.connection === undefined) this.#accept(line);
    if (!isOpen && !line.isUp && way !== 0) {
      this.#receive(line, openOf(line));
      if (way !== 1) this.#receive(line, KEEPALIVE);
    }
    const { connection } = line;
    line.stream.deliver(action, (chunk) => {
      if (connection === undefined || connection !== line.connection) return;
      const input = { type: 'octetsReceived', connection, octets: chunk } as const;
      this.#clock.begin();
      const { effects } = this.#speaker.step(input, this.#now);
      this.#clock.end('octetsReceived');
      this.#perform(effects);
    });
    if (isOpen && line.connection === connection) this.#receive(line, KEEPALIVE);
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
    this.#open.add(connection);
    line.observer?.reset();
    line.stream.reset();
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
    if (connection === undefined) return;
    this.#open.delete(connection);
    this.#step({ type: 'tcpClosed', connection });
  }

  #keepAlive(silent?: Line): void {
    this.#now = Math.max(this.#now, this.#heldAt) + 1;
    this.#heldAt = this.#now;
    for (const line of this.#lines) {
      const { connection } = line;
      if (connection === undefined || !line.isUp || line === silent) continue;
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
          const text = this.#shows.publish(event);
          this.#signature.add(text.slice(text.indexOf(':')));
          if (event.event === 'peer-quarantined') throw new Finding(text);
          if (event.event === 'stale-swept') this.#checkSwept(event);
          if (event.event === 'session-up' || event.event === 'session-down') {
            const line = this.#lines.find(({ address }) => address === event.address);
            if (line !== undefined) line.isUp = event.event === 'session-up';
          }
        }
      }
    }
  }

  #hungUp(connection: ConnectionId): void {
    this.#open.delete(connection);
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

  async #show(): Promise<void> {
    for (const { observer, address } of this.#lines.slice(PEERS)) {
      const neighbor = this.#speaker.view.neighbors().find((one) => one.address === address)!;
      if (neighbor.state === 'Established') continue;
      throw new Finding(`${observer!.name} is ${neighbor.state}`);
    }
    await this.#shows.show();
  }

  /** At rest, the observers hold as many routes as the speaker says that it told them. */
  #checkTold(): void {
    for (const { observer, address } of this.#lines.slice(PEERS)) {
      const neighbor = this.#speaker.view.neighbors().find((one) => one.address === address)!;
      for (const { family, advertised, pending } of neighbor.families) {
        const held = observer!.told[family].size;
        if (held === advertised && pending === 0) continue;
        throw new Finding(`${observer!.name} holds ${held} of ${advertised} ${family} routes`);
      }
    }
  }

  /** RFC 4724 §4.2: nothing is stale once a peer has been back for longer than anybody waits for its End-of-RIB. */
  #checkStale(): void {
    for (const line of this.#lines) if (!line.isUp) this.#connect(line);
    for (const until = this.#now + STALE_MS; this.#now < until; ) this.#keepAlive();
    this.#rest();
    for (const { name, state, sinceMs, families } of this.#speaker.view.neighbors()) {
      if (state !== 'Established' || sinceMs < STALE_MS) continue;
      const stale = families.find((family) => family.stale > 0);
      if (stale === undefined) continue;
      throw new Finding(`${stale.stale} paths of ${name} are stale after ${sinceMs / 1000} s`);
    }
  }

  #checkSwept({ peer, family }: { readonly peer: string; readonly family: string }): void {
    const neighbor = this.#speaker.view.neighbors().find(({ name }) => name === peer);
    const stale = neighbor?.families.find((one) => one.family === family)?.stale ?? 0;
    if (stale > 0) throw new Finding(`${stale} stale paths of ${peer} are left after the sweep`);
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
