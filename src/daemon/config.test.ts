import { describe, expect, it } from 'vitest';
import { formatConfigError } from '../base/errors.ts';
import { readSettings, type Settings } from './config.ts';

type Env = Record<string, string | undefined>;

function read(text: string, env: Env = {}): ReturnType<typeof readSettings> {
  return readSettings({ file: 'godwit.yaml', text, env, hostName: 'Host-1' });
}

function settings(text: string, env: Env = {}): Settings {
  const result = read(text, env);
  if (result.settings === undefined) throw new Error(result.problems.map(formatConfigError).join());
  return result.settings;
}

function errors(text: string, env: Env = {}): string[] {
  const result = read(text, env);
  expect(result.settings).toBeUndefined();
  return result.problems.map(formatConfigError);
}

describe('godwit.yaml', () => {
  it('may be empty: every key has a default', () => {
    expect(settings('')).toEqual({
      nodeName: 'host-1',
      datastore: { type: 'file', path: '/etc/godwit/resources' },
      stateDir: '/var/lib/godwit',
      kernel: { enabled: true, table: 254, tunnelDevice: 'tunl0', manageTunnel: 'auto' },
      controlSocket: '/run/godwit/godwit.sock',
      bird: { sockets: false, path: '/var/run/calico' },
      http: { address: '127.0.0.1', port: 9179 },
      metrics: { mesh: 'aggregate', birdExporter: false },
      log: { level: undefined, format: 'auto' },
      record: { enabled: false, file: '/var/lib/godwit/recording.jsonl', limitMiB: 256 },
      plan: {
        datastore: 'file',
        compat: 'auto',
        outside: 'least-privilege',
        table: 254,
        tunnelDevice: 'tunl0',
        manageTunnel: true,
      },
    });
  });

  it('is taken over key by key', () => {
    const text = `
nodeName: node-a
datastore: { type: file, path: /r }
state: { dir: /s }
kernel:
  { enabled: false, table: 100, tunnelDevice: tunl1, manageTunnel: false,
    preferredSource: { ipv4: 10.0.0.1, ipv6: fd00::1 }, routeMtu: 1440 }
control: { socket: /c.sock }
bird: { sockets: on }
http: { listen: '[::1]:80' }
metrics: { mesh: each, birdExporter: true }
log: { level: debug, format: json }
record: { enabled: true, limitMiB: 4 }
compat: { calico: v3.33 }
policy: { outside: calico }
`;
    expect(settings(text)).toMatchObject({
      nodeName: 'node-a',
      datastore: { path: '/r' },
      stateDir: '/s',
      // In the state directory unless it says otherwise.
      record: { enabled: true, file: '/s/recording.jsonl', limitMiB: 4 },
      kernel: { enabled: false, table: 100, tunnelDevice: 'tunl1', manageTunnel: false },
      controlSocket: '/c.sock',
      bird: { sockets: true, path: '/var/run/calico' },
      http: { address: '::1', port: 80 },
      metrics: { mesh: 'each', birdExporter: true },
      log: { level: 'debug', format: 'json' },
      plan: {
        compat: 'v3.33',
        outside: 'calico',
        table: 100,
        tunnelDevice: 'tunl1',
        routeExtras: { ipv4Source: '10.0.0.1', ipv6Source: 'fd00::1', mtu: 1440 },
      },
    });
    expect(settings('http: { listen: off }').http).toBeUndefined();
    expect(settings('bird: { sockets: on, path: /b }').bird).toEqual({ sockets: true, path: '/b' });
  });

  it('a VRF brings its own table, and no tunnel device of ours', () => {
    expect(settings('kernel: { vrf: blue }').kernel).toMatchObject({
      vrf: 'blue',
      table: 0,
      manageTunnel: false,
    });
    const both = settings('kernel: { vrf: blue, table: 10 }');
    expect(both.plan).toMatchObject({ vrf: 'blue', table: 10 });
    expect(errors('kernel: { vrf: blue, manageTunnel: true }')[0]).toContain(
      'Not together with vrf',
    );
  });

  it('an unknown key is an error with file, line, and the nearest key', () => {
    expect(errors('nodeName: a\nkernel:\n  tabel: 5\n')).toEqual([
      'godwit.yaml:3:10: kernel.tabel: Unknown key. Did you mean table?',
    ]);
    expect(errors('colour: red')[0]).toContain('Known here: bird, compat, control');
  });

  it('a wrong value is an error with what would be right', () => {
    const cases: readonly [string, string][] = [
      ['kernel: { table: 0 }', 'whole number from 1 to 4294967295'],
      ['kernel: { tunnelDevice: a-name-too-long-for-it }', '1 to 15 characters'],
      ['kernel: { manageTunnel: perhaps }', 'auto, true or false'],
      ['kernel: { preferredSource: { ipv4: fd00::1 } }', 'an IPv4 address of this node'],
      ['kernel: { routeMtu: 100 }', 'from 576 to 65535'],
      ['datastore: { path: resources }', 'an absolute path'],
      ['http: { listen: 9179 }', 'ADDRESS:PORT'],
      ['http: { listen: "127.0.0.1:70000" }', 'ADDRESS:PORT'],
      ['log: { level: verbose }', 'Write one of trace, debug, info'],
      ['compat: { calico: v3.30 }', 'v3.31'],
      ['policy: calico', 'Not an object'],
      ['bird: { path: bird.ctl }', 'an absolute path'],
      ['- a', 'Not an object of settings'],
      ['a: [', 'Not YAML'],
      ['nodeName: a\n---\nnodeName: b\n', 'A second document'],
    ];
    for (const [text, expected] of cases) expect(errors(text).join()).toContain(expected);
  });

  it('wants an absolute path and a sensible limit for recordings', () => {
    expect(settings('record: { file: /r/x.jsonl }').record.file).toBe('/r/x.jsonl');
    expect(errors('record: { file: x.jsonl }')[0]).toContain('an absolute path');
    expect(errors('record: { limitMiB: 0 }')[0]).toContain('limitMiB');
    expect(errors('record: { limit: 5 }')[0]).toContain('Known here: enabled, file, limitMiB');
  });

  it('names all mistakes at once', () => {
    expect(errors('htp: 1\nkernel: { enabled: 1 }\n')).toHaveLength(2);
  });

  it('finds the Kubernetes API as a pod does, by a kubeconfig, or by what calico-node is told', () => {
    const datastore = (text: string, env: Record<string, string> = {}): unknown =>
      settings(text, { DATASTORE_TYPE: 'kubernetes', ...env }).datastore;
    const pod = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const account = '/var/run/secrets/kubernetes.io/serviceaccount';
    expect(datastore('', pod)).toEqual({
      type: 'kubernetes',
      access: {
        server: 'https://[fd00::1]:443',
        caFile: `${account}/ca.crt`,
        tokenFile: `${account}/token`,
      },
      apiGroup: undefined,
    });
    const group = { ...pod, KUBECONFIG: '/k', CALICO_API_GROUP: 'projectcalico.org/v3' };
    expect(datastore('', group)).toEqual({
      type: 'kubernetes',
      access: { kubeconfig: '/k' },
      apiGroup: 'projectcalico.org/v3',
    });
    const written = 'datastore: { kubeconfig: /mine, apiGroup: auto }';
    expect(datastore(written, group)).toMatchObject({
      access: { kubeconfig: '/mine' },
      apiGroup: undefined,
    });
    const named = { K8S_API_ENDPOINT: 'https://api:6443', K8S_API_TOKEN: 't', K8S_CA_FILE: '/ca' };
    expect(datastore('', { ...pod, ...named })).toMatchObject({
      access: { server: 'https://api:6443', token: 't', caFile: '/ca' },
    });
  });

  it('says where the Kubernetes API is not to be found, and what is no group of Calico', () => {
    const asked = { DATASTORE_TYPE: 'kubernetes' };
    expect(errors('', asked)[0]).toContain('Not in a pod of Kubernetes');
    const wrong = { ...asked, KUBECONFIG: '/k', CALICO_API_GROUP: 'projectcalico.org' };
    expect(errors('', wrong)[0]).toContain('CALICO_API_GROUP names no group of Calico');
    expect(errors('datastore: { type: kubernetes, kubeconfig: /k, path: /p }')[0]).toContain(
      'Has no place with the kubernetes datastore',
    );
  });

  it('gives what the file says of the datastore precedence over the environment', () => {
    expect(settings('datastore: { type: file }', { DATASTORE_TYPE: 'etcdv3' }).datastore.type).toBe(
      'file',
    );
  });

  it('reads where etcd is and who we are there, from the file or from the environment', () => {
    const written = settings(`datastore:
  type: etcd
  endpoints: ['https://etcd-1:2379', 'https://[fd00::1]:2379/']
  tls: { ca: /ca.pem, cert: /us.pem, key: /us.key }
  username: node
  passwordFile: /word
`);
    expect(written.datastore).toEqual({
      type: 'etcd',
      access: {
        endpoints: ['https://etcd-1:2379', 'https://[fd00::1]:2379'],
        tls: { ca: '/ca.pem', cert: '/us.pem', key: '/us.key' },
        username: 'node',
        passwordFile: '/word',
      },
    });
    const env = {
      DATASTORE_TYPE: 'etcdv3',
      ETCD_ENDPOINTS: 'http://10.0.0.1:2379,http://10.0.0.2:2379',
      ETCD_CA_CERT_FILE: '/ca',
      ETCD_CERT_FILE: '/cert',
      ETCD_KEY_FILE: '/key',
      ETCD_USERNAME: 'node',
      ETCD_PASSWORD: 'word',
    };
    const read = settings('', env);
    expect(read.datastore).toEqual({
      type: 'etcd',
      access: {
        endpoints: ['http://10.0.0.1:2379', 'http://10.0.0.2:2379'],
        tls: { ca: '/ca', cert: '/cert', key: '/key' },
        username: 'node',
        password: 'word',
      },
    });
    expect([read.bird.sockets, read.plan.outside]).toEqual([true, 'calico']);
    expect(settings('datastore: { endpoints: [http://x:1] }', env).datastore).toMatchObject({
      access: { endpoints: ['http://x:1'] },
    });
  });

  it('refuses an etcd that cannot be asked, and keys of another datastore', () => {
    const cases: readonly [string, string][] = [
      ['{ type: etcd }', 'No member of etcd is named'],
      ['{ type: etcd, endpoints: [etcd:2379] }', 'https://etcd-1:2379'],
      ['{ type: etcd, endpoints: [http://x:99999] }', 'https://etcd-1:2379'],
      ['{ type: etcd, endpoints: [http://x:1], path: /x }', 'no place with the etcd datastore'],
      ['{ type: file, endpoints: [http://x:1] }', 'no place with the file datastore'],
      ['{ type: etcd, endpoints: [http://x:1], tls: { cert: /a } }', 'one without the other'],
      ['{ type: etcd, endpoints: [http://x:1], tls: { ca: a } }', 'an absolute path'],
      ['{ type: etcd, endpoints: [http://x:1], password: a, passwordFile: /a }', 'with password'],
    ];
    for (const [text, expected] of cases) {
      expect(errors(`datastore: ${text}`).join()).toContain(expected);
    }
    const env = { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: 'etcd' };
    expect(errors('', env).join()).toContain('ETCD_ENDPOINTS holds what is no endpoint');
  });
});

describe("calico-node's environment", () => {
  it('is understood, and the file wins', () => {
    const env = {
      NODENAME: 'env-node',
      CALICO_ROUTER_ID: 'hash',
      NAMESPACE: 'calico-system',
      BGP_LOGSEVERITYSCREEN: 'Warning',
      USE_POD_CIDR: 'True',
      CALICO_K8S_NODE_REF: 'machine-1',
      CALICO_ADVERTISE_CLUSTER_IPS: '10.96.0.0/12',
    };
    expect(settings('', env)).toMatchObject({
      nodeName: 'env-node',
      log: { level: 'warn' },
      plan: {
        routerId: 'hash',
        secretNamespace: 'calico-system',
        usePodCidr: true,
        kubernetesNode: 'machine-1',
        advertiseClusterIps: '10.96.0.0/12',
      },
    });
    const both = settings('nodeName: file-node\nlog: { level: error }', env);
    expect([both.nodeName, both.log.level]).toEqual(['file-node', 'error']);
    expect(settings('', { NODENAME: '' }).nodeName).toBe('host-1');
  });

  it('that is not honoured yet is a warning by name, a wrong value an error', () => {
    const result = read('', { FELIX_TYPHAADDR: 'x', ETCD_DISCOVERY_SRV: 'x' });
    expect(result.settings).toBeDefined();
    expect(result.problems.map(formatConfigError)).toEqual([
      '$FELIX_TYPHAADDR: Not yet honoured: the API is asked directly',
      '$ETCD_DISCOVERY_SRV: Not yet honoured: members are named by ETCD_ENDPOINTS alone',
    ]);
    expect(errors('', { DATASTORE_TYPE: 'consul' })[0]).toContain('Set it to one of etcdv3');
  });
});
