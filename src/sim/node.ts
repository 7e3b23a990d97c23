/**
 * One simulated machine: a real `Speaker`, a simulated kernel, and the shells between them, in virtual time.
 *
 * Keeps the contract of the daemon's loop: one input at a time, its effects in order, then its deadline. What the
 * core does against the contract is written down in `violations`.
 */

import { ByteWriter } from '../base/byte-writer.ts';
import type { SystemError } from '../base/errors.ts';
import type { Millis, Octets } from '../base/units.ts';
import type { SpeakerPlan } from '../datastore/plan-types.ts';
import type { IpAddress } from '../net/ip-address.ts';
import type { RibSizes } from '../rib/rib-sizes.ts';
import type { Effect } from '../speaker/effects.ts';
import type { SpeakerEvent } from '../speaker/events.ts';
import type { Command, SpeakerInput } from '../speaker/inputs.ts';
import type { StoredQuarantine } from '../speaker/quarantine-records.ts';
import type { SpeakerView } from '../speaker/snapshot.ts';
import { Speaker } from '../speaker/speaker.ts';
import type { Appointment, SimClock } from './clock.ts';
import type { SimKernel } from './kernel.ts';
import { KernelSide } from './kernel-side.ts';
import type { TcpNetwork } from './network.ts';
import type { SimHost } from './socket.ts';
import { TcpSide } from './tcp-side.ts';
import { Wiretap } from './wiretap.ts';

export interface SimNodeOptions {
  readonly name: string;
  readonly addresses: readonly IpAddress[];
  readonly kernel: SimKernel;
  readonly seed: number;
  /** Virtual CPU time of a step, in milliseconds: inputs wait while one is handled. 0 = the core takes no time. */
  readonly stepMs?: Millis;
  /** False: godwit.yaml says not to touch the kernel. */
  readonly kernelEnabled?: boolean;
  /** The kernel refuses us altogether. */
  readonly kernelRefuses?: SystemError;
  /** Whether what it says is listened in on, at the cost of decoding all of it. Default false. */
  readonly tapped?: boolean;
  /** See `SpeakerOptions`. */
  readonly trailOctets?: Octets;
  /** See `SpeakerOptions`. */
  readonly ribSizes?: RibSizes;
  /** Events kept; the first ones. Default `EVENTS_KEPT_MAX`. */
  readonly eventsKept?: number;
}

export interface Logged {
  readonly at: Millis;
  readonly event: SpeakerEvent;
}

/** Events kept a node; a simulation that publishes more without end is itself a finding. */
const EVENTS_KEPT_MAX = 100_000;

/** What the world does not see: it may follow `stopped`. */
const PRIVATE: ReadonlySet<Effect['type']> = new Set([
  'reply',
  'publish',
  'keepEvidence',
  'saveQuarantines',
]);

const WAKE: SpeakerInput = { type: 'wake' };

/** No marker of a message, and no sensible length. */
const SCRIBBLE = 0xa5;

export class SimNode {
  readonly name: string;
  readonly addresses: readonly IpAddress[];
  readonly kernel: SimKernel;
  readonly host: SimHost;
  readonly events: Logged[] = [];
  /** What brought out a bug. */
  readonly evidence: Extract<Effect, { type: 'keepEvidence' }>[] = [];
  readonly violations: string[] = [];
  readonly tap: Wiretap | undefined;
  /** Steps of all incarnations. */
  steps = 0;
  /** The longest time by which a deadline was missed, in milliseconds. */
  lagMsMax = 0;
  /** When something last happened that is not routine: UPDATEs, kernel requests, events. */
  lastActivity: Millis = 0;
  readonly #clock: SimClock;
  readonly #options: SimNodeOptions;
  readonly #tcp: TcpSide;
  readonly #kernelSide: KernelSide;
  readonly #queue: SpeakerInput[] = [];
  readonly #replies = new Map<number, string | undefined>();
  #speaker: Speaker | undefined;
  #plan: SpeakerPlan | undefined;
  #revision = 0;
  /** What the state directory holds. */
  readonly #journal = new ByteWriter();
  #quarantines: { readonly at: Millis; readonly stored: readonly StoredQuarantine[] } | undefined;
  #incarnation = 0;
  #running = false;
  #busyUntil: Millis = 0;
  #drainSoon: Appointment | undefined;
  /** When the core wants to be woken, and the appointment that sees to it: never later, often earlier. */
  #deadline: Millis | undefined;
  #timer: Appointment | undefined;
  #wakeSoon = false;
  /** A timer came while the node was busy: sockets are read first, as by the daemon's loop. */
  #wakeWaits = false;
  #commands = 0;

  constructor(network: TcpNetwork, options: SimNodeOptions) {
    this.#clock = network.clock;
    this.#options = options;
    this.name = options.name;
    this.addresses = options.addresses;
    this.kernel = options.kernel;
    this.host = network.addHost(options.name, options.addresses);
    if (options.tapped === true) {
      this.tap = new Wiretap({
        peerType: (remote) => this.#peerTypeOf(remote),
        violation: (text) => this.#violation(text),
      });
    }
    const shared = {
      clock: network.clock,
      lane: this.host.lane,
      submit: (input: SpeakerInput) => this.submit(input),
      violation: (text: string) => this.#violation(text),
      active: () => this.#noteActivity(),
    };
    this.#tcp = new TcpSide(network, this.host, {
      ...shared,
      poll: (connection, budget) => this.#speaker?.pollTransmit(connection, budget),
      ...(this.tap === undefined ? {} : { tap: this.tap }),
    });
    this.#kernelSide = new KernelSide(this.kernel, {
      ...shared,
      ...(options.kernelRefuses === undefined ? {} : { refusal: options.kernelRefuses }),
    });
  }

  get isRunning(): boolean {
    return this.#speaker !== undefined;
  }

  get speaker(): Speaker {
    if (this.#speaker === undefined) throw new Error(`${this.name} is not running`);
    return this.#speaker;
  }

  get view(): SpeakerView {
    return this.speaker.view;
  }

  get plan(): SpeakerPlan | undefined {
    return this.#plan;
  }

  get connections(): number {
    return this.#tcp.connections;
  }

  /** Nothing is queued in this node, neither in its core nor before it. */
  get isIdle(): boolean {
    return this.#queue.length === 0 && !this.#wakeSoon && !this.#wakeWaits;
  }

  /** Starts the daemon. `restarting`: it left a restart marker when it stopped, or was killed. */
  start({ restarting = false }: { readonly restarting?: boolean } = {}): void {
    if (this.#speaker !== undefined) throw new Error(`${this.name} runs already`);
    const { seed, kernelEnabled = true, trailOctets, ribSizes } = this.#options;
    this.#incarnation++;
    this.#speaker = new Speaker({
      seed: seed + this.#incarnation * 7919,
      kernelEnabled,
      restarting,
      ...(trailOctets === undefined ? {} : { trailOctets }),
      ...(ribSizes === undefined ? {} : { ribSizes }),
      ...(this.#quarantines === undefined ? {} : { quarantines: this.#savedQuarantines() }),
      ...(this.#journal.length === 0 ? {} : { journal: this.#journal.finish() }),
      now: this.#clock.now,
    });
    this.#tcp.start();
    this.#kernelSide.start();
    if (this.#plan !== undefined) this.setPlan(this.#plan);
  }

  /** A new plan, as the keeper of configuration gives it. */
  setPlan(plan: SpeakerPlan): void {
    this.#plan = plan;
    this.#revision++;
    if (this.#speaker === undefined) return;
    this.submit({
      type: 'planChanged',
      plan,
      revision: this.#revision,
      changedAt: this.#clock.now,
    });
  }

  /** @returns the reply: empty when done, else why not; undefined when none has come. */
  command(command: Command): string | undefined {
    const id = ++this.#commands;
    this.submit({ type: 'command', id, command });
    return this.#replies.get(id);
  }

  /** SIGTERM: the core says goodbye in its way, then the process ends. */
  terminate(): void {
    this.command({ command: 'shutdown', mode: 'restart' });
  }

  /** `kill -9`: the machine's kernel closes the sockets; routes stay. */
  kill(): void {
    this.#end(() => this.#tcp.closeAll());
  }

  /** The power is cut: nobody is told anything. The kernel's routes would be gone, too: give it a new node. */
  powerOff(): void {
    this.host.up = false;
    this.#end(() => this.#tcp.vanishAll());
  }

  /** The process gets no CPU for so long; what arrives meanwhile waits in the sockets. Its clock jumps, then. */
  freeze(ms: Millis): void {
    this.#busyUntil = Math.max(this.#busyUntil, this.#clock.now + ms);
  }

  /** Goes on at once. */
  thaw(): void {
    this.#busyUntil = this.#clock.now;
    this.#drainSoon?.cancel();
    this.#drainSoon = undefined;
    this.#drain();
  }

  get unsentOctetsMax(): number {
    return this.#tcp.unsentOctetsMax;
  }

  /** Changes the kernel as another program would; the events follow at once. */
  editKernel(edit: (kernel: SimKernel) => void): void {
    edit(this.kernel);
    this.#kernelSide.tellEvents();
  }

  submit(input: SpeakerInput): void {
    if (this.#speaker === undefined) return;
    this.#queue.push(input);
    this.#drain();
  }

  eventsOf<K extends SpeakerEvent['event']>(kind: K): Extract<SpeakerEvent, { event: K }>[] {
    return this.events
      .filter(({ event }) => event.event === kind)
      .map(({ event }) => event as Extract<SpeakerEvent, { event: K }>);
  }

  #drain(): void {
    if (this.#running) return;
    this.#running = true;
    while ((this.#queue.length > 0 || this.#wakeWaits) && this.#speaker !== undefined) {
      if (this.#busyUntil > this.#clock.now) {
        this.#drainLater();
        break;
      }
      const input = this.#queue.shift();
      if (input === undefined) this.#wakeWaits = false;
      this.#step(input ?? WAKE);
    }
    this.#running = false;
  }

  #drainLater(): void {
    const drain = (): void => {
      this.#drainSoon = undefined;
      this.#drain();
    };
    this.#drainSoon ??= this.#clock.at(this.#busyUntil, drain, this.host.lane);
  }

  #step(input: SpeakerInput): void {
    const speaker = this.#speaker!;
    this.steps++;
    this.#busyUntil = this.#clock.now + (this.#options.stepMs ?? 0);
    const { effects, deadline, morePending } = speaker.step(input, this.#clock.now);
    // Borrowed octets are valid only during `step`: whoever has kept a view of them reads nonsense from now on.
    if (input.type === 'octetsReceived') input.octets.fill(SCRIBBLE);
    const journal = speaker.takeJournal();
    if (journal !== undefined) this.#journal.bytes(journal);
    for (const effect of effects) {
      if (this.#speaker === speaker || PRIVATE.has(effect.type)) this.#perform(effect);
      else this.#violation(`${effect.type} after 'stopped'`);
    }
    if (this.#speaker !== speaker) return;
    if (morePending) this.#soon();
    this.#wakeAt(deadline);
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'kernelRequests':
        this.#noteActivity();
        this.#kernelSide.send(effect.batch);
        return;
      case 'kernelDump':
        this.#kernelSide.dump();
        return;
      case 'linkRequest': // a simulated machine has its devices
        return;
      case 'kernelProof':
        this.#kernelSide.prove();
        return;
      case 'reply':
        this.#replies.set(effect.id, effect.error ?? '');
        return;
      case 'keepEvidence':
        this.evidence.push(effect);
        return;
      case 'saveQuarantines':
        this.#quarantines = { at: this.#clock.now, stored: effect.quarantines };
        return;
      case 'publish':
        this.#noteActivity();
        if (this.events.length < (this.#options.eventsKept ?? EVENTS_KEPT_MAX)) {
          this.events.push({ at: this.#clock.now, event: effect.event });
        }
        return;
      case 'stopped':
        // The loop ends once the sockets are flushed.
        this.#end(() => this.#tcp.closeAll());
        return;
      default:
        this.#tcp.perform(effect);
        return;
    }
  }

  /** After I/O of this instant has had its turn. */
  #soon(): void {
    if (this.#wakeSoon) return;
    this.#wakeSoon = true;
    this.#noteActivity();
    const incarnation = this.#incarnation;
    const wake = (): void => {
      if (incarnation !== this.#incarnation || this.#speaker === undefined) return;
      this.#wakeSoon = false;
      this.#wakeWaits = true;
      this.#drain();
    };
    this.#clock.at(Math.max(this.#clock.now, this.#busyUntil), wake, this.host.lane);
  }

  #wakeAt(deadline: Millis | undefined): void {
    this.#deadline = deadline;
    if (deadline === undefined) return;
    // One that comes too early makes another: most deadlines move on before they come, with every KEEPALIVE.
    if (this.#timer !== undefined && this.#timer.at <= deadline) return;
    this.#timer?.cancel();
    this.#timer = this.#clock.at(deadline, this.#onTimer, this.host.lane);
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const deadline = this.#deadline;
    if (deadline === undefined) return;
    if (deadline > this.#clock.now) {
      this.#timer = this.#clock.at(deadline, this.#onTimer, this.host.lane);
      return;
    }
    this.lagMsMax = Math.max(this.lagMsMax, this.#busyUntil - deadline);
    this.#wakeWaits = true;
    this.#drain();
  };

  #end(closeSockets: () => void): void {
    if (this.#speaker === undefined) return;
    closeSockets();
    this.#speaker = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#deadline = undefined;
    this.#queue.length = 0;
    this.#wakeSoon = false;
    this.#wakeWaits = false;
    this.#kernelSide.stop();
  }

  /** As the state directory gives them: what has passed since, has passed. */
  #savedQuarantines(): StoredQuarantine[] {
    const { at, stored } = this.#quarantines!;
    const passed = this.#clock.now - at;
    return stored.map((one) => ({ ...one, endsInMs: one.endsInMs - passed }));
  }

  #peerTypeOf(remote: IpAddress): 'ibgp' | 'ebgp' {
    const peer = this.#plan?.peers.find(({ remoteAddress }) => remoteAddress === remote);
    return peer === undefined || peer.remoteAs === peer.localAs ? 'ibgp' : 'ebgp';
  }

  #noteActivity(): void {
    this.lastActivity = this.#clock.now;
  }

  #violation(text: string): void {
    this.violations.push(`${this.name} at ${this.#clock.now.toFixed(3)} ms: ${text}`);
  }
}
