import { describe, expect, it } from 'vitest';
import { HistogramCell } from '../base/metrics.ts';
import { stage } from '../speaker/testing/stage.ts';
import { METRICS, Metrics, type MetricsOptions } from './metrics.ts';
import { TestDaemon } from './testing/daemon.ts';

const delays = new HistogramCell([0.5, 2]);
for (const seconds of [0.25, 1, 4]) delays.observe(seconds);
const HOST = {
  cpuSeconds: 1.25,
  residentOctets: 2,
  heapOctets: 3,
  loopLagSecondsMax: 0.5,
  loopDelays: delays,
  loopTurns: new HistogramCell([1]),
  steps: [{ input: 'wake', cell: new HistogramCell([1]), max: 0.75 }],
  best: new Map([['ipv4-unicast', new Map([['Mesh_10_0_0_2', 3]])]] as const),
  bird: [
    {
      family: 'ipv4-unicast',
      open: true,
      connections: 2,
      accepted: 9,
      refused: 1,
      evicted: 4,
      requests: 30,
    },
  ],
} as const;

async function textOf(daemon: TestDaemon, metrics = new Metrics()): Promise<string> {
  return metrics.collect({ view: daemon.view, facts: daemon.facts(), host: HOST }).metrics();
}

/** The text without a trailing newline is refused by Prometheus; every line is a comment or a sample. */
const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*"(?:,[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*")*)\})? (-?[\d.]+(?:e[+-]?\d+)?|NaN|[+-]Inf)$/;

/** The metrics of a daemon with one mesh neighbor, which is not Established. */
const told = (options: MetricsOptions): Promise<string> =>
  textOf(TestDaemon.of(), new Metrics(options));

describe('Metrics', () => {
  it('render every declared metric with help and type, in lines that Prometheus reads', async () => {
    const text = await textOf(TestDaemon.of());
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.split('\n').filter((line) => line !== '');
    const samples = lines.filter((line) => !line.startsWith('#'));
    for (const line of samples) expect(line).toMatch(SAMPLE);
    expect(new Set(samples.map((line) => line.replace(/ \S+$/, ''))).size).toBe(samples.length);
    for (const [name, { type, help }] of Object.entries(METRICS)) {
      expect(lines).toContain(`# TYPE ${name} ${type}`);
      expect(lines).toContain(`# HELP ${name} ${help}`);
    }
  });

  it('are named by what they count: counters end in _total, others do not; units are SI', () => {
    for (const [name, { type, help }] of Object.entries(METRICS)) {
      expect(name).toMatch(/^(bgp|godwit)_[a-z0-9]+(_[a-z0-9]+)*$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      expect(name).not.toMatch(/_(ms|millis|milliseconds|kb|minutes)(_|$)/);
      expect(help).toMatch(/\.$/);
    }
  });

  it('say what the snapshot says', async () => {
    const text = await textOf(TestDaemon.of());
    expect(text).toContain('godwit_build_info{version="9.8.7"} 1\n');
    expect(text).toContain('godwit_ready 1\n');
    expect(text).toContain('bgp_neighbors{state="configured"} 1\n');
    expect(text).toContain('bgp_loc_rib_prefixes{afi_safi="ipv6-unicast"} 1\n');
    expect(text).toMatch(/bgp_session_state\{peer="Mesh_10_0_0_2"\} [012]\n/);
    expect(text).toContain('godwit_cpu_seconds_total 1.25\n');
    expect(text).toContain('godwit_config_change_held 0\n');
    expect(text).toContain('godwit_bird_socket_open{afi_safi="ipv4-unicast"} 1\n');
    expect(text).toContain(
      'godwit_bird_connections_total{afi_safi="ipv4-unicast",outcome="refused"} 1\n',
    );
  });

  it('show what was counted in cells, cumulatively as Prometheus has it', async () => {
    const text = await textOf(TestDaemon.of());
    expect(text).toContain(
      [
        'godwit_loop_delay_seconds_bucket{le="0.5"} 1',
        'godwit_loop_delay_seconds_bucket{le="2"} 2',
        'godwit_loop_delay_seconds_bucket{le="+Inf"} 3',
        'godwit_loop_delay_seconds_sum 5.25',
        'godwit_loop_delay_seconds_count 3\n',
      ].join('\n'),
    );
    expect(text).toContain('godwit_step_cpu_seconds_bucket{input="wake",le="1"} 0\n');
    expect(text).toContain('godwit_step_cpu_seconds_max{input="wake"} 0.75\n');
  });

  it('say why a session is down in a word, and for how long something waits', async () => {
    const text = await textOf(TestDaemon.of());
    expect(text).toMatch(/bgp_session_down\{peer="Mesh_10_0_0_2",reason="[A-Z]\w+"\} 1\n/);
    expect(text).toContain('bgp_adj_rib_out_pending_seconds{peer="Mesh_10_0_0_2"} 0\n');
    expect(text).toContain(
      'bgp_adj_rib_in_paths_best{peer="Mesh_10_0_0_2",afi_safi="ipv4-unicast"} 3\n',
    );
    expect(text).toMatch(/godwit_table_memory_bytes\{table="prefixes"\} [1-9]/);
    expect(text).toContain('bgp_mesh_neighbors{state="Established"} 0\n');
  });

  it.each([
    ['aggregate', 'mesh', false],
    ['aggregate', 'node', true],
    ['each', 'mesh', true],
  ] as const)(
    'with mesh: %s tell of an Established session of kind %s by itself: %s',
    async (mesh, kind, isTold) => {
      const s = stage({
        plan: {
          change: (plan) => ({ ...plan, peers: plan.peers.map((peer) => ({ ...peer, kind })) }),
        },
      }).up();
      s.lab.run(1000);
      const { view } = s.node;
      const metrics = new Metrics({ mesh, birdExporter: false });
      const facts = TestDaemon.of().facts();
      const text = await metrics.collect({ view, facts, host: HOST }).metrics();
      const told = text.includes(`bgp_session_state{peer="${s.neighbor().name}"} 5`);
      expect(told).toBe(isTold);
      expect(text).toContain(
        `bgp_mesh_neighbors{state="Established"} ${kind === 'mesh' ? 1 : 0}\n`,
      );
    },
  );

  it('carry the names of bird_exporter only where they are asked for', async () => {
    const labels =
      'name="Mesh_10_0_0_2",proto="BGP",ip_version="4",import_filter="",export_filter=""';
    const asked = await told({ mesh: 'aggregate', birdExporter: true });
    expect(asked).toContain(`bird_protocol_up{${labels}} 0\n`);
    expect(asked).toContain(`bird_protocol_prefix_preferred_count{${labels}} 3\n`);
    expect(asked).toMatch(
      /bird_bgp_state_count\{name="Mesh_10_0_0_2",proto="BGP",state="\w+"\} 1\n/,
    );
    expect(await told({ mesh: 'aggregate', birdExporter: false })).not.toMatch(
      /bird_(protocol|bgp)/,
    );
  });

  it('do not add up over scrapes, and forget a neighbor that is gone', async () => {
    const metrics = new Metrics();
    await textOf(TestDaemon.of(), metrics);
    const again = await textOf(new TestDaemon(), metrics);
    expect(again).toContain('godwit_cpu_seconds_total 1.25\n');
    expect(again).not.toContain('Mesh_10_0_0_2');
    expect(again).toContain('godwit_ready 0\n');
  });
});
