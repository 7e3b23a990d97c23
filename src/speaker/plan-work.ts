/**
 * A plan on its way into force: which of its changes come next, and what to say when all are made.
 *
 * Thousands of sessions are more than one step's work (DESIGN 3), so changes are found and applied some at a time;
 * peers are heard in between. A newer plan that comes meanwhile waits for the end of this one, the newest alone.
 */

import type { Millis } from '../base/units.ts';
import { type PlanChange, planChanges } from '../datastore/plan-diff.ts';
import type { SpeakerPlan } from '../datastore/plan-types.ts';

/** Changes, or sessions started, a step: one adds a peer, a session and a socket, some 0.1 ms in all. */
export const PLAN_CHANGES_PER_STEP_MAX = 32;

export interface RevisedPlan {
  readonly plan: SpeakerPlan;
  readonly revision: number;
  /** See `planChanged`. */
  readonly changedAt?: Millis;
}

export class PlanWork {
  readonly plan: SpeakerPlan;
  readonly revision: number;
  readonly changedAt: Millis | undefined;
  readonly #changes: Iterator<PlanChange>[];
  readonly #counts = new Map<PlanChange['change'], number>();
  #reason = '';
  /** What has been taken so far. */
  total = 0;

  constructor(running: SpeakerPlan | undefined, { plan, revision, changedAt }: RevisedPlan) {
    this.plan = plan;
    this.changedAt = changedAt;
    this.revision = revision;
    this.#changes = [running === undefined ? firstChanges(plan) : planChanges(running, plan)];
  }

  /** Further changes, found after all others have been made. */
  append(changes: Iterator<PlanChange>): void {
    this.#changes.push(changes);
  }

  /** The next change; undefined after the last. */
  next(): PlanChange | undefined {
    const [changes] = this.#changes;
    if (changes === undefined) return undefined;
    const { value, done } = changes.next();
    if (done === true) {
      this.#changes.shift();
      return this.next();
    }
    const { change, reason } = value as PlanChange;
    this.#counts.set(change, (this.#counts.get(change) ?? 0) + 1);
    if (this.total++ === 0) this.#reason = reason;
    return value as PlanChange;
  }

  has(change: PlanChange['change']): boolean {
    return this.#counts.has(change);
  }

  summary(): string {
    if (this.total === 1) return this.#reason;
    return [...this.#counts].map(([change, count]) => `${count} ${change}`).join(', ');
  }
}

/** The first plan is all new. */
function* firstChanges(plan: SpeakerPlan): Generator<PlanChange> {
  const reason = 'first configuration';
  yield { change: 'listen-changed', listen: plan.listen, reason };
  yield { change: 'kernel-rules-changed', kernel: plan.kernel, reason };
  if (plan.learn !== undefined) yield { change: 'learn-changed', learn: plan.learn, reason };
  const { settings, listenRanges } = plan;
  if (settings !== undefined) {
    const fields = Object.keys(settings);
    yield { change: 'node-settings-changed', settings, fields, reason };
  }
  if (listenRanges !== undefined) {
    yield { change: 'listen-ranges-changed', listenRanges, reason };
  }
  for (const peer of plan.peers) yield { change: 'add-peer', peer, reason: peer.origin };
  for (const originated of plan.originated) {
    yield { change: 'originate', originated, reason: originated.origin };
  }
}
