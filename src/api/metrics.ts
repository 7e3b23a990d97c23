/**
 * All metrics in Prometheus' text format: what modules declared, filled from the snapshot when somebody scrapes.
 *
 * Names, labels and their bounds are declared beside the code that feeds them; here they are only collected.
 */

import type { Histogram } from 'prom-client';
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Registry from 'prom-client/lib/registry.js';
import type { HistogramCell, MetricSpec } from '../base/metrics.ts';
import { AFI_SAFIS, type AfiSafi } from '../net/afi-safi.ts';
import { speakerMetrics } from '../speaker/metrics.ts';
import type { NeighborView, SpeakerView } from '../speaker/snapshot.ts';
import { birdExporterMetrics, birdExporterNeighbor } from './bird/exporter-metrics.ts';
import { type BirdSocketFacts, birdMetrics } from './bird/metrics.ts';
import type { DaemonFacts } from './messages.ts';
import {
  isConspicuous,
  type MeshMetrics,
  meshMetrics,
  neighborMetrics,
} from './neighbor-metrics.ts';

/** What only the process knows. */
export interface HostFacts {
  readonly cpuSeconds: number;
  readonly residentOctets: number;
  readonly heapOctets: number;
  readonly loopLagSecondsMax: number;
  readonly bird?: readonly BirdSocketFacts[];
  readonly loopDelays: HistogramCell;
  readonly loopTurns: HistogramCell;
  readonly steps: readonly StepCost[];
  /** Prefixes that go by each neighbor, by its name. */
  readonly best?: ReadonlyMap<AfiSafi, ReadonlyMap<string, number>>;
}

export interface MetricsOptions {
  readonly mesh: MeshMetrics;
  /** Also tell the names of bird_exporter. */
  readonly birdExporter: boolean;
}

/** CPU seconds of the steps of one kind; `max` since the last scrape. */
export interface StepCost {
  readonly input: string;
  readonly cell: HistogramCell;
  readonly max: number;
}

interface Labelled {
  readonly labels: Readonly<Record<string, string>>;
  readonly cell: HistogramCell;
}

export interface MetricSources {
  readonly view: SpeakerView;
  readonly facts: DaemonFacts;
  readonly host: HostFacts;
}

/** Every metric that is served whatever the configuration. */
export const METRICS = { ...speakerMetrics, ...birdMetrics };
const ALL_METRICS = { ...METRICS, ...birdExporterMetrics };

const DRAIN_PHASES = ['announced', 'withdrawn', 'drained'];

export class Metrics {
  readonly #options: MetricsOptions;
  readonly #registry = new Registry();
  readonly #metrics = new Map<string, Gauge | Counter>();
  /** What histograms show; replaced at each scrape. */
  readonly #cells = new Map<string, readonly Labelled[]>();

  constructor(options: MetricsOptions = { mesh: 'aggregate', birdExporter: false }) {
    this.#options = options;
    const table = options.birdExporter ? ALL_METRICS : METRICS;
    for (const [name, spec] of Object.entries<MetricSpec>(table)) this.#declare(name, spec);
  }

  /** Fills all metrics at once; the registry makes the text of them. */
  collect(sources: MetricSources): Registry {
    const work = this.fill(sources);
    for (;;) {
      const { done, value } = work.next();
      if (done === true) return value;
    }
  }

  /**
   * The same neighbor by neighbor; who serves peers meanwhile does so at each yield. One at a time: a second one would fill
   * anew what the first has not told yet.
   */
  *fill({ view, facts, host }: MetricSources): Generator<undefined, Registry> {
    for (const metric of this.#metrics.values()) metric.reset();
    this.#host(facts, host);
    this.#status(view);
    this.#measures(view);
    yield;
    yield* this.#neighbors(view, host);
    return this.#registry;
  }

  #declare(name: string, spec: MetricSpec): void {
    if (spec.type === 'histogram') {
      const samples = (): unknown => samplesOf(name, this.#cells.get(name) ?? []);
      return this.#registry.registerMetric(cellMetric({ name, help: spec.help, samples }));
    }
    const common = {
      name,
      help: spec.help,
      labelNames: [...(spec.labels ?? [])],
      registers: [this.#registry],
    };
    this.#metrics.set(name, spec.type === 'counter' ? new Counter(common) : new Gauge(common));
  }

  #set(name: keyof typeof ALL_METRICS, value: number, labels: Record<string, string> = {}): void {
    const metric = this.#metrics.get(name);
    if (metric instanceof Gauge) metric.set(labels, value);
    else metric?.inc(labels, value);
  }

  #host(facts: DaemonFacts, host: HostFacts): void {
    this.#set('godwit_build_info', 1, { version: facts.version });
    this.#set('godwit_config_problems', facts.problems);
    this.#set('godwit_config_change_held', facts.heldChange === undefined ? 0 : 1);
    this.#set('godwit_cpu_seconds_total', host.cpuSeconds);
    this.#set('godwit_resident_memory_bytes', host.residentOctets);
    this.#set('godwit_heap_bytes', host.heapOctets);
    this.#set('godwit_loop_lag_seconds_max', host.loopLagSecondsMax);
    this.#cells.set('godwit_loop_delay_seconds', [{ labels: {}, cell: host.loopDelays }]);
    this.#cells.set('godwit_loop_turn_cpu_seconds', [{ labels: {}, cell: host.loopTurns }]);
    const steps = host.steps.map(({ input, cell }) => ({ labels: { input }, cell }));
    this.#cells.set('godwit_step_cpu_seconds', steps);
    for (const { input, max } of host.steps) {
      this.#set('godwit_step_cpu_seconds_max', max, { input });
    }
    for (const socket of host.bird ?? []) this.#birdSocket(socket);
  }

  #birdSocket({ family, open, connections, requests, ...outcomes }: BirdSocketFacts): void {
    const labels = { afi_safi: family };
    this.#set('godwit_bird_socket_open', open ? 1 : 0, labels);
    this.#set('godwit_bird_connections', connections, labels);
    this.#set('godwit_bird_requests_total', requests, labels);
    for (const [outcome, count] of Object.entries(outcomes)) {
      this.#set('godwit_bird_connections_total', count, { ...labels, outcome });
    }
  }

  #status(view: SpeakerView): void {
    const status = view.status();
    const { kernel, datastore, routes } = status;
    this.#set('godwit_ready', status.ready ? 1 : 0);
    const phase = status.drain?.phase;
    this.#set('godwit_drain_phase', phase === undefined ? 0 : DRAIN_PHASES.indexOf(phase) + 1);
    this.#set('godwit_uptime_seconds', status.uptimeMs / 1000);
    this.#set('godwit_datastore_in_sync', datastore.state === 'in-sync' ? 1 : 0);
    const staleMs = datastore.state === 'in-sync' ? 0 : (datastore.sinceMs ?? 0);
    this.#set('godwit_config_stale_seconds', staleMs / 1000);
    this.#set('godwit_config_age_seconds', status.planAgeMs / 1000);
    this.#set('bgp_neighbors', status.neighbors.configured, { state: 'configured' });
    this.#set('bgp_neighbors', status.neighbors.established, { state: 'established' });
    for (const state of ['desired', 'installed', 'pending', 'parked', 'refused'] as const) {
      this.#set('bgp_kernel_routes', kernel[state], { state });
    }
    this.#proof(view);
    for (const family of AFI_SAFIS) {
      this.#set('bgp_loc_rib_prefixes', routes[family].prefixes, { afi_safi: family });
      this.#set('bgp_adj_rib_in_paths_all', routes[family].paths, { afi_safi: family });
    }
    this.#set('bgp_attribute_sets', routes['ipv4-unicast'].attributeSets);
    const counters = view.counters();
    this.#set('bgp_unknown_callers_total', counters.unknownCallers);
    this.#set('bgp_dynamic_neighbors', counters.dynamicPeers);
    for (const [reason, count] of Object.entries(counters.dynamicRefused)) {
      this.#set('bgp_dynamic_refused_total', count, { reason });
    }
    this.#set('bgp_kernel_requests_total', counters.kernelRequests);
    this.#set('bgp_kernel_errors_total', counters.kernelErrors);
    this.#set('bgp_kernel_restored_total', counters.routesRestored);
    this.#set('bgp_kernel_overruns_total', counters.kernelOverruns);
    this.#set('bgp_decisions_total', counters.decisions);
    this.#set('bgp_cut_offs_total', counters.cutOffs);
    for (const [fault, count] of Object.entries(counters.updateFaults)) {
      this.#set('bgp_update_faults_total', count, { fault });
    }
    for (const [reason, count] of Object.entries(counters.md5Dropped)) {
      this.#set('bgp_tcp_md5_dropped_total', count, { reason });
    }
    for (const [reason, count] of Object.entries(counters.importRefusals)) {
      this.#set('bgp_import_refused_total', count, { reason });
    }
  }

  #measures(view: SpeakerView): void {
    const measured = view.measures();
    const { changeToKernel, changeToPeers, decisions, tables } = measured;
    const one = (cell: HistogramCell): Labelled[] => [{ labels: {}, cell }];
    this.#cells.set('godwit_datastore_to_kernel_seconds', one(changeToKernel));
    this.#cells.set('godwit_datastore_to_peer_seconds', one(changeToPeers));
    const byFamily = decisions.map(({ family, cell }) => ({ labels: { afi_safi: family }, cell }));
    this.#cells.set('bgp_decision_seconds', byFamily);
    this.#set('bgp_kernel_pending_seconds', measured.kernelOwedMs / 1000);
    for (const [table, octets] of Object.entries(tables)) {
      this.#set('godwit_table_memory_bytes', octets, { table });
    }
    for (const { direction, clause, count } of measured.rejections) {
      this.#set('bgp_policy_rejected_total', count, { direction, clause });
    }
  }

  *#neighbors(view: SpeakerView, { best }: HostFacts): Generator<undefined, void> {
    const set = this.#set.bind(this);
    const neighbors: NeighborView[] = [];
    for (const neighbor of view.eachNeighbor()) {
      neighbors.push(neighbor);
      yield;
    }
    const mesh = neighbors.filter(({ kind }) => kind === 'mesh');
    yield;
    meshMetrics(set, mesh, view.measures().departed);
    for (const neighbor of neighbors) {
      yield;
      const bestOf = (family: AfiSafi): number => best?.get(family)?.get(neighbor.name) ?? 0;
      if (this.#options.birdExporter) birdExporterNeighbor(set, neighbor, bestOf);
      const isTold =
        this.#options.mesh === 'each' || neighbor.kind !== 'mesh' || isConspicuous(neighbor);
      if (isTold) neighborMetrics(set, neighbor, { best: bestOf });
    }
  }

  #proof(view: SpeakerView): void {
    const { ageMs, routes, totals, found, divergent } = view.kernelProof();
    for (const [reason, count] of Object.entries(divergent)) {
      this.#set('bgp_kernel_divergent_routes', count, { reason });
    }
    for (const [reason, count] of Object.entries(found)) {
      this.#set('bgp_kernel_divergences_total', count, { reason });
    }
    for (const [outcome, count] of Object.entries(totals)) {
      this.#set('bgp_kernel_proofs_total', count, { outcome });
    }
    if (ageMs === undefined) return;
    this.#set('bgp_kernel_proof_age_seconds', ageMs / 1000);
    this.#set('bgp_kernel_proof_routes', routes);
  }
}

/**
 * A metric of the registry that shows cells counted elsewhere: prom-client's own histogram takes one value at a time,
 * and its registry asks of a metric no more than this.
 */
function cellMetric(spec: { name: string; help: string; samples: () => unknown }): Histogram {
  const { name, help, samples } = spec;
  const get = async (): Promise<unknown> => ({ name, help, type: 'histogram', values: samples() });
  return { name, help, type: 'histogram', get, reset: () => undefined } as unknown as Histogram;
}

/** Prometheus counts cumulatively: a bucket holds all that is not above its bound. */
function samplesOf(name: string, cells: readonly Labelled[]): readonly object[] {
  return cells.flatMap(({ labels, cell }) => {
    let below = 0;
    const buckets = [...cell.bounds, '+Inf'].map((le, i) => {
      below += cell.counts[i]!;
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: cell.sum },
      { metricName: `${name}_count`, labels, value: cell.count },
    ];
  });
}
