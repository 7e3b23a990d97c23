/**
 * TCP through the native shim on loopback: refusals as sentences, a full backlog, MD5, GTSM, back-pressure. No
 * root needed; addresses are of 127.0.0.0/8 and ::1, ports the kernel's choice.
 */

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { SystemError } from '../../src/base/errors.ts';
import { formatEndpoint } from '../../src/io/sockaddr.ts';
import type { PendingConnection, TcpConnection, TcpHandlers } from '../../src/io/tcp.ts';
import { type DialOptions, dial } from '../../src/io/tcp-dial.ts';
import { TcpListener } from '../../src/io/tcp-listener.ts';
import { type IpAddress, ip } from '../../src/net/ip-address.ts';
import { prefix } from '../../src/net/prefix.ts';
import { waitFor } from '../support/wait-for.ts';

const ignore = (): void => undefined;
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** One end of a connection and what came out of it. */
class End implements TcpHandlers {
  received = '';
  writable = 0;
  readonly closed: string[] = [];
  connection!: TcpConnection;
  onOctets(octets: Uint8Array): void {
    this.received += Buffer.from(octets).toString('latin1');
  }
  onWritable(): void {
    this.writable++;
  }
  onClosed(reason: Parameters<TcpHandlers['onClosed']>[0]): void {
    this.closed.push(reason.by === 'peer' ? 'peer' : reason.error.errno);
  }
  static of(pending: PendingConnection): End {
    const end = new End();
    end.connection = pending.open(end);
    cleanups.push(() => end.connection.reset());
    return end;
  }
}

function listen(address: IpAddress, take: (pending: PendingConnection) => void): TcpListener {
  const listener = TcpListener.open(
    { address, port: 0 },
    {
      onIncoming: take,
      onError: (error) => {
        throw new Error(JSON.stringify(error));
      },
    },
  );
  if ('kind' in listener) throw new Error(JSON.stringify(listener));
  cleanups.push(() => listener.close());
  return listener;
}

function call(
  listener: Pick<TcpListener, 'local'>,
  options: Partial<DialOptions> = {},
): Promise<PendingConnection | SystemError> {
  return new Promise((resolve) => {
    const attempt = dial(
      { remote: listener.local, connectTimeoutMs: 2_000, ...options },
      { onConnected: resolve, onFailed: resolve },
    );
    cleanups.push(() => attempt.abort());
  });
}

async function connected(listener: TcpListener, options: Partial<DialOptions> = {}): Promise<End> {
  const result = await call(listener, options);
  if ('kind' in result) throw new Error(JSON.stringify(result));
  return End.of(result);
}

/** Two ends of one connection over `address`. */
async function pair(address: IpAddress): Promise<{ caller: End; called: End }> {
  const incoming: End[] = [];
  const listener = listen(address, (pending) => incoming.push(End.of(pending)));
  const caller = await connected(listener);
  await waitFor(
    () => incoming.length,
    (count) => count === 1,
    { what: 'accept' },
  );
  return { caller, called: incoming[0]! };
}

describe.each(['127.0.0.1', '::1'])('TCP over %s', (address) => {
  it('carries octets both ways and names both ends alike', async () => {
    const { caller, called } = await pair(ip(address));
    expect(formatEndpoint(caller.connection.local)).toBe(formatEndpoint(called.connection.remote));
    expect(formatEndpoint(caller.connection.remote)).toBe(formatEndpoint(called.connection.local));
    caller.connection.write(Buffer.from('from the caller'));
    called.connection.write(Buffer.from('from the called'));
    await waitFor(
      () => [called.received, caller.received],
      ([a, b]) => a !== '' && b !== '',
      {
        what: 'octets',
      },
    );
    expect(called.received).toBe('from the caller');
    expect(caller.received).toBe('from the called');
  });

  it('delivers what was written before close, and says once that the peer closed', async () => {
    const { caller, called } = await pair(ip(address));
    caller.connection.write(Buffer.from('last words'));
    caller.connection.close();
    await waitFor(
      () => called.closed,
      (closed) => closed.length > 0,
      { what: 'close' },
    );
    expect(called.received).toBe('last words');
    expect(called.closed).toEqual(['peer']);
    expect(caller.closed).toEqual([]); // who ends it is not told that it ended
    expect(called.connection.write(Buffer.from('x'))).toBe(false);
  });

  it('tells a reset from an orderly close', async () => {
    const { caller, called } = await pair(ip(address));
    caller.connection.reset();
    await waitFor(
      () => called.closed,
      (closed) => closed.length > 0,
      { what: 'reset' },
    );
    expect(called.closed).toEqual(['ECONNRESET']);
  });

  it('reports a refused call', async () => {
    const listener = listen(ip(address), ignore);
    listener.close();
    const error = await call(listener);
    expect(error).toMatchObject({ kind: 'SystemError', call: 'connect', errno: 'ECONNREFUSED' });
  });

  it('says what to do when the port is taken', () => {
    const listener = listen(ip(address), ignore);
    const second = TcpListener.open(listener.local, { onIncoming: ignore, onError: ignore });
    expect(second).toMatchObject({ kind: 'SystemError', call: 'bind', errno: 'EADDRINUSE' });
    const { port } = listener.local;
    expect((second as SystemError).detail).toBe(
      `${formatEndpoint(listener.local)} is taken: stop what listens there ` +
        `(\`ss -ltnp 'sport = :${port}'\` names it), or choose another listenPort`,
    );
  });

  it('tells the TTL of the SYN, before which the kernel may have taken octets of any TTL', async () => {
    const seen: (number | undefined)[] = [];
    const listener = listen(ip(address), (pending) => {
      seen.push(pending.ttlOfSyn());
      End.of(pending);
    });
    await connected(listener, { ttl: 255 });
    await connected(listener, { ttl: 63 });
    await waitFor(
      () => seen.length,
      (count) => count === 2,
      { what: 'both accepted' },
    );
    expect(seen).toEqual([255, 63]);
  });

  it('drops packets from further away than the minimum TTL, set before the first octet is read', async () => {
    const incoming: End[] = [];
    const listener = listen(ip(address), (pending) => {
      expect(pending.setMinTtl(255)).toBeUndefined();
      incoming.push(End.of(pending));
    });
    const near = await connected(listener, { ttl: 255, minTtl: 255 });
    const far = await connected(listener, { ttl: 254 });
    await waitFor(
      () => incoming.length,
      (count) => count === 2,
      { what: 'both accepted' },
    );
    far.connection.write(Buffer.from('far'));
    near.connection.write(Buffer.from('near'));
    await waitFor(
      () => incoming.map((end) => end.received),
      (seen) => seen.includes('near'),
      {
        what: 'the near one',
      },
    );
    expect(incoming.map((end) => end.received).sort()).toEqual(['', 'near']);
  });
});

describe('TCP connections', () => {
  it('stop reading while paused and go on afterwards', async () => {
    const { caller, called } = await pair(ip('127.0.0.1'));
    called.connection.pauseReading();
    caller.connection.write(Buffer.from('held'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(called.received).toBe('');
    called.connection.resumeReading();
    await waitFor(
      () => called.received,
      (seen) => seen === 'held',
      { what: 'the held octets' },
    );
  });

  it('refuse more octets for a peer that never reads, and ask for more once it does', async () => {
    const { caller, called } = await pair(ip('127.0.0.1'));
    called.connection.pauseReading();
    const block = new Uint8Array(65_536);
    let blocks = 0;
    while (caller.connection.write(block)) {
      blocks++;
      expect(blocks).toBeLessThan(1_000); // 64 MB: the kernel's buffers end long before
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(caller.connection.unsentOctets).toBeGreaterThanOrEqual(65_536);
    expect(caller.connection.unsentOctets).toBeLessThan(512 * 1024);
    expect(caller.writable).toBe(0);
    called.connection.resumeReading();
    await waitFor(
      () => caller.writable,
      (times) => times === 1,
      { what: 'onWritable' },
    );
    expect(caller.connection.unsentOctets).toBe(0);
  });

  it('are cut when close meets a peer that takes nothing', async () => {
    const { caller, called } = await pair(ip('127.0.0.1'));
    called.connection.pauseReading();
    let written = 65_536;
    while (caller.connection.write(new Uint8Array(65_536))) {
      written += 65_536;
      await new Promise((resolve) => setImmediate(resolve));
    }
    caller.connection.close();
    await waitFor(
      () => caller.connection.unsentOctets,
      (left) => left === 0,
      {
        what: 'the linger limit',
        timeoutMs: 3_000,
      },
    );
    called.connection.resumeReading();
    await waitFor(
      () => called.closed,
      (closed) => closed.length > 0,
      { what: 'the cut' },
    );
    expect(called.closed).toHaveLength(1); // Node 22 may call a reset right after octets an end
    expect(called.received.length).toBeLessThan(written);
  });

  it('can be given up while the call is still unanswered', async () => {
    const listener = listen(ip('127.0.0.1'), ignore);
    listener.setMd5Key(ip('127.0.0.9'), 'a key that the caller lacks'); // so: silence
    const openFds = () => readdirSync('/proc/self/fd').length;
    const before = openFds();
    const outcomes: string[] = [];
    const attempt = dial(
      { remote: listener.local, local: ip('127.0.0.9'), connectTimeoutMs: 50 },
      { onConnected: () => outcomes.push('up'), onFailed: () => outcomes.push('failed') },
    );
    expect(openFds()).toBe(before + 1);
    attempt.abort();
    expect(openFds()).toBe(before);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(outcomes).toEqual([]);
  });

  it('bind to the source address that is asked for, and say when it is not there', async () => {
    const listener = listen(ip('127.0.0.1'), (pending) => End.of(pending));
    const end = await connected(listener, { local: ip('127.0.0.7') });
    expect(end.connection.local.address).toBe('127.0.0.7');
    expect(await call(listener, { local: ip('192.0.2.1') })).toMatchObject({
      call: 'bind',
      errno: 'EADDRNOTAVAIL',
      detail: '192.0.2.1 is no address of this machine',
    });
  });

  it('may be refused unread', async () => {
    const listener = listen(ip('127.0.0.1'), (pending) => pending.refuse());
    const end = await connected(listener);
    await waitFor(
      () => end.closed,
      (closed) => closed.length > 0,
      { what: 'the refusal' },
    );
    expect(end.closed).toEqual(['peer']);
  });

  it('let others have a turn after some milliseconds of reading, however much waits', async () => {
    const sizes: number[] = [];
    const reads = new Map<number, number>(); // by turn of the loop
    let turn = 0;
    const count = (): void => {
      turn++;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    cleanups.push(() => clearImmediate(timer));
    const { caller, called } = await pair(ip('127.0.0.1'));
    called.connection.pauseReading();
    called.onOctets = (octets) => {
      sizes.push(octets.length);
      reads.set(turn, (reads.get(turn) ?? 0) + 1);
      const end = performance.now() + 3; // what a core would do with it
      while (performance.now() < end);
    };
    const total = 1 << 20;
    caller.connection.write(new Uint8Array(total));
    await new Promise((resolve) => setTimeout(resolve, 50)); // the kernel's buffers fill
    called.connection.resumeReading();
    await waitFor(
      () => sizes.reduce((sum, size) => sum + size, 0),
      (sum) => sum === total,
      { what: 'all octets' },
    );
    // libuv alone would read 32 times in a row. Here two of 3 ms are more than a turn has.
    expect(sizes.length).toBeGreaterThan(30);
    expect(Math.max(...reads.values())).toBeLessThanOrEqual(2);
  });
});

describe('A TCP listener', () => {
  it('takes 300 callers who come at once', async () => {
    const callers: Socket[] = [];
    cleanups.push(() => {
      for (const caller of callers) caller.destroy();
    });
    let taken = 0;
    const listener = listen(ip('127.0.0.1'), (pending) => {
      taken++;
      End.of(pending);
    });
    const up = Array.from(
      { length: 300 },
      () =>
        new Promise<void>((resolve, reject) => {
          const caller = connect(listener.local.port, '127.0.0.1', resolve);
          caller.on('error', reject);
          callers.push(caller);
        }),
    );
    await Promise.all(up);
    await waitFor(
      () => taken,
      (count) => count === 300,
      { what: '300 accepted' },
    );
  });

  it('pauses when file descriptors run out, says so, and then takes the callers who waited', async () => {
    const program = join(import.meta.dirname, 'tcp-few-fds.ts');
    const child = spawn(
      'sh',
      ['-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, program, '80'],
      {
        env: { ...process.env, NODE_NO_WARNINGS: '1' },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let said = '';
    child.stdout.on('data', (octets: Buffer) => {
      said += octets.toString();
    });
    cleanups.push(() => child.kill());
    await waitFor(
      () => said,
      (lines) => lines.includes('\n'),
      { what: 'the port' },
    );
    for (let i = 0; i < 80; i++) {
      const caller = connect(Number.parseInt(said, 10), '127.0.0.1');
      caller.on('error', ignore);
      cleanups.push(() => caller.destroy());
    }
    await waitFor(
      () => said,
      (lines) => lines.includes('all'),
      { what: 'all callers' },
    );
    const lines = said.trim().split('\n').slice(1);
    expect(lines.at(-1)).toBe('all');
    expect(new Set(lines.slice(0, -1))).toEqual(
      new Set(['EMFILE: no file descriptor left: raise LimitNOFILE']),
    );
  });

  it('may stand on an address that is not there yet, and on one device only', () => {
    const handlers = { onIncoming: ignore, onError: ignore };
    const address = ip('192.0.2.1');
    expect(TcpListener.open({ address, port: 0 }, handlers)).toMatchObject({
      errno: 'EADDRNOTAVAIL',
      detail: '192.0.2.1:0 is no address of this machine',
    });
    const early = TcpListener.open({ address, port: 0, freeBind: true }, handlers);
    const onLo = TcpListener.open({ address: ip('::1'), port: 0, bindDevice: 'lo' }, handlers);
    for (const listener of [early, onLo]) {
      if ('kind' in listener) throw new Error(JSON.stringify(listener));
      listener.close();
    }
    const options = { address: ip('127.0.0.1'), port: 0, bindDevice: 'nowhere0' };
    expect(TcpListener.open(options, handlers)).toMatchObject({
      call: 'setsockopt(SO_BINDTODEVICE)',
      errno: 'ENODEV',
      detail: 'interface nowhere0',
    });
  });
});

describe('TCP MD5 (RFC 2385)', () => {
  it('lets in the caller with the key and leaves the one without in silence', async () => {
    const incoming: End[] = [];
    const listener = listen(ip('127.0.0.1'), (pending) => incoming.push(End.of(pending)));
    expect(listener.setMd5Key(ip('127.0.0.2'), 'secret')).toBeUndefined();
    const good = await connected(listener, { local: ip('127.0.0.2'), md5Key: 'secret' });
    good.connection.write(Buffer.from('signed'));
    await waitFor(
      () => incoming[0]?.received,
      (seen) => seen === 'signed',
      { what: 'octets' },
    );

    const wrong = { local: ip('127.0.0.2'), md5Key: 'other', connectTimeoutMs: 300 };
    expect(await call(listener, wrong)).toEqual({
      kind: 'SystemError',
      call: 'connect',
      errno: 'ETIMEDOUT',
      detail: 'no answer within 300 ms; a wrong MD5 password is silence too',
    });
    const none = await call(listener, { local: ip('127.0.0.2'), connectTimeoutMs: 300 });
    expect(none).toMatchObject({ errno: 'ETIMEDOUT', detail: 'no answer within 300 ms' });
  });

  it('takes a key for a live listener, for a prefix, and away again', async () => {
    const listener = listen(ip('127.0.0.1'), (pending) => End.of(pending));
    const options = { local: ip('127.1.2.3'), md5Key: 'mesh', connectTimeoutMs: 300 };
    expect(await call(listener, options)).toMatchObject({ errno: 'ETIMEDOUT' });
    expect(listener.setMd5Key(prefix('127.1.0.0/16'), 'mesh')).toBeUndefined();
    await connected(listener, options);
    expect(listener.removeMd5Key(prefix('127.1.0.0/16'))).toBeUndefined();
    expect(await call(listener, options)).toMatchObject({ errno: 'ETIMEDOUT' });
    expect(listener.removeMd5Key(prefix('127.1.0.0/16'))).toBeUndefined();
  });

  it('says that a password is too long without showing it', () => {
    const listener = listen(ip('127.0.0.1'), ignore);
    const error = listener.setMd5Key(ip('127.0.0.2'), 'x'.repeat(81));
    expect(error).toMatchObject({ errno: 'ERANGE' });
    expect(JSON.stringify(error)).not.toContain('xx');
  });
});
