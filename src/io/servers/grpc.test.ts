import {
  chmodSync,
  existsSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GodwitService } from '../../api/grpc/service.ts';
import { smallCluster, TestDaemon } from '../../api/testing/daemon.ts';
import { GodwitClient } from '../../cli/client.ts';
import { ClientError } from '../client.ts';
import { GrpcServer } from './grpc.ts';

let root: string;
let path: string;
const opened: { close(): unknown }[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'godwit-grpc-'));
  path = join(root, 'run', 'godwit.sock');
});

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
  rmSync(root, { recursive: true, force: true });
});

async function serve(daemon: TestDaemon = TestDaemon.of()): Promise<GrpcServer> {
  const server = await GrpcServer.open(path, new GodwitService(daemon));
  if ('kind' in server) throw new Error(server.detail);
  opened.push(server);
  return server;
}

function client(): GodwitClient {
  const made = new GodwitClient(path);
  opened.push(made);
  return made;
}

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

async function refusal(asked: Promise<unknown>): Promise<[string, string]> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof ClientError) return [error.kind, error.message];
    throw error;
  }
  throw new Error('it was not refused');
}

describe('the control socket', () => {
  it('is open to owner and group alone, and goes away with the daemon', async () => {
    const server = await serve();
    expect(statSync(path).mode & 0o777).toBe(0o660);
    await server.close();
    expect(existsSync(path)).toBe(false);
  });

  it('carries status and long lists', async () => {
    await serve(TestDaemon.of(smallCluster(3000)));
    const api = client();
    expect(await api.getStatus()).toMatchObject({ node: 'a', neighborsConfigured: 1 });
    expect(await all(api.listRoutes({}))).toHaveLength(3001);
    expect(await all(api.listRoutes({ limit: 10 }))).toHaveLength(10);
    expect(await all(api.listNeighbors({ name: '10.0.0.2' }))).toHaveLength(1);
    expect(await all(api.listProblems())).toEqual([]);
  });

  it('gives the daemon’s sentence for what it refuses', async () => {
    await serve();
    const api = client();
    const [kind, sentence] = await refusal(all(api.listRoutes({ neighbor: 'x' })));
    expect([kind, sentence]).toEqual(['refused', 'No neighbor "x"; known: Mesh_10_0_0_2']);
    const command = api.command('setNeighborEnabled', { name: '10.0.0.2', enabled: true });
    expect(await refusal(command)).toEqual(['refused', 'It is not held down']);
  });

  it('streams events as they happen, and says when the daemon ends', async () => {
    const daemon = TestDaemon.of();
    const server = await serve(daemon);
    const events = client().watchEvents({ backlog: 1 });
    const first = await events.next();
    expect(first.value).toMatchObject({ sequence: daemon.events.recent(1)[0]?.sequence });
    daemon.publish({ event: 'datastore-lost', reason: 'test' });
    expect((await events.next()).value).toMatchObject({ event: 'datastore-lost' });
    const end = refusal(events.next());
    await server.close();
    expect((await end)[0]).toBe('unreachable');
  });

  it('is never taken from a daemon that answers, nor laid over a file that is no socket', async () => {
    await serve();
    const second = await GrpcServer.open(path, new GodwitService(TestDaemon.of()));
    expect(second).toMatchObject({
      errno: 'EADDRINUSE',
      detail: expect.stringContaining('stop it'),
    });
    expect((await client().getStatus()).node).toBe('a');
    const file = join(root, 'file');
    writeFileSync(file, 'mine');
    expect(await GrpcServer.open(file, new GodwitService(TestDaemon.of()))).toMatchObject({
      errno: 'EEXIST',
    });
    expect(existsSync(file)).toBe(true);
  });

  it('replaces what a killed daemon left', async () => {
    const left = createServer();
    await new Promise<void>((resolve) => left.listen(join(root, 'live.sock'), resolve));
    path = join(root, 'left.sock');
    // A socket whose listener is gone: its name is moved away before the listener unlinks it.
    renameSync(join(root, 'live.sock'), path);
    await new Promise<void>((resolve) => left.close(() => resolve()));
    expect(existsSync(path)).toBe(true);
    await serve();
    expect((await client().getStatus()).node).toBe('a');
  });

  it('says what is wrong with a name that is too long or a place that is closed', async () => {
    const service = new GodwitService(TestDaemon.of());
    const long = join(root, 'x'.repeat(120));
    expect(await GrpcServer.open(long, service)).toMatchObject({ errno: 'ENAMETOOLONG' });
    writeFileSync(join(root, 'plain'), '');
    chmodSync(join(root, 'plain'), 0o600);
    expect(await GrpcServer.open(join(root, 'plain', 'x.sock'), service)).toMatchObject({
      errno: expect.stringMatching(/ENOTDIR|EEXIST/),
      detail: expect.stringContaining('set control.socket'),
    });
  });
});

describe('GodwitClient', () => {
  it('names the socket and the remedy when no daemon is there', async () => {
    const [kind, sentence] = await refusal(client().getStatus());
    expect(kind).toBe('unreachable');
    expect(sentence).toContain(`No godwitd answers on ${path}`);
    expect(sentence).toContain('--socket');
  });
});
