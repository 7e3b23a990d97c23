/** The `datastore` section of godwit.yaml, and calico-node's variables: where the resources are. */

import type { Fields } from '../datastore/fields.ts';
import type { CalicoGroup } from '../io/datastores/kubernetes-kinds.ts';
import type { EtcdAccess } from '../io/etcd-client.ts';
import type { KubernetesAccess } from '../io/kubernetes-access.ts';
import type { Environment } from './environment.ts';
import { readKubernetes } from './kubernetes-settings.ts';
import { readPath } from './setting-readers.ts';

export type DatastoreSettings =
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'etcd'; readonly access: EtcdAccess }
  | {
      readonly type: 'kubernetes';
      readonly access: KubernetesAccess;
      /** Undefined: what the API has. */
      readonly apiGroup: CalicoGroup | undefined;
    };

/** More members than etcd advises (seven), so that a list is never too long by mistake alone. */
const ENDPOINTS_MAX = 32;

export function readDatastore(fields: Fields, environment: Environment): DatastoreSettings {
  const written = fields.oneOf('type', ['file', 'etcd', 'kubernetes']);
  const type = written ?? environment.datastoreType ?? 'file';
  notHere(fields, type);
  const settings = readSettingsOf(type, fields, environment);
  fields.finish();
  return settings;
}

function readSettingsOf(
  type: DatastoreSettings['type'],
  fields: Fields,
  environment: Environment,
): DatastoreSettings {
  if (type === 'etcd') return { type, access: readEtcd(fields, environment) };
  if (type === 'kubernetes') return { type, ...readKubernetes(fields, environment) };
  return { type, path: readPath(fields, 'path') ?? '/etc/godwit/resources' };
}

/** Which keys belong to which. */
const KEYS: Readonly<Record<DatastoreSettings['type'], readonly string[]>> = {
  file: ['path'],
  etcd: ['endpoints', 'tls', 'username', 'password', 'passwordFile'],
  kubernetes: ['kubeconfig', 'apiGroup'],
};

/** Keys of another datastore are mistakes, whatever stands in them. */
function notHere(fields: Fields, type: DatastoreSettings['type']): void {
  for (const name of Object.values(KEYS).flat()) {
    if (KEYS[type].includes(name)) continue;
    if (fields.raw(name) === undefined) continue;
    fields.report(name, {
      code: 'Exclusive',
      message: `Has no place with the ${type} datastore`,
      remedy: `Leave it out, or set type`,
    });
  }
}

function readEtcd(fields: Fields, { etcd }: Environment): EtcdAccess {
  const what = 'http:// or https://, host and port, e.g. https://etcd-1:2379';
  const written = fields.list('endpoints', what, parseEndpoint);
  const endpoints = fields.has('endpoints') ? written : readEnvironmentEndpoints(fields, etcd);
  if (endpoints.length === 0 || endpoints.length > ENDPOINTS_MAX) {
    fields.report('endpoints', {
      code: endpoints.length === 0 ? 'Missing' : 'BadValue',
      message:
        endpoints.length === 0
          ? 'No member of etcd is named'
          : `More than ${ENDPOINTS_MAX} members`,
      remedy: 'Write endpoints: [https://etcd-1:2379], or set ETCD_ENDPOINTS',
    });
  }
  const tls = fields.object('tls');
  const file = (name: string, variable: string | undefined): string | undefined =>
    (tls === undefined ? undefined : readPath(tls, name)) ?? variable;
  const [ca, cert, key] = [file('ca', etcd.ca), file('cert', etcd.cert), file('key', etcd.key)];
  tls?.finish();
  if ((cert === undefined) !== (key === undefined)) {
    fields.report('tls', { code: 'Missing', message: 'cert and key are one without the other' });
  }
  const username = fields.text('username') ?? etcd.username;
  const password = fields.text('password') ?? etcd.password;
  const passwordFile = readPath(fields, 'passwordFile');
  if (fields.has('password') && passwordFile !== undefined) {
    fields.report('passwordFile', { code: 'Exclusive', message: 'Not together with password' });
  }
  return {
    endpoints,
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(passwordFile === undefined ? {} : { passwordFile }),
  };
}

function readEnvironmentEndpoints(fields: Fields, { endpoints }: Environment['etcd']): string[] {
  return (endpoints ?? '').split(',').flatMap((text) => {
    if (text.trim() === '') return [];
    const endpoint = parseEndpoint(text.trim());
    if (endpoint !== undefined) return [endpoint];
    fields.report('endpoints', {
      code: 'BadValue',
      message: 'ETCD_ENDPOINTS holds what is no endpoint',
      remedy: 'Write http:// or https://, host and port, with commas between',
      value: text.trim(),
    });
    return [];
  });
}

function parseEndpoint(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const match = /^(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})\/?$/.exec(value);
  const port = Number(match?.[3]);
  return match === null || port < 1 || port > 65_535
    ? undefined
    : `${match[1]}://${match[2]}:${port}`;
}
