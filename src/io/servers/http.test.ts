import { afterEach, describe, expect, it } from 'vitest';
import type { HttpRequest, HttpResponse } from '../../api/http/routes.ts';
import { HttpServer } from './http.ts';

const opened: HttpServer[] = [];

afterEach(() => {
  for (const server of opened.splice(0)) server.close();
});

async function open(answer: (request: HttpRequest) => Promise<HttpResponse>): Promise<HttpServer> {
  const server = await HttpServer.open({ host: '127.0.0.1', port: 0 }, answer);
  if ('kind' in server) throw new Error(server.errno);
  opened.push(server);
  return server;
}

const plain = async ({ method, url, host }: HttpRequest): Promise<HttpResponse> => ({
  status: 200,
  type: 'text/plain; charset=utf-8',
  body: `${method} ${url} ${host} ü`,
  headers: { allow: 'GET' },
});

describe('HttpServer', () => {
  it('hands method, path, query and host over and the answer back', async () => {
    const { port } = await open(plain);
    const reply = await fetch(`http://127.0.0.1:${port}/a?b=c`);
    expect(await reply.text()).toBe(`GET /a?b=c 127.0.0.1:${port} ü`);
    expect(reply.headers.get('allow')).toBe('GET');
    expect(reply.headers.get('cache-control')).toBe('no-store');
    const head = await fetch(`http://127.0.0.1:${port}/`, { method: 'HEAD' });
    expect(await head.text()).toBe('');
  });

  it('loses one answer, and nothing else, to a handler that throws', async () => {
    let broken = true;
    const { port } = await open(async (request) => {
      if (broken) throw new TypeError('of ours');
      return plain(request);
    });
    const first = await fetch(`http://127.0.0.1:${port}/`);
    expect([first.status, await first.text()]).toEqual([500, 'TypeError: of ours\n']);
    broken = false;
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  });

  it('gives a port that is taken as a value', async () => {
    const { port } = await open(plain);
    expect(await HttpServer.open({ host: '127.0.0.1', port }, plain)).toMatchObject({
      kind: 'SystemError',
      errno: 'EADDRINUSE',
      detail: `http.listen 127.0.0.1:${port}`,
    });
  });
});
