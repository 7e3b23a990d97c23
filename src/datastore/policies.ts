/**
 * Import and export policy of a session, statement by statement in Calico's order; the names of the statements are
 * what people read when they ask why. @see calico model 3.3, 3.4; docs/decisions/0007-policy-outside.md
 */

import { type Prefix, prefix, prefixFamily } from '../net/prefix.ts';
import type { Action, Condition, Policy, Statement } from '../policy/types.ts';
import {
  type Cluster,
  type Family,
  hasPriorities,
  normalPriority,
  PRIORITY_SUM,
} from './cluster.ts';
import { bgpOwns, poolsInForce } from './kernel.ts';
import { ownBlocks } from './originate.ts';
import type {
  BgpFilterResource,
  Community,
  FilterOperation,
  FilterRule,
  PrefixAdvertisement,
} from './resources.ts';
import { announcedCidrs, isAdvertising, reflectedCidrs, serviceSettings } from './services.ts';

export interface PolicyQuestion {
  readonly cluster: Cluster;
  /** Names of BGPFilters. */
  readonly filters: readonly string[] | undefined;
  /** The peer belongs to the cluster. */
  readonly inside: boolean;
  readonly ibgp: boolean;
  /** Of the session. */
  readonly families: readonly Family[];
}

/** The same for one of the families. */
interface PolicyContext extends PolicyQuestion {
  readonly family: Family;
}

type Direction = 'import' | 'export';

/** Preference of routes that beat a local kernel route that is still there (calico model 3.8). */
const ELEVATED_PREFERENCE = 200;

export function importPolicy(question: PolicyQuestion): Policy {
  return shared(question, 'import', (context) => importStatements(context));
}

export function exportPolicy(question: PolicyQuestion): Policy {
  return shared(question, 'export', (context) => exportStatements(context));
}

/** One object for all sessions whose policy is made of the same parts: a mesh of a thousand nodes has two. */
function shared(
  question: PolicyQuestion,
  direction: Direction,
  make: (context: PolicyContext) => Statement[],
): Policy {
  const { cluster, filters, ibgp, families } = question;
  const parts =
    (direction === 'import' ? 1 : 0) |
    (families.includes(4) ? 2 : 0) |
    (families.includes(6) ? 4 : 0) |
    (ibgp ? 8 : 0) |
    (question.inside ? 16 : 0);
  return cluster.memo.policy(filters, parts, () => ({
    name: direction,
    statements: families.flatMap((family) =>
      ofFamily(make({ ...question, family }), question, family),
    ),
    otherwise: direction === 'import' ? 'accept' : 'reject',
  }));
}

/** On a session that carries both families, what is said of one of them does not count for the other. */
function ofFamily(
  statements: readonly Statement[],
  { families }: PolicyQuestion,
  family: Family,
): readonly Statement[] {
  if (families.length === 1) return statements;
  const all = inside(family === 4 ? ALL_IPV4 : ALL_IPV6);
  return statements.map((statement) => ({
    ...statement,
    conditions: [all, ...statement.conditions],
  }));
}

const ALL_IPV4 = prefix('0.0.0.0/0');
const ALL_IPV6 = prefix('::/0');

function importStatements(context: PolicyContext): Statement[] {
  const statements = filterStatements(context, 'import');
  if (hasPriorities(context.cluster)) statements.push(elevated(context));
  return statements;
}

function exportStatements(context: PolicyContext): Statement[] {
  const { cluster, family, ibgp } = context;
  const pools = poolsInForce(cluster).filter((pool) => prefixFamily(pool.cidr) === family);
  const statements: Statement[] = [];
  if (hasPriorities(cluster)) statements.push(prioritySync(context));
  statements.push(...filterStatements(context, 'export'));
  for (const pool of pools.filter((item) => item.disableBgpExport)) {
    statements.push(rejecting(`IPPool/${pool.name} disableBGPExport`, inside(pool.cidr)));
  }
  statements.push(...tunnelRoutes(cluster, ibgp));
  for (const [index, item] of advertisements(cluster).entries()) {
    if (prefixFamily(item.cidr) !== family) continue;
    statements.push(advertisement(item, index));
  }
  if (isOutside(context)) statements.push(NOT_FOR_OTHERS);
  statements.push(...aggregation(context), ...services(context));
  for (const pool of pools.filter((item) => !item.disableBgpExport)) {
    statements.push(accepting(`IPPool/${pool.name}`, inside(pool.cidr)));
  }
  return statements;
}

/** An eBGP peer that is no node of this cluster, where such peers are trusted with least privilege. */
function isOutside({ cluster, inside: isInside, ibgp }: PolicyContext): boolean {
  return cluster.options.outside === 'least-privilege' && !isInside && !ibgp;
}

function inside(cidr: Prefix): Condition {
  return { kind: 'prefix', operator: 'in', prefix: cidr };
}

function rejecting(name: string, ...conditions: readonly Condition[]): Statement {
  return { name, conditions, actions: [], verdict: 'reject' };
}

function accepting(name: string, ...conditions: readonly Condition[]): Statement {
  return { name, conditions, actions: [], verdict: 'accept' };
}

/** Step 1: a route of this node gets the LOCAL_PREF of its metric; a learned one has it already. */
function prioritySync({ cluster, family }: PolicyContext): Statement {
  return {
    name: 'LOCAL_PREF from the route priority',
    conditions: [
      { kind: 'source', source: 'bgp', negate: true },
      // A route learned from the kernel brings the LOCAL_PREF of its own metric.
      { kind: 'source', source: 'kernel', negate: true },
    ],
    actions: [{ kind: 'setLocalPref', value: PRIORITY_SUM - normalPriority(cluster, family) }],
  };
}

function aboveNormal({ cluster, family }: PolicyContext): Condition {
  const value = PRIORITY_SUM - normalPriority(cluster, family);
  return { kind: 'localPref', operator: 'above', value };
}

function elevated(context: PolicyContext): Statement {
  return {
    name: 'elevated route of a workload that has just moved',
    conditions: [aboveNormal(context)],
    actions: [{ kind: 'setPreference', value: ELEVATED_PREFERENCE }],
  };
}

/** Step 4 and 5: what leads through a tunnel device is nobody else's business inside the AS. */
function tunnelRoutes(cluster: Cluster, ibgp: boolean): Statement[] {
  const patterns = ibgp ? ['*.cali', '*.calico'] : [];
  if (ibgp && !bgpOwns(cluster, 'ipip')) patterns.push(cluster.options.tunnelDevice);
  const tunnels = patterns.map((pattern) =>
    rejecting(`tunnel route through ${pattern}`, { kind: 'interface', pattern }),
  );
  const local = rejecting('route of the local eBPF dataplane', {
    kind: 'interface',
    pattern: 'bpf*.cali',
  });
  return [...tunnels, local];
}

/** Step 7: the block stands for everything inside it, except what has just moved here. */
function aggregation(context: PolicyContext): Statement[] {
  const { cluster, family } = context;
  return ownBlocks(cluster)
    .filter((block) => prefixFamily(block.cidr) === family && block.state === 'confirmed')
    .flatMap(({ cidr }) => {
      const exact: Condition = { kind: 'prefix', operator: 'equal', prefix: cidr };
      const statements = [accepting(`own block ${cidr}`, exact)];
      if (hasPriorities(cluster)) {
        const name = `elevated route inside own block ${cidr}`;
        statements.push(accepting(name, inside(cidr), aboveNormal(context)));
      }
      statements.push(rejecting(`inside own block ${cidr}`, inside(cidr)));
      return statements;
    });
}

/** Step 8: what is originated for services, and what lies in their CIDRs; step 9: what a reflector passes on of them. */
function services({ cluster, family }: PolicyContext): Statement[] {
  const settings = serviceSettings(cluster);
  const ofFamily = (cidr: Prefix): boolean => prefixFamily(cidr) === family;
  const statements: Statement[] = [];
  const announced = announcedCidrs(settings).filter(ofFamily);
  if (isAdvertising(settings)) {
    // By source, not address by address: a Service that comes or goes changes no policy.
    statements.push(accepting('service address', { kind: 'source', source: 'service' }));
  }
  if (announced.length > 0) {
    const anywhere: Condition = { kind: 'insideAny', prefixes: announced };
    statements.push(accepting('inside the CIDRs of services', anywhere));
  }
  const reflected = reflectedCidrs(settings).filter(ofFamily);
  if (cluster.own.routeReflectorClusterId !== undefined && reflected.length > 0) {
    const name = 'service of another node, passed on by a reflector';
    statements.push(accepting(name, { kind: 'insideAny', prefixes: reflected }));
  }
  return statements;
}

/** Step 6: the list of the node replaces that of all nodes. */
function advertisements(cluster: Cluster): readonly PrefixAdvertisement[] {
  return (
    cluster.ownConfiguration?.prefixAdvertisements ?? cluster.global?.prefixAdvertisements ?? []
  );
}

function advertisement(item: PrefixAdvertisement, index: number): Statement {
  return {
    name: `prefixAdvertisements[${index}] ${item.cidr}`,
    conditions: [inside(item.cidr)],
    actions: communityActions(item.communities),
  };
}

function communityActions(communities: readonly Community[]): Action[] {
  const values = communities.flatMap((item) => (item.kind === 'standard' ? [item.value] : []));
  const large = communities.flatMap((item) => (item.kind === 'large' ? [item.value] : []));
  const actions: Action[] = [];
  if (values.length > 0) actions.push({ kind: 'addCommunities', values });
  if (large.length > 0) actions.push({ kind: 'addLargeCommunities', values: large });
  return actions;
}

/** The BGPFilters of the peer, in its order; those without rules for this direction and family say nothing. */
function filterStatements(context: PolicyContext, direction: Direction): Statement[] {
  const { cluster, filters, family } = context;
  return (filters ?? []).flatMap((name) => {
    const filter = cluster.resources.bgpFilters.get(name);
    if (filter === undefined) return missingFilter(context, name);
    const field = `${direction}V${family}` as const;
    return rulesOf(filter, field).map((rule, index) =>
      ruleStatement(rule, `BGPFilter/${name} ${field}[${index}]`),
    );
  });
}

function rulesOf(
  filter: BgpFilterResource,
  field: 'importV4' | 'exportV4' | 'importV6' | 'exportV6',
): readonly FilterRule[] {
  return filter[field];
}

/** Calico skips a name that does not exist; with least privilege nothing passes until it does. */
function missingFilter({ cluster }: PolicyContext, name: string): Statement[] {
  if (cluster.options.outside === 'calico') return [];
  return [rejecting(`missing BGPFilter/${name}`)];
}

function ruleStatement(rule: FilterRule, name: string): Statement {
  const verdict = rule.action === 'Accept' ? 'accept' : 'reject';
  return { name, conditions: ruleConditions(rule), actions: rule.operations.flatMap(act), verdict };
}

function ruleConditions(rule: FilterRule): Condition[] {
  const conditions: Condition[] = [];
  const { match, interfacePattern, peerType, community, asPathPrefix, priority } = rule;
  if (match !== undefined) {
    const { operator, cidr, lengths } = match;
    conditions.push({
      kind: 'prefix',
      operator,
      prefix: cidr,
      ...(lengths === undefined ? {} : { lengths }),
    });
  }
  if (rule.remotePeersOnly) conditions.push({ kind: 'source', source: 'bgp' });
  if (interfacePattern !== undefined) {
    conditions.push({ kind: 'interface', pattern: interfacePattern });
  }
  if (peerType !== undefined) conditions.push({ kind: 'peerType', peerType });
  if (community?.kind === 'standard') {
    conditions.push({ kind: 'community', value: community.value });
  } else if (community?.kind === 'large') {
    conditions.push({ kind: 'largeCommunity', value: community.value });
  }
  if (asPathPrefix !== undefined) conditions.push({ kind: 'asPathPrefix', asns: asPathPrefix });
  if (priority !== undefined) {
    conditions.push({ kind: 'localPref', operator: 'equal', value: PRIORITY_SUM - priority });
  }
  return conditions;
}

function act(operation: FilterOperation): Action[] {
  switch (operation.kind) {
    case 'addCommunity':
      return communityActions([operation.community]);
    case 'prependAsPath':
      return [{ kind: 'prepend', asns: operation.asns }];
    default:
      return [{ kind: 'setLocalPref', value: PRIORITY_SUM - operation.priority }];
  }
}

/** RFC 8212 in spirit: what others told us is not passed on to the outside unless a filter accepts it. */
const NOT_FOR_OTHERS: Statement = rejecting(
  'least privilege: learned routes are not passed on outside the cluster',
  { kind: 'source', source: 'bgp' },
);
