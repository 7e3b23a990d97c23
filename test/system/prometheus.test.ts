/**
 * A real Prometheus scrapes a node and its alerts fire on failures that were prepared: a neighbor that does not
 * answer, and a route that somebody else has in the kernel. The minutes that the rules wait are made seconds.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { REPOSITORY } from '../../tools/cache-dir.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { run } from '../../tools/fabric/process.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

const PROMETHEUS = 'http://127.0.0.1:9090';
const BLOCK_OF_B = '10.244.2.0/26';

const node = (name: string, address: string) =>
  calico('Node', name, { bgp: { ipv4Address: address } });
const block = (owner: string, cidr: string) =>
  calico('BlockAffinity', `block-${owner}`, { node: owner, cidr, state: 'confirmed' });

const SHARED = [
  node('a', '10.9.0.1/24'),
  node('b', '10.9.0.2/24'),
  calico('IPPool', 'pods', { cidr: '10.244.0.0/16' }),
  block('a', '10.244.1.0/26'),
  block('b', BLOCK_OF_B),
];

describeWith(
  ['root', 'netns', 'ip', 'veth', 'native', 'prometheus', 'promtool'],
  'Prometheus beside a node',
  () => {
    const lab = new NetworkLab();
    let a: Namespace;
    let onA: Godwit;
    let onB: Godwit;

    beforeAll(async () => {
      a = await lab.namespace('a');
      const b = await lab.namespace('b');
      await lab.link(
        { namespace: a, device: 'eth0', addresses: ['10.9.0.1/24'] },
        { namespace: b, device: 'eth0', addresses: ['10.9.0.2/24'] },
      );
      const dead = calico('BGPPeer', 'tor', { node: 'a', peerIP: '10.9.0.77', asNumber: 64_600 });
      const http = { listen: '127.0.0.1:9179' };
      onA = new Godwit({
        lab,
        namespace: a,
        name: 'a',
        resources: [...SHARED, dead],
        config: { http },
      });
      onB = new Godwit({ lab, namespace: b, name: 'b', resources: SHARED });
      await Promise.all([onA.start(), onB.start()]);
      await onA.untilEstablished('10.9.0.2');
      await onA.untilReady();
      await a.run(['ip', 'route', 'add', BLOCK_OF_B, 'via', '10.9.0.2', 'proto', 'static']);
      await startPrometheus(lab, a);
    }, 60_000);

    afterAll(async () => {
      await onA?.end();
      await onB?.end();
      await lab.destroy();
    });

    it('has no complaint about what a node tells, by the measure of promtool', async () => {
      const text = await metricsOf(a);
      expect(text).toContain('bgp_session_state{peer="Node_10_9_0_77"}');
      // The mesh session is Established: it is told of with the mesh.
      expect(text).not.toContain('bgp_session_state{peer="Mesh_10_9_0_2"}');
      expect(text).toContain('bgp_mesh_neighbors{state="Established"} 1\n');
      const { code, stdout, stderr } = await run(['promtool', 'check', 'metrics'], { input: text });
      expect({ code, said: stdout + stderr }).toEqual({ code: 0, said: '' });
    });

    it('times a change of the resources to the kernel and to the neighbor', async () => {
      const spec = { node: 'a', cidr: '10.244.9.0/26', state: 'confirmed' };
      onA.writeResource(calico('BlockAffinity', 'another', spec));
      const text = await waitFor(
        () => metricsOf(a),
        // The neighbor may be told some milliseconds after the kernel has acknowledged, and the other way round.
        (told) =>
          /to_kernel_seconds_count [1-9]/.test(told) && /to_peer_seconds_count [1-9]/.test(told),
        { what: 'a change to be timed on both ways', timeoutMs: 10_000 },
      );
      const mean = (name: string): number => {
        const of = (part: string): number =>
          Number(new RegExp(`^${name}_${part} (.*)$`, 'm').exec(text)![1]);
        return of('sum') / of('count');
      };
      for (const name of [
        'godwit_datastore_to_kernel_seconds',
        'godwit_datastore_to_peer_seconds',
      ]) {
        expect(mean(name)).toBeGreaterThan(0.001);
        expect(mean(name)).toBeLessThan(5);
      }
    });

    it.each([
      [
        'the session of the neighbor that does not answer',
        'GodwitSessionDown',
        'peer="Node_10_9_0_77"',
      ],
      ['the route that somebody else has written', 'GodwitFibDivergence', 'reason="shadowed"'],
    ])('fires for %s', async (_what, alert, label) => {
      const seen = await waitFor(
        () => query(a, `ALERTS{alertstate="firing",alertname="${alert}"}`),
        (text) => text.includes(label),
        { what: `${alert} to fire for ${label}`, timeoutMs: 40_000, intervalMs: 500 },
      );
      expect(seen).toContain('instance="127.0.0.1:9179"');
    });

    it('is quiet again when the failure is over', async () => {
      await a.run(['ip', 'route', 'del', BLOCK_OF_B, 'proto', 'static']);
      const quiet = await waitFor(
        () => query(a, 'ALERTS{alertname="GodwitFibDivergence"}'),
        (text) => text.trim() === '',
        { what: 'GodwitFibDivergence to end', timeoutMs: 40_000, intervalMs: 500 },
      );
      expect(quiet.trim()).toBe('');
    });
  },
);

async function startPrometheus(lab: NetworkLab, namespace: Namespace): Promise<void> {
  const rules = readFileSync(join(REPOSITORY, 'config/prometheus/godwit.rules.yml'), 'utf8');
  const quick = rules.replaceAll(/for: \d+[ms]\w*$/gm, 'for: 1s');
  writeFileSync(join(lab.dir, 'godwit.rules.yml'), quick);
  const config = join(lab.dir, 'prometheus.yml');
  writeFileSync(
    config,
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [godwit.rules.yml]
scrape_configs:
  - job_name: godwit
    static_configs: [{ targets: ["127.0.0.1:9179"] }]
`,
  );
  const argv = [
    'prometheus',
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(lab.dir, 'prometheus')}`,
    `--web.listen-address=${new URL(PROMETHEUS).host}`,
  ];
  await lab.spawn(namespace, { name: 'prometheus', argv });
}

async function query(namespace: Namespace, expression: string): Promise<string> {
  const ask = ['promtool', 'query', 'instant', PROMETHEUS, expression];
  const { code, stdout, stderr } = await namespace.run(ask);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** As Prometheus gets it. */
async function metricsOf(namespace: Namespace): Promise<string> {
  const fetching = `const r = await fetch('http://127.0.0.1:9179/metrics'); process.stdout.write(await r.text())`;
  const { stdout } = await namespace.run([process.execPath, '--input-type=module', '-e', fetching]);
  return stdout;
}
