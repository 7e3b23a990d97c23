import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { BULK_OCTETS } from './read-turns.ts';
import type { TcpConnection } from './tcp.ts';
import { TcpListener } from './tcp-listener.ts';

const TABLE_OCTETS = 100_000;
const KEEPALIVE_OCTETS = 19;

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

describe('TcpConnection', () => {
  it('is read a little as long as it is quiet, and more at once when it sends in bulk', async () => {
    const reads: number[] = [];
    const heard = (): number => reads.reduce((sum, octets) => sum + octets, 0);
    const { connection, caller } = await connected((octets) => reads.push(octets.length));
    connection.pauseReading();
    await written(caller, TABLE_OCTETS);
    connection.resumeReading();
    await expect.poll(heard).toBe(TABLE_OCTETS);
    expect(reads[0]).toBeLessThanOrEqual(BULK_OCTETS);
    expect(Math.max(...reads)).toBeGreaterThan(4 * BULK_OCTETS);

    reads.length = 0;
    await written(caller, KEEPALIVE_OCTETS);
    await expect.poll(heard).toBe(KEEPALIVE_OCTETS);
    connection.pauseReading();
    await written(caller, TABLE_OCTETS);
    connection.resumeReading();
    await expect.poll(heard).toBe(KEEPALIVE_OCTETS + TABLE_OCTETS);
    expect(reads[1]).toBeLessThanOrEqual(BULK_OCTETS);
    expect(Math.max(...reads)).toBeGreaterThan(4 * BULK_OCTETS);
  });
});

/** A caller on loopback and our end of it. */
async function connected(
  onOctets: (octets: Uint8Array) => void,
): Promise<{ connection: TcpConnection; caller: Socket }> {
  const handlers = { onOctets, onWritable: () => undefined, onClosed: () => undefined };
  const open = Promise.withResolvers<TcpConnection>();
  const listener = TcpListener.open(
    { address: ip('127.0.0.1'), port: 0 },
    {
      onIncoming: (pending) => open.resolve(pending.open(handlers)),
      onError: (error) => expect.unreachable(error.errno),
    },
  );
  if ('kind' in listener) throw new Error(listener.errno);
  const caller = connect(listener.local.port, '127.0.0.1');
  const connection = await open.promise;
  ends.push(() => {
    listener.close();
    connection.reset();
    caller.destroy();
  });
  return { connection, caller };
}

/** Until the kernel has taken them all. */
async function written(caller: Socket, octets: number): Promise<void> {
  await new Promise((resolve) => caller.write(new Uint8Array(octets), resolve));
}
