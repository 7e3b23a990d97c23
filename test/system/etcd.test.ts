/** What only etcd can do to us: members that fail, leaders that go, revisions that are compacted, doors that are locked. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkConfiguration } from '../../src/daemon/check.ts';
import type { DatastoreSettings } from '../../src/daemon/datastore-settings.ts';
import { type EtcdMember, EtcdWriter, freePorts, startEtcd } from '../../tools/fabric/etcd.ts';
import { type Running, runOk, signalProcess, stopProcess } from '../../tools/fabric/process.ts';
import { findPeer } from '../support/peers.ts';
import { until, WatchedPlanner } from '../support/planner.ts';
import { describeWith } from '../support/requirements.ts';
import { node, resource } from '../support/resources.ts';
import { TcpGate } from '../support/tcp-gate.ts';

let dir: string;
let members: EtcdMember[] = [];
let running: Running[] = [];
let writer: EtcdWriter;
let planner: WatchedPlanner | undefined;
let gate: TcpGate | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'godwit-etcd-'));
  mkdirSync(join(dir, 'state'));
});

afterEach(async () => {
  planner?.stop();
  planner = undefined;
  await gate?.close();
  gate = undefined;
  writer.close();
  for (const one of running) signalProcess(one, 'SIGCONT');
  await Promise.all(running.map((one) => stopProcess(one, { signal: 'SIGKILL' })));
  rmSync(dir, { recursive: true, force: true });
});

async function startMembers(count: number, tls?: readonly string[]): Promise<void> {
  const ports = await freePorts(2 * count);
  members = Array.from({ length: count }, (_, i) => ({
    name: `m${i}`,
    clientPort: ports[2 * i]!,
    peerPort: ports[2 * i + 1]!,
  }));
  running = await Promise.all(members.map((member) => startMember(member, tls)));
  writer = new EtcdWriter(`127.0.0.1:${members[0]!.clientPort}`);
  if (tls === undefined) await writer.ready(running[0]!);
}

function startMember(member: EtcdMember, tls?: readonly string[]): Promise<Running> {
  return startEtcd({ member, cluster: members, dir, ...(tls === undefined ? {} : { tls }) });
}

function settings(over: object = {}): DatastoreSettings {
  const endpoints = members.map((member) => `http://127.0.0.1:${member.clientPort}`);
  return { type: 'etcd', access: { endpoints, tls: {}, ...over } };
}

async function start(datastore = settings()): Promise<WatchedPlanner> {
  planner = new WatchedPlanner({ node: 'a', datastore, stateDir: join(dir, 'state') });
  const watched = planner;
  await until(() => watched.count('started') === 1);
  return watched;
}

async function etcdctl(...args: readonly string[]): Promise<string> {
  const etcd = findPeer('etcd');
  if ('missing' in etcd) throw new Error(etcd.missing);
  const env = { ...process.env, ...etcd.env, ETCDCTL_API: '3' };
  const endpoint = `http://127.0.0.1:${members[0]!.clientPort}`;
  return runOk([etcd.client, '--endpoints', endpoint, ...args], { env });
}

describeWith(['etcd'], 'an etcd of three members', () => {
  it('may lose any one of them: nothing is said to be lost, and changes go on arriving', async () => {
    await startMembers(3);
    await writer.putResource(node('a', '10.0.0.1'));
    const watched = await start();
    for (const [index, member] of members.entries()) {
      await stopProcess(running[index]!, { signal: 'SIGKILL' });
      const survivor = members[(index + 1) % 3]!;
      const other = new EtcdWriter(`127.0.0.1:${survivor.clientPort}`);
      await other.ready(running[(index + 1) % 3]!);
      await other.putResource(node(`n${index}`, `10.0.1.${index}`));
      other.close();
      await until(() => watched.peers.includes(`10.0.1.${index}`));
      running[index] = await startMember(member);
      await new Promise((resolve) => setTimeout(resolve, 1000)); // it joins again
    }
    expect(watched.count('lost')).toBe(0);
  });

  it('that loses its leader is said to be lost, though its members take connections', async () => {
    await startMembers(3);
    await writer.putResource(node('a', '10.0.0.1'));
    const watched = await start();
    await Promise.all([1, 2].map((i) => stopProcess(running[i]!, { signal: 'SIGKILL' })));
    await until(() => watched.store === 'lost', 20_000);
    running[1] = await startMember(members[1]!);
    await until(() => watched.store === 'in sync', 20_000);
    await writer.putResource(node('b', '10.0.0.2'));
    await until(() => watched.peers.includes('10.0.0.2'));
  });
});

describeWith(['etcd'], 'an etcd', () => {
  it('that is stopped and not gone is noticed, and followed again when it goes on', async () => {
    await startMembers(1);
    await writer.putResource(node('a', '10.0.0.1'));
    const watched = await start();
    signalProcess(running[0]!, 'SIGSTOP');
    await until(() => watched.store === 'lost', 25_000);
    signalProcess(running[0]!, 'SIGCONT');
    await until(() => watched.store === 'in sync', 15_000);
    expect(watched.plans.length).toBe(1);
  });

  it('whose history is compacted while we are away, and under load, is listed anew', async () => {
    await startMembers(1);
    await writer.putResource(node('a', '10.0.0.1'));
    await writer.putResource(node('gone', '10.0.0.9'));
    // So many that the guard has nothing against two of them going at once.
    const stay = ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'];
    for (const address of stay) await writer.putResource(node(`s${address.at(-1)}`, address));
    gate = await TcpGate.open(members[0]!.clientPort);
    const watched = await start(settings({ endpoints: [`http://127.0.0.1:${gate.port}`] }));
    expect(watched.peers).toEqual([...stay, '10.0.0.9']);
    for (let round = 0; round < 5; round++) {
      gate.shut();
      let revision = 0;
      for (let i = 0; i < 100; i++)
        revision = await writer.putResource(node('b', `10.0.${round}.${i}`));
      if (round === 2) await writer.deleteResource(node('gone', '10.0.0.9'));
      await writer.compact(revision);
      gate.reopen();
      for (let i = 100; i < 200; i++) await writer.putResource(node('b', `10.0.${round}.${i}`));
      await until(() => watched.peers.includes(`10.0.${round}.199`), 15_000);
    }
    expect(watched.peers).toEqual([...stay, '10.0.4.199']);
  });

  it('that is made anew, with older revisions, is not waited for until it comes to ours', async () => {
    await startMembers(1);
    await writer.putResource(node('a', '10.0.0.1'));
    for (let i = 0; i < 50; i++) await writer.putResource(node('b', '10.0.0.2'));
    const watched = await start();
    await stopProcess(running[0]!, { signal: 'SIGKILL' });
    rmSync(join(dir, 'm0.etcd'), { recursive: true });
    running[0] = await startMember(members[0]!);
    await writer.ready(running[0]);
    await writer.putResource(node('a', '10.0.0.1'));
    await writer.putResource(node('b', '10.0.0.22'));
    await until(() => watched.peers.includes('10.0.0.22'), 15_000);
  });

  it('with thousands of nodes is listed page by page, at one revision', async () => {
    await startMembers(1);
    await writer.putResource(node('a', '10.0.0.1'));
    await Promise.all(
      Array.from({ length: 1300 }, (_, i) =>
        writer.putResource(node(`n${i}`, `10.1.${i >> 8}.${i & 255}`)),
      ),
    );
    const watched = await start();
    expect(watched.peers.length).toBe(1300);
  });

  it('holds what is none of ours, and what stands in the wrong place, without harm', async () => {
    await startMembers(1);
    const root = '/calico/resources/v3/projectcalico.org';
    await writer.putResource(node('a', '10.0.0.1'));
    await writer.put(`${root}/globalnetworkpolicies/p`, resource('GlobalNetworkPolicy', 'p', {}));
    await writer.put('/calico/ipam/v2/host/a/something', 'else');
    await writer.put('/calico/ipam/v2/host/a/ipv4/block/10.1.2.0-26', '');
    await writer.put('/calico/ipam/v2/host/b/ipv4/block/10.1.3.0-26', '{}');
    await writer.put(`${root}/nodes/x`, node('y', '10.0.0.5'));
    const watched = await start();
    expect(watched.plan?.originated.map(({ prefix }) => prefix)).toEqual(['10.1.2.0/26']);
    expect(watched.peers).toEqual([]);
    const told = watched.messages.flatMap((message) =>
      message.type === 'problems' ? message.appeared : [],
    );
    expect(told.map(({ code, file }) => [code, file])).toEqual([['Misplaced', `${root}/nodes/x`]]);
  });

  it('with users is read by one who may, and names the reason to one who may not', async () => {
    await startMembers(1);
    await writer.putResource(node('a', '10.0.0.1'));
    await etcdctl('user', 'add', 'root:secret');
    await etcdctl('user', 'add', 'node:word');
    await etcdctl('role', 'add', 'reader');
    await etcdctl('role', 'grant-permission', 'reader', '--prefix=true', 'read', '/calico/');
    await etcdctl('user', 'grant-role', 'node', 'reader');
    await etcdctl('user', 'grant-role', 'root', 'root');
    await etcdctl('auth', 'enable');
    const watched = await start(settings({ username: 'node', password: 'word' }));
    expect(watched.plans.length).toBe(1);
    const put = ['--user', 'root:secret', 'put'];
    const key = '/calico/resources/v3/projectcalico.org/nodes/b';
    await etcdctl(...put, key, JSON.stringify(node('b', '10.0.0.2')));
    await until(() => watched.peers.includes('10.0.0.2'));
    watched.stop();
    rmSync(join(dir, 'state'), { recursive: true });
    mkdirSync(join(dir, 'state'));
    const refused = await start(settings({ username: 'node', password: 'wrong' }));
    const lost = refused.messages.find((message) => message.type === 'lost');
    expect(lost?.type === 'lost' && lost.reason).toContain('invalid user ID or password');
  });
});

describeWith(['etcd', 'openssl'], 'an etcd behind TLS', () => {
  /** A CA, and a certificate of its making for the server and for us. */
  function certificates(): Record<'ca' | 'cert' | 'key', string> {
    const path = (name: string): string => join(dir, name);
    const openssl = (...args: readonly string[]): void => {
      const answer = spawnSync('openssl', args, { cwd: dir, encoding: 'utf8' });
      if (answer.status !== 0) throw new Error(answer.stderr);
    };
    writeFileSync(
      path('san'),
      'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n',
    );
    const fresh = ['-newkey', 'rsa:2048', '-nodes'];
    openssl('req', '-x509', ...fresh, '-subj', '/CN=ca', '-keyout', 'ca.key', '-out', 'ca.pem');
    openssl('req', ...fresh, '-subj', '/CN=us', '-keyout', 'us.key', '-out', 'us.csr');
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'san'];
    openssl('x509', '-req', '-in', 'us.csr', ...signed, '-out', 'us.pem');
    return { ca: path('ca.pem'), cert: path('us.pem'), key: path('us.key') };
  }

  it('is read with a certificate of the CA it trusts, and by nobody else', async () => {
    const { ca, cert, key } = certificates();
    const trusted = ['--trusted-ca-file', ca, '--client-cert-auth'];
    await startMembers(1, ['--cert-file', cert, '--key-file', key, ...trusted]);
    const endpoints = [`https://127.0.0.1:${members[0]!.clientPort}`];
    const check = (tls: object): Promise<readonly string[]> => {
      const datastore = { type: 'etcd', endpoints, tls };
      const path = join(dir, 'godwit.yaml');
      writeFileSync(path, JSON.stringify({ nodeName: 'a', datastore }));
      return checkConfiguration({ configPath: path, env: {} }).then(({ lines }) => lines);
    };
    expect((await check({ ca, cert, key })).join()).toContain('holds no resources of Calico');
    expect((await check({ ca })).join()).not.toContain('holds no resources');
    expect((await check({ cert, key })).join()).toMatch(/certificate/);
  });
});
