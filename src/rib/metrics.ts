/** All of rib/'s metrics; whoever takes a snapshot reads the counters that RIBs keep. */

import { counter, defineMetrics, gauge, histogram, powers } from '../base/metrics.ts';

export const ribMetrics = defineMetrics({
  bgp_adj_rib_in_paths: gauge({
    help: 'Paths held from a peer, by what became of them.',
    labels: ['peer', 'afi_safi', 'state'], // bounded: configured peers × families × 4 states
  }),
  bgp_adj_rib_out_prefixes: gauge({
    help: 'Prefixes announced to a peer.',
    labels: ['peer', 'afi_safi'], // bounded: configured peers × families
  }),
  bgp_adj_rib_out_pending_prefixes: gauge({
    help: 'Prefixes that are still to be looked at for a peer.',
    labels: ['peer', 'afi_safi'],
  }),
  bgp_loc_rib_prefixes: gauge({ help: 'Prefixes in the table.', labels: ['afi_safi'] }),
  bgp_loc_rib_paths: gauge({ help: 'Paths in the table.', labels: ['afi_safi'] }),
  bgp_attribute_sets: gauge({ help: 'Distinct sets of path attributes.' }),
  bgp_attribute_set_octets: gauge({ help: 'Octets of attribute sets, as received and canonical.' }),
  bgp_update_groups: gauge({ help: 'Update groups.', labels: ['afi_safi'] }),
  bgp_decisions_total: counter({ help: 'Decisions made on a prefix.', labels: ['afi_safi'] }),
  bgp_decision_seconds: histogram({
    help: 'Time from a prefix becoming dirty to its Loc-RIB entry being settled.',
    labels: ['afi_safi'],
    buckets: powers({ from: 0.0001, factor: 4, count: 8 }), // 100 µs … 1.6 s
  }),
});
