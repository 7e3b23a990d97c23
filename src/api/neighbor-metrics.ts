/**
 * What is told of each neighbor, and of the mesh as one. In a mesh of a thousand nodes each daemon would otherwise tell
 * tens of thousands of series, a Prometheus some ten million: a mesh session has its own only while something is wrong.
 */

import { AFI_SAFIS, type AfiSafi } from '../net/afi-safi.ts';
import type { speakerMetrics } from '../speaker/metrics.ts';
import type { MeasuresView, NeighborFamilyView, NeighborView } from '../speaker/snapshot.ts';

export type SetMetric = (
  name: keyof typeof speakerMetrics,
  value: number,
  labels?: Record<string, string>,
) => void;

/** `aggregate`: a mesh session is told of by itself only while it is conspicuous. */
export type MeshMetrics = 'aggregate' | 'each';

const STATES = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const;

/** Milliseconds for which a session that ended stays conspicuous: flaps are counted over as long (the alert rules). */
const CONSPICUOUS_MS = 20 * 60_000;

export interface NeighborFacts {
  /** Prefixes that go by this neighbor. */
  readonly best: (family: AfiSafi) => number;
}

export function isConspicuous(view: NeighborView): boolean {
  if (view.state !== 'Established' || view.quarantine !== undefined) return true;
  if (view.flaps > 0 && view.sinceMs < CONSPICUOUS_MS) return true;
  return view.families.some(
    ({ stale, overLimit, refused }) => stale > 0 || overLimit !== undefined || refused > 0,
  );
}

export function neighborMetrics(set: SetMetric, view: NeighborView, facts: NeighborFacts): void {
  const peer = view.name;
  set('bgp_session_state', STATES.indexOf(view.state), { peer });
  const reason = downReason(view);
  if (reason !== undefined) set('bgp_session_down', 1, { peer, reason });
  set('bgp_session_since_seconds', view.sinceMs / 1000, { peer });
  set('bgp_session_established_total', view.established, { peer });
  set('bgp_session_flaps_total', view.flaps, { peer });
  set('bgp_quarantines_total', view.quarantines, { peer });
  set('bgp_prefix_limit_restarts_total', view.limitRestarts, { peer });
  set('bgp_quarantined', view.quarantine === undefined ? 0 : 1, { peer });
  set('bgp_adj_rib_out_pending_seconds', view.detail.owedMs / 1000, { peer });
  for (const direction of ['received', 'sent'] as const) {
    set('bgp_session_octets_total', view.octets[direction], { peer, direction });
    for (const [message, count] of Object.entries(view.messages[direction])) {
      set('bgp_messages_total', count, { peer, direction, message });
    }
  }
  for (const part of view.families) familyMetrics(set, peer, { part, facts });
}

function familyMetrics(
  set: SetMetric,
  peer: string,
  { part, facts }: { part: NeighborFamilyView; facts: NeighborFacts },
): void {
  const labels = { peer, afi_safi: part.family };
  set('bgp_adj_rib_in_paths', part.received, labels);
  set('bgp_adj_rib_in_paths_accepted', part.accepted, labels);
  set('bgp_adj_rib_in_paths_best', facts.best(part.family), labels);
  set('bgp_adj_rib_in_paths_stale', part.stale, labels);
  set('bgp_stale_left_seconds', (part.staleLeftMs ?? 0) / 1000, labels);
  set('bgp_long_lived_stale', part.longLived ? 1 : 0, labels);
  set('bgp_route_refresh_running', part.refreshing ? 1 : 0, labels);
  set('bgp_adj_rib_in_refused_total', part.refused, labels);
  set('bgp_adj_rib_in_limit', part.limit, labels);
  set('bgp_adj_rib_out_prefixes', part.advertised, labels);
  set('bgp_adj_rib_out_pending', part.pending, labels);
}

/** A word for what stands in `godwit show neighbors` as a sentence; undefined while Established. */
function downReason({ state, quarantine, detail }: NeighborView): string | undefined {
  if (state === 'Established') return undefined;
  if (quarantine !== undefined) return 'Quarantined';
  if (detail.heldBecause !== undefined) return 'Held';
  return detail.lastDown?.kind ?? 'NotStarted';
}

/** All mesh neighbors as one; what those that are gone had counted stays in the counters. */
export function meshMetrics(
  set: SetMetric,
  mesh: readonly NeighborView[],
  departed: MeasuresView['departed'],
): void {
  for (const [index, state] of STATES.entries()) {
    const count = mesh.filter((view) => STATES.indexOf(view.state) === index).length;
    set('bgp_mesh_neighbors', count, { state });
  }
  const all: readonly MeasuresView['departed'][] = [departed, ...mesh];
  const sum = (of: (view: MeasuresView['departed']) => number): number =>
    all.reduce((total, view) => total + of(view), 0);
  set(
    'bgp_mesh_session_established_total',
    sum(({ established }) => established),
  );
  set(
    'bgp_mesh_session_flaps_total',
    sum(({ flaps }) => flaps),
  );
  for (const direction of ['received', 'sent'] as const) {
    const octets = sum((view) => view.octets[direction]);
    set('bgp_mesh_octets_total', octets, { direction });
    for (const message of Object.keys(departed.messages[direction])) {
      const kind = message as keyof MeasuresView['departed']['messages']['received'];
      const count = sum((view) => view.messages[direction][kind]);
      set('bgp_mesh_messages_total', count, { direction, message });
    }
  }
  for (const family of AFI_SAFIS) {
    const parts = mesh.flatMap(({ families }) => families.filter((part) => part.family === family));
    const total = (of: (part: NeighborFamilyView) => number): number =>
      parts.reduce((count, part) => count + of(part), 0);
    const paths = { received: total((p) => p.received), accepted: total((p) => p.accepted) };
    const stages = {
      ...paths,
      stale: total((p) => p.stale),
      advertised: total((p) => p.advertised),
    };
    for (const [stage, count] of Object.entries(stages)) {
      set('bgp_mesh_paths', count, { afi_safi: family, stage });
    }
    set(
      'bgp_mesh_adj_rib_out_pending',
      total(({ pending }) => pending),
      { afi_safi: family },
    );
  }
}
