/**
 * No secret in anything that a daemon says: passwords that are in force, that do not match, that are rotated, that are
 * written in the wrong place or in a file that is broken; of etcd, and in a URL. Everything is asked: log, command line,
 * API, metrics, BIRD sockets, recording; and what the state directory holds is for its owner alone.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ENDPOINTS } from '../../src/api/http/routes.ts';
import { REPOSITORY } from '../../tools/cache-dir.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { BirdClient } from '../support/bird-client.ts';
import { calico, Godwit } from '../support/godwit.ts';
import { NetworkLab } from '../support/netns.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

/** In every secret; in base64 at any of the three offsets. */
const MARK = 'hush4mark7secret';
const MARKS = [
  MARK,
  ...[0, 1, 2].map((pad) =>
    Buffer.from('x'.repeat(pad) + MARK)
      .toString('base64')
      .slice(pad === 0 ? 0 : 4, -4),
  ),
];
const secretsIn = (text: string): string[] =>
  text.split('\n').filter((line) => MARKS.some((mark) => line.includes(mark)));

const secret = (name: string, password: string): string => `apiVersion: v1
kind: Secret
metadata: { name: ${name}, namespace: kube-system }
stringData: { password: ${password} }
`;

const peer = (name: string, peerIP: string) =>
  calico('BGPPeer', name, {
    peerIP,
    asNumber: 64_512,
    password: { secretKeyRef: { name, key: 'password' } },
  });

const SHARED = [
  calico('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
  calico('Node', 'a', { bgp: { ipv4Address: '10.9.0.1/24' } }),
  calico('Node', 'b', { bgp: { ipv4Address: '10.9.0.2/24' } }),
  calico('IPPool', 'pods', { cidr: '10.244.0.0/16' }),
  calico('BlockAffinity', 'a', { node: 'a', cidr: '10.244.1.0/26', state: 'confirmed' }),
];

/** Mistakes with passwords in them, each of which leads to a message. */
const MISTAKES: Readonly<Record<string, string>> = {
  'secret-broken.yaml': `${secret('broken', MARK).trimEnd().slice(0, -1)}\n`,
  'secret-list.yaml': secret('list', `[${MARK}]`),
  'secret-text.yaml': `apiVersion: v1
kind: Secret
metadata: { name: text, namespace: kube-system }
stringData: ${MARK}
`,
  'secret-base64.yaml': `apiVersion: v1
kind: Secret
metadata: { name: base64, namespace: kube-system }
data: { password: "${MARK}!!" }
`,
  'secret-long.yaml': secret('long', MARK.repeat(8)),
  'peer-inline.yaml': `apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: { name: inline }
spec: { peerIP: 10.9.0.50, asNumber: 64512, password: ${MARK} }
`,
  'peer-reference.yaml': `apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: { name: reference }
spec: { peerIP: 10.9.0.51, asNumber: 64512, password: { secretKeyRef: ${MARK} } }
`,
};

describeWith(['root', 'netns', 'ip', 'veth', 'native'], 'Secrets', () => {
  const lab = new NetworkLab();
  let a: Namespace;
  let onA: Godwit;
  let onB: Godwit;

  const write = (on: Godwit, file: string, text: string): void =>
    writeFileSync(join(on.resourcesDir, file), text);

  beforeAll(async () => {
    a = await lab.namespace('a');
    const b = await lab.namespace('b');
    await lab.link(
      { namespace: a, device: 'eth0', addresses: ['10.9.0.1/24'] },
      { namespace: b, device: 'eth0', addresses: ['10.9.0.2/24', '10.9.0.3/24'] },
    );
    const log = { level: 'trace', format: 'json' };
    const bird = { sockets: 'on', path: join(lab.dir, 'bird') };
    onA = new Godwit({
      lab,
      namespace: a,
      name: 'a',
      // The third address answers nobody who signs with this key.
      resources: [...SHARED, peer('same', '10.9.0.2'), peer('other', '10.9.0.3')],
      config: { log, bird, record: { enabled: true } },
    });
    const back = { ...peer('same', '10.9.0.1') };
    onB = new Godwit({
      lab,
      namespace: b,
      name: 'b',
      resources: [...SHARED, back],
      config: { log },
    });
    for (const on of [onA, onB]) write(on, 'secret-same.yaml', secret('same', `${MARK}-1`));
    write(onA, 'secret-other.yaml', secret('other', `${MARK}-other`));
    await Promise.all([onA.start(), onB.start()]);
    await onA.untilEstablished('10.9.0.2');
    // A rotation, first on one side.
    write(onA, 'secret-same.yaml', secret('same', `${MARK}-2`));
    await waitFor(
      () => onA.events('peer-changed'),
      (events) => events.length > 0,
      { what: 'the password to be rotated' },
    );
    write(onB, 'secret-same.yaml', secret('same', `${MARK}-2`));
    for (const [file, text] of Object.entries(MISTAKES)) write(onA, file, text);
    await waitFor(
      () => onA.events('resource-rejected'),
      (events) => events.length >= Object.keys(MISTAKES).length,
      { what: 'every mistake to be told' },
    );
    await onA.untilEstablished('10.9.0.2');
  }, 90_000);

  afterAll(async () => {
    await onA?.end();
    await onB?.end();
    await lab.destroy();
  });

  it('are in no line of the log, at its finest level', () => {
    expect(onA.log().length).toBeGreaterThan(2000);
    expect(secretsIn(onA.log())).toEqual([]);
    expect(secretsIn(onB.log())).toEqual([]);
  });

  it.each([
    ['show', 'status'],
    ['show', 'neighbors'],
    ['show', 'neighbors', 'Global_10_9_0_2'],
    ['show', 'routes'],
    ['show', 'kernel'],
    ['show', 'problems'],
    ['show', 'events', '--last', '1000'],
    ['doctor'],
    ['record', 'status'],
  ])('are not in what the command says: %s', async (...words) => {
    for (const form of [[], ['--json']]) {
      const { stdout, stderr } = await onA.runInside(...words, ...form);
      expect(stdout.length + stderr.length).toBeGreaterThan(0);
      expect(secretsIn(stdout + stderr)).toEqual([]);
    }
  });

  it('are not in what a plan of their change says', async () => {
    const file = join(lab.dir, 'next.yaml');
    writeFileSync(file, secret('same', `${MARK}-3`));
    for (const form of [[], ['--json']]) {
      const { stdout, stderr } = await onA.runCommand('plan', '-f', file, ...form);
      expect(stdout).toContain('Global_10_9_0_2');
      expect(secretsIn(stdout + stderr)).toEqual([]);
    }
  });

  it('are in nothing that HTTP answers', async () => {
    for (const { path } of ENDPOINTS) {
      const ask = `process.stdout.write(await (await fetch('http://127.0.0.1:9179${path}')).text())`;
      const { stdout } = await a.run([process.execPath, '--input-type=module', '-e', ask]);
      expect([path, stdout.length > 0]).toEqual([path, true]);
      expect([path, secretsIn(stdout)]).toEqual([path, []]);
    }
  });

  it('are in nothing that the BIRD sockets answer', async () => {
    const said = await BirdClient.ask(join(lab.dir, 'bird/bird.ctl'), 'show protocols all');
    expect(said).toContain('Global_10_9_0_2');
    expect(secretsIn(said)).toEqual([]);
  });

  it('are in the state directory only where they are needed, for its owner alone', () => {
    const dir = join(onA.dir, 'state');
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    const files = readdirSync(dir, { recursive: true, encoding: 'utf8' });
    const holding = files.filter((name) => {
      const path = join(dir, name);
      if (!statSync(path).isFile()) return false;
      expect([name, statSync(path).mode & 0o077]).toEqual([name, 0]);
      return secretsIn(readFileSync(path, 'latin1')).length > 0;
    });
    expect(files.some((name) => name.startsWith('recording'))).toBe(true);
    // The last good snapshot: without it a start without the datastore would have no session.
    expect(holding).toEqual([expect.stringMatching(/^last-good/)]);
  });
});

describeWith(['root', 'netns', 'ip', 'native'], 'Secrets of godwit.yaml', () => {
  const lab = new NetworkLab();
  afterAll(() => lab.destroy());

  const check = async (lines: readonly string[], env: readonly string[] = []): Promise<string> => {
    const file = join(lab.dir, 'checked.yaml');
    const etcd = ['nodeName: a', `state: { dir: ${lab.dir} }`, 'datastore:', '  type: etcd'];
    writeFileSync(file, [...etcd, ...lines.map((line) => `  ${line}`), ''].join('\n'));
    const daemon = [process.execPath, join(REPOSITORY, 'src/bin/godwitd.ts')];
    const argv = ['env', ...env, ...daemon, '--config', file, '--check'];
    const { code, stdout, stderr } = await (await namespace()).run(argv);
    expect(code).not.toBe(0);
    return stdout + stderr;
  };
  let made: Namespace | undefined;
  const namespace = async (): Promise<Namespace> => (made ??= await lab.namespace('c'));

  const endpoints = 'endpoints: ["http://127.0.0.1:9"]';
  it.each([
    ['in force, with no etcd there', [endpoints, 'username: root', `password: ${MARK}`], []],
    ['of the environment', [endpoints], ['ETCD_USERNAME=root', `ETCD_PASSWORD=${MARK}`]],
    ['in a URL', [`endpoints: ["http://root:${MARK}@127.0.0.1:9"]`], []],
    ['in a URL of the environment', [], [`ETCD_ENDPOINTS=http://root:${MARK}@127.0.0.1:9`]],
    ['in a list', [endpoints, `password: [${MARK}]`], []],
    ['under a misspelt key', [endpoints, `pasword: ${MARK}`], []],
    ['in place of its file', [endpoints, `passwordFile: ${MARK}`], []],
    ['with a quote that is open', [endpoints, `password: "${MARK}`], []],
  ])('%s are not in what --check says', async (_what, lines, env) => {
    const said = await check(lines, env);
    expect(said).not.toBe('');
    expect(secretsIn(said)).toEqual([]);
  });
});
