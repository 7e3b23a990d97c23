import { describe, expect, it } from 'vitest';
import { node } from '../../../test/support/resources.ts';
import { smallCluster, TestDaemon } from '../testing/daemon.ts';
import {
  ENDPOINTS,
  type HttpAnswer,
  HttpApi,
  type HttpResponse,
  metricsResponse,
  wholeResponse,
} from './routes.ts';

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);
const api = new HttpApi(TestDaemon.of(smallCluster(1200)), LOOPBACK);

function ask(url: string, method = 'GET', host = '127.0.0.1:9179'): HttpAnswer {
  return api.answer({ url, method, host });
}

function response(url: string): HttpResponse {
  const answer = ask(url);
  if (answer === 'metrics') throw new Error('asked for metrics');
  return wholeResponse(answer);
}

function json(url: string): unknown {
  const { type, body } = response(url);
  expect(type).toBe('application/json; charset=utf-8');
  return JSON.parse(body);
}

describe('HttpApi', () => {
  it.each(['evil.example', 'evil.example:9179', '', '10.0.0.1:9179', '127.0.0.1.evil.example'])(
    'refuses Host "%s" with 421, so that no web page reaches it by rebinding a name',
    (host) => {
      expect(ask('/api/v1/status', 'GET', host)).toMatchObject({ status: 421 });
      expect(ask('/metrics', 'GET', host)).toMatchObject({ status: 421 });
    },
  );

  it.each(['127.0.0.1', 'localhost:9179', 'LOCALHOST', '[::1]:9179', '[::1]'])(
    'answers Host "%s"',
    (host) => {
      expect(ask('/livez', 'GET', host)).toMatchObject({ status: 200, body: 'ok\n' });
    },
  );

  it('answers under any name where it was opened to any address', () => {
    const open = new HttpApi(TestDaemon.of(), new Set());
    expect(open.answer({ url: '/livez', method: 'GET', host: 'node-a' })).toMatchObject({
      status: 200,
    });
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])(
    'answers %s with 405 and what is allowed',
    (method) => {
      expect(ask('/api/v1/status', method)).toMatchObject({
        status: 405,
        headers: { allow: 'GET, HEAD' },
      });
    },
  );

  it('answers 404 with the list of what there is', () => {
    const { status, body } = response('/api/v2/x');
    expect(status).toBe(404);
    for (const { path } of ENDPOINTS) expect(body).toContain(path);
    expect(response('//evil.example/livez').status).toBe(404);
    expect(response('/').status).toBe(200);
  });

  it('is ready with 200 once the plan is carried out, and else says why not with 503', () => {
    expect(response('/readyz')).toMatchObject({ status: 200, body: 'ready\n' });
    const empty = new HttpApi(new TestDaemon(), LOOPBACK);
    expect(empty.answer({ url: '/readyz', method: 'GET', host: 'localhost' })).toMatchObject({
      status: 503,
      body: 'not ready: no configuration has been applied yet\n',
    });
  });

  it('leaves the metrics to who can wait for them', () => {
    expect(ask('/metrics')).toBe('metrics');
    expect(metricsResponse('x 1\n')).toMatchObject({ status: 200, body: 'x 1\n' });
  });

  it('gives status, neighbors, problems and events as JSON', () => {
    expect(json('/api/v1/status')).toMatchObject({ node: 'a', version: '9.8.7', ready: true });
    expect(json('/api/v1/neighbors')).toMatchObject([{ name: 'Mesh_10_0_0_2' }]);
    expect(json('/api/v1/neighbors?family=ipv6')).toEqual([]);
    expect(json('/api/v1/problems')).toEqual([]);
    expect(json('/api/v1/events?last=1')).toHaveLength(1);
  });

  it('lets others have their turn while hundreds of neighbors are listed, and says at once what is wrong', () => {
    const others = Array.from({ length: 99 }, (_, i) => node(`n${i}`, `10.0.1.${i + 1}`));
    const large = new HttpApi(TestDaemon.of([...smallCluster(), ...others]), LOOPBACK);
    const get = (url: string) => large.answer({ url, method: 'GET', host: 'localhost' });
    const answer = get('/api/v1/neighbors') as Generator<undefined, HttpResponse>;
    let turns = 0;
    let step = answer.next();
    for (; step.done !== true; step = answer.next()) turns++;
    expect(turns).toBe(3); // of 32 neighbors each
    expect(JSON.parse(step.value.body)).toHaveLength(100);
    expect(get('/api/v1/neighbors?name=x')).toMatchObject({ status: 400 });
  });

  it('gives routes a page at a time, never more than 1000', () => {
    const first = json('/api/v1/routes?limit=100000') as { routes: unknown[]; next: string };
    expect(first.routes).toHaveLength(1000);
    const second = json(`/api/v1/routes?cursor=${first.next}`) as typeof first;
    expect(second.routes).toHaveLength(200);
    const last = json(`/api/v1/routes?cursor=${second.next}`) as typeof first;
    expect(last.routes).toHaveLength(1);
    expect(last).not.toHaveProperty('next');
  });

  it('gives kernel routes a page at a time', () => {
    const wanting = new HttpApi(TestDaemon.of(smallCluster(9), { kernelEnabled: true }), LOOPBACK);
    const url = '/api/v1/kernel?limit=5&differing=true&family=ipv4';
    const answer = wanting.answer({ url, method: 'GET', host: 'localhost' }) as HttpResponse;
    expect(JSON.parse(answer.body)).toMatchObject({
      routes: { length: 5 },
      next: expect.any(String),
    });
  });

  it.each([
    ['/api/v1/routes?limit=0', 'limit "0" is not a positive whole number'],
    ['/api/v1/events?last=many', 'last "many" is not a positive whole number'],
    ['/api/v1/routes?prefx=10.0.0.0/8', 'has no parameter "prefx"; known: prefix'],
    ['/api/v1/status?x=1', 'known: none'],
    ['/api/v1/routes?family=ipv4&family=ipv6', 'given twice'],
    ['/api/v1/neighbors?name=x', 'No neighbor'],
    ['/api/v1/routes?__proto__=1', 'has no parameter'],
  ])('answers %s with 400 and the reason', (url, reason) => {
    expect(response(url).status).toBe(400);
    expect(json(url)).toEqual({ error: expect.stringContaining(reason) });
  });
});
