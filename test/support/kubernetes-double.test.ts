/**
 * The double of the Kubernetes API against what the API's documentation says of list and watch, asked over HTTP as any
 * client would. @see https://kubernetes.io/docs/reference/using-api/api-concepts/
 */

import { connect } from 'node:http2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KubernetesDouble } from './kubernetes-double.ts';

let api: KubernetesDouble;

beforeEach(async () => {
  api = new KubernetesDouble();
  await api.start();
});

afterEach(() => api.stop());

interface Answer {
  readonly code: number;
  // biome-ignore lint/suspicious/noExplicitAny: what the API says is looked at as it comes
  readonly body: any;
}

function ask(path: string, headers: object = {}, put?: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connect(api.url);
    const method = put === undefined ? 'GET' : 'PUT';
    const stream = session.request({ ':path': path, ':method': method, ...headers });
    let code = 0;
    let text = '';
    stream.setEncoding('utf8');
    stream.on('response', (answer) => {
      code = Number(answer[':status']);
    });
    stream.on('data', (chunk: string) => {
      text += chunk;
    });
    stream.on('end', () => {
      session.close();
      resolve({ code, body: path.includes('watch=true') ? lines(text) : JSON.parse(text) });
    });
    stream.on('error', reject);
    stream.end(put === undefined ? undefined : JSON.stringify(put));
  });
}

function lines(text: string): unknown[] {
  const written = text.split('\n').filter((line) => line !== '');
  return written.map((line) => JSON.parse(line));
}

/** Begins a watch, does `change`, and gives what was told until the watch ended after a second. */
async function watched(
  query: string,
  change: () => void,
  headers: object = {},
): Promise<unknown[]> {
  const asked = ask(`/api/v1/nodes?watch=true&timeoutSeconds=1&${query}`, headers);
  await new Promise((resolve) => setTimeout(resolve, 100));
  change();
  const { body } = await asked;
  return body as unknown[];
}

function putNode(name: string, labels: Record<string, string> = {}): string {
  const node = api.store.put(api.collection('nodes'), { metadata: { name, labels } } as never);
  return node.metadata.resourceVersion;
}

const told = (events: unknown[]): string[] =>
  (events as { type: string; object: { metadata: { name?: string } } }[]).map(
    ({ type, object }) => `${type} ${object.metadata.name ?? ''}`,
  );

describe('a list', () => {
  it('has the revision from which a watch goes on, and items that do not name their kind', async () => {
    const revision = putNode('a');
    const { code, body } = await ask('/api/v1/nodes');
    expect(code).toBe(200);
    expect(body).toMatchObject({ kind: 'NodeList', metadata: { resourceVersion: revision } });
    expect(body.items.map((item: object) => Object.keys(item))).toEqual([['metadata']]);
  });

  it('comes in pages of one revision, whatever is written between them', async () => {
    for (const name of ['a', 'b', 'c']) putNode(name);
    const first = await ask('/api/v1/nodes?limit=2');
    putNode('d');
    const token = first.body.metadata.continue;
    const second = await ask(`/api/v1/nodes?limit=2&continue=${token}`);
    expect(second.body.items.map((item: never) => item['metadata']['name'])).toEqual(['c']);
    expect(second.body.metadata).toEqual({ resourceVersion: first.body.metadata.resourceVersion });
  });

  it('whose next page comes too late is expired: 410, reason Expired', async () => {
    for (const name of ['a', 'b', 'c']) putNode(name);
    const first = await ask('/api/v1/nodes?limit=2');
    api.store.compact();
    const { code, body } = await ask(`/api/v1/nodes?continue=${first.body.metadata.continue}`);
    expect([code, body.kind, body.reason, body.code]).toEqual([410, 'Status', 'Expired', 410]);
  });

  it('is asked for by labels and fields, and refuses fields that it cannot select by', async () => {
    putNode('a', { rack: 'x' });
    putNode('b');
    const names = async (query: string): Promise<string[]> => {
      const { body } = await ask(`/api/v1/nodes?${query}`);
      return body.items.map((item: { metadata: { name: string } }) => item.metadata.name);
    };
    expect(await names('labelSelector=rack%3Dx')).toEqual(['a']);
    expect(await names('labelSelector=%21rack')).toEqual(['b']);
    expect(await names('fieldSelector=metadata.name%21%3Da')).toEqual(['b']);
    const { code, body } = await ask('/api/v1/nodes?fieldSelector=spec.node%3Da');
    expect([code, body.message]).toEqual([400, 'field label not supported: spec.node']);
  });

  it('gives metadata alone to who asks for that', async () => {
    putNode('a');
    const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
    const { body } = await ask('/api/v1/nodes', { accept });
    expect(body.kind).toBe('PartialObjectMetadataList');
    expect(body.items[0].kind).toBe('PartialObjectMetadata');
  });
});

describe('a watch', () => {
  it('tells what has happened since its revision, and what happens', async () => {
    const revision = putNode('a');
    putNode('b');
    const events = await watched(`resourceVersion=${revision}`, () => {
      putNode('b', { rack: 'x' });
      api.store.delete(api.collection('nodes'), 'a');
    });
    expect(told(events)).toEqual(['ADDED b', 'MODIFIED b', 'DELETED a']);
  });

  it('with a selector adds what comes to match, and deletes what does no more', async () => {
    const revision = putNode('a');
    const query = `resourceVersion=${revision}&labelSelector=rack%3Dx`;
    const events = await watched(query, () => {
      putNode('a', { rack: 'x' });
      putNode('a', { rack: 'y' });
    });
    expect(told(events)).toEqual(['ADDED a', 'DELETED a']);
  });

  it('says how far it has come to who allows bookmarks, and to nobody else', async () => {
    const revision = putNode('a');
    const change = (): void =>
      void api.store.put(api.collection('secrets'), { metadata: { name: 's' } });
    const events = await watched(`resourceVersion=${revision}&allowWatchBookmarks=true`, change);
    expect(events).toEqual([
      {
        type: 'BOOKMARK',
        object: {
          kind: 'Node',
          apiVersion: 'v1',
          metadata: { resourceVersion: String(Number(revision) + 1) },
        },
      },
    ]);
    expect(await watched(`resourceVersion=${revision}`, change)).toEqual([]);
  });

  it('from a revision that is forgotten begins, and says 410 in an event', async () => {
    const revision = putNode('a');
    putNode('b');
    api.store.compact();
    const { code, body } = await ask(`/api/v1/nodes?watch=true&resourceVersion=${revision}`);
    expect(code).toBe(200);
    expect(body).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }]);
  });
});

describe('who may do what', () => {
  it('is 401 without a good token, and 403 with the verb, the resource and the place without the right', async () => {
    api.tokens = new Set(['good']);
    api.grants = [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'], namespace: 'ours' }];
    expect((await ask('/api/v1/nodes')).body).toMatchObject({ code: 401, reason: 'Unauthorized' });
    const headers = { authorization: 'Bearer good' };
    const { code, body } = await ask('/api/v1/nodes', headers);
    expect([code, body.reason]).toEqual([403, 'Forbidden']);
    expect(body.message).toMatch(
      /^nodes is forbidden: .* cannot list resource "nodes" .* cluster scope$/,
    );
    expect((await ask('/api/v1/namespaces/ours/secrets', headers)).code).toBe(200);
    expect((await ask('/api/v1/namespaces/theirs/secrets', headers)).code).toBe(403);
  });

  it('is 404 for a kind that is not there', async () => {
    const { code, body } = await ask('/apis/crd.projectcalico.org/v1/nothings');
    expect([code, body.reason]).toEqual([404, 'NotFound']);
  });

  it('finds the groups that are there', async () => {
    const { body } = await ask('/apis');
    const names = body.groups.map((group: { name: string }) => group.name);
    expect(names).toEqual(['discovery.k8s.io', 'crd.projectcalico.org', 'godwit.dev']);
  });

  it('writes only what has been read: 409 for another revision', async () => {
    const statuses = api.collection('caliconodestatuses');
    const path = '/apis/crd.projectcalico.org/v1/caliconodestatuses/s';
    const object = api.store.put(statuses, { metadata: { name: 's' } });
    api.store.put(statuses, { metadata: { name: 's' } });
    expect((await ask(path, {}, object)).body).toMatchObject({ code: 409, reason: 'Conflict' });
    const { body } = await ask(path);
    expect((await ask(path, {}, body)).code).toBe(200);
  });
});
