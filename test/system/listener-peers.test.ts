/**
 * The keys of a live listener on a real kernel: of a mesh too large for keys by address, rotated, and for callers whose
 * handshake was over before there was a key. Loopback only.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { SystemError } from '../../src/base/errors.ts';
import { ListenerPeers } from '../../src/daemon/listener-peers.ts';
import type { PendingConnection, TcpConnection } from '../../src/io/tcp.ts';
import { type DialOptions, dial } from '../../src/io/tcp-dial.ts';
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
    if (this.peers.tighten(pending) !== undefined) return pending.refuse();
    const { address } = pending.remote;
    const connection = pending.open({
      onOctets: (octets) => this.received.set(address, Buffer.from(octets).toString()),
      onWritable: ignore,
      onClosed: ignore,
    });
    cleanups.push(() => connection.reset());
  }

  dial(keys: Partial<DialOptions>): Promise<{ readonly result: PendingConnection | SystemError }> {
    return new Promise((resolve) => {
      const attempt = dial(
        { remote: this.listener.local, connectTimeoutMs: 300, ...keys },
        { onConnected: (result) => resolve({ result }), onFailed: (result) => resolve({ result }) },
      );
      cleanups.push(() => attempt.abort());
    });
  }

  /** Dials and says something; undefined when nobody answers. */
  async call(local: IpAddress, md5Key?: string): Promise<TcpConnection | undefined> {
    const { result } = await this.dial(md5Key === undefined ? { local } : { local, md5Key });
    if ('kind' in result) return undefined;
    const connection = result.open({ onOctets: ignore, onWritable: ignore, onClosed: ignore });
    cleanups.push(() => connection.reset());
    connection.write(Buffer.from('hello'));
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

describe('TCP-AO (RFC 5925)', () => {
  it('lets in who has the key where the kernel has it; elsewhere nobody of that peer, by name and with the remedy', async () => {
    const place = new Place();
    const [signing, other] = [ip('127.0.0.2'), ip('127.0.0.3')];
    place.set([
      { address: signing, password: 'secret', authentication: 'ao' },
      { address: other, password: 'md5' },
    ]);
    const { result } = await place.dial({ local: signing, aoKey: 'secret' });
    if ('kind' in result) {
      expect(result).toMatchObject({ call: 'setsockopt(TCP_AO_ADD_KEY)', errno: 'ENOPROTOOPT' });
      expect(result.detail).toContain('needs Linux 6.7 with CONFIG_TCP_AO');
      expect(place.told).toEqual(['1 ENOPROTOOPT']);
      // Unsigned, it is refused too: without the key the listener takes everybody's SYN.
      const unsigned = await place.call(signing);
      unsigned?.write(Buffer.from('x'));
      await staysTrue(
        () => place.received.has(signing),
        (heard) => !heard,
        { what: 'silence', forMs: 300 },
      );
    } else {
      result.refuse();
      expect(await place.call(signing)).toBeUndefined();
    }
    await place.call(other, 'md5');
    await place.untilHeard(other);
  });
});
