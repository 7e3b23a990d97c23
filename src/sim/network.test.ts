/** The simulated TCP: octets in order whatever the cuts, buffers that fill, ends of every kind, partitions. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { SimClock } from './clock.ts';
import { type NetworkOptions, SimNetwork } from './network.ts';
import { type SimHost, type SimSocket, SOCKET_BUFFER_OCTETS } from './socket.ts';

class End {
  readonly octets: number[] = [];
  chunks = 0;
  writable = 0;
  closed: string | undefined;
  readonly socket: SimSocket;

  constructor(socket: SimSocket) {
    this.socket = socket;
    socket.open({
      onOctets: (octets) => {
        this.chunks++;
        this.octets.push(...octets);
      },
      onWritable: () => this.writable++,
      onClosed: (error) => {
        this.closed = error?.errno ?? 'in order';
      },
    });
  }
}

class Two {
  readonly clock = new SimClock();
  readonly network: SimNetwork;
  readonly left: SimHost;
  readonly right: SimHost;
  readonly ends: End[] = [];
  readonly failures: string[] = [];
  accepted: End | undefined;
  connected: End | undefined;

  constructor(options: Partial<NetworkOptions> = {}) {
    this.network = new SimNetwork(this.clock, { seed: 1, ...options });
    this.left = this.network.addHost('left', [ip('10.0.0.1')]);
    this.right = this.network.addHost('right', [ip('10.0.0.2')]);
  }

  listen(key?: string): this {
    const acceptor = {
      onAccept: (socket: SimSocket) => {
        this.accepted = new End(socket);
      },
      keyOf: () => key,
    };
    this.network.listen(this.right, { port: 179, addresses: [], acceptor });
    return this;
  }

  dial(remote = '10.0.0.2', password?: string): this {
    const dial = {
      remote: { address: ip(remote), port: 179 },
      ...(password === undefined ? {} : { password }),
    };
    this.network.dial(this.left, dial, {
      onConnected: (socket: SimSocket) => {
        this.connected = new End(socket);
      },
      onFailed: ({ errno }) => this.failures.push(`${errno} after ${this.clock.now.toFixed(0)} ms`),
    });
    return this;
  }

  run(ms: number): this {
    this.clock.runUntil(this.clock.now + ms);
    return this;
  }
}

function pair(options: Partial<NetworkOptions> = {}): { two: Two; a: End; b: End } {
  const two = new Two(options).listen().dial().run(100);
  return { two, a: two.connected!, b: two.accepted! };
}

describe('octets', () => {
  it('arrive complete and in order, in any chunks, over seeds', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
        (seed, writes) => {
          const { two, a, b } = pair({ seed, latencyMs: { min: 0, max: 30 } });
          for (const octets of writes) {
            a.socket.write(octets);
            two.run(3);
          }
          a.socket.close();
          two.run(1000);
          expect(b.octets).toEqual(writes.flatMap((octets) => [...octets]));
          expect(b.closed).toBe('in order');
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are cut by the seed, or not at all', () => {
    const cut = pair({ chunking: 'seeded' });
    cut.a.socket.write(new Uint8Array(1000));
    cut.two.run(100);
    expect(cut.b.chunks).toBeGreaterThan(2);
    const whole = pair({ chunking: 'whole' });
    whole.a.socket.write(new Uint8Array(1000));
    whole.two.run(100);
    expect(whole.b.chunks).toBe(1);
  });

  it('that nobody reads fill the buffer, and the writer is told when there is room', () => {
    const { two, a, b } = pair();
    b.socket.reading = false;
    expect(a.socket.write(new Uint8Array(SOCKET_BUFFER_OCTETS))).toBe(true);
    expect(a.socket.write(new Uint8Array(1))).toBe(false);
    two.run(60_000);
    expect([a.writable, b.octets.length, a.socket.unsentOctets]).toEqual([0, 0, 1]);
    b.socket.reading = true;
    two.run(60_000);
    expect([a.writable, b.octets.length]).toEqual([1, SOCKET_BUFFER_OCTETS + 1]);
  });

  it('are read at the pace of a slow reader', () => {
    const { two, a, b } = pair({ chunking: 'whole' });
    b.socket.pace = { octets: 10, everyMs: 1000 };
    a.socket.write(new Uint8Array(100));
    two.run(4500);
    expect(b.octets.length).toBe(50);
  });
});

describe('ends', () => {
  it('a reset is learned of, and what had not arrived is lost', () => {
    const { two, a, b } = pair({ latencyMs: { min: 10, max: 10 } });
    a.socket.write(new Uint8Array(100));
    a.socket.reset();
    two.run(100);
    expect([b.octets.length, b.closed]).toEqual([0, 'ECONNRESET']);
  });

  it('writing to one that has vanished is answered with a reset', () => {
    const { two, a, b } = pair();
    b.socket.vanish();
    two.run(60_000);
    expect(a.closed).toBeUndefined();
    a.socket.write(new Uint8Array(19));
    two.run(100);
    expect(a.closed).toBe('ECONNRESET');
  });

  it('what both had written before one closed is read, then the end is in order', () => {
    const { two, a, b } = pair({ latencyMs: { min: 5, max: 5 } });
    b.socket.write(Uint8Array.of(7));
    a.socket.write(Uint8Array.of(1));
    b.socket.close();
    two.run(100);
    expect([a.octets, a.closed, b.closed]).toEqual([[7], 'in order', undefined]);
  });
});

describe('calls', () => {
  it('are refused where nobody listens, and fail where no host is', () => {
    expect(new Two().dial().run(100).failures.join()).toMatch(/^ECONNREFUSED/);
    expect(new Two().dial('10.0.0.99').run(5000).failures).toEqual(['EHOSTUNREACH after 3000 ms']);
  });

  it('with another TCP-MD5 key, or none, are never answered', () => {
    expect(new Two().listen('secret').dial().run(60_000).failures).toEqual([
      'ETIMEDOUT after 30000 ms',
    ]);
    expect(new Two().listen('secret').dial('10.0.0.2', 'secret').run(100).accepted).toBeDefined();
  });

  it('into a listener that closes meanwhile are reset', () => {
    const two = new Two({ latencyMs: { min: 10, max: 10 } });
    const acceptor = { onAccept: () => expect.unreachable('nobody is there') };
    two.network.listen(two.right, { port: 179, addresses: [], acceptor });
    two.dial().run(25);
    expect(two.connected?.closed).toBeUndefined();
    two.network.unlisten(acceptor);
    two.run(100);
    expect(two.connected?.closed).toBe('ECONNRESET');
  });

  it('from an address that the host has not fail at once', () => {
    const two = new Two();
    const dial = { remote: { address: ip('10.0.0.2'), port: 179 }, localAddress: ip('10.0.0.9') };
    const failed: string[] = [];
    two.network.dial(two.left, dial, {
      onConnected: () => expect.unreachable('it cannot'),
      onFailed: ({ errno }) => failed.push(errno),
    });
    two.run(1);
    expect(failed).toEqual(['EADDRNOTAVAIL']);
  });

  it('to a port that is taken by another listener of the host cannot be listened for', () => {
    const two = new Two().listen();
    const acceptor = { onAccept: () => undefined };
    const listen = (port: number): boolean =>
      two.network.listen(two.right, { port, addresses: [], acceptor });
    expect([listen(179), listen(1179)]).toEqual([false, true]);
  });
});

describe('a partition', () => {
  it('holds everything back, and lets it through when it heals', () => {
    const { two, a, b } = pair();
    two.network.partition(two.left, two.right);
    a.socket.write(Uint8Array.of(1, 2, 3));
    a.socket.close();
    two.run(60_000);
    expect([b.octets, b.closed]).toEqual([[], undefined]);
    two.network.heal(two.left, two.right);
    two.run(1000);
    expect([b.octets, b.closed]).toEqual([[1, 2, 3], 'in order']);
  });

  it('makes calls wait for the next SYN', () => {
    const two = new Two().listen();
    two.network.partition(two.left, two.right);
    two.dial().run(2000);
    two.network.healAll();
    two.run(900);
    expect(two.connected).toBeUndefined();
    two.run(200);
    expect(two.connected).toBeDefined();
  });
});
