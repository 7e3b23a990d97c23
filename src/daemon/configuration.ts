/**
 * From the planner to the core: its plans become inputs, its losses and problems events. What the planner knows that
 * front doors may ask is kept here too. Routing outlives its configuration store, and its planner.
 */

import { type ConfigError, formatConfigError } from '../base/errors.ts';
import { type Millis, millis } from '../base/units.ts';
import { PlanReceiver } from '../datastore/plan-transfer.ts';
import type { SpeakerPlan } from '../datastore/plan-types.ts';
import type { Log } from '../io/log.ts';
import type { SpeakerEvent } from '../speaker/events.ts';
import type { SpeakerInput } from '../speaker/inputs.ts';
import { checkResources, noResources } from './check.ts';
import type { Settings } from './config.ts';
import { errorFields, logLine } from './log-lines.ts';
import type { NodeStatusWriter } from './node-status.ts';
import type { FromPlanner, HeldChange, ToPlanner } from './planner.ts';
import { PlannerLink } from './planner-link.ts';
import { Proposals } from './proposals.ts';

/** Calico's words for log levels in pino's. */
const LOG_LEVELS = {
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  error: 'error',
  none: 'silent',
} as const;

export interface ConfigurationParts {
  readonly settings: Settings;
  readonly log: Log;
  readonly now: () => Millis;
  readonly submit: (input: SpeakerInput) => void;
  readonly publish: (event: SpeakerEvent) => void;
}

/** For views: `godwit show status`, `godwit show problems`. */
export interface ConfigurationView {
  readonly problems: readonly ConfigError[];
  readonly held: { readonly reason: string; readonly until: Millis } | undefined;
}

export class Configuration {
  readonly #parts: ConfigurationParts;
  readonly #link: PlannerLink;
  readonly #receiver = new PlanReceiver();
  /** By text, in the order in which they appeared. */
  readonly #problems = new Map<string, ConfigError>();
  #held: { readonly reason: string; readonly until: Millis } | undefined;
  #revision = 0;
  #lost = false;
  /** Who waits for a look at the datastore, by the number of the request. */
  readonly #rereads = new Map<number, (lost: string | undefined) => void>();
  #nextReread = 1;
  /** Set before the start, where statuses are written. */
  statuses: NodeStatusWriter | undefined;
  /** Questions what a change would do. */
  readonly proposals = new Proposals((message) => this.#link.post(message));
  #started: () => void = () => undefined;

  constructor(parts: ConfigurationParts) {
    this.#parts = parts;
    const { nodeName: node, plan, datastore, stateDir, endpointStatus } = parts.settings;
    this.#link = new PlannerLink({
      options: () => ({
        node,
        plan,
        datastore,
        stateDir,
        endpointStatus,
        revision: this.#revision,
      }),
      onMessage: (message) => this.#onMessage(message),
      onDied: (reason, waitMs) => this.#onDied(reason, waitMs),
    });
  }

  /** Resolves after the first snapshot or loss, or when it is clear that neither comes soon. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#started = resolve;
      this.#link.start();
    });
  }

  /** To the planner. @returns false where none runs at the moment. */
  post(message: ToPlanner): boolean {
    return this.#link.post(message);
  }

  stop(): void {
    this.statuses?.stop();
    this.#link.stop();
  }

  /** Where the datastore is, for people. */
  get source(): string {
    const { datastore } = this.#parts.settings;
    if (datastore.type === 'file') return datastore.path;
    const { access } = datastore;
    if ('endpoints' in access) return access.endpoints.join(',');
    return 'kubeconfig' in access ? access.kubeconfig : access.server;
  }

  /** Reads the datastore at once; what it holds is on its way, or held, when this resolves. @returns its problems. */
  async reread(): Promise<readonly ConfigError[]> {
    const { type } = this.#parts.settings.datastore;
    const id = this.#nextReread++;
    const lost = await new Promise<string | undefined>((resolve) => {
      this.#rereads.set(id, resolve);
      if (!this.#link.post({ type: 'reread', id })) this.#endRereads();
    });
    const { problems } = this.view();
    return lost === undefined ? problems : [...problems, noResources(lost, type)];
  }

  #endRereads(): void {
    for (const resolve of this.#rereads.values()) resolve('The planner is being restarted');
    this.#rereads.clear();
  }

  /** What is wrong in the datastore, without taking anything from it. */
  check(): Promise<readonly ConfigError[]> {
    return checkResources(this.#parts.settings).then(({ problems }) => problems);
  }

  view(): ConfigurationView {
    return { problems: [...this.#problems.values()], held: this.#held };
  }

  /** Applies a change that the guard holds; a sentence when there is none. */
  release(): string {
    if (this.#held === undefined) return 'No change is held back';
    this.#link.post({ type: 'release' });
    return '';
  }

  #onMessage(message: FromPlanner): void {
    const { submit } = this.#parts;
    switch (message.type) {
      case 'problems':
        return this.#takeProblems(message);
      case 'lost': {
        if (this.#lost) return; // a new planner finds what the one before has said
        this.#lost = true;
        const reason = `${message.reason}${staleSince(message.staleMs)}`;
        return submit({ type: 'datastoreLost', reason });
      }
      case 'back':
        if (!this.#lost) return;
        this.#lost = false;
        return submit({ type: 'datastoreBack' });
      case 'held':
        return this.#takeHeld(message.held);
      case 'plan': {
        const plan = this.#receiver.take(message.part);
        if (plan !== undefined) this.#apply(plan, message);
        return;
      }
      case 'statusWritten':
        return this.statuses?.onWritten(message.name, message.error);
      case 'notSaved':
        return logLine(this.#parts.log, 'state-not-saved', {
          fields: errorFields(message.error),
          text: 'The last good configuration could not be saved; a start without the datastore would have none',
        });
      case 'started':
        return this.#started();
      case 'proposal':
        return this.proposals.onPart(message);
      case 'reread':
        this.#rereads.get(message.id)?.(message.lost);
        this.#rereads.delete(message.id);
        return;
    }
  }

  #apply(plan: SpeakerPlan, { revision, seenAgoMs }: Extract<FromPlanner, { type: 'plan' }>): void {
    this.#revision = revision;
    this.#setLogLevel(plan.logLevel);
    this.statuses?.onPlan(plan.statuses ?? []);
    const changedAt =
      seenAgoMs === undefined ? {} : { changedAt: millis(this.#parts.now() - seenAgoMs) };
    this.#parts.submit({ type: 'planChanged', plan, revision, ...changedAt });
  }

  /** BGPConfiguration's logSeverityScreen, unless godwit.yaml or the environment says a level of its own. */
  #setLogLevel(level: SpeakerPlan['logLevel']): void {
    const { settings, log } = this.#parts;
    if (settings.log.level === undefined) log.level = LOG_LEVELS[level];
  }

  #takeHeld(held: HeldChange | undefined): void {
    if (held === undefined) {
      this.#held = undefined;
      return;
    }
    const { revision, reason, inMs } = held;
    this.#held = { reason, until: (this.#parts.now() + inMs) as Millis };
    const remedy = 'godwit release applies it at once, undoing the edit drops it';
    this.#parts.publish({
      event: 'plan-held',
      revision,
      reason: `${reason}. It is applied in ${Math.ceil(inMs / 1000)} s; ${remedy}`,
    });
  }

  #takeProblems(message: Extract<FromPlanner, { type: 'problems' }>): void {
    if (message.anew) this.#problems.clear();
    for (const text of message.cleared) this.#problems.delete(text);
    for (const problem of message.appeared) {
      this.#problems.set(formatConfigError(problem), problem);
      this.#tell(problem);
    }
  }

  #tell(problem: ConfigError): void {
    const text = formatConfigError(problem);
    if (problem.severity === 'warning') {
      return logLine(this.#parts.log, 'config-warning', { fields: { code: problem.code }, text });
    }
    // The event names the resource itself; the rest says where it stands and what is wrong.
    const { resource, ...rest } = problem;
    const reason = formatConfigError(rest);
    this.#parts.publish({
      event: 'resource-rejected',
      resource: resource ?? 'configuration',
      reason,
    });
  }

  #onDied(reason: string, waitMs: number): void {
    this.#parts.publish({ event: 'planner-died', reason, seconds: waitMs / 1000 });
    this.#started();
    this.statuses?.onPlannerDied();
    this.#endRereads();
    this.proposals.drop();
  }
}

/** Of a snapshot of the state directory: its age goes by the wall clock, which outlives the process. */
function staleSince(staleMs: number | undefined): string {
  if (staleMs === undefined) return '';
  return `; the last good snapshot is in force, stale since ${new Date(Date.now() - staleMs).toISOString()}`;
}
