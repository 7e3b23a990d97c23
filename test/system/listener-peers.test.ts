/**
 * The keys of a live listener on a real kernel: of a mesh too large for keys by address, rotated, and for callers whose
 * handshake was over before there was a key. Loopback only.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { ListenerPeers } from '../../src/daemon/listener-peers.ts';
import type { PendingConnection, TcpConnection } from '../../src/io/tcp.ts';
import { dial } from '../../src/io/tcp-dial.ts';
import { TcpListener } from '../../src/io/tcp-listener.ts';
import { type IpAddress, ip } from '../../src/net/ip-address.ts';
import type { ListenerPeer } from '../../src/speaker/effects.ts';
import { staysTrue, waitFor } from '../support/wait-for.ts';

const ignore = (): void => undefined;
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const MESH = Array.from({ length: 900 }, (_, i) => ip(`127.1.${i >> 8}.${i & 255}`));
const meshWith = (password: string): ListenerPeer[] =>
  MESH.map((address) => ({ address, password }));

class Place {
  /** What callers sent, by their address. */
  readonly received = new Map<IpAddress, string>();
  readonly told: string[] = [];
  readonly peers = new ListenerPeers({
    onKeys: (addresses, error) => this.told.push(`${addresses.length} ${error?.errno ?? 'again'}`),
  });
  readonly listener: TcpListener;
  #held: PendingConnection[] = [];

  /** @param isHolding  Callers wait until `take`. */
  constructor(isHolding = false) {
    const listener = TcpListener.open(
      { address: ip('127.0.0.1'), port: 0 },
      {
        onIncoming: (pending) => (isHolding ? this.#held.push(pending) : this.#take(pending)),
        onError: (error) => expect.unreachable(error.errno),
      },
    );
    if ('kind' in listener) throw new Error(listener.errno);
    this.listener = listener;
    cleanups.push(() => listener.close());
  }

  get waiting(): number {
    return this.#held.length;
  }

  set(peers: readonly ListenerPeer[]): void {
    this.peers.set(peers, [this.listener]);
  }

  takeHeld(): void {
    for (const pending of this.#held.splice(0)) this.#take(pending);
  }

  #take(pending: PendingConnection): void {
    expect(this.peers.tighten(pending)).toBeUndefined();
    const { address } = pending.remote;
    const connection = pending.open({
      onOctets: (octets) => this.received.set(address, Buffer.from(octets).toString()),
      onWritable: ignore,
      onClosed: ignore,
    });
    cleanups.push(() => connection.reset());
  }

  /** Dials and says something; undefined when nobody answers. */
  async call(local: IpAddress, md5Key?: string): Promise<TcpConnection | undefined> {
    const result = await new Promise<PendingConnection | undefined>((resolve) => {
      const options = { remote: this.listener.local, local, connectTimeoutMs: 300 };
      const attempt = dial(md5Key === undefined ? options : { ...options, md5Key }, {
        onConnected: resolve,
        onFailed: () => resolve(undefined),
      });
      cleanups.push(() => attempt.abort());
    });
    const connection = result?.open({ onOctets: ignore, onWritable: ignore, onClosed: ignore });
    if (connection !== undefined) cleanups.push(() => connection.reset());
    connection?.write(Buffer.from('hello'));
    return connection;
  }

  untilHeard(address: IpAddress, text = 'hello'): Promise<unknown> {
    return waitFor(
      () => this.received.get(address),
      (heard) => heard === text,
      { what: `${text} of ${address}` },
    );
  }
}

describe('keys of a live listener', () => {
  it('let in a mesh of 900 by a prefix, but for whom has no password or another one', async () => {
    const place = new Place();
    const [plain, other] = [MESH[77]!, MESH[500]!];
    const rest = meshWith('mesh').filter(({ address }) => address !== plain && address !== other);
    place.set([...rest, { address: plain }, { address: other, password: 'other' }]);
    expect(place.told).toEqual([]);
    for (const [address, key] of [
      [MESH[0]!, 'mesh'],
      [MESH[899]!, 'mesh'],
      [other, 'other'],
      [plain, undefined],
    ] as const) {
      await place.call(address, key);
      await place.untilHeard(address);
    }
    expect(await place.call(MESH[1]!, 'wrong')).toBeUndefined();
    expect(await place.call(MESH[2]!)).toBeUndefined();
    expect(await place.call(other, 'mesh')).toBeUndefined();
  });

  it('that change concern callers to come, and connections that stand go over when both do', async () => {
    const place = new Place();
    const caller = ip('127.0.0.2');
    place.set([{ address: caller, password: 'one' }]);
    const standing = (await place.call(caller, 'one'))!;
    await place.untilHeard(caller);
    place.set([{ address: caller, password: 'two' }]);
    standing.write(Buffer.from('still here'));
    await place.untilHeard(caller, 'still here');
    expect(await place.call(caller, 'one')).toBeUndefined();
    expect(await place.call(caller, 'two')).toBeDefined();
    place.set([]);
    expect(await place.call(caller)).toBeDefined();
  });

  it('bind a caller too whose handshake was over before there was a key', async () => {
    const place = new Place(true);
    const caller = ip('127.0.0.2');
    const connection = (await place.call(caller))!;
    await waitFor(
      () => place.waiting,
      (count) => count === 1,
      { what: 'the caller' },
    );
    place.set([{ address: caller, password: 'one' }]);
    place.takeHeld();
    await place.untilHeard(caller); // what was there before the key
    connection.write(Buffer.from('not signed'));
    await staysTrue(
      () => place.received.get(caller),
      (heard) => heard === 'hello',
      { what: 'silence', forMs: 500 },
    );
  });

  it('that the kernel does not take are told, and again when they are there', () => {
    const place = new Place();
    const long = 'x'.repeat(81);
    place.set([
      { address: MESH[0]!, password: long },
      { address: MESH[1]!, password: 'good' },
    ]);
    expect(place.told).toEqual(['1 ERANGE']);
    place.set([
      { address: MESH[0]!, password: long },
      { address: MESH[1]!, password: 'new' },
    ]);
    expect(place.told).toHaveLength(1);
    place.set([{ address: MESH[0]!, password: 'short' }]);
    expect(place.told).toEqual(['1 ERANGE', '1 again']);
  });
});
