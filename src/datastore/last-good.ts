/**
 * A broken resource costs itself, not its neighbours: its last good version stays.
 *
 * Pure: previous good versions + what the datastore holds now → what is in force, and the status of each resource.
 * The good versions are kept as they were written, as JSON, so that they survive the process and its versions.
 * A resource is deleted when its file no longer names it; a file that cannot be read deletes nothing.
 */

import type { ConfigError } from '../base/errors.ts';
import { collect } from './collect.ts';
import { type BrokenFile, parsePath, type RawDocument, type RawSnapshot } from './documents.ts';
import type { GoodResource, InForce, ResourceStatus } from './good-resource.ts';
import type { Resources } from './resources.ts';
import { SettleMemo } from './settle-memo.ts';
import type { CheckedDocument } from './validate.ts';

/** JSON-able. Ordered by key. */
export interface LastGood {
  readonly format: 1;
  readonly resources: readonly GoodResource[];
}

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
 *   not change is the same object as before.
 */
export function settle(
  previous: LastGood,
  snapshot: RawSnapshot,
  memo: SettleMemo = new SettleMemo(),
): Settled {
  const problems: ConfigError[] = snapshot.broken.map((file) => file.error);
  const all = snapshot.documents.flatMap((document) => memo.check(document));
  const checked = firstOfEachKey(all, problems);
  const inForce = new Map<string, InForce>();
  const refused: ResourceStatus[] = [];
  for (const one of checked.values()) {
    if (one.entry === undefined) continue;
    const force = memo.inForce(one, one.entry);
    inForce.set(force.good.key, force);
  }
  const doubtful = doubtfulFiles(snapshot.broken, checked);
  for (const good of previous.resources) {
    if (inForce.has(good.key)) continue;
    const reason = whyKept(checked.get(good.key), doubtful.get(good.file));
    const kept = reason === undefined ? undefined : keep(memo, good, reason);
    if (kept !== undefined) inForce.set(good.key, kept);
  }
  for (const one of checked.values()) {
    if (one.key === undefined || one.unused || inForce.has(one.key)) continue;
    const reason = firstError(one);
    refused.push({ key: one.key, file: one.document.file, state: 'refused', reason });
  }
  const locate = (problem: ConfigError): ConfigError =>
    located(problem, checked.get(problem.resource ?? '')?.document);
  return { ...assemble(memo.inOrder([...inForce.values()]), refused, memo), problems, locate };
}

function located(problem: ConfigError, document: RawDocument | undefined): ConfigError {
  if (problem.file !== undefined || document === undefined) return problem;
  const place = document.positionOf(parsePath(problem.path ?? ''));
  return { ...problem, file: document.file, ...(place ?? {}) };
}

/** Two documents with one name: the first in file order counts, the other is named. */
function firstOfEachKey(
  all: readonly CheckedDocument[],
  problems: ConfigError[],
): Map<string, CheckedDocument> {
  const first = new Map<string, CheckedDocument>();
  for (const [index, one] of all.entries()) {
    problems.push(...one.problems);
    // Documents without a name are kept apart: each makes its file doubtful.
    const key = one.key ?? `?${index}`;
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, one);
      continue;
    }
    const place = one.document.positionOf(['metadata', 'name']);
    problems.push({
      kind: 'ConfigError',
      severity: 'error',
      code: 'DuplicateResource',
      file: one.document.file,
      ...(place ?? {}),
      resource: key,
      message: `Defined a second time; the one in ${other.document.file} counts`,
      remedy: 'Delete or rename one of them',
    });
  }
  return first;
}

/**
 * Files whose silence about a resource proves nothing, and why: those that cannot be read, and those with a document
 * that is not right, for that is how a file looks that has been written by half.
 */
function doubtfulFiles(
  broken: readonly BrokenFile[],
  checked: ReadonlyMap<string, CheckedDocument>,
): Map<string, string> {
  const reasons = new Map(broken.map((item) => [item.file, item.error.message]));
  for (const one of checked.values()) {
    const { file } = one.document;
    if (one.entry !== undefined || one.unused || reasons.has(file)) continue;
    reasons.set(file, `${one.key ?? 'A document'} in the same file: ${firstError(one)}`);
  }
  return reasons;
}

function firstError(one: CheckedDocument): string {
  const error = one.problems.find((problem) => problem.severity === 'error');
  if (error === undefined) return 'Not usable';
  return error.path === undefined ? error.message : `${error.path}: ${error.message}`;
}

function whyKept(now: CheckedDocument | undefined, doubt: string | undefined): string | undefined {
  return now === undefined || now.unused ? doubt : firstError(now);
}

/** The last good version, read again; undefined when this version of godwit cannot use it any more. */
function keep(memo: SettleMemo, good: GoodResource, reason: string): InForce | undefined {
  const entry = memo.reread(good);
  if (entry === undefined) return undefined;
  return { good, entry, status: { key: good.key, file: good.file, state: 'kept', reason } };
}

function assemble(
  inForce: readonly InForce[],
  refused: readonly ResourceStatus[],
  memo: SettleMemo,
): Pick<Settled, 'resources' | 'lastGood' | 'statuses'> {
  const statuses = [...inForce.map((one) => one.status), ...refused];
  if (refused.length > 0) statuses.sort((a, b) => (a.key < b.key ? -1 : 1));
  return {
    resources: memo.share(collect(inForce.map((one) => one.entry))),
    lastGood: { format: 1, resources: inForce.map((one) => one.good) },
    statuses,
  };
}
