/** A mesh session is told of by itself only while it is conspicuous; sums over the mesh never go down. */

import { describe, expect, it } from 'vitest';
import type { NeighborView } from '../speaker/snapshot.ts';
import { isConspicuous, meshMetrics, type SetMetric } from './neighbor-metrics.ts';
import { TestDaemon } from './testing/daemon.ts';

const [DOWN] = TestDaemon.of().view.neighbors() as [NeighborView];
const HOUR = 3_600_000;
const UP: NeighborView = { ...DOWN, state: 'Established', sinceMs: HOUR, established: 1, flaps: 0 };
const FAMILY = UP.families[0]!;

const NONE = TestDaemon.of().view.measures().departed;

function meshOf(mesh: readonly NeighborView[], departed = NONE): Map<string, number> {
  const told = new Map<string, number>();
  const set: SetMetric = (name, value, labels = {}) =>
    void told.set([name, ...Object.values(labels)].join(' '), value);
  meshMetrics(set, mesh, departed);
  return told;
}

describe('a mesh session', () => {
  it('is conspicuous while it is down, and for a while after it ended and came back', () => {
    expect(isConspicuous(DOWN)).toBe(true);
    expect(isConspicuous(UP)).toBe(false);
    expect(isConspicuous({ ...UP, flaps: 3, sinceMs: 60_000 })).toBe(true);
    expect(isConspicuous({ ...UP, flaps: 3 })).toBe(false);
    expect(isConspicuous({ ...UP, sinceMs: 60_000 })).toBe(false);
  });

  it('is conspicuous with stale paths, beyond a limit, with refused prefixes or in quarantine', () => {
    const quarantine = { reason: 'a bug', times: 1, leftMs: 1 };
    expect(isConspicuous({ ...UP, quarantine })).toBe(true);
    for (const odd of [{ stale: 1 }, { overLimit: 'too many' }, { refused: 1 }]) {
      expect(isConspicuous({ ...UP, families: [{ ...FAMILY, ...odd }] })).toBe(true);
    }
  });
});

describe('the mesh as one', () => {
  it('is summed over its neighbors', () => {
    const family = { ...FAMILY, received: 4, accepted: 3, advertised: 2, pending: 1 };
    const told = meshOf([{ ...UP, families: [family] }, { ...UP, families: [family] }, DOWN]);
    expect(told.get('bgp_mesh_neighbors Established')).toBe(2);
    expect(told.get(`bgp_mesh_neighbors ${DOWN.state}`)).toBe(1);
    expect(told.get('bgp_mesh_paths ipv4-unicast received')).toBe(8);
    expect(told.get('bgp_mesh_paths ipv4-unicast accepted')).toBe(6);
    expect(told.get('bgp_mesh_paths ipv4-unicast advertised')).toBe(4);
    expect(told.get('bgp_mesh_adj_rib_out_pending ipv4-unicast')).toBe(2);
    expect(told.get('bgp_mesh_session_established_total')).toBe(2);
  });

  it('goes on counting what neighbors that are gone had counted', () => {
    const { received } = NONE.messages;
    const departed = {
      messages: { received: { ...received, update: 7 }, sent: received },
      octets: { received: 100, sent: 0 },
      established: 5,
      flaps: 4,
    };
    const told = meshOf([UP], departed);
    expect(told.get('bgp_mesh_session_established_total')).toBe(6);
    expect(told.get('bgp_mesh_session_flaps_total')).toBe(4);
    expect(told.get('bgp_mesh_octets_total received')).toBe(100 + UP.octets.received);
    expect(told.get('bgp_mesh_messages_total received update')).toBe(7);
  });
});
