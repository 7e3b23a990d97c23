/**
 * The names of czerwonk's bird_exporter in its new format, for dashboards and alerts that know no others. Told only
 * where `metrics.birdExporter` asks for them: they do not follow the conventions that our own names follow.
 *
 * Told: `_up`, `_uptime`, the four prefix counts, and `bird_bgp_state_count`. Its counters of changes are not: what
 * they count in BIRD (routes passing a channel) is nothing that godwit counts.
 */

import { defineMetrics, gauge } from '../../base/metrics.ts';
import { type AfiSafi, afiSafiOfIpFamily, factsOf } from '../../net/afi-safi.ts';
import { ipFamily, parseIpAddress } from '../../net/ip-address.ts';
import type { NeighborView } from '../../speaker/snapshot.ts';

const labels = ['name', 'proto', 'ip_version', 'import_filter', 'export_filter'];

export const birdExporterMetrics = defineMetrics({
  bird_protocol_up: gauge({ help: 'Protocol is up.', labels }),
  bird_protocol_uptime: gauge({ help: 'Uptime of the protocol in seconds.', labels }),
  bird_protocol_prefix_import_count: gauge({ help: 'Number of imported routes.', labels }),
  bird_protocol_prefix_export_count: gauge({ help: 'Number of exported routes.', labels }),
  bird_protocol_prefix_filter_count: gauge({ help: 'Number of filtered routes.', labels }),
  bird_protocol_prefix_preferred_count: gauge({ help: 'Number of preferred routes.', labels }),
  bird_bgp_state_count: gauge({
    help: 'Number of BGP connections at each state.',
    labels: ['name', 'proto', 'state'],
  }),
});

export type SetBirdMetric = (
  name: keyof typeof birdExporterMetrics,
  value: number,
  labels: Record<string, string>,
) => void;

/** @param best  Prefixes that go by this neighbor. */
export function birdExporterNeighbor(
  set: SetBirdMetric,
  view: NeighborView,
  best: (family: AfiSafi) => number,
): void {
  const up = view.state === 'Established';
  const address = parseIpAddress(view.address);
  // In Calico each family is a daemon of its own: a session without families yet belongs to that of its address.
  const own = address === undefined ? 'ipv4-unicast' : afiSafiOfIpFamily(ipFamily(address));
  const none = { received: 0, accepted: 0, advertised: 0 };
  const parts = view.families.length > 0 ? view.families : [{ family: own, ...none } as const];
  for (const { family, received, accepted, advertised } of parts) {
    const named = {
      name: view.name,
      proto: 'BGP',
      ip_version: factsOf(family).ipFamily === 4 ? '4' : '6',
      import_filter: '',
      export_filter: '',
    };
    set('bird_protocol_up', up ? 1 : 0, named);
    set('bird_protocol_uptime', view.detail.phaseMs / 1000, named);
    set('bird_protocol_prefix_import_count', accepted, named);
    set('bird_protocol_prefix_export_count', advertised, named);
    set('bird_protocol_prefix_filter_count', received - accepted, named);
    set('bird_protocol_prefix_preferred_count', best(family), named);
  }
  set('bird_bgp_state_count', 1, { name: view.name, proto: 'BGP', state: view.state });
}
