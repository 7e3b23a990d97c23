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

type Poll = (connection: number) => Uint8Array | undefined;

/** @param onInput  Called for what the shell tells the core. */
function shell(
  onInput: (input: SpeakerInput) => void = () => undefined,
  poll: Poll = () => undefined,
): TcpShell {
  const made = new TcpShell({
    submit: onInput,
    poll,
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

/** A shell with `count` connections 1, 3, 5 … to peers that read nothing, and the peers' sockets. */
async function connected(
  count: number,
  { onInput, poll }: { onInput?: (input: SpeakerInput) => void; poll?: Poll },
): Promise<{ shell: TcpShell; peers: Socket[] }> {
  const server = createServer();
  const peers: Socket[] = [];
  server.on('connection', (socket) => peers.push(socket));
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  let up = 0;
  const made = shell((input) => {
    if (input.type === 'tcpConnected') up++;
    onInput?.(input);
  }, poll);
  for (let i = 0; i < count; i++) {
    const dial = { remote: { address: LOOPBACK, port: address.port }, ttl: 64 };
    made.perform({ type: 'dial', connection: i * 2 + 1, dial });
  }
  await vi.waitFor(() => expect([up, peers.length]).toEqual([count, count]));
  ends.push(() => {
    for (const peer of peers) peer.destroy();
    server.close();
  });
  return { shell: made, peers };
}

function busy(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('writing', () => {
  it('goes round all that are owed something, and lets the loop turn when its time is over', async () => {
    const polled: number[] = [];
    let turns = 0;
    const turnOf: number[] = [];
    const { shell: it } = await connected(3, {
      poll: (connection) => {
        if (polled.length >= 12) return undefined;
        polled.push(connection);
        turnOf.push(turns);
        busy(2); // packing
        return Uint8Array.of(1);
      },
    });
    for (const connection of [1, 3, 5]) it.perform({ type: 'wantsWrite', connection });
    while (polled.length < 12) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    expect(polled).toEqual([1, 3, 5, 1, 3, 5, 1, 3, 5, 1, 3, 5]);
    for (const turn of new Set(turnOf)) {
      expect(turnOf.filter((other) => other === turn).length).toBeLessThanOrEqual(3);
    }
  });
});

describe('what is read', () => {
  it('reaches the core in pieces of a bounded step, in order, and none after a hang-up', async () => {
    const pieces: number[] = [];
    let sum = 0;
    let wrong = 0;
    const { shell: it, peers } = await connected(1, {
      onInput: (input) => {
        if (input.type !== 'octetsReceived') return;
        pieces.push(input.octets.length);
        for (const octet of input.octets) if (octet !== (sum++ & 0xff)) wrong++;
        if (sum >= 200_000) it.perform({ type: 'hangUp', connection: 1, abort: true });
      },
    });
    peers[0]!.on('error', () => undefined);
    peers[0]!.write(Uint8Array.from({ length: 400_000 }, (_, i) => i & 0xff));
    await vi.waitFor(() => expect(sum).toBeGreaterThanOrEqual(200_000));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(Math.max(...pieces)).toBeLessThanOrEqual(8192);
    expect(sum).toBeLessThan(200_000 + 8192);
    expect(wrong).toBe(0);
  });
});
