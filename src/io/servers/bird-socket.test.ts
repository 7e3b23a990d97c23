/** The shell of the BIRD sockets: lines, turns, clients that do not read, too many of them, and the place itself. */

import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BirdClient } from '../../../test/support/bird-client.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import type { LineSession } from './bird-connection.ts';
import { type BirdSocketOptions, BirdSocketServer } from './bird-socket.ts';

let root: string;
let path: string;
const opened: BirdSocketServer[] = [];
const clients: { destroy(): unknown }[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'godwit-bird-'));
  path = join(root, 'run', 'bird.ctl');
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  for (const server of opened.splice(0)) await server.close();
  rmSync(root, { recursive: true, force: true });
});

/** Answers each line with itself; some lines do more. */
class Talk implements LineSession {
  static made = 0;
  static closed = 0;
  pieces = 0;
  readonly push: (line: string) => void;

  constructor(push: (line: string) => void) {
    Talk.made++;
    this.push = push;
  }

  greeting(): string {
    return '0001 BIRD v1 ready.\n';
  }

  *request(line: string): ReturnType<LineSession['request']> {
    const [word, number = '0'] = line.split(' ');
    if (word === 'break') throw new TypeError('of ours');
    if (word === 'wait') {
      yield '0002-Reading\n';
      const answer = yield (resume) => setTimeout(() => resume('later'), 10);
      yield `0003 ${answer}\n`;
      return;
    }
    if (word === 'push') for (let i = 0; i < Number(number); i++) this.push(`+${'x'.repeat(99)}\n`);
    if (word === 'rows') {
      for (let i = 0; i < Number(number); i++) {
        this.pieces++;
        yield `1007-${'r'.repeat(90)}\n`;
        if (i % 32 === 0) yield undefined;
      }
    }
    if (word === 'work') {
      const until = performance.now() + Number(number);
      while (performance.now() < until) yield undefined;
    }
    yield `0000 ${line}\n`;
  }

  tooLong(): string {
    return '9000 Command too long\n';
  }

  close(): void {
    Talk.closed++;
  }
}

async function open(more: Partial<BirdSocketOptions> = {}): Promise<BirdSocketServer> {
  const server = await BirdSocketServer.open({
    path,
    setting: 'bird.path',
    session: (push) => new Talk(push),
    onBug: (error) => {
      throw error;
    },
    ...more,
  });
  if ('kind' in server) throw new Error(server.detail);
  opened.push(server);
  return server;
}

async function client(): Promise<BirdClient> {
  const { client: made, greeting } = await BirdClient.open(path);
  clients.push({ destroy: () => made.close() });
  expect(greeting).toBe('0001 BIRD v1 ready.\n');
  return made;
}

function rawSocket(): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(path, () => resolve(socket));
    socket.on('error', () => undefined);
    clients.push(socket);
  });
}

describe('a client', () => {
  it('is greeted first and answered line by line, also when it sends several at once', async () => {
    await open();
    const one = await client();
    one.send('a\r\nb\nc');
    expect(await one.reply()).toBe('0000 a\n');
    expect(await one.reply()).toBe('0000 b\n');
    one.send('d\n');
    expect(await one.reply()).toBe('0000 cd\n');
  });

  it('is answered when it has closed its side already', async () => {
    await open();
    const socket = await rawSocket();
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.end('a\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(text).toBe('0001 BIRD v1 ready.\n0000 a\n');
  });

  it('waits for what takes longer, and is given what comes before it meanwhile', async () => {
    await open();
    const one = await client();
    expect(await one.command('wait')).toBe('0002-Reading\n0003 later\n');
  });

  it('is cut off with 9000 when its line does not end', async () => {
    await open();
    const one = await client();
    one.send('x'.repeat(5000));
    expect(await one.reply()).toBe('9000 Command too long\n');
    const other = await client();
    other.send(`${'x'.repeat(4097)}\n`);
    expect(await other.reply()).toBe('9000 Command too long\n');
    expect(await (await client()).command('y'.repeat(4090))).toBe(`0000 ${'y'.repeat(4090)}\n`);
  });

  it('loses its connection, and nobody else theirs, to a bug of ours', async () => {
    const bugs: unknown[] = [];
    await open({ onBug: (error) => bugs.push(error) });
    const [one, other] = [await client(), await client()];
    one.send('break\n');
    await waitFor(
      async () => one.closed,
      (closed) => closed,
      { what: 'the connection to end' },
    );
    expect(bugs).toEqual([expect.any(TypeError)]);
    expect(await other.command('a')).toBe('0000 a\n');
  });
});

describe('a long reply', () => {
  it('arrives whole, with the last line once', async () => {
    await open();
    const one = await client();
    const reply = await one.command('rows 5000');
    expect(reply.split('\n')).toHaveLength(5002);
    expect(reply.endsWith('\n0000 rows 5000\n')).toBe(true);
  });

  it('is made no faster than it is read', async () => {
    const talks: Talk[] = [];
    await open({
      session: (push) => {
        const talk = new Talk(push);
        talks.push(talk);
        return talk;
      },
    });
    const socket = await rawSocket();
    socket.pause();
    socket.write('rows 200000\n');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const made = talks[0]!.pieces;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(talks[0]!.pieces).toBe(made); // it stands still
    expect(made * 96).toBeLessThan(1_000_000); // what the sockets hold, not 19 MB
    let octets = 0;
    socket.on('data', (chunk: Buffer) => {
      octets += chunk.length;
    });
    socket.resume();
    socket.end();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(octets).toBeGreaterThan(200_000 * 96);
  });

  it('leaves others their turn, and other clients their answers', async () => {
    await open({ sliceMs: 2 });
    const [long, short] = [await client(), await client()];
    long.send('work 400\n');
    const begun = performance.now();
    expect(await short.command('a')).toBe('0000 a\n');
    expect(performance.now() - begun).toBeLessThan(200);
    expect(long.rest).toBe('');
    expect(await long.reply()).toBe('0000 work 400\n');
  });
});

describe('lines that belong to no reply', () => {
  it('are counted instead of kept for a client that does not read them', async () => {
    await open();
    const one = await client();
    expect(await one.command('push 20000')).toMatch(/^\+x{99}\n/);
    expect(await one.command('push 1')).toMatch(
      /^\+<\d{4,5} messages lost>\n\+x{99}\n0000 push 1\n$/,
    );
  });
});

describe('too many clients', () => {
  it('are turned away and counted, and let in again once others have gone', async () => {
    const server = await open();
    for (let i = 0; i < 64; i++) await client();
    const socket = await rawSocket();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(server.counters).toMatchObject({ accepted: 64, refused: 1, evicted: 0 });
    for (const one of clients.splice(0, 10)) one.destroy();
    await waitFor(
      async () => server.connections,
      (count) => count < 64,
      { what: 'the connections to end' },
    );
    expect(await (await client()).command('a')).toBe('0000 a\n');
  });
});

describe('a client that is idle', () => {
  it('gives way to a new one, the longest idle first', async () => {
    const server = await open({ idleMs: 20 });
    const all: BirdClient[] = [];
    for (let i = 0; i < 64; i++) all.push(await client());
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(await all[0]!.command('a')).toBe('0000 a\n');
    expect(await (await client()).command('b')).toBe('0000 b\n');
    expect(server.counters).toMatchObject({ accepted: 65, refused: 0, evicted: 1 });
    await waitFor(
      async () => all.filter(({ closed }) => closed).map((one) => all.indexOf(one)),
      (closed) => closed.length === 1 && closed[0] === 1,
      { what: 'the second client to be closed' },
    );
  });
});

describe('the place', () => {
  it('is a socket for owner and group, gone with the server, sessions closed', async () => {
    const server = await open();
    expect(statSync(path).mode & 0o777).toBe(0o660);
    const before = Talk.made - Talk.closed;
    await client();
    await server.close();
    expect(existsSync(path)).toBe(false);
    expect(Talk.made - Talk.closed).toBe(before);
  });

  it('is not taken from a daemon that answers, and taken from one that died', async () => {
    await open();
    const options = {
      path,
      setting: 'bird.path',
      session: (push: (line: string) => void) => new Talk(push),
    };
    const second = await BirdSocketServer.open({ ...options, onBug: () => undefined });
    expect(second).toMatchObject({
      errno: 'EADDRINUSE',
      detail: `another daemon answers on ${path}; stop it or set bird.path`,
    });
    expect(await (await client()).command('a')).toBe('0000 a\n');
    const left = createServer();
    await new Promise<void>((resolve) => left.listen(join(root, 'live.ctl'), resolve));
    renameSync(join(root, 'live.ctl'), join(root, 'dead.ctl'));
    await new Promise<void>((resolve) => left.close(() => resolve()));
    path = join(root, 'dead.ctl');
    await open();
    expect(await (await client()).command('b')).toBe('0000 b\n');
  });

  it('may be closed to us: the reason names the remedy', async () => {
    writeFileSync(join(root, 'plain'), '');
    path = join(root, 'plain', 'bird.ctl');
    await expect(open()).rejects.toThrow('set bird.path');
  });
});
