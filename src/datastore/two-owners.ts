/** Blocks that more than one node has by a confirmed affinity: traffic to a pod is shared out to all of them. */

import type { ConfigError } from '../base/errors.ts';
import type { Prefix } from '../net/prefix.ts';
import type { Cluster } from './cluster.ts';
import { compareText } from './plan-data.ts';
import type { BlockAffinityResource } from './resources.ts';

/** Blocks named one by one; more are one mistake that was made many times. */
const NAMED_MAX = 20;

/** By the affinities that were read: they are one object until one of them changes. */
const known = new WeakMap<ReadonlyMap<string, BlockAffinityResource>, readonly ConfigError[]>();

export function reportTwoOwners({ resources, problems }: Cluster): void {
  const { blockAffinities } = resources;
  let found = known.get(blockAffinities);
  if (found === undefined) {
    found = twoOwners(blockAffinities.values());
    known.set(blockAffinities, found);
  }
  problems.push(...found);
}

function twoOwners(affinities: Iterable<BlockAffinityResource>): ConfigError[] {
  const first = new Map<Prefix, BlockAffinityResource>();
  const shared = new Map<Prefix, BlockAffinityResource[]>();
  for (const affinity of affinities) {
    const { cidr, node, type, deleted, state } = affinity;
    if (type !== 'host' || deleted || state !== 'confirmed') continue;
    const other = first.get(cidr);
    if (other === undefined) first.set(cidr, affinity);
    else if (other.node !== node) shared.set(cidr, [...(shared.get(cidr) ?? [other]), affinity]);
  }
  const blocks = [...shared].sort(([a], [b]) => compareText(a, b));
  const more = blocks.length - NAMED_MAX;
  return blocks.slice(0, NAMED_MAX).map(([cidr, owners], i) => {
    const rest = more > 0 && i === NAMED_MAX - 1 ? ` (and ${more} more blocks)` : '';
    return problemOf(cidr, owners, rest);
  });
}

function problemOf(
  cidr: Prefix,
  affinities: readonly BlockAffinityResource[],
  rest: string,
): ConfigError {
  const owners = [...new Set(affinities.map(({ node }) => node))].sort(compareText);
  const names = affinities.map(({ name }) => name).sort(compareText);
  const who = owners.join(' and ');
  return {
    kind: 'ConfigError',
    severity: 'warning',
    code: 'TwoOwners',
    resource: `BlockAffinity/${names[0]!}`,
    path: 'spec.node',
    value: owners.join(', '),
    message: `Block ${cidr} belongs to ${who}: all announce it, and packets to its pods are shared out among them${rest}`,
    remedy: `While pods are moved this is right; else delete all but one of ${names.join(', ')}`,
  };
}
