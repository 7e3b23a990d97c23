/**
 * A change that somebody thinks about, laid over what the datastore holds: the plan that would come of it, and how it
 * differs from the one that runs. Nothing of it is kept.
 */

import { type ConfigError, formatConfigError } from '../base/errors.ts';
import { millis } from '../base/units.ts';
import { type BrokenFile, plainDocument, type RawDocument, type RawSnapshot } from './documents.ts';
import type { LastGood } from './good-resource.ts';
import { guardPlan } from './guard.ts';
import { settle } from './last-good.ts';
import { planFor } from './plan.ts';
import { diffPlans, type PlanChange } from './plan-diff.ts';
import type { PlanOptions } from './plan-options.ts';
import type { SpeakerPlan } from './plan-types.ts';
import { checkDocument } from './validate.ts';

export interface ProposedChange {
  readonly documents: readonly RawDocument[];
  readonly broken: readonly BrokenFile[];
  /** The documents are all there would be; otherwise each takes the place of the one of its kind and name. */
  readonly replace: boolean;
  /** `Kind/name` or `Kind/namespace/name`: what would be deleted. */
  readonly remove: readonly string[];
}

/** What the change is laid over. */
export interface ProposalBase {
  readonly node: string;
  readonly options: PlanOptions;
  readonly running: SpeakerPlan;
  /** Undefined while the datastore is away: the last good resources then count. */
  readonly snapshot: RawSnapshot | undefined;
  readonly lastGood: LastGood;
  readonly problems: readonly ConfigError[];
}

export interface ProposedPlan {
  readonly changes: readonly PlanChange[];
  /** The plan without its lists; undefined where none could be made. */
  readonly next: Omit<SpeakerPlan, 'peers' | 'originated'> | undefined;
  /** Why the guard would hold the change back; undefined when it would not. */
  readonly held: string | undefined;
  /** Those that are not there now. */
  readonly problems: readonly ConfigError[];
}

export function propose(change: ProposedChange, base: ProposalBase): ProposedPlan {
  const { node, options, running } = base;
  const problems: ConfigError[] = [];
  const snapshot = change.replace ? { ...change } : overlay(change, base, problems);
  const settled = settle(base.lastGood, snapshot);
  const { plan, problems: found } = planFor(node, settled.resources, options);
  const known = new Set(base.problems.map(formatConfigError));
  const all = [...problems, ...settled.problems, ...found.map(settled.locate)];
  const appeared = all.filter((problem) => !known.has(formatConfigError(problem)));
  if (plan === undefined) {
    return { changes: [], next: undefined, held: undefined, problems: appeared };
  }
  const verdict = guardPlan({ running, next: plan, heldSince: undefined, now: millis(0) });
  const { peers: _peers, originated: _originated, ...next } = plan;
  return {
    changes: diffPlans(running, plan),
    next,
    held: verdict.action === 'hold' ? verdict.reason : undefined,
    problems: appeared,
  };
}

function overlay(
  { documents, broken, remove }: ProposedChange,
  { snapshot, lastGood }: ProposalBase,
  problems: ConfigError[],
): RawSnapshot {
  const proposed = new Set(documents.flatMap(checkDocument).map((one) => one.key));
  const removed = new Set(remove);
  const base = snapshot ?? {
    documents: lastGood.resources.map(({ file, value }) => plainDocument(file, value)),
    broken: [],
  };
  const present = base.documents.flatMap(checkDocument);
  const kept = present.filter(({ key }) => !proposed.has(key) && !removed.has(key ?? ''));
  for (const key of removed) {
    if (!present.some((one) => one.key === key)) problems.push(nothingToRemove(key));
  }
  return {
    documents: [...kept.map((one) => one.document), ...documents],
    broken: [...base.broken, ...broken],
  };
}

function nothingToRemove(key: string): ConfigError {
  return {
    kind: 'ConfigError',
    severity: 'error',
    code: 'NothingToRemove',
    resource: key,
    message: 'There is no resource of this name to remove',
    remedy: 'Write Kind/name, or Kind/namespace/name of Secrets, Services and EndpointSlices',
  };
}
