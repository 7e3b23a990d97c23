/** The read-only view of the running core (`snapshot.ts`), made when somebody looks. Walks are paged. */

import { AFI_SAFIS, type AfiSafi } from '../net/afi-safi.ts';
import { ipv4FromU32 } from '../net/ip-address.ts';
import { parsePrefix } from '../net/prefix.ts';
import type { PrefixId } from '../net/prefix-table.ts';
import { formatCapability } from '../wire/capabilities/table.ts';
import type { Core } from './core.ts';
import { countBest } from './count-best.ts';
import { formatIpPort } from './endpoint-text.ts';
import { limitOf } from './limit-in-force.ts';
import { overLimitText } from './max-prefixes.ts';
import { measures } from './measures.ts';
import { neighborDetail } from './neighbor-detail.ts';
import { pathViews, sentPathViews } from './path-view.ts';
import type { Peer, PeerFamily } from './peer.ts';
import { PlanPreview } from './preview/preview.ts';
import type { PreviewRun, Proposal } from './preview/types.ts';
import { notReadyBecause } from './readiness.ts';
import { recoveryStatus } from './recovery.ts';
import { drainPart, staleFacts } from './restart-views.ts';
import { settingViews } from './setting-views.ts';
import type {
  CountersView,
  InterfaceView,
  KernelProofView,
  KernelQuery,
  KernelRouteView,
  MeasuresView,
  NeighborFamilyView,
  NeighborView,
  RouteQuery,
  RouteView,
  SettingView,
  SpeakerView,
  StatusView,
  TableQuery,
  TableRouteView,
} from './snapshot.ts';
import { foreignRoutes, interfaceViews, tableRoutes } from './table-view.ts';
import { whyDown } from './why-down.ts';

/** Prefixes looked at in one page, matching or not: a page stays within about a millisecond. */
const SCANNED_PER_PAGE_MAX = 20_000;

export class SnapshotView implements SpeakerView {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  preview(proposal: Proposal): PreviewRun {
    return new PlanPreview(this.#core, proposal);
  }

  status(): StatusView {
    const core = this.#core;
    const { plan, datastore, now } = core;
    const because = notReadyBecause(core);
    const fib = core.programmer.counts();
    const { state, reason } = core.kernelState;
    return {
      node: plan?.node ?? '',
      routerId: plan?.routerId ?? '',
      localAs: plan?.localAs ?? 0,
      ...(plan?.clusterId === undefined ? {} : { clusterId: plan.clusterId }),
      uptimeMs: now - core.options.now,
      planRevision: core.planRevision,
      planAgeMs: now - core.planSince,
      ...recoveryPart(core),
      stopping: core.stopping !== undefined,
      ...drainPart(core),
      datastore: {
        state: datastore.state,
        sinceMs: now - datastore.since,
        ...(datastore.reason === undefined ? {} : { reason: datastore.reason }),
      },
      kernel: {
        state: state === 'synced' ? fib.state : state,
        ...((reason ?? fib.reason) === undefined ? {} : { reason: (reason ?? fib.reason)! }),
        ...(plan?.kernel.vrf === undefined ? {} : { vrf: plan.kernel.vrf }),
        desired: fib.desired,
        installed: fib.installed,
        pending: fib.pending,
        parked: fib.parked,
        refused: fib.refused,
      },
      listeners: [...core.listeners.values()].map(({ local, error }) => ({
        local: formatIpPort(local),
        ...(error === undefined ? {} : { error }),
      })),
      neighbors: {
        configured: core.peers.size,
        established: [...core.peers.values()].filter((peer) => peer.negotiated !== undefined)
          .length,
      },
      routes: {
        'ipv4-unicast': this.#totals('ipv4-unicast'),
        'ipv6-unicast': this.#totals('ipv6-unicast'),
      },
      restarting: core.recovering,
      ready: because.length === 0,
      notReadyBecause: because,
      unknownCallers: core.unknownCallers.list(now),
      listenRanges: core.dynamic.views(),
    };
  }

  neighbors(): NeighborView[] {
    return [...this.eachNeighbor()];
  }

  *eachNeighbor(): Generator<NeighborView, undefined> {
    const { peers } = this.#core;
    for (const name of [...peers.keys()].sort()) {
      const peer = peers.get(name);
      if (peer !== undefined) yield this.#neighbor(peer);
    }
  }

  neighbor(name: string): NeighborView | undefined {
    const peer = this.#core.peers.get(name);
    return peer && this.#neighbor(peer);
  }

  settings(name: string): SettingView[] {
    const peer = this.#core.peers.get(name);
    return peer === undefined ? [] : settingViews(peer.plan);
  }

  routes(query: RouteQuery): { routes: RouteView[]; next?: number } {
    const rib = this.#core.ribs[query.family];
    if (query.prefix !== undefined) {
      const prefix = parsePrefix(query.prefix);
      const id = prefix === undefined ? 0 : rib.find(prefix);
      const route = id === 0 ? undefined : this.#route(query, id);
      return { routes: route === undefined ? [] : [route] };
    }
    const routes: RouteView[] = [];
    const from = Math.max(1, query.cursor ?? 1);
    const end = Math.min(rib.prefixes.top + 1, from + SCANNED_PER_PAGE_MAX);
    let id = from;
    for (; id < end && routes.length < query.limit; id++) {
      if (!rib.prefixes.isLive(id)) continue;
      const route = this.#route(query, id);
      if (route !== undefined) routes.push(route);
    }
    return id > rib.prefixes.top ? { routes } : { routes, next: id };
  }

  kernel(query: KernelQuery): { routes: readonly KernelRouteView[]; next?: number } {
    return this.#core.programmer.routes(query);
  }

  kernelProof(): KernelProofView {
    const { programmer, now } = this.#core;
    const found = { ...programmer.divergencesFound };
    return { ...programmer.proof(now), found, divergent: programmer.divergence() };
  }

  counters(): CountersView {
    const core = this.#core;
    const { requests, errors, restored, overruns } = core.programmer.totals;
    return {
      unknownCallers: core.unknownCallers.total,
      dynamicPeers: core.dynamic.count,
      dynamicRefused: { ...core.dynamic.refused },
      kernelRequests: requests,
      kernelErrors: errors,
      routesRestored: restored,
      kernelOverruns: overruns,
      decisions: AFI_SAFIS.reduce((sum, family) => sum + core.ribs[family].decisions, 0),
      cutOffs: AFI_SAFIS.reduce((sum, family) => sum + core.ribs[family].cutOffs, 0),
      updateFaults: Object.fromEntries(core.updateFaults),
      importRefusals: Object.fromEntries(core.importRefusals),
      md5Dropped: core.md5.dropped,
    };
  }

  measures(): MeasuresView {
    return measures(this.#core);
  }

  table(query: TableQuery): { routes: TableRouteView[]; next?: number } {
    return tableRoutes(this.#core, query);
  }

  foreignRoutes(family: AfiSafi, prefix?: string): Iterable<TableRouteView> {
    return foreignRoutes(this.#core, family, prefix);
  }

  interfaces(): InterfaceView[] {
    return interfaceViews(this.#core);
  }

  countBest(query: Parameters<SpeakerView['countBest']>[0]): number | undefined {
    return countBest(this.#core, query);
  }

  #totals(family: AfiSafi): { prefixes: number; paths: number; attributeSets: number } {
    const rib = this.#core.ribs[family];
    return { prefixes: rib.prefixCount, paths: rib.pathCount, attributeSets: this.#core.sets.size };
  }

  #route(query: RouteQuery, id: PrefixId): RouteView | undefined {
    const core = this.#core;
    const rib = core.ribs[query.family];
    const peer = query.neighbor === undefined ? undefined : core.peers.get(query.neighbor);
    if (query.neighbor !== undefined && peer === undefined) return undefined;
    const prefix = rib.prefixOf(id);
    if (query.direction === 'out') {
      const sent = peer === undefined ? [] : sentPathViews(core, peer.family(query.family), id);
      return sent.length === 0 ? undefined : { prefix, paths: sent };
    }
    const paths = pathViews(core, rib, id);
    const kept = peer === undefined ? paths : paths.filter((path) => path.from === peer.plan.name);
    return kept.length === 0 ? undefined : { prefix, paths: kept };
  }

  #neighbor(peer: Peer): NeighborView {
    const { plan, negotiated } = peer;
    const session = peer.up?.session ?? peer.sessions[0]?.session;
    const local = peer.up?.connection?.local ?? plan.localAddress;
    const down = whyDown(this.#core, peer, session);
    const restart = negotiated?.gracefulRestart;
    const stale = [...peer.families.values()].some((state) => state.stale !== undefined);
    const inGroup = [...peer.families.values()].find((state) => state.group !== undefined);
    const group = inGroup && this.#core.ribs[inGroup.family].groupOf(peer.id);
    return {
      name: plan.name,
      kind: plan.kind,
      address: plan.remoteAddress,
      port: plan.remotePort,
      ...(local === undefined ? {} : { localAddress: local }),
      localAs: plan.localAs,
      remoteAs: peer.remoteAs,
      origin: plan.origin,
      type: peer.ebgp ? 'ebgp' : 'ibgp',
      passive: plan.passive,
      state: session?.state ?? 'Idle',
      sinceMs: this.#core.now - peer.stateSince,
      ...(negotiated !== undefined || down === undefined ? {} : { downBecause: down }),
      ...(peer.lastError === undefined ? {} : { lastError: peer.lastError }),
      ...(negotiated === undefined
        ? {}
        : {
            routerId: ipv4FromU32(negotiated.remoteIdentifier),
            holdTime: negotiated.holdTime,
            keepaliveTime: negotiated.keepaliveTime,
          }),
      capabilities: negotiated?.capabilities.map(formatCapability) ?? [],
      families: this.#families(peer),
      ...(restart === undefined && !stale
        ? {}
        : {
            gracefulRestart: {
              peerRestartTime: restart?.restartTime ?? peer.promisedRestartTime ?? 0,
              stale,
              forwarding: [...(restart?.families ?? [])].flatMap(([family, kept]) =>
                kept ? [family] : [],
              ),
            },
          }),
      messages: { received: { ...peer.received }, sent: { ...peer.sent } },
      octets: { received: peer.octetsReceived, sent: peer.octetsSent },
      established: peer.established,
      flaps: peer.flaps,
      quarantines: peer.quarantines,
      limitRestarts: peer.limitRestarts,
      ...this.#quarantine(peer),
      ...(group === undefined ? {} : { updateGroup: group }),
      detail: neighborDetail(this.#core, peer),
    };
  }

  #quarantine(peer: Peer): Pick<NeighborView, 'quarantine'> {
    const { now, quarantines } = this.#core;
    const record = quarantines.current(peer.plan.name, now);
    if (record === undefined) return {};
    const { reason, times, until } = record;
    return { quarantine: { reason, times, leftMs: until - now } };
  }

  #families(peer: Peer): NeighborFamilyView[] {
    return peer.plan.families.map((family) => this.#family(peer, peer.family(family)));
  }

  #family(peer: Peer, state: PeerFamily): NeighborFamilyView {
    const { family } = state;
    const rib = this.#core.ribs[family];
    if (!state.inRib) {
      const none = { received: 0, accepted: 0, rejected: 0, advertised: 0, pending: 0, stale: 0 };
      return {
        family,
        ...none,
        refused: state.refused,
        longLived: false,
        refreshing: false,
        endOfRibReceived: false,
        endOfRibSent: false,
        limit: limitOf(this.#core, state).most,
      };
    }
    const { received, accepted, rejected, stale, advertised, pending } = rib.counters(peer.id);
    const overLimit = overLimitText(this.#core, state);
    return {
      family,
      received,
      accepted,
      rejected,
      refused: state.refused,
      advertised,
      pending,
      stale,
      ...staleFacts(state, this.#core.now),
      endOfRibReceived: state.endOfRibReceived,
      endOfRibSent: state.group !== undefined && rib.endOfRibSent(peer.id),
      limit: limitOf(this.#core, state).most,
      ...(overLimit === undefined ? {} : { overLimit }),
    };
  }
}

function recoveryPart(core: Core): Pick<StatusView, 'recovery'> {
  const recovery = recoveryStatus(core);
  return recovery === undefined ? {} : { recovery };
}
