/**
 * From the running plan to the next: the least disruptive changes, each with its reason.
 *
 * A changed description restarts nothing, a changed policy re-runs policy, a changed local AS restarts the session.
 * Invariant (property-tested): `applyChanges(old, diffPlans(old, next))` is `next`, for any two plans.
 */

import type { KernelRules } from '../fib/kernel-rules.ts';
import { type NodeSettings, settingsOf } from './peer-settings.ts';
import { compareText, type KnownPairs, originatedKey, sameData } from './plan-data.ts';
import type {
  LearnPlan,
  ListenPlan,
  ListenRange,
  OriginatedPrefix,
  PeerPlan,
  SpeakerPlan,
} from './plan-types.ts';
import { settingChanges } from './setting-changes.ts';

/** What the node is, as its peers and its logs see it. */
export type LocalIdentity = Pick<
  SpeakerPlan,
  'node' | 'localAs' | 'routerId' | 'clusterId' | 'addresses' | 'logLevel' | 'expectedPrefixes'
>;

/** In the order in which they are to be applied. `peer` is always the whole new plan of that peer. */
export type PlanChange =
  | {
      readonly change: 'local-identity-changed';
      readonly identity: LocalIdentity;
      readonly fields: readonly string[];
      readonly reason: string;
    }
  | { readonly change: 'listen-changed'; readonly listen: ListenPlan; readonly reason: string }
  | {
      readonly change: 'kernel-rules-changed';
      readonly kernel: KernelRules;
      readonly reason: string;
    }
  /** What profiles say of the node as a whole; undefined: nothing any more. */
  | {
      readonly change: 'node-settings-changed';
      readonly settings: NodeSettings | undefined;
      readonly fields: readonly string[];
      readonly reason: string;
    }
  /** Peers that came by a range are changed, or go, with it (`speaker/dynamic-peers.ts`). */
  | {
      readonly change: 'listen-ranges-changed';
      readonly listenRanges: readonly ListenRange[] | undefined;
      readonly reason: string;
    }
  | {
      readonly change: 'learn-changed';
      readonly learn: LearnPlan | undefined;
      readonly reason: string;
    }
  | { readonly change: 'remove-peer'; readonly name: string; readonly reason: string }
  | { readonly change: 'add-peer'; readonly peer: PeerPlan; readonly reason: string }
  /** The session stays as it stands, and has another name from now on; what else changes follows. */
  | {
      readonly change: 'relabel-peer';
      readonly from: string;
      readonly peer: PeerPlan;
      readonly reason: string;
    }
  /** The session is closed and opened again; nothing else is said about this peer. */
  | {
      readonly change: 'restart-peer';
      readonly peer: PeerPlan;
      readonly fields: readonly string[];
      readonly reason: string;
    }
  /** Taken over as it stands, or with the next OPEN. */
  | {
      readonly change: 'update-peer';
      readonly peer: PeerPlan;
      readonly fields: readonly string[];
      readonly reason: string;
    }
  | { readonly change: 'reevaluate-import'; readonly peer: PeerPlan; readonly reason: string }
  | { readonly change: 'reevaluate-export'; readonly peer: PeerPlan; readonly reason: string }
  | { readonly change: 'withdraw'; readonly originated: OriginatedPrefix; readonly reason: string }
  /** New, or with another source, blackhole or origin than before. */
  | {
      readonly change: 'originate';
      readonly originated: OriginatedPrefix;
      readonly reason: string;
    };

type PeerField = keyof PeerPlan;

/** What a session cannot change while it stands. Restarting says why. */
const RESTARTING = {
  remoteAddress: 'the session goes to another address',
  remotePort: 'the session goes to another port',
  localAddress: 'the session comes from another address',
  localAs: 'the AS number of this side is part of the OPEN',
  remoteAs: 'the AS number of the peer is checked in its OPEN',
  families: 'the families are negotiated in the OPEN',
  holdTime: 'the hold time is negotiated in the OPEN',
  ttlSecurity: 'the TTL is set on the connection',
  password: 'the TCP-MD5 key is set on the connection',
} as const satisfies Partial<Record<PeerField, string>>;

/** What changes which received paths are used, or which are sent, and nothing else. */
const IMPORT_FIELDS = ['importPolicy', 'allowLocalAs'] as const satisfies readonly PeerField[];
const EXPORT_FIELDS = [
  'exportPolicy',
  'nextHop',
  'rrClient',
] as const satisfies readonly PeerField[];

export function diffPlans(old: SpeakerPlan, next: SpeakerPlan): PlanChange[] {
  return [...planChanges(old, next)];
}

/**
 * The changes one by one, so that whoever applies them can stop in between: a plan of thousands of sessions is more
 * than one step's work. What is the same object in both plans is not looked into.
 */
export function* planChanges(old: SpeakerPlan, next: SpeakerPlan): Generator<PlanChange> {
  yield* diffIdentity(old, next);
  yield* diffWhole(old, next);
  yield* diffPeers(old, next);
  yield* diffOriginated(old, next);
}

/** What a plan becomes by these changes; the definition of what each of them means. */
export function applyChanges(plan: SpeakerPlan, changes: readonly PlanChange[]): SpeakerPlan {
  let result: SpeakerPlan = plan;
  const peers = new Map(plan.peers.map((peer) => [peer.name, peer]));
  const originated = new Map(plan.originated.map((item) => [originatedKey(item), item]));
  for (const change of changes) {
    switch (change.change) {
      case 'local-identity-changed': {
        const { clusterId: _, expectedPrefixes: __, ...rest } = result;
        result = { ...rest, ...change.identity };
        break;
      }
      case 'listen-changed':
        result = { ...result, listen: change.listen };
        break;
      case 'kernel-rules-changed':
        result = { ...result, kernel: change.kernel };
        break;
      case 'node-settings-changed': {
        const { settings: _dropped, ...rest } = result;
        const { settings } = change;
        result = { ...rest, ...(settings === undefined ? {} : { settings }) };
        break;
      }
      case 'listen-ranges-changed': {
        const { listenRanges: _dropped, ...rest } = result;
        const { listenRanges } = change;
        result = { ...rest, ...(listenRanges === undefined ? {} : { listenRanges }) };
        break;
      }
      case 'learn-changed':
        result = withLearn(result, change.learn);
        break;
      case 'remove-peer':
        peers.delete(change.name);
        break;
      case 'relabel-peer':
        peers.delete(change.from);
        peers.set(change.peer.name, change.peer);
        break;
      case 'withdraw':
        originated.delete(originatedKey(change.originated));
        break;
      case 'originate':
        originated.set(originatedKey(change.originated), change.originated);
        break;
      default:
        peers.set(change.peer.name, change.peer);
    }
  }
  return {
    ...result,
    peers: [...peers.values()].sort((a, b) => compareText(a.name, b.name)),
    originated: [...originated.values()].sort((a, b) =>
      compareText(originatedKey(a), originatedKey(b)),
    ),
  };
}

function withLearn(plan: SpeakerPlan, learn: LearnPlan | undefined): SpeakerPlan {
  const { learn: _dropped, ...rest } = plan;
  return learn === undefined ? rest : { ...rest, learn };
}

const IDENTITY_FIELDS = [
  'node',
  'localAs',
  'routerId',
  'clusterId',
  'addresses',
  'logLevel',
  'expectedPrefixes',
] as const;

function diffIdentity(old: SpeakerPlan, next: SpeakerPlan): PlanChange[] {
  const fields = IDENTITY_FIELDS.filter((field) => !sameData(old[field], next[field]));
  if (fields.length === 0) return [];
  const { node, localAs, routerId, clusterId, addresses, logLevel, expectedPrefixes } = next;
  const identity: LocalIdentity = {
    node,
    localAs,
    routerId,
    addresses,
    logLevel,
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(expectedPrefixes === undefined ? {} : { expectedPrefixes }),
  };
  return [
    {
      change: 'local-identity-changed',
      identity,
      fields,
      reason: `${fields.join(', ')} of this node changed`,
    },
  ];
}

function diffWhole(old: SpeakerPlan, next: SpeakerPlan): PlanChange[] {
  const changes: PlanChange[] = [];
  if (!sameData(old.listen, next.listen)) {
    const reason = `listen on ${listenText(next.listen)} instead of ${listenText(old.listen)}`;
    changes.push({ change: 'listen-changed', listen: next.listen, reason });
  }
  if (!sameData(old.kernel, next.kernel)) {
    const fields = changedKeys(old.kernel, next.kernel);
    const reason = `kernel rules changed: ${fields.join(', ')}`;
    changes.push({ change: 'kernel-rules-changed', kernel: next.kernel, reason });
  }
  if (!sameData(old.settings, next.settings)) {
    const fields = changedKeys(old.settings ?? {}, next.settings ?? {});
    const reason = `${fields.join(', ')} of the node changed`;
    changes.push({
      change: 'node-settings-changed',
      settings: next.settings,
      fields,
      reason,
    });
  }
  if (!sameData(old.listenRanges, next.listenRanges)) {
    const reason = `listen ranges changed: ${rangesText(old)} → ${rangesText(next)}`;
    changes.push({ change: 'listen-ranges-changed', listenRanges: next.listenRanges, reason });
  }
  if (!sameData(old.learn, next.learn)) {
    const reason = 'other routes of the kernel and of interfaces may be announced';
    changes.push({ change: 'learn-changed', learn: next.learn, reason });
  }
  return changes;
}

function rangesText({ listenRanges }: SpeakerPlan): string {
  return listenRanges?.map((range) => range.prefix).join(', ') ?? 'none';
}

function listenText(listen: ListenPlan): string {
  const where = listen.addresses.length === 0 ? 'any address' : listen.addresses.join(', ');
  return `${where} port ${listen.port}`;
}

function changedKeys(old: object, next: object, known?: KnownPairs): string[] {
  const x = old as Record<string, unknown>;
  const y = next as Record<string, unknown>;
  const keys = new Set([...Object.keys(x), ...Object.keys(y)]);
  return [...keys].filter((key) => !sameData(x[key], y[key], known)).sort(compareText);
}

/** All that leave before any that come: an address may go from one to the other. */
function* diffPeers(old: SpeakerPlan, next: SpeakerPlan): Generator<PlanChange> {
  const effect: IdentityEffect = { ...identityEffect(old, next), known: new Map() };
  const labels = relabelled(old, next, effect);
  // Both lists are in order of the names: nothing is looked up.
  for (const [before, peer] of pairs(old.peers, next.peers, nameOf)) {
    if (before === undefined || peer !== undefined || labels.gone.has(before)) continue;
    const reason = `${before.origin} no longer asks for it`;
    yield { change: 'remove-peer', name: before.name, reason };
  }
  const touchesAll = effect.restart !== undefined || effect.reevaluate !== undefined;
  for (const [before, peer] of pairs(old.peers, next.peers, nameOf)) {
    if (peer === undefined || (before === peer && !touchesAll)) continue;
    const was = before === undefined ? labels.came.get(peer) : undefined;
    if (was !== undefined) yield* relabel(was, peer, effect);
    else if (before === undefined) yield { change: 'add-peer', peer, reason: peer.origin };
    else yield* diffPeer(before, peer, effect);
  }
}

/** The same session under another name: a node of the mesh that has become a reflector is still the same neighbor. */
function* relabel(was: PeerPlan, peer: PeerPlan, effect: IdentityEffect): Generator<PlanChange> {
  const { name, kind, origin } = peer;
  const named = { ...was, name, kind, origin };
  const reason = `${was.name} is asked for by the ${origin} now; the session stays`;
  yield { change: 'relabel-peer', from: was.name, peer: named, reason };
  yield* diffPeer(named, peer, effect);
}

interface Labels {
  readonly gone: ReadonlySet<PeerPlan>;
  readonly came: ReadonlyMap<PeerPlan, PeerPlan>;
}

/** Sessions that go and come to one address and port, and that nothing but their names would restart. */
function relabelled(old: SpeakerPlan, next: SpeakerPlan, effect: IdentityEffect): Labels {
  const gone = new Set<PeerPlan>();
  const came = new Map<PeerPlan, PeerPlan>();
  const leaving = new Map<string, PeerPlan>();
  if (effect.restart !== undefined) return { gone, came };
  for (const [before, peer] of pairs(old.peers, next.peers, nameOf)) {
    if (before !== undefined && peer === undefined) leaving.set(placeOf(before), before);
  }
  if (leaving.size === 0) return { gone, came };
  for (const [before, peer] of pairs(old.peers, next.peers, nameOf)) {
    if (before !== undefined || peer === undefined) continue;
    const was = leaving.get(placeOf(peer));
    if (was === undefined || gone.has(was)) continue;
    const changed = changedKeys(was, peer, effect.known);
    if (changed.some((field) => field in RESTARTING)) continue;
    gone.add(was);
    came.set(peer, was);
  }
  return { gone, came };
}

function placeOf({ remoteAddress, remotePort }: PeerPlan): string {
  return `${remoteAddress} ${remotePort}`;
}

function nameOf(peer: PeerPlan): string {
  return peer.name;
}

/** Walks two lists in order of `keyOf` side by side; undefined stands for what the other list does not have. */
function* pairs<T>(
  old: readonly T[],
  next: readonly T[],
  keyOf: (item: T) => string,
): Generator<readonly [T | undefined, T | undefined]> {
  let i = 0;
  let j = 0;
  while (i < old.length || j < next.length) {
    const [a, b] = [old[i], next[j]];
    const order =
      a === b ? 0 : a === undefined ? 1 : b === undefined ? -1 : compareText(keyOf(a), keyOf(b));
    if (order <= 0) i++;
    if (order >= 0) j++;
    yield [order <= 0 ? a : undefined, order >= 0 ? b : undefined];
  }
}

/** What a changed identity does to every session that stays. */
interface IdentityEffect {
  readonly restart?: string;
  readonly reevaluate?: string;
  readonly known?: KnownPairs;
}

function identityEffect(old: SpeakerPlan, next: SpeakerPlan): IdentityEffect {
  // RFC 4271 §4.2: the BGP Identifier is sent in the OPEN and is the same for every peer.
  if (old.routerId !== next.routerId) {
    return { restart: `BGP Identifier changed from ${old.routerId} to ${next.routerId}` };
  }
  // RFC 4456 §8: the cluster id stands in CLUSTER_LIST, received and sent.
  if (old.clusterId !== next.clusterId) return { reevaluate: 'route reflector cluster id changed' };
  return {};
}

/** For peers that a plan does not list: what turns the plan of one into another, at this step from plan to plan. */
export function peerChanges(
  old: SpeakerPlan,
  next: SpeakerPlan,
): (before: PeerPlan, peer: PeerPlan) => PlanChange[] {
  const effect: IdentityEffect = { ...identityEffect(old, next), known: new Map() };
  return (before, peer) => diffPeer(before, peer, effect);
}

function diffPeer(old: PeerPlan, peer: PeerPlan, effect: IdentityEffect): PlanChange[] {
  const keys = changedKeys(old, peer, effect.known) as PeerField[];
  const settings = settingChanges(old, peer, keys);
  const restarting = keys
    .filter((field) => field in RESTARTING && !(field === 'password' && isRotation(old, peer)))
    .map((field) => `${field} changed: ${RESTARTING[field as keyof typeof RESTARTING]}`);
  restarting.push(...settings.restart);
  if (effect.restart !== undefined || restarting.length > 0) {
    if (effect.restart !== undefined) restarting.unshift(effect.restart);
    const fields = [...keys.filter((key) => key !== 'settings'), ...settings.paths];
    return [{ change: 'restart-peer', peer, fields, reason: restarting.join('; ') }];
  }
  const changes: PlanChange[] = [];
  const imports = keys.filter((field) => includes(IMPORT_FIELDS, field));
  const exports = keys.filter((field) => includes(EXPORT_FIELDS, field));
  const others: string[] = keys.filter(
    (key) => key !== 'settings' && !imports.includes(key) && !exports.includes(key),
  );
  others.push(...settings.others);
  if (others.length > 0) {
    const reason = `${others.join(', ')} changed; the session stays`;
    changes.push({ change: 'update-peer', peer, fields: others, reason });
  }
  const because = (names: readonly string[]): string =>
    names.length > 0 ? `${names.join(', ')} changed` : effect.reevaluate!;
  const importing: string[] = [...imports, ...settings.import];
  if (importing.length > 0 || effect.reevaluate !== undefined) {
    changes.push({ change: 'reevaluate-import', peer, reason: because(importing) });
  }
  const exporting: string[] = [...exports, ...settings.export];
  if (exporting.length > 0 || effect.reevaluate !== undefined) {
    changes.push({ change: 'reevaluate-export', peer, reason: because(exporting) });
  }
  return changes;
}

/** From one TCP-MD5 key to another: connections that stand go over to it. TCP-AO keys have numbers and do not. */
function isRotation(old: PeerPlan, peer: PeerPlan): boolean {
  const hasKey = ({ password }: PeerPlan): boolean => password !== undefined && 'value' in password;
  return hasKey(old) && hasKey(peer) && settingsOf(peer).authentication === 'md5';
}

function includes(list: readonly PeerField[], field: PeerField): boolean {
  return list.includes(field);
}

function* diffOriginated(old: SpeakerPlan, next: SpeakerPlan): Generator<PlanChange> {
  for (const [originated, kept] of pairs(old.originated, next.originated, originatedKey)) {
    if (originated === undefined || kept !== undefined) continue;
    const reason = `${originated.origin} is gone`;
    yield { change: 'withdraw', originated, reason };
  }
  for (const [before, originated] of pairs(old.originated, next.originated, originatedKey)) {
    if (originated === undefined || sameData(before, originated)) continue;
    const reason =
      before === undefined
        ? originated.origin
        : `${changedKeys(before, originated).join(', ')} changed: ${originated.origin}`;
    yield { change: 'originate', originated, reason };
  }
}
