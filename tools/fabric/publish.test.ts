/** The one port of the host: paths to nodes, local names only, a busy port, an absent node. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Published, publishOnPort } from './publish.ts';

const dir = mkdtempSync(join(tmpdir(), 'godwit-publish-test-'));
const socketPath = join(dir, 'node-a.sock');
const node = createServer((asked, answer) => answer.end(`${asked.headers.host} ${asked.url}`));
let published: Published;

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    node.listen(socketPath, resolve);
  });
  const dead = { name: 'node-b', socketPath: join(dir, 'nobody.sock'), host: '127.0.0.1:9179' };
  const live = { name: 'node-a', socketPath, host: '127.0.0.1:9179' };
  published = await publishOnPort([live, dead], 39_179);
});

afterAll(async () => {
  await published.close();
  node.close();
  rmSync(dir, { recursive: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
}

function get(path: string, host = 'localhost'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ port: published.port, host: '127.0.0.1', path, headers: { host } });
    asked.on('response', async (answer) => {
      let text = '';
      for await (const chunk of answer) text += String(chunk);
      resolve({ status: answer.statusCode, text });
    });
    asked.on('error', reject);
    asked.end();
  });
}

it("The first part of the path names the node, which sees the rest and its own server's name", async () => {
  expect(await get('/node-a/metrics?x=1')).toEqual({
    status: 200,
    text: '127.0.0.1:9179 /metrics?x=1',
  });
  expect((await get('/node-a')).text).toBe('127.0.0.1:9179 /');
  expect((await get('/')).text).toContain('href="/node-b/metrics"');
});

it('A node that does not answer, or that is not there, is an error with words', async () => {
  const down = await get('/node-b/metrics');
  expect(down.status).toBe(502);
  expect(down.text).toMatch(/^node-b does not answer: /);
  expect((await get('/node-z/')).status).toBe(404);
});

it('A foreign host name is refused', async () => {
  expect((await get('/node-a/metrics', 'evil.example:9179')).status).toBe(403);
  expect((await get('/node-a/metrics', '[::1]:9179')).status).toBe(200);
});

it('A port that is taken is passed over', async () => {
  const second = await publishOnPort([], published.port);
  expect(second.port).toBeGreaterThan(published.port);
  await second.close();
});
