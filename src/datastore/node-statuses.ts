/** Which CalicoNodeStatus of this node are to be written, and when one is somebody else's. Pure. @see calico model 1.8 */

import type { Cluster } from './cluster.ts';
import { sortedByName } from './plan-data.ts';
import type { NodeStatusPlan } from './plan-types.ts';

/** Undefined: none. */
export function nodeStatuses(cluster: Cluster): readonly NodeStatusPlan[] | undefined {
  const { own, resources, options, problems } = cluster;
  const wanted = sortedByName(resources.nodeStatuses).filter(({ node }) => node === own.name);
  if (options.datastore !== 'file') {
    return wanted.length === 0 ? undefined : wanted.map(({ node: _, ...plan }) => plan);
  }
  for (const { name } of wanted) {
    problems.push({
      kind: 'ConfigError',
      severity: 'warning',
      code: 'NotWritten',
      resource: `CalicoNodeStatus/${name}`,
      message: 'Its status is not written: the directory of resources is its owner’s',
      remedy: 'godwit show status, neighbors, routes and kernel say it',
    });
  }
  return undefined;
}

/** A status that nobody has written for so many of its periods has no other writer any more. */
const PERIODS_SILENT = 3;
/** Milliseconds: a period of none, or of a second, is no measure of who is there. */
const SILENT_MS_MIN = 30_000;

export interface StatusTurn {
  /** `status.lastUpdated` as it stands in the datastore. */
  readonly lastUpdated: string | undefined;
  /** What we wrote there last. */
  readonly ours: string | undefined;
  /** Milliseconds since then. */
  readonly ageMs: number;
  readonly periodSeconds: number;
}

/**
 * Whether somebody else writes this status: calico-node does where it still runs its reporter, from what our BIRD
 * sockets tell it. Two who write in turns would be a write a period too many, and tell less.
 */
export function isWrittenByOther({ lastUpdated, ours, ageMs, periodSeconds }: StatusTurn): boolean {
  if (lastUpdated === undefined || lastUpdated === ours) return false;
  return ageMs < Math.max(SILENT_MS_MIN, periodSeconds * 1000 * PERIODS_SILENT);
}
