/**
 * From the datastore to the core: snapshots go through the keeper (last good versions, plan, guard), its plans become
 * inputs, its losses and problems events. Routing outlives its configuration store.
 */

import { type ConfigError, formatConfigError } from '../base/errors.ts';
import type { Millis } from '../base/units.ts';
import type { RawSnapshot } from '../datastore/documents.ts';
import { ConfigurationKeeper, type KeeperOutput, type KeeperView } from '../datastore/keeper.ts';
import type { SpeakerPlan } from '../datastore/plan-types.ts';
import { FileDatastore } from '../io/datastores/file.ts';
import type { Log } from '../io/log.ts';
import type { StateDir } from '../io/state-dir.ts';
import type { SpeakerEvent } from '../speaker/events.ts';
import type { SpeakerInput } from '../speaker/inputs.ts';
import { checkResources, unreadable } from './check.ts';
import type { Settings } from './config.ts';

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
  readonly stateDir: StateDir;
  readonly log: Log;
  readonly now: () => Millis;
  readonly submit: (input: SpeakerInput) => void;
  readonly publish: (event: SpeakerEvent) => void;
}

export class Configuration {
  readonly #parts: ConfigurationParts;
  readonly #keeper: ConfigurationKeeper;
  readonly #datastore: FileDatastore;
  #timer: NodeJS.Timeout | undefined;

  private constructor(parts: ConfigurationParts, keeper: ConfigurationKeeper) {
    this.#parts = parts;
    this.#keeper = keeper;
    this.#datastore = new FileDatastore(parts.settings.datastore.path, {
      onSnapshot: (snapshot: RawSnapshot) => this.#take(keeper.onSnapshot(snapshot, parts.now())),
      onLost: (reason: string) => this.#take(keeper.onLost(reason, parts.now())),
    });
  }

  static async open(parts: ConfigurationParts): Promise<Configuration> {
    const { settings, stateDir, now } = parts;
    const stored = await stateDir.load(new Date());
    const keeper = new ConfigurationKeeper(
      {
        node: settings.nodeName,
        plan: settings.plan,
        ...(stored === undefined ? {} : { stored }),
      },
      now(),
    );
    return new Configuration(parts, keeper);
  }

  /** Resolves after the first snapshot or loss. */
  start(): Promise<void> {
    return this.#datastore.start();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#datastore.stop();
  }

  /** Where the datastore is, for people. */
  get source(): string {
    return this.#parts.settings.datastore.path;
  }

  /** Reads the datastore at once; what it holds is in force, or held, when this resolves. @returns its problems. */
  async reread(): Promise<readonly ConfigError[]> {
    await this.#datastore.readNow();
    const { problems, lost } = this.view();
    return lost === undefined ? problems : [...problems, unreadable(lost)];
  }

  /** What is wrong in the datastore, without taking anything from it. */
  check(): Promise<readonly ConfigError[]> {
    return checkResources(this.#parts.settings).then(({ problems }) => problems);
  }

  view(): KeeperView {
    return this.#keeper.view(this.#parts.now());
  }

  /** Applies a change that the guard holds; a sentence when there is none. */
  release(): string {
    if (this.view().held === undefined) return 'No change is held back';
    this.#take(this.#keeper.release());
    return '';
  }

  #take(output: KeeperOutput): void {
    const { submit, publish } = this.#parts;
    for (const problem of output.appeared) this.#tell(problem);
    if (output.lost !== undefined) submit({ type: 'datastoreLost', reason: output.lost.reason });
    if (output.back === true) submit({ type: 'datastoreBack' });
    if (output.apply !== undefined) {
      this.#setLogLevel(output.apply.plan.logLevel);
      submit({ type: 'planChanged', ...output.apply });
    }
    if (output.held !== undefined) {
      const { revision, reason, until } = output.held;
      const remedy = 'godwit release applies it at once, undoing the edit drops it';
      publish({
        event: 'plan-held',
        revision,
        reason: `${reason}. It is applied in ${Math.ceil((until - this.#parts.now()) / 1000)} s; ${remedy}`,
      });
    }
    if (output.persist !== undefined) this.#persist(output.persist);
    this.#wakeAt(output.deadline);
  }

  /** BGPConfiguration's logSeverityScreen, unless godwit.yaml or the environment says a level of its own. */
  #setLogLevel(level: SpeakerPlan['logLevel']): void {
    const { settings, log } = this.#parts;
    if (settings.log.level === undefined) log.level = LOG_LEVELS[level];
  }

  #tell(problem: ConfigError): void {
    const text = formatConfigError(problem);
    if (problem.severity === 'warning') {
      this.#parts.log.warn({ event: 'config-warning', code: problem.code }, text);
      return;
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

  #persist(lastGood: NonNullable<KeeperOutput['persist']>): void {
    void this.#parts.stateDir.save(lastGood, new Date()).then((error) => {
      if (error === undefined) return;
      this.#parts.log.error(
        { event: 'state-not-saved', ...error },
        'The last good configuration could not be saved; a start without the datastore would have none',
      );
    });
  }

  #wakeAt(deadline: Millis | undefined): void {
    clearTimeout(this.#timer);
    if (deadline === undefined) return;
    const wait = Math.max(0, Math.ceil(deadline - this.#parts.now()));
    this.#timer = setTimeout(() => this.#take(this.#keeper.wake(this.#parts.now())), wait);
  }
}
