/** What only Kubernetes can do to us, by the double of its API: rights, groups, tokens, pages, what is forgotten. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkConfiguration } from '../../src/daemon/check.ts';
import type { DatastoreSettings } from '../../src/daemon/datastore-settings.ts';
import { KubernetesDouble } from '../support/kubernetes-double.ts';
import { collectionOf, deleteResource, putResource } from '../support/kubernetes-objects.ts';
import { until, WatchedPlanner } from '../support/planner.ts';
import { describeWith } from '../support/requirements.ts';
import { node, resource } from '../support/resources.ts';
import { TcpGate } from '../support/tcp-gate.ts';

const OWN = node('a', '10.0.0.1');
/** So many that the guard has nothing against one or two of them going. */
const OTHERS = [2, 3, 4, 5].map((i) => node(`n${i}`, `10.0.0.${i}`));
const CALICO = 'crd.projectcalico.org';

let dir: string;
let api: KubernetesDouble;
let planner: WatchedPlanner | undefined;
let gate: TcpGate | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'godwit-kubernetes-'));
  mkdirSync(join(dir, 'state'));
});

afterEach(async () => {
  planner?.stop();
  planner = undefined;
  await gate?.close();
  gate = undefined;
  await api.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function openApi(...options: ConstructorParameters<typeof KubernetesDouble>): Promise<void> {
  api = new KubernetesDouble(...options);
  await api.start();
  put(OWN, ...OTHERS);
}

function put(...resources: readonly unknown[]): void {
  for (const one of resources) putResource(api, one);
}

function settings(over: object = {}): DatastoreSettings {
  const access = {
    server: gate === undefined ? api.url : `http://127.0.0.1:${gate.port}`,
    ...over,
  };
  return { type: 'kubernetes', access, apiGroup: undefined };
}

async function start(datastore = settings()): Promise<WatchedPlanner> {
  planner = new WatchedPlanner({ node: 'a', datastore, stateDir: join(dir, 'state') });
  const watched = planner;
  await until(() => watched.count('started') === 1);
  return watched;
}

function lostReason({ messages }: WatchedPlanner): string {
  const lost = messages.findLast((message) => message.type === 'lost');
  return lost?.type === 'lost' ? lost.reason : '';
}

function problems({ messages }: WatchedPlanner): string[] {
  return messages.flatMap((message) =>
    message.type === 'problems' ? message.appeared.map(({ message }) => message) : [],
  );
}

const rest = (ms = 300): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('Calico in the Kubernetes API', () => {
  it('is read from the group of CRDs that is there, the first where both are', async () => {
    for (const groups of [[CALICO, 'projectcalico.org'], ['projectcalico.org']] as const) {
      await openApi({ groups });
      put(resource('BlockAffinity', 'b', { node: 'a', cidr: '10.1.2.0/26', state: 'confirmed' }));
      put(resource('BlockAffinity', 'c', { node: 'a', cidr: '10.1.3.0/26', deleted: true }));
      put(resource('BGPPeer', 'tor', { peerIP: '10.0.0.254', asNumber: 65000 }));
      const watched = await start();
      expect(watched.plan?.originated.map(({ prefix }) => prefix)).toEqual(['10.1.2.0/26']);
      expect(watched.peers).toContain('10.0.0.254');
      watched.stop();
      await api.stop();
    }
  });

  it('asks for its own blocks, of Nodes for what is annotated, and for no Service and no Secret', async () => {
    await openApi();
    put(resource('BlockAffinity', 'x', { node: 'n2', cidr: '10.1.9.0/26' }));
    await start();
    const nodes = api.asked.filter((one) => one.startsWith('list nodes'));
    expect(nodes).toHaveLength(1);
    const affinities = api.asked.filter((one) => one.startsWith('watch blockaffinities'));
    expect(affinities).toHaveLength(2);
    for (const one of affinities) expect(one).toContain('hostname-hash');
    expect(api.asked.filter((one) => /services|endpointslices|secrets/.test(one))).toEqual([]);
  });

  it('takes blocks that an old release wrote without labels, and whose label we would not make', async () => {
    await openApi();
    const affinities = collectionOf(api, 'BlockAffinity');
    const spec = { node: 'a', state: 'confirmed', deleted: 'false' };
    const old = { metadata: { name: 'old' }, spec: { ...spec, cidr: '10.1.2.0/26' } };
    api.store.put(affinities, old as never);
    const first = await start();
    expect(first.plan?.originated.map(({ prefix }) => prefix)).toEqual(['10.1.2.0/26']);
    first.stop();
    const labels = { 'projectcalico.org/hostname-hash': 'MADEOTHERWISE' };
    const odd = { metadata: { name: 'odd', labels }, spec: { ...spec, cidr: '10.1.3.0/26' } };
    api.store.put(affinities, odd as never);
    const second = await start();
    expect(second.plan?.originated.map(({ prefix }) => prefix)).toEqual([
      '10.1.2.0/26',
      '10.1.3.0/26',
    ]);
  });

  it('with thousands of Nodes is listed page by page, or at once where a page comes too late', async () => {
    await openApi();
    for (let i = 0; i < 1300; i++) put(node(`m${i}`, `10.1.${i >> 8}.${i & 255}`));
    // So busy that what a page begins with is forgotten before the next one.
    const collection = collectionOf(api, 'Node');
    const { list } = api.store;
    api.store.list = function (selection) {
      if (selection.collection === collection && selection.token !== undefined) this.compact();
      return list.call(this, selection);
    };
    const watched = await start();
    expect(watched.peers.length).toBe(1304);
    const limits = api.asked.filter((one) => one.startsWith('list nodes'));
    expect(limits.map((one) => one.includes('limit='))).toEqual([true, true, false]);
  });

  it('reads the one Secret that a session names, and follows it', async () => {
    await openApi();
    const secretKeyRef = { name: 'bgp', key: 'tor' };
    put(
      resource('BGPPeer', 'tor', {
        peerIP: '10.0.0.254',
        asNumber: 65000,
        password: { secretKeyRef },
      }),
    );
    const secrets = collectionOf(api, 'Secret');
    const secret = (value: string): void => {
      const data = { tor: Buffer.from(value).toString('base64') };
      api.store.put(secrets, {
        metadata: { name: 'bgp', namespace: 'kube-system' },
        data,
      } as never);
    };
    secret('first');
    const watched = await start();
    const password = (): unknown =>
      watched.plan?.peers.find((peer) => peer.remoteAddress === '10.0.0.254')?.password;
    expect(password()).toEqual({ value: 'first' });
    expect(api.asked.filter((one) => one.startsWith('list secrets'))).toHaveLength(1);
    secret('second');
    await until(() => JSON.stringify(password()).includes('second'));
    api.store.delete(secrets, 'bgp', 'kube-system');
    await until(() => JSON.stringify(password()).includes('does not exist'));
    expect(watched.peers).toContain('10.0.0.254');
  });

  it('reads Services once some are to be announced, and stops when none is', async () => {
    await openApi();
    const service = {
      metadata: { name: 's', namespace: 'web' },
      spec: {
        type: 'ClusterIP',
        clusterIP: '10.96.0.7',
        clusterIPs: ['10.96.0.7'],
        externalIPs: ['192.0.2.7'],
        externalTrafficPolicy: 'Local',
      },
    };
    api.store.put(collectionOf(api, 'Service'), service as never);
    const slice = (ready: boolean): unknown => ({
      metadata: { name: 's-1', namespace: 'web', labels: { 'kubernetes.io/service-name': 's' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.2.3'], nodeName: 'a', conditions: { ready } }],
    });
    api.store.put(collectionOf(api, 'EndpointSlice'), slice(true) as never);
    const watched = await start();
    const announced = (): string[] => (watched.plan?.originated ?? []).map(({ prefix }) => prefix);
    expect(announced()).toEqual([]);
    put(
      resource('BGPConfiguration', 'default', { serviceExternalIPs: [{ cidr: '192.0.2.0/24' }] }),
    );
    await until(() => announced().includes('192.0.2.7/32'));
    api.store.put(collectionOf(api, 'EndpointSlice'), slice(false) as never);
    await until(() => !announced().includes('192.0.2.7/32'));
    put(resource('BGPConfiguration', 'default', {}));
    await until(() => announced().length === 0);
  });

  it('does not plan anew when a kubelet reports, nor when an endpoint moves', async () => {
    await openApi();
    const watched = await start();
    const nodes = collectionOf(api, 'Node');
    for (const one of api.store.all(nodes)) {
      api.store.put(nodes, { ...one, status: { conditions: [{ type: 'Ready' }] } } as never);
    }
    await rest();
    expect(watched.plans.length).toBe(1);
    put(node('n6', '10.0.0.6'));
    await until(() => watched.peers.includes('10.0.0.6'));
  });
});

describe('a Kubernetes API that forgets', () => {
  it('is listed anew: what was deleted meanwhile goes, and nothing is said to be lost', async () => {
    await openApi();
    gate = await TcpGate.open(api.port);
    const watched = await start();
    for (let round = 0; round < 3; round++) {
      gate.shut();
      put(node('b', `10.0.1.${round}`));
      if (round === 1) deleteResource(api, OTHERS[0]);
      api.store.compact();
      gate.reopen();
      await until(() => watched.peers.includes(`10.0.1.${round}`), 15_000);
    }
    expect(watched.peers).toEqual(['10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.1.2']);
    expect(watched.count('lost')).toBe(0);
  });

  it('is watched from its last bookmark, though nothing of the kind has changed since', async () => {
    await openApi();
    const watched = await start();
    const secrets = collectionOf(api, 'Secret');
    api.store.put(secrets, { metadata: { name: 'other', namespace: 'web' } });
    await rest(100);
    api.bookmark();
    await rest(100);
    api.asked.length = 0;
    api.store.compact();
    api.drop();
    put(node('n6', '10.0.0.6'));
    await until(() => watched.peers.includes('10.0.0.6'));
    expect(api.asked.filter((one) => one.startsWith('list'))).toEqual([]);
    expect(watched.count('lost')).toBe(0);
  });

  it('that was restored from a backup, with older revisions, is believed when it comes back', async () => {
    await openApi();
    const watched = await start();
    await api.stop();
    await until(() => watched.store === 'lost');
    deleteResource(api, OTHERS[0]);
    api.store.goBackTo(500);
    await api.start();
    await until(() => watched.store === 'in sync');
    await until(() => !watched.peers.includes('10.0.0.2'));
    put(node('n6', '10.0.0.6'));
    await until(() => watched.peers.includes('10.0.0.6'));
  });

  it('that ends all watches in order is watched again without a list', async () => {
    await openApi();
    const watched = await start();
    api.asked.length = 0;
    api.endWatches();
    put(node('n6', '10.0.0.6'));
    await until(() => watched.peers.includes('10.0.0.6'));
    const asked = (verb: string): number =>
      api.asked.filter((one) => one.startsWith(`${verb} `)).length;
    await until(() => asked('watch') >= 9);
    expect(asked('list')).toBe(0);
    expect(watched.count('lost')).toBe(0);
  });

  it('that wants us elsewhere is asked over another connection, and nothing is lost between them', async () => {
    await openApi();
    const watched = await start();
    expect(api.connections).toBe(1);
    api.goAway();
    put(node('n6', '10.0.0.6'));
    await until(() => watched.peers.includes('10.0.0.6'));
    put(resource('BGPConfiguration', 'default', { serviceClusterIPs: [{ cidr: '10.96.0.0/12' }] }));
    await until(() => api.asked.some((one) => one.startsWith('watch services')));
    put(node('n7', '10.0.0.7'));
    await until(() => watched.peers.includes('10.0.0.7'));
    expect(watched.count('lost')).toBe(0);
  });
});

describe('what the Kubernetes API refuses', () => {
  const ALL = [
    { apiGroups: ['', CALICO, 'godwit.dev', 'discovery.k8s.io'], resources: ['*'], verbs: ['*'] },
  ];
  const without = (plural: string): void => {
    const resources = api.collections.map((one) => one.plural).filter((one) => one !== plural);
    api.grants = [{ ...ALL[0]!, resources, verbs: ['list', 'watch'] }];
  };

  it('is named with its verb, its resource and the rule that is missing; the rest is not acted on', async () => {
    await openApi();
    without('ippools');
    const watched = await start();
    expect(watched.plans).toEqual([]);
    expect(lostReason(watched)).toContain('RBAC does not let godwit list ippools');
    expect(lostReason(watched)).toContain(
      'apiGroups: ["crd.projectcalico.org"], resources: ["ippools"], verbs: ["list", "watch"]',
    );
    api.grants = undefined;
    await until(() => watched.plans.length === 1, 15_000);
    expect(watched.store).toBe('in sync');
    watched.stop();
    rmSync(join(dir, 'state'), { recursive: true });
    mkdirSync(join(dir, 'state'));
    // Ours may not be installed; but what it says, where it is, must not be passed over.
    without('peerprofiles');
    const other = await start();
    expect(lostReason(other)).toContain('list peerprofiles of godwit.dev/v1');
    expect(other.plans).toEqual([]);
  });

  it('and was allowed before leaves everything as it is', async () => {
    await openApi();
    const watched = await start();
    without('nodes');
    api.drop();
    put(node('n6', '10.0.0.6'));
    await until(() => watched.store === 'lost');
    expect(lostReason(watched)).toMatch(/since 20.*watch nodes/);
    expect(watched.plans.length).toBe(1);
    api.grants = undefined;
    await until(() => watched.peers.includes('10.0.0.6'), 15_000);
  });

  it('of a Secret holds down the session that names it, and says so; no other', async () => {
    await openApi();
    const password = { secretKeyRef: { name: 'bgp', key: 'tor' } };
    put(resource('BGPPeer', 'tor', { peerIP: '10.0.0.254', asNumber: 65000, password }));
    without('secrets');
    const watched = await start();
    const tor = watched.plan?.peers.find((peer) => peer.remoteAddress === '10.0.0.254');
    expect(tor?.password).toMatchObject({ missing: expect.any(String) });
    expect(watched.peers.length).toBe(5);
    expect(problems(watched).join()).toMatch(
      /list secrets of v1 in namespace kube-system.*a Role in namespace kube-system/,
    );
  });

  it('for want of CRDs is named; those of PeerProfiles need not be there', async () => {
    await openApi({ groups: ['projectcalico.org'], peerProfiles: false });
    const wrong: DatastoreSettings = {
      ...settings(),
      apiGroup: 'crd.projectcalico.org/v1',
    } as never;
    const watched = await start(wrong);
    expect(lostReason(watched)).toContain(
      'Cannot list bgppeers of crd.projectcalico.org/v1: the API has no such kind',
    );
    watched.stop();
    const right = await start();
    expect(right.plans.length).toBe(1);
    expect(problems(right)).toEqual([]);
  });

  it('once, of everything, is said once: that it is not reached', async () => {
    await openApi();
    const watched = await start();
    await api.stop();
    await until(() => watched.store === 'lost');
    expect(lostReason(watched)).toMatch(
      /^the Kubernetes API cannot be followed since \S+: http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED 127\.0\.0\.1:\d+$/,
    );
  });

  it('to an old token it grants to the new one, which is read when it is there', async () => {
    await openApi();
    api.tokens = new Set(['one']);
    const tokenFile = join(dir, 'token');
    writeFileSync(tokenFile, 'one\n');
    const watched = await start(settings({ tokenFile }));
    expect(watched.plans.length).toBe(1);
    api.tokens = new Set(['two']);
    api.drop();
    await until(() => watched.store === 'lost');
    expect(lostReason(watched)).toContain('does not know who we are');
    writeFileSync(tokenFile, 'two\n');
    await until(() => watched.store === 'in sync', 15_000);
    put(node('n6', '10.0.0.6'));
    await until(() => watched.peers.includes('10.0.0.6'));
  });
});

describe('godwitd --check of the kubernetes datastore', () => {
  const KUBECONFIG = (server: string): string =>
    JSON.stringify({
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
      clusters: [{ name: 'k', cluster: { server } }],
      users: [
        {
          name: 'u',
          user: {
            exec: {
              apiVersion: 'client.authentication.k8s.io/v1',
              command: 'echo',
              args: ['{"kind":"ExecCredential","status":{"token":"from-plugin"}}'],
            },
          },
        },
      ],
    });

  async function check(): Promise<string> {
    const kubeconfig = join(dir, 'kubeconfig');
    writeFileSync(kubeconfig, KUBECONFIG(api.url));
    const configPath = join(dir, 'godwit.yaml');
    const text = { nodeName: 'a', datastore: { type: 'kubernetes', kubeconfig } };
    writeFileSync(configPath, JSON.stringify(text));
    return (await checkConfiguration({ configPath, env: {} })).lines.join('\n');
  }

  it('reads it once, as who a kubeconfig and its credential plugin say', async () => {
    await openApi();
    api.tokens = new Set(['from-plugin']);
    expect(await check()).toContain('a: AS 64512, BGP Identifier 10.0.0.1, 4 sessions');
    api.grants = [];
    expect(await check()).toContain('RBAC does not let godwit list');
    api.tokens = new Set();
    expect(await check()).toContain('does not know who we are');
  });
});

describeWith(['openssl'], 'a Kubernetes API behind TLS', () => {
  /** A CA, and a certificate of its making for the address of the double. */
  function certificates(): { readonly ca: string; readonly key: string; readonly cert: string } {
    const openssl = (...args: readonly string[]): void => {
      const answer = spawnSync('openssl', args, { cwd: dir, encoding: 'utf8' });
      if (answer.status !== 0) throw new Error(answer.stderr);
    };
    writeFileSync(join(dir, 'san'), 'subjectAltName=IP:127.0.0.1\n');
    const fresh = ['-newkey', 'rsa:2048', '-nodes'];
    openssl('req', '-x509', ...fresh, '-subj', '/CN=ca', '-keyout', 'ca.key', '-out', 'ca.pem');
    openssl('req', ...fresh, '-subj', '/CN=api', '-keyout', 'api.key', '-out', 'api.csr');
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'san'];
    openssl('x509', '-req', '-in', 'api.csr', ...signed, '-out', 'api.pem');
    const read = (name: string): string => readFileSync(join(dir, name), 'utf8');
    return { ca: join(dir, 'ca.pem'), key: read('api.key'), cert: read('api.pem') };
  }

  it('is followed with the CA that signed its certificate, and is not believed without', async () => {
    const { ca, ...tls } = certificates();
    await openApi({ tls });
    const watched = await start(settings({ caFile: ca }));
    put(node('n6', '10.0.0.6'));
    await until(() => watched.peers.includes('10.0.0.6'));
    watched.stop();
    rmSync(join(dir, 'state'), { recursive: true });
    mkdirSync(join(dir, 'state'));
    const stranger = await start();
    expect(stranger.plans).toEqual([]);
    expect(lostReason(stranger)).toMatch(/certificate/);
  });
});
