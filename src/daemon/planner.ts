/**
 * Follows the datastore and plans, on a thread of its own (decision 0012): reading and parsing thousands of documents
 * must not hold up BGP. Runs inside `bin/planner.ts`; `planner-link.ts` is the other end.
 *
 * Messages go one at a time and are answered by `ack`, so that the main thread reads its sockets between two of them.
 */

import { type ConfigError, formatConfigError, type SystemError } from '../base/errors.ts';
import { type Millis, millis } from '../base/units.ts';
import { ConfigurationKeeper, type KeeperOutput } from '../datastore/keeper.ts';
import type { PlanOptions } from '../datastore/plan-options.ts';
import { type PlanPart, PlanSender } from '../datastore/plan-transfer.ts';
import type { SpeakerPlan } from '../datastore/plan-types.ts';
import type { ProposedChange } from '../datastore/propose.ts';
import { EndpointStatus } from '../io/datastores/endpoint-status.ts';
import { FileDatastore } from '../io/datastores/file.ts';
import type { DatastoreListener, StatusReport } from '../io/datastores/listener.ts';
import { StateDir } from '../io/state-dir.ts';
import type { Settings } from './config.ts';
import { collectGarbage } from './give-back-memory.ts';
import { kubernetesOptions } from './kubernetes-options.ts';
import { type ProposalPart, type ProposalRequest, proposalParts } from './proposal-parts.ts';

/** Problems a message: they are small, and a directory of thousands may have one each. */
const PROBLEMS_PER_MESSAGE_MAX = 128;

export interface PlannerOptions {
  readonly node: string;
  readonly plan: PlanOptions;
  readonly datastore: Settings['datastore'];
  readonly stateDir: string;
  readonly endpointStatus?: string | undefined;
  /** Of the plan that runs, when a planner before this one has died. */
  readonly revision: number;
}

export interface HeldChange {
  readonly revision: number;
  readonly reason: string;
  /** Milliseconds from now: the threads' clocks do not begin together. */
  readonly inMs: number;
}

export type FromPlanner =
  /** What came and went of problems, by their text. `anew`: all that were known before are gone. */
  | {
      readonly type: 'problems';
      readonly anew: boolean;
      readonly appeared: readonly ConfigError[];
      readonly cleared: readonly string[];
    }
  | { readonly type: 'lost'; readonly reason: string; readonly staleMs: number | undefined }
  | { readonly type: 'back' }
  /** A change waits for the guard's minute; undefined: none does any more. */
  | { readonly type: 'held'; readonly held: HeldChange | undefined }
  | {
      readonly type: 'plan';
      readonly revision: number;
      readonly part: PlanPart;
      /** Milliseconds since the datastore told of the change; absent where no event led to it. */
      readonly seenAgoMs?: number;
    }
  | { readonly type: 'notSaved'; readonly error: SystemError }
  | { readonly type: 'reread'; readonly id: number; readonly lost: string | undefined }
  /** Answers `writeStatus`; `error` is empty when it was written. */
  | { readonly type: 'statusWritten'; readonly name: string; readonly error: string }
  /** Answers `propose`, in parts. */
  | ({ readonly type: 'proposal'; readonly id: number } & ProposalPart)
  /** All that the first look at the datastore gave has been said. */
  | { readonly type: 'started' };

export type ToPlanner =
  | { readonly type: 'ack' }
  | { readonly type: 'release' }
  /** The status of a CalicoNodeStatus. */
  | ({ readonly type: 'writeStatus' } & StatusReport)
  | ({ readonly type: 'propose'; readonly id: number } & ProposalRequest)
  /** Look at the datastore now; answered by `reread` once what was found has been said. */
  | { readonly type: 'reread'; readonly id: number };

interface Waiting {
  readonly plan: SpeakerPlan;
  readonly revision: number;
  readonly seenAt: Millis | undefined;
}

export class Planner {
  readonly #options: PlannerOptions;
  readonly #post: (message: FromPlanner) => void;
  readonly #stateDir: StateDir;
  readonly #sender = new PlanSender();
  /** What is to be said, in order. A plan stands for the newest of `#plan`. */
  readonly #outbox: (FromPlanner | 'plan')[] = [];
  #plan: Waiting | undefined;
  #parts: (Omit<Waiting, 'plan'> & { readonly parts: Iterator<PlanPart> }) | undefined;
  #awaitsAck = false;
  #wasHeld = false;
  #keeper: ConfigurationKeeper | undefined;
  #datastore: Datastore | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PlannerOptions, post: (message: FromPlanner) => void) {
    this.#options = options;
    this.#post = post;
    this.#stateDir = new StateDir(options.stateDir, options.node);
  }

  async start(): Promise<void> {
    const { node, plan, revision } = this.#options;
    const stored = await this.#stateDir.load(new Date());
    const keeper = new ConfigurationKeeper(
      { node, plan, revision, ...(stored === undefined ? {} : { stored }) },
      now(),
    );
    this.#keeper = keeper;
    this.#say({ type: 'problems', anew: true, appeared: [], cleared: [] });
    let first = true;
    const listener: DatastoreListener = {
      onSnapshot: (snapshot, seenAt) => {
        const output = keeper.onSnapshot(snapshot, now());
        // Whoever listens may still hold what a planner before this one has said of a loss.
        const at = seenAt === undefined ? undefined : millis(seenAt);
        this.#take(first ? { ...output, back: true } : output, at);
        first = false;
      },
      onLost: (reason) => this.#take(keeper.onLost(reason, now())),
    };
    this.#datastore = await openDatastore(this.#options, await this.#withEndpoints(listener));
    await this.#datastore.start();
    // What loading and the first snapshot left; nothing waits for this thread now.
    collectGarbage();
    this.#say({ type: 'started' });
  }

  async #withEndpoints(listener: DatastoreListener): Promise<DatastoreListener> {
    const { endpointStatus } = this.#options;
    if (endpointStatus === undefined) return listener;
    const endpoints = new EndpointStatus(endpointStatus, listener);
    await endpoints.start();
    return endpoints.around();
  }

  onMessage(message: ToPlanner): void {
    if (message.type === 'reread') {
      void this.#reread(message.id);
      return;
    }
    if (message.type === 'propose') {
      const propose = (change: ProposedChange): ReturnType<ConfigurationKeeper['propose']> =>
        this.#keeper?.propose(change);
      for (const part of proposalParts(message, propose)) {
        this.#say({ type: 'proposal', id: message.id, ...part });
      }
      return;
    }
    if (message.type === 'writeStatus') {
      void this.#writeStatus(message);
      return;
    }
    if (message.type === 'release') {
      if (this.#keeper !== undefined) this.#take(this.#keeper.release());
      return;
    }
    this.#awaitsAck = false;
    this.#sendNext();
  }

  async #reread(id: number): Promise<void> {
    await this.#datastore?.readNow?.();
    this.#say({ type: 'reread', id, lost: this.#keeper?.view(now()).lost });
  }

  async #writeStatus(report: StatusReport): Promise<void> {
    const write = this.#datastore?.writeStatus?.bind(this.#datastore);
    const error = (await write?.(report)) ?? (write ? '' : 'this datastore is not written');
    this.#say({ type: 'statusWritten', name: report.name, error });
  }

  #take(output: KeeperOutput, seenAt?: Millis): void {
    this.#sayProblems(output);
    if (output.lost !== undefined) {
      const { staleMs } = this.#keeper!.view(now());
      this.#say({ type: 'lost', reason: output.lost.reason, staleMs });
    }
    if (output.back === true) this.#say({ type: 'back' });
    if (output.apply !== undefined) {
      // One that still waits to be sent takes its place with what it was about.
      const waiting = this.#plan;
      const waits = waiting !== undefined;
      this.#plan = { ...output.apply, seenAt: waiting?.seenAt ?? seenAt };
      if (!waits) this.#say('plan');
    }
    this.#sayHeld(output);
    if (output.persist !== undefined) this.#persist(output.persist);
    this.#wakeAt(output.deadline);
  }

  #sayProblems({ appeared, cleared }: KeeperOutput): void {
    const size = PROBLEMS_PER_MESSAGE_MAX;
    for (let at = 0; at < Math.max(appeared.length, cleared.length); at += size) {
      this.#say({
        type: 'problems',
        anew: false,
        appeared: appeared.slice(at, at + size),
        cleared: cleared.slice(at, at + size).map(formatConfigError),
      });
    }
  }

  #sayHeld({ held }: KeeperOutput): void {
    if (held !== undefined) {
      const { revision, reason, until } = held;
      this.#say({ type: 'held', held: { revision, reason, inMs: until - now() } });
    } else if (this.#wasHeld && this.#keeper!.view(now()).held === undefined) {
      this.#say({ type: 'held', held: undefined });
    }
    this.#wasHeld = this.#keeper!.view(now()).held !== undefined;
  }

  #persist(lastGood: NonNullable<KeeperOutput['persist']>): void {
    void this.#stateDir.save(lastGood, new Date()).then((error) => {
      if (error !== undefined) this.#say({ type: 'notSaved', error });
    });
  }

  #wakeAt(deadline: Millis | undefined): void {
    clearTimeout(this.#timer);
    if (deadline === undefined) return;
    const wait = Math.max(0, Math.ceil(deadline - now()));
    this.#timer = setTimeout(() => this.#take(this.#keeper!.wake(now())), wait);
  }

  #say(message: FromPlanner | 'plan'): void {
    this.#outbox.push(message);
    this.#sendNext();
  }

  #sendNext(): void {
    if (this.#awaitsAck) return;
    const message = this.#nextPart() ?? this.#nextMessage();
    if (message === undefined) return;
    this.#awaitsAck = true;
    this.#post(message);
  }

  #nextMessage(): FromPlanner | undefined {
    const message = this.#outbox.shift();
    if (message !== 'plan') return message;
    const { plan, ...rest } = this.#plan!;
    this.#plan = undefined;
    this.#parts = { ...rest, parts: this.#sender.parts(plan) };
    return this.#nextPart();
  }

  #nextPart(): FromPlanner | undefined {
    if (this.#parts === undefined) return undefined;
    const { revision, seenAt, parts } = this.#parts;
    const { value, done } = parts.next();
    const seen = seenAt === undefined ? {} : { seenAgoMs: now() - seenAt };
    if (done !== true) return { type: 'plan', revision, part: value, ...seen };
    this.#parts = undefined;
    return undefined;
  }
}

interface Datastore {
  /** Resolves after the first snapshot or loss. */
  start(): Promise<void>;
  /** Absent where every change is told at once anyway. */
  readNow?(): Promise<void>;
  /** Absent where nothing is written. @returns why it was not; undefined when it was. */
  writeStatus?(report: StatusReport): Promise<string | undefined>;
}

async function openDatastore(
  { datastore, node, plan }: PlannerOptions,
  listener: DatastoreListener,
): Promise<Datastore> {
  // Only who needs gRPC, or HTTP/2, on this thread pays for it.
  switch (datastore.type) {
    case 'file':
      return new FileDatastore(datastore.path, listener);
    case 'etcd': {
      const { EtcdDatastore } = await import('../io/datastores/etcd.ts');
      return new EtcdDatastore({ access: datastore.access, node }, listener);
    }
    case 'kubernetes': {
      const { KubernetesDatastore } = await import('../io/datastores/kubernetes.ts');
      return new KubernetesDatastore(kubernetesOptions(datastore, node, plan), listener);
    }
  }
}

function now(): Millis {
  return millis(performance.now());
}
