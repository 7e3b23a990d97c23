import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { TcpListener } from '../io/tcp-listener.ts';
import { ip } from '../net/ip-address.ts';
import type { SpeakerInput } from '../speaker/inputs.ts';
import { TcpShell } from './tcp-shell.ts';

const LOOPBACK = ip('127.0.0.1');
const OTHER = ip('127.0.0.2');

const ends: (() => void)[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const end of ends.splice(0)) end();
});

/** @param onInput  Called for what the shell tells the core. */
function shell(onInput: (input: SpeakerInput) => void = () => undefined): TcpShell {
  const made = new TcpShell({
    submit: onInput,
    poll: () => undefined,
    now: () => performance.now(),
    onTrouble: (what) => expect.unreachable(what),
  });
  ends.push(() => made.close());
  return made;
}

/** A port that nobody has on any address of loopback. */
function freePort(): number {
  const handlers = { onIncoming: () => undefined, onError: () => undefined };
  const listener = TcpListener.open({ address: ip('0.0.0.0'), port: 0 }, handlers);
  if ('kind' in listener) throw new Error(listener.errno);
  listener.close();
  return listener.local.port;
}

function occupy(port: number): TcpListener {
  const handlers = { onIncoming: () => undefined, onError: () => undefined };
  const listener = TcpListener.open({ address: OTHER, port }, handlers);
  if ('kind' in listener) throw new Error(listener.errno);
  ends.push(() => listener.close());
  return listener;
}

describe('listening on several addresses', () => {
  it('tries again only where it failed: callers that wait elsewhere are not turned away', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const port = freePort();
    const taken = occupy(port);
    const told: string[] = [];
    const it = shell((input) => {
      if (input.type === 'listenerChanged')
        told.push(`${input.local.address} ${input.error?.errno ?? 'open'}`);
    });
    const open = vi.spyOn(TcpListener, 'open');
    it.perform({ type: 'listen', port, addresses: [LOOPBACK, OTHER] });
    expect(told.splice(0)).toEqual(['127.0.0.1 open', '127.0.0.2 EADDRINUSE']);
    taken.close();
    open.mockClear();
    vi.advanceTimersByTime(5000);
    expect(told).toEqual(['127.0.0.1 open', '127.0.0.2 open']);
    expect(open.mock.calls.map(([local]) => local.address)).toEqual([OTHER]);
    open.mockRestore();
  });
});

describe('a connection that is hung up on in order', () => {
  it('counts as closing until the peer has taken the last word', async () => {
    const { server, port, accepted } = await reader();
    let connected: (() => void) | undefined;
    const up = new Promise<void>((resolve) => {
      connected = resolve;
    });
    const it = shell((input) => input.type === 'tcpConnected' && connected?.());
    const dial = { remote: { address: LOOPBACK, port }, ttl: 64 };
    it.perform({ type: 'dial', connection: 1, dial });
    await up;
    const socket = await accepted;
    const received: number[] = [];
    socket.on('data', (octets) => received.push(octets.length));
    it.perform({ type: 'send', connection: 1, octets: new Uint8Array(100_000) });
    it.perform({ type: 'hangUp', connection: 1, abort: false });
    expect(it.closing).toBe(1);
    expect(it.connections).toBe(0);
    await vi.waitFor(() => expect(it.closing).toBe(0));
    expect(received.reduce((sum, length) => sum + length, 0)).toBe(100_000);
    server.close();
  });
});

async function reader(): Promise<{ server: Server; port: number; accepted: Promise<Socket> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port, accepted };
}

describe('a caller', () => {
  it('whom the core hangs up on is closed unread, and nothing is kept of it', async () => {
    const port = freePort();
    const calls: number[] = [];
    const it = shell((input) => {
      if (input.type !== 'tcpAccepted') return;
      calls.push(input.connection);
      it.perform({ type: 'hangUp', connection: input.connection, abort: false });
    });
    it.perform({ type: 'listen', port, addresses: [LOOPBACK] });
    for (let i = 0; i < 3; i++) {
      const socket = connect(port, LOOPBACK);
      socket.on('error', () => undefined);
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    }
    expect(calls).toEqual([2, 4, 6]);
    expect(it.connections).toBe(0);
    expect(it.closing).toBe(0);
  });
});
