/**
 * A broken resource costs itself, not its neighbours: its last good version stays.
 *
 * Pure: previous good versions + what the datastore holds now → what is in force, and the status of each resource.
 * The good versions are kept as they were written, as JSON, so that they survive the process and its versions.
 * A resource is deleted when its file no longer names it; a file that cannot be read deletes nothing.
 */

import type { ConfigError } from '../base/errors.ts';
import { firstError, type Survey } from './claims.ts';
import { parsePath, type RawDocument, type RawSnapshot } from './documents.ts';
import type { GoodResource, InForce, LastGood, ResourceStatus } from './good-resource.ts';
import { compareText } from './plan-data.ts';
import type { Resources } from './resources.ts';
import { SettleMemo } from './settle-memo.ts';

export interface Settled {
  readonly resources: Resources;
  readonly lastGood: LastGood;
  /** By key. */
  readonly statuses: readonly ResourceStatus[];
  readonly problems: readonly ConfigError[];
  /** Adds file, line and column to a problem that names a resource, e.g. one that `planFor` found. */
  readonly locate: (problem: ConfigError) => ConfigError;
}

export const NO_LAST_GOOD: LastGood = { format: 1, resources: [] };

/**
 * @param memo  What the snapshot before has taught; the result is the same without it (property-tested), and what did
 *   not change is the same object as before. With it, only those resources are judged anew of which a document has
 *   come, gone or moved, and those about which more than their document decides.
 */
export function settle(
  previous: LastGood,
  snapshot: RawSnapshot,
  memo: SettleMemo = new SettleMemo(),
): Settled {
  const { claims } = memo;
  const touched = claims.update(snapshot.documents);
  const { problems, doubtful, unusable } = claims.survey(snapshot.broken);
  const good = goodVersions(previous, memo);
  const unsure = new Set(unusable);
  const verdicts = new Map<string, InForce | undefined>();
  for (const key of new Set([...touched, ...memo.unsure, ...unusable, ...good.orphans()])) {
    const now = verdict(memo, { key, good: good.of(key), doubtful });
    if (now?.status.state === 'kept') unsure.add(key);
    verdicts.set(key, now);
  }
  memo.unsure = unsure;
  const ordered = memo.take(verdicts);
  const refused = unusable.flatMap((key) => refusal(memo, key));
  const locate = (problem: ConfigError): ConfigError =>
    located(problem, claims.first(problem.resource ?? '')?.document);
  if (refused.length === 0) return { ...ordered, problems, locate };
  const statuses = [...ordered.statuses, ...refused].sort((a, b) => compareText(a.key, b.key));
  return { ...ordered, statuses, problems, locate };
}

function located(problem: ConfigError, document: RawDocument | undefined): ConfigError {
  if (problem.file !== undefined || document === undefined) return problem;
  const place = document.positionOf(parsePath(problem.path ?? ''));
  return { ...problem, file: document.file, ...(place ?? {}) };
}

/** The last good versions, for those of which no document can be used. */
interface GoodVersions {
  of(key: string): GoodResource | undefined;
  /** Keys that no document claims any more, beside those that are looked at anyway. */
  orphans(): readonly string[];
}

function goodVersions(previous: LastGood, memo: SettleMemo): GoodVersions {
  const { claims } = memo;
  if (previous === memo.ordered.lastGood) {
    // Whose document is gone since then has been touched; what had none and counts was unsure.
    return { of: (key) => memo.inForce(key)?.good, orphans: () => [] };
  }
  const byKey = new Map(previous.resources.map((item) => [item.key, item]));
  return {
    of: (key) => byKey.get(key),
    orphans: () => [...byKey.keys()].filter((key) => claims.first(key) === undefined),
  };
}

interface Question {
  readonly key: string;
  readonly good: GoodResource | undefined;
  readonly doubtful: Survey['doubtful'];
}

/** What counts of a resource now; the object of before where that is the same. */
function verdict(memo: SettleMemo, { key, good, doubtful }: Question): InForce | undefined {
  const one = memo.claims.first(key);
  const before = memo.inForce(key);
  if (one?.entry !== undefined) {
    const { file, value } = one.document;
    const same = before?.entry === one.entry && before.status.state === 'in-force';
    if (same && before.good.file === file) return before;
    return {
      good: { key, file, value },
      entry: one.entry,
      status: { key, file, state: 'in-force' },
    };
  }
  if (good === undefined) return undefined;
  const doubt = doubtful.get(good.file);
  const reason = one === undefined || one.unused ? doubt : firstError(one);
  if (reason === undefined) return undefined;
  if (before?.good === good && before.status.reason === reason) return before;
  // The last good version, read again; nothing when this version of godwit cannot use it any more.
  const entry = before?.good === good ? before.entry : memo.reread(good);
  if (entry === undefined) return undefined;
  return { good, entry, status: { key, file: good.file, state: 'kept', reason } };
}

/** There is no good version of what stands in a document. */
function refusal(memo: SettleMemo, key: string): ResourceStatus[] {
  const one = memo.claims.first(key)!;
  if (one.unused || memo.inForce(key) !== undefined) return [];
  return [{ key, file: one.document.file, state: 'refused', reason: firstError(one) }];
}
