/**
 * docker-compose.yml against the compose-spec schema that Debian's docker-compose brings, by a validator of ours and
 * by that program itself; what it mounts is there, and Prometheus takes its configuration.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { afterAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { REPOSITORY } from '../../tools/cache-dir.ts';
import { run } from '../../tools/fabric/process.ts';
import { findPeer, peerFolder } from '../support/peers.ts';
import { describeWith } from '../support/requirements.ts';

const FILE = join(REPOSITORY, 'docker-compose.yml');
const TEXT = readFileSync(FILE, 'utf8');
/** Below the folder where its package is unpacked, or below `/` where it is installed. */
const SCHEMA = 'usr/lib/python3/dist-packages/compose/config/compose_spec.json';

interface Service {
  readonly build?: { readonly target: string };
  readonly volumes?: readonly string[];
}

describeWith(['docker-compose', 'promtool'], 'docker-compose.yml', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'godwit-compose-'));
  const program = findPeer('docker-compose') as { readonly daemon: string };
  const unpacked = join(peerFolder('docker-compose'), 'root');
  const schema = join(program.daemon.startsWith('/usr/') ? '/' : unpacked, SCHEMA);
  const { services } = parse(TEXT, { merge: true }) as { services: Record<string, Service> };

  afterAll(() => {
    rmSync(scratch, { recursive: true });
  });

  const config = (file: string): ReturnType<typeof run> =>
    run([program.daemon, '--project-directory', REPOSITORY, '-f', file, 'config', '-q']);

  it('is valid by the compose-spec schema', () => {
    const ajv = new Ajv2019({ strict: false, validateFormats: false });
    // It says its dialect and its places in words of an older one; what it asks for is the same.
    const withoutIds = (key: string, value: unknown): unknown =>
      /^(\$schema|id)$/.test(key) && typeof value === 'string' ? undefined : value;
    const validate = ajv.compile(JSON.parse(readFileSync(schema, 'utf8'), withoutIds) as object);
    validate(parse(TEXT, { merge: true }));
    expect(validate.errors ?? []).toEqual([]);
    validate({ services: { 'node-a': { imagge: 'x' } } });
    expect(validate.errors).toHaveLength(1);
  });

  it('is taken by docker-compose, and a mistake in it is not', async () => {
    expect(await config(FILE)).toMatchObject({ code: 0, stdout: '' });
    const broken = join(scratch, 'docker-compose.yml');
    writeFileSync(broken, TEXT.replace('hostname: tor', 'host-name: tor'));
    const { code, stderr } = await config(broken);
    expect(code).not.toBe(0);
    expect(stderr).toContain("'host-name'");
  });

  it('has three nodes in two racks, a ToR, a GoBGP, Prometheus and Grafana', () => {
    const names = ['node-a', 'node-b', 'node-c', 'tor', 'outside', 'prometheus', 'grafana'];
    expect(Object.keys(services)).toEqual(names);
  });

  it('builds stages that the Dockerfile has, and mounts what is in the tree', () => {
    const dockerfile = readFileSync(join(REPOSITORY, 'Dockerfile'), 'utf8');
    const sources = Object.values(services).flatMap(({ build, volumes = [] }) => {
      if (build !== undefined) expect(dockerfile).toContain(` AS ${build.target}\n`);
      return volumes.map((volume) => volume.split(':')[0]!);
    });
    expect(sources.length).toBeGreaterThan(5);
    for (const source of sources)
      expect(statSync(join(REPOSITORY, source)).isDirectory()).toBe(true);
  });

  it("gives Prometheus a configuration that it takes, with the nodes' addresses", async () => {
    const file = join(REPOSITORY, 'config/prometheus/prometheus.yml');
    const { code, stdout } = await run(['promtool', 'check', 'config', file]);
    expect(stdout).toMatch(/SUCCESS.*is valid prometheus config file/);
    expect(code).toBe(0);
    for (const address of ['10.10.1.11', '10.10.1.12', '10.10.2.13']) {
      expect(readFileSync(file, 'utf8')).toContain(`${address}:9179`);
    }
  });
});
