import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { TcpListener } from './tcp-listener.ts';

const CALLERS = 24;
/** Milliseconds that each of them takes. */
const WORK_MS = 1;

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

describe('TcpListener', () => {
  it('takes callers for some milliseconds a turn: those who come at once hold up nobody else', async () => {
    let turn = 0;
    const takenIn: number[] = [];
    const listener = TcpListener.open(
      { address: ip('127.0.0.1'), port: 0 },
      {
        onIncoming: (pending) => {
          takenIn.push(turn);
          const until = performance.now() + WORK_MS;
          while (performance.now() < until);
          pending.refuse();
        },
        onError: (error) => expect.unreachable(error.errno),
      },
    );
    if ('kind' in listener) throw new Error(listener.errno);
    ends.push(() => listener.close());
    const callers = Array.from({ length: CALLERS }, () => call(listener.local.port));
    ends.push(() => {
      for (const caller of callers) caller.destroy();
    });
    // Every turn of the loop counts from here on.
    const count = (): void => {
      turn++;
      if (takenIn.length < CALLERS) setImmediate(count);
    };
    count();
    await expect.poll(() => takenIn.length, { timeout: 5000 }).toBe(CALLERS);
    const most = Math.max(...takenIn.map((one) => takenIn.filter((other) => other === one).length));
    expect(most).toBeLessThanOrEqual(4);
  });
});

function call(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined); // refused, as they are
  return socket;
}
