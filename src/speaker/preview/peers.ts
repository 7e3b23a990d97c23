/** What a proposal means for each peer: what comes in by which policy, what goes out by which, before and after. */

import type { PlanChange } from '../../datastore/plan-diff.ts';
import type { PeerPlan } from '../../datastore/plan-types.ts';
import { ANY_EXTERNAL_AS } from '../../fsm/negotiate.ts';
import type { AfiSafi } from '../../net/afi-safi.ts';

import { ipToOctets, ipv4ToU32 } from '../../net/ip-address.ts';
import type { PeerId } from '../../rib/ids.ts';
import type { ExportConfig, PeerRibConfig } from '../../rib/rib-config.ts';
import type { Core } from '../core.ts';
import type { Peer } from '../peer.ts';
import { exportConfigOf, ribConfigOf } from '../peer-config.ts';
import { Policies } from '../policies.ts';
import { type Difference, noDifference, type Proposal } from './types.ts';

/** RFC 4271 §4.1. */
const MESSAGE_OCTETS_MAX = 4096;

export interface PeerOutlook {
  readonly name: string;
  readonly address: string;
  /** 0 for one that would come. */
  readonly id: PeerId;
  readonly goes: boolean;
  /** By which its paths would be judged; undefined: as they are now. */
  readonly imports: PeerRibConfig | undefined;
  readonly received: Difference;
  readonly advertised: Difference;
}

/** Peers that are told the same, before and after, but for what is their own. */
export interface Audience {
  readonly before: ExportConfig | undefined;
  readonly after: ExportConfig | undefined;
  readonly members: PeerOutlook[];
  /** What all of them gain and lose; a member's `advertised` is what differs for it. */
  readonly told: Difference;
}

export interface Outlook {
  readonly peers: readonly PeerOutlook[];
  readonly audiences: readonly Audience[];
}

/** Peers looked at in one slice: some 10 µs each. */
const PEERS_PER_SLICE = 128;

/** By name: what becomes of those that change. */
function fates(changes: readonly PlanChange[]): Map<string, PeerPlan | 'goes'> {
  const fate = new Map<string, PeerPlan | 'goes'>();
  /** Those that get another name stand under the one that they have. */
  const names = new Map<string, string>();
  for (const change of changes) {
    if (change.change === 'remove-peer') fate.set(change.name, 'goes');
    else if ('peer' in change) {
      if (change.change === 'relabel-peer') names.set(change.peer.name, change.from);
      fate.set(names.get(change.peer.name) ?? change.peer.name, change.peer);
    }
  }
  return fate;
}

/** Of one family, peer by peer: `yield` between slices. Sessions that are down have been told nothing, and do not count. */
export function* outlookOf(
  core: Core,
  { changes, next }: Proposal,
  family: AfiSafi,
): Generator<undefined, Outlook> {
  const fate = fates(changes);
  const policies = new Policies();
  const identity = core.plan?.clusterId !== next.clusterId;
  const peers: PeerOutlook[] = [];
  const audiences = new Audiences();
  let looked = 0;
  for (const peer of core.peers.values()) {
    if (++looked % PEERS_PER_SLICE === 0) yield undefined;
    const state = peer.families.get(family);
    if (state === undefined) continue;
    const planned = fate.get(peer.plan.name);
    const plan = planned === 'goes' ? undefined : (planned ?? peer.plan);
    const changed = planned !== undefined || identity;
    const imports =
      plan === undefined || !changed || !state.inRib
        ? undefined
        : importOf(core, peer, { plan, family, policies, clusterId: next.clusterId });
    const outlook = outlookFor(plan ?? peer.plan, {
      id: peer.id,
      goes: plan === undefined,
      imports,
    });
    peers.push(outlook);
    if (state.group === undefined || peer.up === undefined) continue;
    const before = exportConfigOf(core, peer.up, family);
    const changedTo = plan === undefined ? undefined : exportOf(before, plan, { policies, next });
    audiences.add(outlook, before, plan === undefined || changed ? changedTo : before);
  }
  for (const [name, plan] of fate) {
    if (++looked % PEERS_PER_SLICE === 0) yield undefined;
    if (plan === 'goes' || core.peers.has(name) || !plan.families.includes(family)) continue;
    const outlook = outlookFor(plan, { id: 0, goes: false, imports: undefined });
    peers.push(outlook);
    audiences.add(outlook, undefined, newcomer(plan, { policies, next }));
  }
  return { peers, audiences: audiences.all() };
}

class Audiences {
  readonly #byKey = new Map<string, Audience>();
  readonly #numbers = new Map<unknown, number>();

  add(outlook: PeerOutlook, before?: ExportConfig, after?: ExportConfig): void {
    const number = (policy: unknown): number => {
      if (!this.#numbers.has(policy)) this.#numbers.set(policy, this.#numbers.size);
      return this.#numbers.get(policy)!;
    };
    const key = [before, after].map((one) => audienceKey(one, number)).join(' → ');
    let audience = this.#byKey.get(key);
    if (audience === undefined) {
      audience = { before, after, members: [], told: noDifference() };
      this.#byKey.set(key, audience);
    }
    audience.members.push(outlook);
  }

  all(): Audience[] {
    return [...this.#byKey.values()];
  }
}

function outlookFor(
  plan: PeerPlan,
  fate: Pick<PeerOutlook, 'id' | 'goes' | 'imports'>,
): PeerOutlook {
  const { name, remoteAddress: address } = plan;
  return { name, address, ...fate, received: noDifference(), advertised: noDifference() };
}

function importOf(
  core: Core,
  peer: Peer,
  change: {
    readonly plan: PeerPlan;
    readonly family: AfiSafi;
    readonly policies: Policies;
    readonly clusterId: string | undefined;
  },
): PeerRibConfig {
  const { plan, family, policies, clusterId } = change;
  const { ownClusterId: _before, ...rest } = ribConfigOf(core, peer, family);
  return {
    ...rest,
    ebgp: plan.remoteAs !== plan.localAs,
    peerAs: plan.remoteAs === ANY_EXTERNAL_AS ? peer.remoteAs : plan.remoteAs,
    localAs: plan.localAs,
    allowLocalAs: plan.allowLocalAs,
    rrClient: plan.rrClient,
    importPolicy: policies.compiled(plan.importPolicy),
    ...(clusterId === undefined ? {} : { ownClusterId: ipv4ToU32(clusterId as never) }),
  };
}

interface ExportChange {
  readonly policies: Policies;
  readonly next: Proposal['next'];
}

function exportOf(
  { clusterId: _before, ...session }: SessionPart,
  plan: PeerPlan,
  { policies, next }: ExportChange,
): ExportConfig {
  return {
    ...session,
    policy: policies.compiled(plan.exportPolicy),
    ebgp: plan.remoteAs !== plan.localAs,
    localAs: plan.localAs,
    rrClient: plan.rrClient,
    nextHop: plan.nextHop,
    ...(next.clusterId === undefined ? {} : { clusterId: ipv4ToU32(next.clusterId) }),
  };
}

/** What a session has negotiated, and what the plan of its peer does not say. */
type SessionPart = Omit<ExportConfig, 'policy' | 'ebgp' | 'localAs' | 'rrClient' | 'nextHop'>;

/** As if it had negotiated what everybody does. */
function newcomer(plan: PeerPlan, change: ExportChange): ExportConfig {
  const own = plan.localAddress ?? plan.remoteAddress;
  const selfNextHop = ipToOctets(own);
  return exportOf({ as4: true, selfNextHop, messageMax: MESSAGE_OCTETS_MAX }, plan, change);
}

/** Whether two are told the same; how it is encoded does not matter. */
function audienceKey(
  config: ExportConfig | undefined,
  number: (policy: unknown) => number,
): string {
  if (config === undefined) return 'nothing';
  const { policy, ebgp, localAs, rrClient, clusterId, peerRole, longLived, shutdown } = config;
  const role = `${peerRole} ${longLived} ${shutdown}`;
  return `${number(policy)} ${ebgp} ${localAs} ${rrClient} ${clusterId} ${role}`;
}
