/**
 * Where the Kubernetes API is and who we are there: a service account, a kubeconfig, or both written out.
 *
 * Of the official client only what reads a kubeconfig and runs its credential plugins is loaded, and only where there is
 * one (docs/decisions/0027-kubernetes-datastore.md). Files are read at every request: projected tokens are exchanged
 * every hour, and a certificate when it is renewed.
 */

import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ApiError } from './kubernetes-errors.ts';
import { parseYamlFile } from './yaml-documents.ts';

export type KubernetesAccess =
  | { readonly kubeconfig: string }
  | {
      /** `https://` (or `http://`, which then has to speak HTTP/2 as well), host and port. */
      readonly server: string;
      readonly caFile?: string;
      readonly tokenFile?: string;
      readonly token?: string;
      readonly certFile?: string;
      readonly keyFile?: string;
      readonly insecure?: boolean;
    };

/** For one connection, and one request. */
export interface Identity {
  readonly server: string;
  readonly tls: {
    readonly ca?: Buffer;
    readonly cert?: Buffer | string;
    readonly key?: Buffer | string;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
  readonly headers: Readonly<Record<string, string>>;
}

/** Gives the identity as it is now. Keeps what a credential plugin said, for as long as that is good. */
export class KubernetesIdentity {
  readonly #access: KubernetesAccess;
  #plugin:
    | Promise<InstanceType<typeof import('@kubernetes/client-node/dist/exec_auth.js').ExecAuth>>
    | undefined;

  constructor(access: KubernetesAccess) {
    this.#access = access;
  }

  /** @throws {ApiError} `refused`: something of it cannot be read. */
  now(): Promise<Identity> {
    const access = this.#access;
    return 'kubeconfig' in access ? this.#fromKubeconfig(access.kubeconfig) : written(access);
  }

  /** The API did not take it: a plugin is asked again. */
  forget(): void {
    this.#plugin = undefined;
  }

  async #fromKubeconfig(file: string): Promise<Identity> {
    const { cluster, user } = await readKubeconfig(file);
    if (cluster.proxyUrl !== undefined && cluster.proxyUrl !== null) {
      throw refused(`${file}: proxy-url is not honoured; name the API server itself`);
    }
    const provider: unknown = user.authProvider;
    if (provider !== undefined && provider !== null) {
      throw refused(`${file}: auth-provider is not honoured (nor by kubectl 1.26); use exec`);
    }
    const at = (path: string | undefined): string | undefined =>
      path ? resolve(dirname(file), path) : undefined;
    const identity = {
      server: cluster.server,
      tls: {
        ...(await tlsOf({
          ca: { file: at(cluster.caFile), data: cluster.caData },
          cert: { file: at(user.certFile), data: user.certData },
          key: { file: at(user.keyFile), data: user.keyData },
        })),
        ...(cluster.tlsServerName ? { servername: cluster.tlsServerName } : {}),
        ...(cluster.skipTLSVerify === true ? { rejectUnauthorized: false } : {}),
      },
      headers: authorization(user.token?.trim(), user.username, user.password),
    };
    return user.exec ? this.#withPlugin(identity, file, user) : identity;
  }

  async #withPlugin(identity: Identity, file: string, user: User): Promise<Identity> {
    this.#plugin ??= import('@kubernetes/client-node/dist/exec_auth.js').then(
      ({ ExecAuth }) => new ExecAuth(),
    );
    const options: { headers: Record<string, string>; cert?: string; key?: string } = {
      headers: {},
    };
    try {
      await (await this.#plugin).applyAuthentication(user, options as never);
    } catch (error) {
      throw refused(`${file}: the plugin ${user.exec.command} failed: ${messageOf(error)}`);
    }
    const { headers, cert, key } = options;
    return {
      server: identity.server,
      tls: {
        ...identity.tls,
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
      },
      headers: { ...identity.headers, ...headers },
    };
  }
}

type User = import('@kubernetes/client-node/dist/config_types.js').User;
type Cluster = import('@kubernetes/client-node/dist/config_types.js').Cluster;

async function readKubeconfig(
  file: string,
): Promise<{ readonly cluster: Cluster; readonly user: User }> {
  const parsed = parseYamlFile(file, (await contents(file)).toString('utf8'));
  if (!parsed.ok) throw refused(`${file}: ${parsed.error.message}`);
  const value = (parsed.documents[0]?.value ?? {}) as Readonly<Record<string, unknown>>;
  const { newClusters, newContexts, newUsers } = await import(
    '@kubernetes/client-node/dist/config_types.js'
  );
  try {
    const name = value['current-context'];
    const context = newContexts(value['contexts']).find((one) => one.name === name);
    if (context === undefined) throw new Error(`no context ${String(name)} (current-context)`);
    const cluster = newClusters(value['clusters']).find((one) => one.name === context.cluster);
    if (cluster === undefined) throw new Error(`no cluster ${context.cluster}`);
    const users = newUsers(tokenFilesFrom(dirname(file), value['users']));
    const user = users.find((one) => one.name === context.user);
    if (user === undefined) throw new Error(`no user ${context.user}`);
    return { cluster, user };
  } catch (error) {
    throw refused(`${file}: ${messageOf(error)}`);
  }
}

/** Paths in a kubeconfig begin at its folder; the client takes this one as it is. */
function tokenFilesFrom(folder: string, users: unknown): unknown {
  if (!Array.isArray(users)) return users;
  return users.map((entry: { readonly user?: Readonly<Record<string, unknown>> }) => {
    const path = entry?.user?.['tokenFile'] ?? entry?.user?.['token-file'];
    if (typeof path !== 'string') return entry;
    return { ...entry, user: { ...entry.user, 'token-file': resolve(folder, path) } };
  });
}

async function written(
  access: Exclude<KubernetesAccess, { kubeconfig: string }>,
): Promise<Identity> {
  const { server, caFile, certFile, keyFile, insecure } = access;
  return {
    server,
    tls: {
      ...(await tlsOf({ ca: { file: caFile }, cert: { file: certFile }, key: { file: keyFile } })),
      ...(insecure === true ? { rejectUnauthorized: false } : {}),
    },
    headers: authorization(
      access.tokenFile === undefined
        ? access.token
        : (await contents(access.tokenFile)).toString('utf8').trim(),
    ),
  };
}

function authorization(
  token: string | undefined,
  username?: string,
  password?: string,
): Record<string, string> {
  if (token) return { authorization: `Bearer ${token}` };
  if (!username) return {};
  const pair = Buffer.from(`${username}:${password ?? ''}`).toString('base64');
  return { authorization: `Basic ${pair}` };
}

interface Pem {
  readonly file?: string | undefined;
  /** Base 64. */
  readonly data?: string | undefined;
}

async function tlsOf(
  pems: Readonly<Partial<Record<'ca' | 'cert' | 'key', Pem>>>,
): Promise<Identity['tls']> {
  const tls: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const { file, data } = pems[name] ?? {};
    if (file) tls[name] = await contents(file);
    else if (data) tls[name] = Buffer.from(data, 'base64');
  }
  return tls;
}

async function contents(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? String(error);
    throw refused(`${path} cannot be read: ${errno}`);
  }
}

function refused(message: string): ApiError {
  return new ApiError('refused', message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.trim() : String(error);
}
