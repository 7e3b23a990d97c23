/** The `datastore` section of godwit.yaml, and calico-node's `ETCD_*` variables: where the resources are. */

import type { Fields } from '../datastore/fields.ts';
import type { EtcdAccess } from '../io/etcd-client.ts';
import type { Environment } from './environment.ts';

export type DatastoreSettings =
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'etcd'; readonly access: EtcdAccess };

/** More members than etcd advises (seven), so that a list is never too long by mistake alone. */
const ENDPOINTS_MAX = 32;

export function readDatastore(fields: Fields, environment: Environment): DatastoreSettings {
  const written = fields.oneOf('type', ['file', 'etcd', 'kubernetes']);
  const type = written ?? environment.datastoreType ?? 'file';
  if (type === 'kubernetes') {
    const where = written === undefined ? '; DATASTORE_TYPE asks for it' : '';
    fields.report('type', {
      code: 'NotYetBuilt',
      message: `The kubernetes datastore comes later${where}`,
      remedy: 'Write datastore: { type: file, path: … } or { type: etcd, endpoints: […] } for now',
      value: type,
    });
  }
  const etcd = ['endpoints', 'tls', 'username', 'password', 'passwordFile'];
  notHere(fields, type === 'etcd' ? ['path'] : etcd, type);
  const settings: DatastoreSettings =
    type === 'etcd'
      ? { type, access: readEtcd(fields, environment) }
      : { type: 'file', path: readPath(fields, 'path') ?? '/etc/godwit/resources' };
  fields.finish();
  return settings;
}

/** Keys of another datastore are mistakes, whatever stands in them. */
function notHere(fields: Fields, names: readonly string[], type: string): void {
  for (const name of names) {
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

export function readPath(fields: Fields, name: string): string | undefined {
  return fields.parsed(name, 'an absolute path', (value) =>
    typeof value === 'string' && value.startsWith('/') ? value : undefined,
  );
}
