/**
 * The way of a snapshot to the speaker: settle (last good versions) → plan → guard → input.
 *
 * A pure state machine: the shell brings raw snapshots, losses and time; it gives the plan to be applied, what to
 * write to the state directory, and problems for people. The speaker's plan depends on the snapshot alone.
 */

import { type ConfigError, formatConfigError } from '../base/errors.ts';
import type { Millis } from '../base/units.ts';
import type { RawSnapshot } from './documents.ts';
import type { LastGood, ResourceStatus } from './good-resource.ts';
import { guardPlan } from './guard.ts';
import { NO_LAST_GOOD, settle } from './last-good.ts';
import { planWith } from './plan.ts';
import { sameData } from './plan-data.ts';
import { PlanMemo } from './plan-memo.ts';
import type { PlanOptions } from './plan-options.ts';
import type { SpeakerPlan } from './plan-types.ts';
import { type ProposedChange, type ProposedPlan, propose } from './propose.ts';
import { SettleMemo } from './settle-memo.ts';

export interface KeeperOptions {
  readonly node: string;
  readonly plan: PlanOptions;
  /** The last good snapshot of the state directory, and its age when the process began. */
  readonly stored?: { readonly lastGood: LastGood; readonly ageMs: Millis };
  /**
   * Of the plan that runs already, of the stored snapshot: the keeper before this one has died. Without it the guard
   * would compare with nothing.
   */
  readonly revision?: number;
}

export interface KeeperOutput {
  /** Present when the speaker is to take this plan now. */
  readonly apply?: { readonly plan: SpeakerPlan; readonly revision: number };
  /** Present when a plan waits for the guard's minute: publish `plan-held`. */
  readonly held?: { readonly revision: number; readonly reason: string; readonly until: Millis };
  /** Present when the datastore has just been lost: the speaker keeps its plan. */
  readonly lost?: { readonly reason: string };
  /** Present when it has just come back. */
  readonly back?: true;
  /** Present when the last good snapshot changed: write it to the state directory. */
  readonly persist?: LastGood;
  /** Problems that were not there before, and those of before that are gone. */
  readonly appeared: readonly ConfigError[];
  readonly cleared: readonly ConfigError[];
  /** When to call `wake` at the latest; undefined when nothing waits. */
  readonly deadline: Millis | undefined;
}

/** For views: `godwit show status`, `godwit plan`. */
export interface KeeperView {
  readonly revision: number;
  readonly problems: readonly ConfigError[];
  readonly statuses: readonly ResourceStatus[];
  readonly held: { readonly reason: string; readonly until: Millis } | undefined;
  readonly lost: string | undefined;
  /** Age in milliseconds of the snapshot that was loaded from the state directory, while it is still in force. */
  readonly staleMs: number | undefined;
}

/** What waits for the guard's minute, or for nothing. */
interface Held {
  readonly plan: SpeakerPlan;
  readonly lastGood: LastGood;
  readonly since: Millis;
  readonly until: Millis;
  readonly reason: string;
}

export class ConfigurationKeeper {
  readonly #options: KeeperOptions;
  readonly #settleMemo = new SettleMemo();
  readonly #planMemo = new PlanMemo();
  /** Of the plan that runs: what is held, or gave no plan, is not good yet. */
  #lastGood: LastGood;
  #running: SpeakerPlan | undefined;
  /** The last one that came; undefined while the datastore is away. */
  #snapshot: RawSnapshot | undefined;
  #held: Held | undefined;
  #revision = 0;
  #lost: string | undefined;
  #stale = false;
  #unsure = false;
  /** When the clock stood at the age that `stored` names. */
  readonly #begin: Millis;
  #statuses: readonly ResourceStatus[] = [];
  #problems: readonly ConfigError[] = [];

  constructor(options: KeeperOptions, now: Millis) {
    this.#options = options;
    this.#lastGood = options.stored?.lastGood ?? NO_LAST_GOOD;
    this.#begin = now;
    if (options.revision !== undefined && options.revision > 0) this.#resume(options.revision);
  }

  /** What runs was made of the stored snapshot. */
  #resume(revision: number): void {
    const { node, plan: options } = this.#options;
    this.#revision = revision;
    if (this.#lastGood.resources.length === 0) return;
    const snapshot = { documents: [], broken: this.#everythingStays('it is read anew') };
    const { resources } = settle(this.#lastGood, snapshot, this.#settleMemo);
    this.#running = planWith({ node, resources, options }, this.#planMemo).plan;
    // What was saved last and what was applied last may be two things: the next plan is said in any case.
    this.#unsure = true;
  }

  /** The datastore holds `snapshot` now. */
  onSnapshot(snapshot: RawSnapshot, now: Millis): KeeperOutput {
    const wasLost = this.#lost !== undefined;
    this.#lost = undefined;
    this.#snapshot = snapshot;
    this.#stale = false;
    const output = this.#take(snapshot, now);
    return wasLost ? { ...output, back: true } : output;
  }

  /**
   * The datastore cannot be read, is gone, or suddenly holds nothing: what runs stays. At boot the last good
   * snapshot is taken instead, and marked stale.
   */
  onLost(reason: string, now: Millis): KeeperOutput {
    const lost = this.#lost === undefined ? { lost: { reason } } : {};
    this.#lost = reason;
    this.#snapshot = undefined;
    // A directory that is being removed file by file was held first: that was the loss, not an edit.
    this.#held = undefined;
    if (this.#running !== undefined || this.#lastGood.resources.length === 0) {
      return { ...this.#nothing(), ...lost };
    }
    this.#stale = true;
    return {
      ...this.#take({ documents: [], broken: this.#everythingStays(reason) }, now),
      ...lost,
    };
  }

  /** Time has come to `deadline`: a held plan is applied. */
  wake(now: Millis): KeeperOutput {
    const held = this.#held;
    if (held === undefined || now < held.until) return this.#nothing();
    return this.#apply(held.plan, held.lastGood);
  }

  /** By hand: the held plan is applied at once. */
  release(): KeeperOutput {
    const held = this.#held;
    return held === undefined ? this.#nothing() : this.#apply(held.plan, held.lastGood);
  }

  /** What would come of a change; undefined while there is no plan to compare with. */
  propose(change: ProposedChange): (ProposedPlan & { readonly revision: number }) | undefined {
    if (this.#running === undefined) return undefined;
    const { node, plan: options } = this.#options;
    const proposed = propose(change, {
      node,
      options,
      running: this.#running,
      snapshot: this.#snapshot,
      lastGood: this.#lastGood,
      problems: this.#problems,
    });
    return { ...proposed, revision: this.#revision };
  }

  view(now: Millis): KeeperView {
    const held = this.#held;
    const age = (this.#options.stored?.ageMs ?? 0) + (now - this.#begin);
    return {
      revision: this.#revision,
      problems: this.#problems,
      statuses: this.#statuses,
      held: held === undefined ? undefined : { reason: held.reason, until: held.until },
      lost: this.#lost,
      staleMs: this.#stale ? age : undefined,
    };
  }

  #take(snapshot: RawSnapshot, now: Millis): KeeperOutput {
    const { node, plan: options } = this.#options;
    const settled = settle(this.#lastGood, snapshot, this.#settleMemo);
    const question = { node, resources: settled.resources, options };
    const { plan, problems } = planWith(question, this.#planMemo);
    this.#statuses = settled.statuses;
    const changed = this.#compareProblems([...settled.problems, ...problems.map(settled.locate)]);
    // Without a plan what runs stays: the problem says why.
    if (plan === undefined) {
      this.#held = undefined;
      return { ...this.#nothing(), ...changed };
    }
    const verdict = guardPlan({
      running: this.#running,
      next: plan,
      heldSince: this.#held?.since,
      now,
    });
    if (verdict.action === 'apply') return { ...this.#apply(plan, settled.lastGood), ...changed };
    const { reason, until } = verdict;
    this.#held = {
      plan,
      lastGood: settled.lastGood,
      since: this.#held?.since ?? now,
      until,
      reason,
    };
    const held = { revision: this.#revision + 1, reason, until };
    return { ...this.#nothing(), held, ...changed };
  }

  #apply(plan: SpeakerPlan, lastGood: LastGood): KeeperOutput {
    this.#held = undefined;
    const same = this.#running !== undefined && sameData(this.#running, plan);
    const kept = sameData(this.#lastGood, lastGood);
    this.#lastGood = lastGood;
    if (!same) {
      this.#running = plan;
      this.#revision++;
    }
    const unsaid = !same || this.#unsure;
    this.#unsure = false;
    return {
      ...(unsaid ? { apply: { plan, revision: this.#revision } } : {}),
      ...(kept ? {} : { persist: lastGood }),
      appeared: [],
      cleared: [],
      deadline: undefined,
    };
  }

  #nothing(): KeeperOutput {
    return { appeared: [], cleared: [], deadline: this.#held?.until };
  }

  #compareProblems(now: readonly ConfigError[]): Pick<KeeperOutput, 'appeared' | 'cleared'> {
    const before = new Set(this.#problems.map(formatConfigError));
    const after = new Set(now.map(formatConfigError));
    const appeared = now.filter((problem) => !before.has(formatConfigError(problem)));
    const cleared = this.#problems.filter((problem) => !after.has(formatConfigError(problem)));
    this.#problems = now;
    return { appeared, cleared };
  }

  /** As if every file were broken: nothing is deleted by a datastore that is away. */
  #everythingStays(reason: string): RawSnapshot['broken'] {
    const files = new Set(this.#lastGood.resources.map((resource) => resource.file));
    return [...files].map((file) => ({
      file,
      error: {
        kind: 'ConfigError',
        severity: 'warning',
        code: 'Stale',
        file,
        message: `Taken from the last good snapshot: ${reason}`,
      },
    }));
  }
}
