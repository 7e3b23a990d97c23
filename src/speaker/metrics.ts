/**
 * The metrics that a snapshot fills. Keys are the exported names; units are in the name and are SI base.
 * Bounds of labels: `peer` = configured neighbors, `afi_safi` = 2, all others the values named here.
 */

import { counter, defineMetrics, gauge, histogram, powers } from '../base/metrics.ts';
import { CHANGE_LAG_BOUNDS, DECISION_BOUNDS } from './change-lags.ts';

/**
 * Seconds, 55 µs to 1.8 s, two buckets an octave: fine enough to read a p99.9 from. The limits that we hold ourselves to,
 * 10 and 20 ms, are bounds: whether they are kept can be read exactly.
 */
export const LOOP_DELAY_BOUNDS = powers({
  from: 0.01 / 2 ** 7.5,
  factor: Math.SQRT2,
  count: 31,
}).map((bound) => Number(bound.toPrecision(3)));
/** Seconds; 10 ms is what a step may use. */
export const STEP_CPU_BOUNDS = [0.0001, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.2];

export const speakerMetrics = defineMetrics({
  godwit_build_info: gauge({ help: 'Always 1; the label names the version.', labels: ['version'] }),
  godwit_ready: gauge({ help: '1 when what is known is in the kernel and told to the neighbors.' }),
  godwit_drain_phase: gauge({
    help: '0 not drained, 1 routes are announced as going away, 2 withdrawn, 3 sessions are closed.',
  }),
  godwit_uptime_seconds: gauge({ help: 'Seconds since the core was started.' }),
  godwit_datastore_in_sync: gauge({ help: '1 while the datastore can be read.' }),
  godwit_config_stale_seconds: gauge({
    help: 'Seconds since the datastore could last be read; 0 while it can.',
  }),
  godwit_config_age_seconds: gauge({ help: 'Seconds since the running plan came into force.' }),
  godwit_datastore_to_kernel_seconds: histogram({
    help: "Time from the datastore's event until the kernel has acknowledged all that follows from it.",
    buckets: CHANGE_LAG_BOUNDS,
  }),
  godwit_datastore_to_peer_seconds: histogram({
    help: "Time from the datastore's event until a neighbor was handed the last UPDATE with it.",
    buckets: CHANGE_LAG_BOUNDS,
  }),
  godwit_table_memory_bytes: gauge({
    help: 'Memory of the rows in use.',
    labels: ['table'], // prefixes, paths, attributes, adj-rib-out, kernel
  }),
  godwit_config_problems: gauge({ help: 'Errors and warnings of the loaded configuration.' }),
  godwit_config_change_held: gauge({ help: '1 while a large change is held back by the guard.' }),
  godwit_cpu_seconds_total: counter({ help: 'CPU time of the process, user and system.' }),
  godwit_resident_memory_bytes: gauge({ help: 'Resident memory of the process.' }),
  godwit_heap_bytes: gauge({ help: 'JavaScript heap in use.' }),
  godwit_loop_delay_seconds: histogram({
    help: 'How late a timer of 2 ms comes, looked at again and again while there is work.',
    buckets: LOOP_DELAY_BOUNDS,
  }),
  godwit_loop_turn_cpu_seconds: histogram({
    help: 'CPU time that the loop used in each such delay: what of it is our own work.',
    buckets: LOOP_DELAY_BOUNDS,
  }),
  godwit_loop_lag_seconds_max: gauge({
    help: 'Longest delay of the loop since the last scrape.',
  }),
  godwit_step_cpu_seconds: histogram({
    help: 'CPU time of one step of the core by input; transmit is what a socket pulls.',
    labels: ['input'], // the types of inputs, and transmit
    buckets: STEP_CPU_BOUNDS,
  }),
  godwit_step_cpu_seconds_max: gauge({
    help: 'CPU time of the longest step since the last scrape.',
    labels: ['input'],
  }),
  bgp_neighbors: gauge({ help: 'Neighbors by state.', labels: ['state'] }), // configured, established
  bgp_session_state: gauge({
    help: '0 Idle, 1 Connect, 2 Active, 3 OpenSent, 4 OpenConfirm, 5 Established.',
    labels: ['peer'],
  }),
  bgp_session_down: gauge({
    help: '1 with the kind of reason while the session is not Established; absent while it is.',
    // kinds of fsm/down-reason.ts, Held, Quarantined
    labels: ['peer', 'reason'],
  }),
  bgp_session_since_seconds: gauge({
    help: 'Seconds since the session changed its state.',
    labels: ['peer'],
  }),
  bgp_session_established_total: counter({
    help: 'Times the session reached Established.',
    labels: ['peer'],
  }),
  bgp_session_flaps_total: counter({
    help: 'Times an Established session ended.',
    labels: ['peer'],
  }),
  bgp_quarantines_total: counter({
    help: 'Times that input of the neighbor met an error of ours.',
    labels: ['peer'],
  }),
  bgp_quarantined: gauge({
    help: '1 while the neighbor is held down because its input met an error of ours.',
    labels: ['peer'],
  }),
  bgp_prefix_limit_restarts_total: counter({
    help: 'Times that a session ended because the neighbor sent more prefixes than it may.',
    labels: ['peer'],
  }),
  bgp_session_octets_total: counter({
    help: 'Octets of BGP messages.',
    labels: ['peer', 'direction'], // received, sent
  }),
  bgp_messages_total: counter({
    help: 'BGP messages by kind.',
    labels: ['peer', 'direction', 'message'], // open, update, keepalive, notification, routeRefresh
  }),
  bgp_adj_rib_in_paths: gauge({
    help: 'Paths held from a peer, as received.',
    labels: ['peer', 'afi_safi'],
  }),
  bgp_adj_rib_in_paths_accepted: gauge({
    help: 'Paths held from a peer after import policy.',
    labels: ['peer', 'afi_safi'],
  }),
  bgp_adj_rib_in_paths_best: gauge({
    help: 'Prefixes that go by a path of the peer; up to 10 s old.',
    labels: ['peer', 'afi_safi'],
  }),
  bgp_adj_rib_in_paths_stale: gauge({
    help: 'Paths kept over a restart of the peer (RFC 4724).',
    labels: ['peer', 'afi_safi'],
  }),
  bgp_stale_left_seconds: gauge({
    help: 'Seconds until stale paths of a peer go at the latest; 0 without any.',
    labels: ['peer', 'afi_safi'],
  }),
  bgp_long_lived_stale: gauge({
    help: '1 while stale paths of a peer are kept beyond its restart time (RFC 9494).',
    labels: ['peer', 'afi_safi'],
  }),
  bgp_route_refresh_running: gauge({
    help: '1 while a peer tells everything again and the end of that is awaited (RFC 7313).',
    labels: ['peer', 'afi_safi'],
  }),
  bgp_adj_rib_in_limit: gauge({
    help: 'Prefixes that a peer may send; without maxPrefixesIn what the cluster explains, which only warns.',
    labels: ['peer', 'afi_safi'],
  }),
  bgp_adj_rib_in_refused_total: counter({
    help: 'Announced prefixes for which a table had no room.',
    labels: ['peer', 'afi_safi'],
  }),
  bgp_adj_rib_in_paths_all: gauge({ help: 'Paths of all peers.', labels: ['afi_safi'] }),
  bgp_adj_rib_out_prefixes: gauge({
    help: 'Prefixes announced to a peer.',
    labels: ['peer', 'afi_safi'],
  }),
  bgp_adj_rib_out_pending: gauge({
    help: 'Prefixes and octets that a peer has still to be told.',
    labels: ['peer', 'afi_safi'],
  }),
  bgp_adj_rib_out_pending_seconds: gauge({
    help: 'Seconds for which there has been something that a peer has still to be told.',
    labels: ['peer'],
  }),
  bgp_mesh_neighbors: gauge({
    help: 'Neighbors of the node-to-node mesh by state.',
    labels: ['state'], // those of bgp_session_state
  }),
  bgp_mesh_session_established_total: counter({
    help: 'Times that sessions of the mesh reached Established.',
  }),
  bgp_mesh_session_flaps_total: counter({
    help: 'Times that Established sessions of the mesh ended.',
  }),
  bgp_mesh_octets_total: counter({
    help: 'Octets of BGP messages of the mesh.',
    labels: ['direction'], // received, sent
  }),
  bgp_mesh_messages_total: counter({
    help: 'BGP messages of the mesh by kind.',
    labels: ['direction', 'message'], // as bgp_messages_total
  }),
  bgp_mesh_paths: gauge({
    help: 'Paths of the mesh by stage, all neighbors together.',
    labels: ['afi_safi', 'stage'], // received, accepted, stale, advertised
  }),
  bgp_mesh_adj_rib_out_pending: gauge({
    help: 'Prefixes and octets that the mesh has still to be told.',
    labels: ['afi_safi'],
  }),
  bgp_loc_rib_prefixes: gauge({ help: 'Prefixes known.', labels: ['afi_safi'] }),
  bgp_attribute_sets: gauge({ help: 'Distinct sets of path attributes.' }),
  bgp_decisions_total: counter({ help: 'Prefixes for which a best path was chosen.' }),
  bgp_cut_offs_total: counter({
    help: 'Times a peer read so slowly that it left the UPDATEs it shared with others, 1 MiB behind, and got its own.',
  }),
  bgp_decision_seconds: histogram({
    help: 'Time for which prefixes waited for their decision: from the first that waits until none does.',
    labels: ['afi_safi'],
    buckets: DECISION_BOUNDS,
  }),
  bgp_policy_rejected_total: counter({
    help: 'Routes that a clause of policy rejected, each time it was asked: on export for each group of equal neighbors, and once an attribute set where no prefix is looked at.',
    // at most 256 clauses; a clause is named as in `godwit show route`, or "otherwise" where none decided
    labels: ['direction', 'clause'],
  }),
  bgp_update_faults_total: counter({
    help: 'Faults in UPDATEs by attribute and action (RFC 7606).',
    labels: ['fault'], // known attributes × 3 actions, and one for each unknown type
  }),
  bgp_import_refused_total: counter({
    help: 'Announced prefixes that are not used whatever import policy says (RFC 9234, RFC 9774, limits).',
    labels: ['reason'], // as-set, as-path-length, communities, otc-leak
  }),
  bgp_tcp_md5_dropped_total: counter({
    help: 'Segments that the kernel of this network namespace dropped over TCP-MD5 (RFC 2385), BGP or not.',
    labels: ['reason'], // notFound, unexpected, failure
  }),
  bgp_unknown_callers_total: counter({
    help: 'Connections refused because no neighbor has the address.',
  }),
  bgp_dynamic_neighbors: gauge({ help: 'Neighbors that came by a listen range.' }),
  bgp_dynamic_refused_total: counter({
    help: 'Callers from a listen range that were refused, by reason.',
    labels: ['reason'], // full, rate, secret, room
  }),
  bgp_kernel_routes: gauge({
    help: 'Kernel routes by state.',
    labels: ['state'], // desired, installed, pending, parked, refused
  }),
  bgp_kernel_pending_seconds: gauge({
    help: 'Seconds for which the kernel has not acknowledged all that is wanted; 0 when it has.',
  }),
  bgp_kernel_divergent_routes: gauge({
    help: 'Kernel routes that are not as wished, by why.',
    // missing, changed, unknown: found by a proof and not healed yet; shadowed, pending, parked, refused, foreign,
    // held-back, leaving
    labels: ['reason'],
  }),
  bgp_kernel_divergences_total: counter({
    help: 'Differences between the kernel and what was known of it that no event had told.',
    labels: ['reason'], // missing, changed, unknown
  }),
  bgp_kernel_proofs_total: counter({
    help: 'Times that the kernel was read and compared, by how that ended.',
    labels: ['outcome'], // equal, healed, partial, failed
  }),
  bgp_kernel_proof_age_seconds: gauge({ help: 'Seconds since the last proof ended.' }),
  bgp_kernel_proof_routes: gauge({ help: 'Routes of protocol 12 that the last proof read.' }),
  bgp_kernel_requests_total: counter({ help: 'Route requests sent to the kernel.' }),
  bgp_kernel_errors_total: counter({ help: 'Route requests that the kernel refused.' }),
  bgp_kernel_restored_total: counter({ help: 'Routes restored after somebody else changed them.' }),
  bgp_kernel_overruns_total: counter({ help: 'Times that kernel events were lost.' }),
});
