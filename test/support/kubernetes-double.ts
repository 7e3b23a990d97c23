/**
 * A double of the Kubernetes API, for tests without a cluster: list and watch over HTTP/2 as its documentation describes
 * them, with pages, bookmarks, expiry, selectors, discovery, tokens and RBAC; and faults on request. What it does is
 * compared with the documentation by `kubernetes-double.test.ts`.
 */

import {
  createSecureServer,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { BadSelector, checkSelectors } from './kubernetes-selectors.ts';
import {
  type Collection,
  Expired,
  KubernetesStore,
  type StoredObject,
} from './kubernetes-store.ts';

const CALICO = [
  ['bgpconfigurations', 'BGPConfiguration'],
  ['bgpfilters', 'BGPFilter'],
  ['bgppeers', 'BGPPeer'],
  ['blockaffinities', 'BlockAffinity'],
  ['clusterinformations', 'ClusterInformation'],
  ['ippools', 'IPPool'],
  ['caliconodestatuses', 'CalicoNodeStatus'],
] as const;

const BUILT_IN: readonly Collection[] = [
  { group: '', version: 'v1', plural: 'nodes', kind: 'Node', status: true },
  { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true },
  { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true },
  {
    group: 'discovery.k8s.io',
    version: 'v1',
    plural: 'endpointslices',
    kind: 'EndpointSlice',
    namespaced: true,
  },
];

export interface DoubleOptions {
  /** Calico's groups that are installed. */
  readonly groups?: readonly ('crd.projectcalico.org' | 'projectcalico.org')[];
  readonly peerProfiles?: boolean;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface Grant {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Of a Role; undefined: of a ClusterRole. */
  readonly namespace?: string;
}

interface Request {
  readonly verb: 'get' | 'list' | 'watch' | 'update';
  readonly collection: Collection;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
  readonly metadataOnly: boolean;
}

class Refusal extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

export class KubernetesDouble {
  readonly store = new KubernetesStore();
  readonly collections: readonly Collection[];
  /** Tokens that are good; undefined: nobody is asked. */
  tokens: ReadonlySet<string> | undefined;
  /** What may be done; undefined: everything. */
  grants: readonly Grant[] | undefined;
  /** A page is never longer, whatever is asked for; 0: no such limit. */
  pageMax = 0;
  /** Every request, as `verb plural?query`, in order. */
  readonly asked: string[] = [];
  readonly #options: DoubleOptions;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #watchers = new Set<{ readonly bookmark: () => void; readonly end: () => void }>();
  #server: Http2Server | undefined;
  #port = 0;

  constructor(options: DoubleOptions = {}) {
    this.#options = options;
    const calico = (options.groups ?? ['crd.projectcalico.org']).flatMap((group) =>
      CALICO.map(([plural, kind]): Collection => {
        const version = group === 'projectcalico.org' ? 'v3' : 'v1';
        return { group, version, plural, kind, ...(version === 'v3' ? { status: true } : {}) };
      }),
    );
    const own: Collection[] =
      options.peerProfiles === false
        ? []
        : [{ group: 'godwit.dev', version: 'v1', plural: 'peerprofiles', kind: 'PeerProfile' }];
    this.collections = [...BUILT_IN, ...calico, ...own];
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  /** On the port of before, if there was one. */
  async start(): Promise<void> {
    const { tls } = this.#options;
    const server = tls === undefined ? createServer() : createSecureServer({ ...tls });
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.on('close', () => this.#sessions.delete(session));
      session.on('error', () => undefined);
    });
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => this.#answer(stream, headers as never, Buffer.concat(chunks)));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server as Http2Server;
  }

  /** At once, as a process that is killed. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.drop();
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  /** Connections are reset; new ones are taken. */
  drop(): void {
    for (const session of this.#sessions) session.destroy();
  }

  /** Watches that asked for them are told how far they have come. */
  bookmark(): void {
    for (const watcher of this.#watchers) watcher.bookmark();
  }

  collection(plural: string, group?: string): Collection {
    const found = this.collections.find(
      (one) => one.plural === plural && (group === undefined || one.group === group),
    );
    if (found === undefined) throw new Error(`The double has no ${plural}`);
    return found;
  }

  #answer(
    stream: ServerHttp2Stream,
    headers: {
      readonly ':path': string;
      readonly ':method': string;
      accept?: string;
      authorization?: string;
    },
    body: Buffer,
  ): void {
    try {
      const url = new URL(headers[':path'], 'http://double');
      this.#authenticate(headers.authorization);
      if (url.pathname === '/apis') return send(stream, 200, this.#groups());
      const request = this.#parse(url, headers[':method'], headers.accept ?? '');
      const { verb, collection, query } = request;
      this.asked.push(`${verb} ${collection.plural}?${query}`);
      this.#authorize(request);
      checkSelectors(selectionOf(request));
      if (verb === 'list') return send(stream, 200, this.#list(request));
      if (verb === 'watch') return this.#watch(stream, request);
      if (verb === 'get') return send(stream, 200, this.#get(request));
      return send(stream, 200, this.#update(request, JSON.parse(body.toString('utf8'))));
    } catch (error) {
      const { code, status } = statusOf(error);
      return send(stream, code, status);
    }
  }

  #authenticate(header: string | undefined): void {
    if (this.tokens === undefined) return;
    const token = header?.replace(/^Bearer /, '');
    if (token === undefined || !this.tokens.has(token)) {
      throw new Refusal(401, 'Unauthorized', 'Unauthorized');
    }
  }

  #parse(url: URL, method: string, accept: string): Request {
    const match =
      /^\/(?:api\/(v1)|apis\/([^/]+)\/([^/]+))(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?(?:\/(status))?$/.exec(
        url.pathname,
      );
    const [, core, group = '', version = core, namespace, plural, name, subresource] = match ?? [];
    const collection = this.collections.find(
      (one) => one.group === group && one.version === version && one.plural === plural,
    );
    if (collection === undefined || (subresource !== undefined && !collection.status)) {
      throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
    }
    const watches = url.searchParams.get('watch') === 'true';
    const verb =
      method === 'PUT' ? 'update' : name !== undefined ? 'get' : watches ? 'watch' : 'list';
    return {
      verb,
      collection,
      namespace,
      name,
      subresource,
      query: url.searchParams,
      metadataOnly: accept.includes('as=PartialObjectMetadata'),
    };
  }

  #authorize({ verb, collection, namespace, subresource }: Request): void {
    const resource =
      subresource === undefined ? collection.plural : `${collection.plural}/${subresource}`;
    const granted = this.grants?.some(
      (grant) =>
        grant.apiGroups.includes(collection.group) &&
        grant.resources.includes(resource) &&
        grant.verbs.includes(verb) &&
        (grant.namespace === undefined || grant.namespace === namespace),
    );
    if (granted !== false) return;
    const where =
      namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
    const what =
      collection.group === '' ? collection.plural : `${collection.plural}.${collection.group}`;
    throw new Refusal(
      403,
      'Forbidden',
      `${what} is forbidden: User "system:serviceaccount:kube-system:godwit" cannot ${verb} resource "${resource}" in API group "${collection.group}" ${where}`,
    );
  }

  #groups(): unknown {
    const groups = new Map(
      this.collections.flatMap(({ group, version }) => (group === '' ? [] : [[group, version]])),
    );
    return {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: [...groups].map(([name, version]) => ({
        name,
        versions: [{ groupVersion: `${name}/${version}`, version }],
      })),
    };
  }

  #get({ collection, name, namespace, metadataOnly }: Request): unknown {
    const object = this.store.get(collection, name!, namespace);
    if (object === undefined) throw notFound(collection, name!);
    return shown(object, metadataOnly);
  }

  #update({ collection, name, namespace }: Request, body: StoredObject): unknown {
    const known = this.store.get(collection, name!, namespace);
    if (known === undefined) throw notFound(collection, name!);
    if (body.metadata.resourceVersion !== known.metadata.resourceVersion) {
      const message =
        'the object has been modified; please apply your changes to the latest version';
      throw new Refusal(409, 'Conflict', `Operation cannot be fulfilled on ${name}: ${message}`);
    }
    // Where a status is apart, the one path changes that alone, and the other all but that.
    return this.store.put(collection, body);
  }

  #list(request: Request): unknown {
    const { collection, query, metadataOnly } = request;
    const asked = Number(query.get('limit') ?? 0);
    const limit = this.pageMax === 0 || asked === 0 ? asked : Math.min(asked, this.pageMax);
    const token = query.get('continue') ?? undefined;
    const page = this.store.list({
      ...selectionOf(request),
      collection,
      limit,
      ...(token === undefined ? {} : { token }),
    });
    return {
      kind: metadataOnly ? 'PartialObjectMetadataList' : `${collection.kind}List`,
      apiVersion: metadataOnly ? 'meta.k8s.io/v1' : apiVersionOf(collection),
      metadata: {
        resourceVersion: String(page.revision),
        ...(page.token === undefined ? {} : { continue: page.token }),
      },
      // The items of Kubernetes' own kinds do not say what they are.
      items: page.items.map((object) => {
        const { kind, apiVersion, ...rest } = shown(object, metadataOnly) as StoredObject;
        return BUILT_IN.includes(collection) && !metadataOnly
          ? rest
          : { kind, apiVersion, ...rest };
      }),
    };
  }

  #watch(stream: ServerHttp2Stream, request: Request): void {
    const { collection, query, metadataOnly } = request;
    const revision = Number(query.get('resourceVersion') ?? 0);
    const write = (event: object): void => {
      if (!stream.destroyed && !stream.closed) stream.write(`${JSON.stringify(event)}\n`);
    };
    // What is forgotten is said on a watch that has begun.
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    let end: () => void;
    try {
      end = this.store.watch({ ...selectionOf(request), collection, revision }, (event) =>
        write({ type: event.type, object: shown(event.object, metadataOnly) }),
      );
    } catch (error) {
      write({ type: 'ERROR', object: statusOf(error).status });
      stream.end();
      return;
    }
    const bookmark = (): void => {
      if (query.get('allowWatchBookmarks') !== 'true') return;
      const metadata = { resourceVersion: String(this.store.revision) };
      const [kind, apiVersion] = [collection.kind, apiVersionOf(collection)];
      write({ type: 'BOOKMARK', object: { kind, apiVersion, metadata } });
    };
    const watcher = { bookmark, end: () => stream.end() };
    this.#watchers.add(watcher);
    const seconds = Number(query.get('timeoutSeconds') ?? 1800);
    const timeout = setTimeout(() => {
      bookmark();
      stream.end();
    }, seconds * 1000);
    stream.on('close', () => {
      clearTimeout(timeout);
      this.#watchers.delete(watcher);
      end();
    });
  }

  /** All watches are ended in order, as they are every few minutes. */
  endWatches(): void {
    for (const watcher of this.#watchers) watcher.end();
  }

  /** Connections are to be given up: what is under way goes on, what is new needs another one (`--goaway-chance`). */
  goAway(): void {
    for (const session of this.#sessions) session.goaway();
  }

  get connections(): number {
    return this.#sessions.size;
  }
}

function selectionOf({ namespace, query }: Request): {
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
} {
  return {
    namespace,
    labelSelector: query.get('labelSelector') ?? undefined,
    fieldSelector: query.get('fieldSelector') ?? undefined,
  };
}

function shown(object: StoredObject, metadataOnly: boolean): unknown {
  if (!metadataOnly) return object;
  const { metadata } = object;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

function apiVersionOf({ group, version }: Collection): string {
  return group === '' ? version : `${group}/${version}`;
}

function notFound({ plural, group }: Collection, name: string): Refusal {
  return new Refusal(404, 'NotFound', `${plural}${group && `.${group}`} "${name}" not found`);
}

function statusOf(error: unknown): { readonly code: number; readonly status: object } {
  const refusal =
    error instanceof Refusal
      ? error
      : error instanceof Expired
        ? new Refusal(410, 'Expired', error.message)
        : error instanceof BadSelector
          ? new Refusal(400, 'BadRequest', error.message)
          : new Refusal(500, 'InternalError', String(error));
  const { code, reason, message } = refusal;
  const kind = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' };
  return { code, status: { ...kind, message, reason, code } };
}

function send(stream: ServerHttp2Stream, code: number, body: unknown): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond({ ':status': code, 'content-type': 'application/json' });
  stream.end(JSON.stringify(body));
}
