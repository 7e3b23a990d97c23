/** TCP between machines in different parts: octets in order, ends of every kind, calls that fail or are given up. */

import { beforeEach, describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { SimClock } from './clock.ts';
import { PartNetwork, TICK_MS } from './part-network.ts';
import type { SimHost, TcpSocket } from './socket.ts';

const ADDRESSES = [ip('10.0.0.1'), ip('10.0.0.2')];

class End {
  readonly octets: number[] = [];
  chunks = 0;
  closed: string | undefined;
  readonly socket: TcpSocket;

  constructor(socket: TcpSocket) {
    this.socket = socket;
    socket.open({
      onOctets: (octets) => {
        this.chunks++;
        this.octets.push(...octets);
      },
      onWritable: () => undefined,
      onClosed: (error) => {
        this.closed = error?.errno ?? 'in order';
      },
    });
  }
}

/** Two machines, a part each; the second one listens on port 179. */
class Two {
  readonly clocks = [new SimClock(TICK_MS), new SimClock(TICK_MS)];
  readonly networks: PartNetwork[];
  readonly hosts: SimHost[];
  called: End | undefined;
  calling: End | undefined;
  failed: string | undefined;
  readonly acceptor = {
    onAccept: (socket: TcpSocket): void => {
      this.called = new End(socket);
    },
  };

  constructor() {
    const options = { parts: 2, seed: 1, addresses: ADDRESSES };
    this.networks = this.clocks.map((clock, part) => new PartNetwork(clock, { ...options, part }));
    this.hosts = this.networks.map((network, i) => network.addHost(`n${i}`, [ADDRESSES[i]!]));
    this.networks[1]!.listen(this.hosts[1]!, { port: 179, addresses: [], acceptor: this.acceptor });
  }

  dial(address = ADDRESSES[1]!, port = 179): { cancel(): void } {
    return this.networks[0]!.dial(
      this.hosts[0]!,
      { remote: { address, port } },
      {
        onConnected: (socket) => {
          this.calling = new End(socket);
        },
        onFailed: ({ errno }) => {
          this.failed = errno;
        },
      },
    );
  }

  run(ticks = 20): this {
    for (let i = 0; i < ticks; i++) {
      const batches = this.networks.map((network) => network.takeBatches().map((b) => b.slice()));
      for (const [part, network] of this.networks.entries()) {
        network.deliver(batches.map((from) => from[part]!));
        this.clocks[part]!.runUntil(this.clocks[part]!.now + TICK_MS);
        network.forgetArrived();
      }
    }
    return this;
  }

  get nothingUnderWay(): boolean {
    return this.networks.every((network) => network.nextArrival() === undefined);
  }
}

let two = new Two();
beforeEach(() => {
  two = new Two();
});

describe('a connection between parts', () => {
  it('brings what was written, in order, what belongs to one instant in one piece', () => {
    two.dial();
    two.run();
    const { calling, called } = two;
    expect(called!.socket.remote).toEqual(calling!.socket.local);
    expect(calling!.socket.remote).toEqual(called!.socket.local);
    calling!.socket.write(new Uint8Array([1, 2]));
    calling!.socket.write(new Uint8Array([3]));
    two.run(1);
    calling!.socket.write(new Uint8Array([4]));
    called!.socket.write(new Uint8Array([9]));
    two.run();
    expect(called!.octets).toEqual([1, 2, 3, 4]);
    expect(called!.chunks).toBe(2);
    expect(calling!.octets).toEqual([9]);
  });

  it('cuts what is more than some segments, and loses nothing', () => {
    two.dial();
    two.run();
    two.calling!.socket.write(new Uint8Array(20_000).fill(7));
    two.run();
    expect(two.called!.octets.length).toBe(20_000);
  });

  it('ends in order behind the data, or with a reset', () => {
    two.dial();
    two.run();
    two.calling!.socket.write(new Uint8Array([1]));
    two.calling!.socket.close();
    two.calling!.socket.write(new Uint8Array([2]));
    two.called!.socket.write(new Uint8Array([3]));
    two.run();
    expect([two.called!.octets, two.called!.closed]).toEqual([[1], 'in order']);
    expect([two.calling!.octets, two.calling!.closed]).toEqual([[], undefined]);
    two.dial();
    two.run();
    two.called!.socket.reset();
    two.run();
    expect(two.calling!.closed).toBe('ECONNRESET');
    expect(two.nothingUnderWay).toBe(true);
  });
});

describe('a call between parts', () => {
  it('is refused where nobody listens, and fails where nobody is', () => {
    two.dial(ADDRESSES[1], 180);
    two.run();
    expect(two.failed).toBe('ECONNREFUSED');
    two.failed = undefined;
    two.dial(ip('10.0.0.9'));
    two.run(3010);
    expect(two.failed).toBe('EHOSTUNREACH');
  });

  it('that was given up leaves nothing behind', () => {
    two.dial().cancel();
    two.run();
    expect([two.calling, two.called, two.failed]).toEqual([undefined, undefined, undefined]);
    expect(two.nothingUnderWay).toBe(true);
  });

  it('is reset when the listener has gone meanwhile', () => {
    two.dial();
    while (two.calling === undefined) two.run(1);
    two.networks[1]!.unlisten(two.acceptor);
    two.run();
    expect(two.called).toBeUndefined();
    expect(two.calling.closed).toBe('ECONNRESET');
  });
});
